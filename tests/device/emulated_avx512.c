/* The AVX-512 kernels, with their instructions emulated (avx512/immintrin.h) and under other names than the
 * real ones. */
#define sy_cpu_pointwise_avx512    sy_cpu_pointwise_emulated
#define sy_cpu_depthwise_avx512    sy_cpu_depthwise_emulated
#define sy_cpu_convolution_avx512  sy_cpu_convolution_emulated
#define sy_cpu_gemm_avx512         sy_cpu_gemm_emulated
#define sy_cpu_pool_avx512         sy_cpu_pool_emulated
#define sy_cpu_observe_avx512      sy_cpu_observe_emulated
#define sy_cpu_channel_rows_avx512 sy_cpu_channel_rows_emulated
#define sy_cpu_reduce_avx512       sy_cpu_reduce_emulated
#define SY_SIMD_AVX512
#include "cpu/fast_convolution.h"
#include "cpu/fast_depthwise.h"
#include "cpu/fast_gemm.h"
#include "cpu/fast_pointwise.h"
#include "cpu/fast_pool.h"
#include "cpu/fast_statistics.h"
#include "cpu/fast_sums.h"

extern const sy_cpu_variant *const emulated_avx512_variants[];

const sy_cpu_variant *const emulated_avx512_variants[] = {
    &sy_cpu_pointwise_avx512,    &sy_cpu_depthwise_avx512, &sy_cpu_convolution_avx512,
    &sy_cpu_gemm_avx512,         &sy_cpu_pool_avx512,      &sy_cpu_observe_avx512,
    &sy_cpu_channel_rows_avx512, &sy_cpu_reduce_avx512,    NULL};
