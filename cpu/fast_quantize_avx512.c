#include "cpu/kernels.h"

#if defined(__AVX512F__) /* not on other processors */
#include "cpu/fast_quantize.h"
#endif
