/* Inside the CPU backend: how a kernel is called, and how a faster form of one takes the reference's place.
 *
 * Every kernel has its reference (ref.h). A variant is a faster form of one for some instruction set and,
 * perhaps, only for some params. For each launch the backend takes, of the variants that the processor can
 * run and that accept the params, the one of the highest level, the first of equals in sy_cpu_variants; else
 * the reference. The choice depends on the kernel and its params alone, so that pack() and launch() agree on
 * it.
 */
#ifndef SY_CPU_KERNELS_H
#define SY_CPU_KERNELS_H

#include <stdbool.h>

#include "device/device.h"

/* LEVEL(name, text): instruction sets, each including those before it. */
#define SY_CPU_LEVEL_MAP(X)                           \
    X(REFERENCE, "reference") /* no variant at all */ \
    X(PORTABLE, "portable")                           \
    X(AVX2, "avx2")     /* with FMA */                \
    X(AVX512, "avx512") /* F, BW, DQ and VL */

typedef enum sy_cpu_level {
#define X(name, text) SY_CPU_LEVEL_##name,
    SY_CPU_LEVEL_MAP(X)
#undef X
} sy_cpu_level;

const char *sy_cpu_level_name(sy_cpu_level level);
/* The highest of this processor, or what the environment variable SY_CPU_LEVEL names ("reference",
 * "portable", "avx2", "avx512"; for tests and comparisons). SY_E_ARGUMENT when that is no level, SY_E_DEVICE
 * when the processor lacks it.
 */
sy_status sy_cpu_level_choose(sy_ctx *ctx, sy_cpu_level *out);

/* Memory of a stream for what a kernel needs while it runs. It grows to the largest request and is freed with
 * the stream.
 */
typedef struct sy_cpu_scratch {
    void *memory;
    size_t bytes;
} sy_cpu_scratch;

/* At least `words` words, aligned to 64 bytes, contents undefined. One block a call of a kernel: a second
 * take may move the first. NULL when there is no memory.
 */
void *sy_cpu_scratch_take(sy_cpu_scratch *scratch, size_t words);
void sy_cpu_scratch_release(sy_cpu_scratch *scratch);

typedef struct sy_cpu_call {
    void *const *operands; /* in the order of kernels.def; NULL where the params say it is not read */
    const void *params;    /* the kernel's params struct */
    unsigned packed;       /* bit i: operand i is what the variant's pack() wrote */
    sy_cpu_scratch *scratch;
} sy_cpu_call;

typedef struct sy_cpu_variant {
    sy_kernel kernel;
    sy_cpu_level level;
    const char *name; /* "conv2d.winograd.avx2"; unique, for benchmarks and messages */
    /* Whether these params are its case. NULL: all are. */
    bool (*accepts)(const void *params);
    /* SY_E_MEMORY is the only failure it may have; the backend words it. */
    sy_status (*launch)(const sy_cpu_call *call);
    /* Words of the packed form of operand i, 0 where it is used as it is. NULL: nothing is packed. */
    size_t (*pack_words)(const void *params, int operand);
    void (*pack)(const void *params, int operand, const void *from,
                 void *to); /* `to` is aligned to 64 bytes */
} sy_cpu_variant;

/* NULL at the end. In fast.c. */
extern const sy_cpu_variant *const sy_cpu_variants[];

/* The variant a launch with these params uses at this level; NULL: the reference. */
const sy_cpu_variant *sy_cpu_variant_find(sy_kernel kernel, const void *params, sy_cpu_level level);

#endif
