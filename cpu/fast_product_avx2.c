#define SY_SIMD_AVX2
#include "cpu/kernels.h"

#if defined(__AVX2__) /* not on other processors */
#include "cpu/fast_convolution.h"
#include "cpu/fast_depthwise.h"
#include "cpu/fast_gemm.h"
#include "cpu/fast_pointwise.h"
#endif
