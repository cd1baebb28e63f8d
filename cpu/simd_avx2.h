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

static inline vf v_div(vf a, vf b)
{
    return _mm256_div_ps(a, b);
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

static inline vi v_int_zero(void)
{
    return _mm256_setzero_si256();
}

static inline vi v_int_add(vi a, vi b)
{
    return _mm256_add_epi32(a, b);
}

static inline vi v_bits(vf x)
{
    return _mm256_castps_si256(x);
}

static inline vi v_truncate(vf x)
{
    return _mm256_cvttps_epi32(x);
}

static inline vf v_abs(vf x)
{
    return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), x);
}

static inline vi v_if_negative(vf x, int32_t value)
{
    return _mm256_and_si256(_mm256_srai_epi32(_mm256_castps_si256(x), 31), _mm256_set1_epi32(value));
}

static inline vi v_count_zeros(vi counts, vf x)
{
    return _mm256_sub_epi32(counts, _mm256_castps_si256(_mm256_cmp_ps(x, _mm256_setzero_ps(), _CMP_EQ_OQ)));
}

static inline void v_int_store(uint32_t *p, vi x)
{
    _mm256_storeu_si256((__m256i *)(void *)p, x);
}

/* For each set of lanes, which they are: a byte each, the first lowest. */
#define V_BIT(set, lane)   ((uint64_t)((set) >> (lane)) & 1)
#define V_BELOW(set, lane) (V_ONES((set) & ((1 << (lane)) - 1)))
#define V_ONES(set)                                                                                  \
    (V_BIT(set, 0) + V_BIT(set, 1) + V_BIT(set, 2) + V_BIT(set, 3) + V_BIT(set, 4) + V_BIT(set, 5) + \
     V_BIT(set, 6))
#define V_LANE(set, lane) (V_BIT(set, lane) * (lane) << (8 * V_BELOW(set, lane)))
#define V_LANES(set)                                                                                       \
    (V_LANE(set, 1) | V_LANE(set, 2) | V_LANE(set, 3) | V_LANE(set, 4) | V_LANE(set, 5) | V_LANE(set, 6) | \
     V_LANE(set, 7))
#define V_LANES_4(set)  V_LANES(set), V_LANES((set) + 1), V_LANES((set) + 2), V_LANES((set) + 3)
#define V_LANES_16(set) V_LANES_4(set), V_LANES_4((set) + 4), V_LANES_4((set) + 8), V_LANES_4((set) + 12)
#define V_LANES_64(set) \
    V_LANES_16(set), V_LANES_16((set) + 16), V_LANES_16((set) + 32), V_LANES_16((set) + 48)
static const uint64_t v_lanes_of[256] = {V_LANES_64(0), V_LANES_64(64), V_LANES_64(128), V_LANES_64(192)};

static inline int v_store_unless_zero(uint32_t *p, vi words, vf x)
{
    const unsigned lanes = (unsigned)_mm256_movemask_ps(_mm256_cmp_ps(x, _mm256_setzero_ps(), _CMP_NEQ_UQ));
    const __m256i order =
        _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)(const void *)&v_lanes_of[lanes]));
    v_int_store(p, _mm256_permutevar8x32_epi32(words, order));
    return __builtin_popcount(lanes);
}

#endif
