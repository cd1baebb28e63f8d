/* Vectors for processors with AVX2 and FMA; see simd_portable.h for what each function means. */
#ifndef SY_CPU_SIMD_AVX2_H
#define SY_CPU_SIMD_AVX2_H

#include <immintrin.h>
#include <stdint.h>

#define SY_SIMD(name)     name##_avx2
#define SY_SIMD_LEVEL     SY_CPU_LEVEL_AVX2
#define SY_SIMD_SUFFIX    ".avx2"
#define SY_SIMD_TILE_ROWS 6 /* 6 x 2 sums, 2 vectors of b and one of a: 15 of 16 registers */

enum {
    VW = 8, /* floats in a vector */
    TILE_ROWS = SY_SIMD_TILE_ROWS,
};

typedef __m256 vf;
typedef __m256i vi;
typedef __m256i vmask;

static inline vf v_zero(void)
{
    return _mm256_setzero_ps();
}

static inline vf v_set(float x)
{
    return _mm256_set1_ps(x);
}

static inline vf v_load(const float *p)
{
    return _mm256_loadu_ps(p);
}

static inline void v_store(float *p, vf x)
{
    _mm256_storeu_ps(p, x);
}

static inline vf v_fma(vf a, vf b, vf c)
{
    return _mm256_fmadd_ps(a, b, c);
}

static inline vf v_add(vf a, vf b)
{
    return _mm256_add_ps(a, b);
}

static inline vf v_sub(vf a, vf b)
{
    return _mm256_sub_ps(a, b);
}

static inline vf v_mul(vf a, vf b)
{
    return _mm256_mul_ps(a, b);
}

static inline vf v_max(vf a, vf b)
{
    return _mm256_max_ps(a, b);
}

static inline vf v_min(vf a, vf b)
{
    return _mm256_min_ps(a, b);
}

static inline vmask v_mask_range(int first, int end)
{
    const __m256i lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_andnot_si256(_mm256_cmpgt_epi32(_mm256_set1_epi32(first), lanes),
                               _mm256_cmpgt_epi32(_mm256_set1_epi32(end), lanes));
}

static inline vf v_load_masked(const float *p, vmask mask)
{
    return _mm256_maskload_ps(p, mask);
}

/* A ladder of 4, 2 and 1: a masked store takes AMD's processors tens of operations. */
static inline void v_store_part(float *p, vf x, int count)
{
    if (count >= VW) {
        v_store(p, x);
        return;
    }
    __m128 half = _mm256_castps256_ps128(x);
    if (count & 4) {
        _mm_storeu_ps(p, half);
        half = _mm256_extractf128_ps(x, 1);
        p += 4;
    }
    if (count & 2) {
        _mm_storel_pi((__m64 *)(void *)p, half);
        half = _mm_movehl_ps(half, half);
        p += 2;
    }
    if (count & 1)
        _mm_store_ss(p, half);
}

static inline void v_split(vf a, vf b, vf *even, vf *odd)
{
    const __m256 low = _mm256_permute2f128_ps(a, b, 0x20), high = _mm256_permute2f128_ps(a, b, 0x31);
    *even = _mm256_shuffle_ps(low, high, 0x88);
    *odd = _mm256_shuffle_ps(low, high, 0xdd);
}

static inline void v_transpose(vf r[VW])
{
    vf t[VW], u[VW];
    for (int i = 0; i < VW; i += 2) {
        t[i] = _mm256_unpacklo_ps(r[i], r[i + 1]);
        t[i + 1] = _mm256_unpackhi_ps(r[i], r[i + 1]);
    }
    for (int i = 0; i < VW; i += 4) {
        u[i] = _mm256_shuffle_ps(t[i], t[i + 2], 0x44);
        u[i + 1] = _mm256_shuffle_ps(t[i], t[i + 2], 0xee);
        u[i + 2] = _mm256_shuffle_ps(t[i + 1], t[i + 3], 0x44);
        u[i + 3] = _mm256_shuffle_ps(t[i + 1], t[i + 3], 0xee);
    }
    for (int i = 0; i < 4; i++) {
        r[i] = _mm256_permute2f128_ps(u[i], u[i + 4], 0x20);
        r[i + 4] = _mm256_permute2f128_ps(u[i], u[i + 4], 0x31);
    }
}

#endif
