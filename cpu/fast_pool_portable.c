#define SY_SIMD_PORTABLE
#include "cpu/fast_pool.h"
