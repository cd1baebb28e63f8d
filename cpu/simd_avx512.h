/* Vectors for processors with AVX-512 F, BW, DQ and VL; see simd_portable.h for what each function means. */
#ifndef SY_CPU_SIMD_AVX512_H
#define SY_CPU_SIMD_AVX512_H

#include <immintrin.h>
#include <stdint.h>

#define SY_SIMD(name)     name##_avx512
#define SY_SIMD_LEVEL     SY_CPU_LEVEL_AVX512
#define SY_SIMD_SUFFIX    ".avx512"
#define SY_SIMD_TILE_ROWS 8

enum {
    VW = 16,
    TILE_ROWS = SY_SIMD_TILE_ROWS,
};

typedef __m512 vf;
typedef __m512i vi;
typedef __mmask16 vmask;

static inline vf v_zero(void)
{
    return _mm512_setzero_ps();
}

static inline vf v_set(float x)
{
    return _mm512_set1_ps(x);
}

static inline vf v_load(const float *p)
{
    return _mm512_loadu_ps(p);
}

static inline void v_store(float *p, vf x)
{
    _mm512_storeu_ps(p, x);
}

static inline vf v_fma(vf a, vf b, vf c)
{
    return _mm512_fmadd_ps(a, b, c);
}

static inline vf v_add(vf a, vf b)
{
    return _mm512_add_ps(a, b);
}

static inline vf v_sub(vf a, vf b)
{
    return _mm512_sub_ps(a, b);
}

static inline vf v_mul(vf a, vf b)
{
    return _mm512_mul_ps(a, b);
}

static inline vf v_div(vf a, vf b)
{
    return _mm512_div_ps(a, b);
}

static inline vf v_max(vf a, vf b)
{
    return _mm512_max_ps(a, b);
}

static inline vf v_min(vf a, vf b)
{
    return _mm512_min_ps(a, b);
}

/* Bits 0 to count-1. */
static inline unsigned v_low_lanes(int count)
{
    return count <= 0 ? 0 : count >= VW ? 0xffffu : (1u << count) - 1;
}

static inline vmask v_mask_range(int first, int end)
{
    return (vmask)(v_low_lanes(end) & ~v_low_lanes(first));
}

static inline vf v_load_masked(const float *p, vmask mask)
{
    return _mm512_maskz_loadu_ps(mask, p);
}

static inline void v_store_part(float *p, vf x, int count)
{
    _mm512_mask_storeu_ps(p, (vmask)v_low_lanes(count), x);
}

static inline void v_split(vf a, vf b, vf *even, vf *odd)
{
    const __m512i index = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
    *even = _mm512_permutex2var_ps(a, index, b);
    *odd = _mm512_permutex2var_ps(a, _mm512_add_epi32(index, _mm512_set1_epi32(1)), b);
}

static inline void v_transpose(vf r[VW])
{
    vf t[VW], u[VW];
    for (int i = 0; i < VW; i += 2) {
        t[i] = _mm512_unpacklo_ps(r[i], r[i + 1]);
        t[i + 1] = _mm512_unpackhi_ps(r[i], r[i + 1]);
    }
    /* u[4j + c]: column c of each quarter (of 4 lanes), rows 4j to 4j+3. */
    for (int i = 0; i < VW; i += 4) {
        u[i] = _mm512_shuffle_ps(t[i], t[i + 2], 0x44);
        u[i + 1] = _mm512_shuffle_ps(t[i], t[i + 2], 0xee);
        u[i + 2] = _mm512_shuffle_ps(t[i + 1], t[i + 3], 0x44);
        u[i + 3] = _mm512_shuffle_ps(t[i + 1], t[i + 3], 0xee);
    }
    for (int c = 0; c < 4; c++) {
        const vf a = _mm512_shuffle_f32x4(u[c], u[4 + c], 0x88),
                 b = _mm512_shuffle_f32x4(u[c], u[4 + c], 0xdd);
        const vf d = _mm512_shuffle_f32x4(u[8 + c], u[12 + c], 0x88),
                 e = _mm512_shuffle_f32x4(u[8 + c], u[12 + c], 0xdd);
        r[c] = _mm512_shuffle_f32x4(a, d, 0x88);
        r[8 + c] = _mm512_shuffle_f32x4(a, d, 0xdd);
        r[4 + c] = _mm512_shuffle_f32x4(b, e, 0x88);
        r[12 + c] = _mm512_shuffle_f32x4(b, e, 0xdd);
    }
}

static inline vi v_int_zero(void)
{
    return _mm512_setzero_si512();
}

static inline vi v_int_add(vi a, vi b)
{
    return _mm512_add_epi32(a, b);
}

static inline vi v_bits(vf x)
{
    return _mm512_castps_si512(x);
}

static inline vi v_truncate(vf x)
{
    return _mm512_cvttps_epi32(x);
}

static inline vf v_abs(vf x)
{
    return _mm512_abs_ps(x);
}

static inline vi v_if_negative(vf x, int32_t value)
{
    return _mm512_maskz_set1_epi32(_mm512_movepi32_mask(_mm512_castps_si512(x)), value);
}

static inline vi v_count_zeros(vi counts, vf x)
{
    const __mmask16 zeros = _mm512_cmp_ps_mask(x, _mm512_setzero_ps(), _CMP_EQ_OQ);
    return _mm512_mask_add_epi32(counts, zeros, counts, _mm512_set1_epi32(1));
}

static inline void v_int_store(uint32_t *p, vi x)
{
    _mm512_storeu_si512(p, x);
}

static inline int v_store_unless_zero(uint32_t *p, vi words, vf x)
{
    const __mmask16 lanes = _mm512_cmp_ps_mask(x, _mm512_setzero_ps(), _CMP_NEQ_UQ);
    v_int_store(p, _mm512_maskz_compress_epi32(lanes, words));
    return __builtin_popcount(lanes);
}

#endif
