#include "cpu/kernels.h"

#if defined(__AVX512F__) /* not on other processors */
#include "cpu/fast_binary.h"
#include "cpu/fast_fill.h"
#include "cpu/fast_unary.h"
#endif
