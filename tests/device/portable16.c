/* The kernels with vectors of 16 in plain C: the masks, tails and tiles of AVX-512 on processors without it.
 */
#define SY_SIMD_PORTABLE
#define SY_SIMD_WIDTH 16
#include "cpu/fast_convolution.h"
#include "cpu/fast_depthwise.h"
#include "cpu/fast_gemm.h"
#include "cpu/fast_pointwise.h"
#include "cpu/fast_pool.h"
#include "cpu/fast_statistics.h"
#include "cpu/fast_sums.h"

extern const sy_cpu_variant *const portable16_variants[];

const sy_cpu_variant *const portable16_variants[] = {
    &sy_cpu_pointwise_portable16,    &sy_cpu_depthwise_portable16, &sy_cpu_convolution_portable16,
    &sy_cpu_gemm_portable16,         &sy_cpu_pool_portable16,      &sy_cpu_observe_portable16,
    &sy_cpu_channel_rows_portable16, &sy_cpu_reduce_portable16,    NULL};
