#include "cpu/kernels.h"

#if defined(__AVX2__) /* not on other processors */
#include "cpu/fast_quantize.h"
#endif
