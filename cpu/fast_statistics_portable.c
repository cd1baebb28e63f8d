#define SY_SIMD_PORTABLE
#include "cpu/fast_statistics.h"
#include "cpu/fast_sums.h"
