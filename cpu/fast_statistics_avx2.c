#define SY_SIMD_AVX2
#include "cpu/kernels.h"

#if defined(__AVX2__) /* not on other processors */
#include "cpu/fast_statistics.h"
#include "cpu/fast_sums.h"
#endif
