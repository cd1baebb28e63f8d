#include "benchmarks/peak.h"

#include <math.h>

#include "benchmarks/clock.h"

enum { ROUNDS = 200000, CHAINS = 12 };

#if defined(__x86_64__)
#include <immintrin.h>

/* Each writes a sum that depends on every chain, so that none is optimised away. */
__attribute__((target("avx2,fma"))) static void loop_avx2(float *out)
{
    __m256 sum[CHAINS];
    const __m256 a = _mm256_set1_ps(0.999f), b = _mm256_set1_ps(0.001f);
    for (int i = 0; i < CHAINS; i++)
        sum[i] = _mm256_set1_ps((float)i);
    for (int r = 0; r < ROUNDS; r++)
#pragma GCC unroll 12
        for (int i = 0; i < CHAINS; i++)
            sum[i] = _mm256_fmadd_ps(sum[i], a, b);
    for (int i = 1; i < CHAINS; i++)
        sum[0] = _mm256_add_ps(sum[0], sum[i]);
    _mm256_storeu_ps(out, sum[0]);
}

__attribute__((target("avx512f"))) static void loop_avx512(float *out)
{
    __m512 sum[CHAINS];
    const __m512 a = _mm512_set1_ps(0.999f), b = _mm512_set1_ps(0.001f);
    for (int i = 0; i < CHAINS; i++)
        sum[i] = _mm512_set1_ps((float)i);
    for (int r = 0; r < ROUNDS; r++)
#pragma GCC unroll 12
        for (int i = 0; i < CHAINS; i++)
            sum[i] = _mm512_fmadd_ps(sum[i], a, b);
    for (int i = 1; i < CHAINS; i++)
        sum[0] = _mm512_add_ps(sum[0], sum[i]);
    _mm512_storeu_ps(out, sum[0]);
}
#endif

static void loop_portable(float *out)
{
    float sum[CHAINS];
    for (int i = 0; i < CHAINS; i++)
        sum[i] = (float)i;
    for (int r = 0; r < ROUNDS; r++)
        for (int i = 0; i < CHAINS; i++)
            sum[i] = fmaf(sum[i], 0.999f, 0.001f);
    out[0] = 0;
    for (int i = 0; i < CHAINS; i++)
        out[0] += sum[i];
}

double peak_macs(sy_cpu_level level)
{
    void (*loop)(float *) = loop_portable;
    int width = 1;
#if defined(__x86_64__)
    if (level == SY_CPU_LEVEL_AVX2) {
        loop = loop_avx2;
        width = 8;
    } else if (level == SY_CPU_LEVEL_AVX512) {
        loop = loop_avx512;
        width = 16;
    }
#endif
    double best = INFINITY;
    for (int run = 0; run < 20; run++) {
        volatile float out[16];
        const double start = cpu_seconds();
        loop((float *)out);
        const double took = cpu_seconds() - start;
        best = took < best ? took : best;
    }
    return (double)ROUNDS * CHAINS * width / best;
}
