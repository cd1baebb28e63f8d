#define SY_SIMD_PORTABLE
#include "cpu/fast_convolution.h"
#include "cpu/fast_depthwise.h"
#include "cpu/fast_gemm.h"
#include "cpu/fast_pointwise.h"
