#include "cpu/kernels.h"

/* EACH(X, set): every kernel that has a form for an instruction set, X(kernel, set). Of several that accept
 * the same params the first is taken.
 */
#define EACH(X, set)  \
    X(pointwise, set) \
    X(depthwise, set) \
    X(convolution, set)

#if defined(__x86_64__)
#define ALL(X) EACH(X, avx512) EACH(X, avx2) EACH(X, portable)
#else
#define ALL(X) EACH(X, portable)
#endif

#define DECLARE(kernel, set) extern const sy_cpu_variant sy_cpu_##kernel##_##set;
ALL(DECLARE)
#undef DECLARE

const sy_cpu_variant *const sy_cpu_variants[] = {
#define ROW(kernel, set) &sy_cpu_##kernel##_##set,
    ALL(ROW)
#undef ROW
        NULL,
};
