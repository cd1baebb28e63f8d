#define SY_SIMD_AVX512
#include "cpu/kernels.h"

#if defined(__AVX512F__) /* not on other processors */
#include "cpu/fast_statistics.h"
#include "cpu/fast_sums.h"
#endif
