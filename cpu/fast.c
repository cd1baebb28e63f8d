#include "cpu/kernels.h"

/* TILES(X, set), LOOPS(X, set): every kernel that has a form for an instruction set, X(kernel, set); those of
 * simd.h, which is also portable, and those that are plain loops. Of several that accept the same params the
 * first is taken.
 */
/* clang-format off */
#define TILES(X, set)        \
    X(pointwise, set)        \
    X(depthwise, set)        \
    X(convolution, set)      \
    X(gemm, set)             \
    X(pool, set)             \
    X(observe, set)          \
    X(channel_rows, set)     \
    X(reduce, set)
#define LOOPS(X, set)        \
    X(unary, set)            \
    X(binary, set)           \
    X(fill, set)             \
    X(quantize, set)         \
    X(dequantize, set)       \
    X(fake_quant, set)       \
    X(requantize, set)       \
    X(batch_norm, set)       \
    X(channel_columns, set)
/* clang-format on */

#if defined(__x86_64__)
#define ALL(X) TILES(X, avx512) LOOPS(X, avx512) TILES(X, avx2) LOOPS(X, avx2) TILES(X, portable)
#else
#define ALL(X) TILES(X, portable)
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
