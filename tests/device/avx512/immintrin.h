/* The AVX-512 instructions that cpu/simd_avx512.h uses, written out in C as Intel's manual describes them, so
 * that the AVX-512 kernels are tested on processors without them. Only ../emulated_avx512.c finds this file
 * in place of the compiler's.
 */
#ifndef SY_TESTS_AVX512_IMMINTRIN_H
#define SY_TESTS_AVX512_IMMINTRIN_H

#include <math.h>
#include <stdint.h>
#include <string.h>

typedef struct __m512 {
    float f[16];
} __m512;

typedef struct __m512i {
    uint32_t u[16];
} __m512i;

typedef uint16_t __mmask16;

enum { _CMP_EQ_OQ = 0, _CMP_NEQ_UQ = 4 };

#define EACH(i) for (int i = 0; i < 16; i++)

/* Each lane of r from the lanes of the operands. */
#define LANES(name, parameters, type, member, value) \
    static inline type name parameters               \
    {                                                \
        type r;                                      \
        EACH(i) r.member[i] = (value);               \
        return r;                                    \
    }

LANES(_mm512_setzero_ps, (void), __m512, f, 0.0f)
LANES(_mm512_setzero_si512, (void), __m512i, u, 0)
LANES(_mm512_set1_ps, (float x), __m512, f, x)
LANES(_mm512_set1_epi32, (int x), __m512i, u, (uint32_t)x)
LANES(_mm512_maskz_set1_epi32, (__mmask16 k, int x), __m512i, u, k >> i & 1 ? (uint32_t)x : 0)
LANES(_mm512_add_ps, (__m512 a, __m512 b), __m512, f, a.f[i] + b.f[i])
LANES(_mm512_sub_ps, (__m512 a, __m512 b), __m512, f, a.f[i] - b.f[i])
LANES(_mm512_mul_ps, (__m512 a, __m512 b), __m512, f, a.f[i] * b.f[i])
LANES(_mm512_div_ps, (__m512 a, __m512 b), __m512, f, a.f[i] / b.f[i])
LANES(_mm512_max_ps, (__m512 a, __m512 b), __m512, f, a.f[i] > b.f[i] ? a.f[i] : b.f[i])
LANES(_mm512_min_ps, (__m512 a, __m512 b), __m512, f, a.f[i] < b.f[i] ? a.f[i] : b.f[i])
LANES(_mm512_abs_ps, (__m512 a), __m512, f, fabsf(a.f[i]))
LANES(_mm512_fmadd_ps, (__m512 a, __m512 b, __m512 c), __m512, f, fmaf(a.f[i], b.f[i], c.f[i]))
LANES(_mm512_add_epi32, (__m512i a, __m512i b), __m512i, u, a.u[i] + b.u[i])
LANES(_mm512_mask_add_epi32, (__m512i s, __mmask16 k, __m512i a, __m512i b), __m512i, u,
      k >> i & 1 ? a.u[i] + b.u[i] : s.u[i])
/* What does not fit becomes 2^31. */
LANES(_mm512_cvttps_epi32, (__m512 a), __m512i, u,
      fabsf(a.f[i]) < 0x1p31f ? (uint32_t)(int32_t)a.f[i] : 0x80000000u)
/* In each quarter: the two low (or high) lanes of a and b in turn. */
LANES(_mm512_unpacklo_ps, (__m512 a, __m512 b), __m512, f, (i & 1 ? b : a).f[i / 4 * 4 + i % 4 / 2])
LANES(_mm512_unpackhi_ps, (__m512 a, __m512 b), __m512, f, (i & 1 ? b : a).f[i / 4 * 4 + 2 + i % 4 / 2])
/* In each quarter: two lanes of a, then two of b, by the four pairs of bits of `control`. */
LANES(_mm512_shuffle_ps, (__m512 a, __m512 b, int control), __m512, f,
      (i % 4 < 2 ? a : b).f[i / 4 * 4 + (control >> i % 4 * 2 & 3)])
/* Two quarters of a, then two of b. */
LANES(_mm512_shuffle_f32x4, (__m512 a, __m512 b, int control), __m512, f,
      (i < 8 ? a : b).f[(control >> i / 4 * 2 & 3) * 4 + i % 4])
LANES(_mm512_permutex2var_ps, (__m512 a, __m512i index, __m512 b), __m512, f,
      (index.u[i] & 16 ? b : a).f[index.u[i] & 15])

#define TAKE(i, x) r.u[i] = (uint32_t)(x)
static inline __m512i _mm512_setr_epi32(int a, int b, int c, int d, int e, int f, int g, int h, int j, int k,
                                        int l, int m, int n, int o, int p, int q)
{
    const int all[16] = {a, b, c, d, e, f, g, h, j, k, l, m, n, o, p, q};
    __m512i r;
    EACH(i) TAKE(i, all[i]);
    return r;
}
#undef TAKE

static inline __m512 _mm512_loadu_ps(const void *p)
{
    __m512 r;
    memcpy(r.f, p, sizeof r.f);
    return r;
}

static inline void _mm512_storeu_ps(void *p, __m512 a)
{
    memcpy(p, a.f, sizeof a.f);
}

static inline void _mm512_storeu_si512(void *p, __m512i a)
{
    memcpy(p, a.u, sizeof a.u);
}

/* Lanes that are masked out touch no memory. */
static inline __m512 _mm512_maskz_loadu_ps(__mmask16 k, const void *p)
{
    __m512 r = _mm512_setzero_ps();
    EACH(i) if (k >> i & 1) memcpy(&r.f[i], (const char *)p + 4 * i, 4);
    return r;
}

static inline void _mm512_mask_storeu_ps(void *p, __mmask16 k, __m512 a)
{
    EACH(i) if (k >> i & 1) memcpy((char *)p + 4 * i, &a.f[i], 4);
}

static inline __m512i _mm512_castps_si512(__m512 a)
{
    __m512i r;
    memcpy(r.u, a.f, sizeof r.u);
    return r;
}

static inline __mmask16 _mm512_movepi32_mask(__m512i a)
{
    unsigned k = 0;
    EACH(i) k |= (a.u[i] >> 31) << i;
    return (__mmask16)k;
}

static inline __mmask16 _mm512_cmp_ps_mask(__m512 a, __m512 b, int predicate)
{
    unsigned k = 0;
    EACH(i) k |= (unsigned)(predicate == _CMP_EQ_OQ ? a.f[i] == b.f[i] : a.f[i] != b.f[i]) << i;
    return (__mmask16)k;
}

static inline __m512i _mm512_maskz_compress_epi32(__mmask16 k, __m512i a)
{
    __m512i r = _mm512_setzero_si512();
    int count = 0;
    EACH(i) if (k >> i & 1) r.u[count++] = a.u[i];
    return r;
}

#undef EACH
#undef LANES
#endif
