/* What the kernel `observe` costs, in nanoseconds an element of CPU time, for several sizes and kinds of
 * tensor. Best of many runs.
 *
 *     statistics
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "benchmarks/clock.h"
#include "cpu/kernels.h"
#include "cpu/ref.h"

/* Roughly normal, then clamped. */
static float *make_tensor(size_t count, float lo, float hi)
{
    float *x = malloc(count * sizeof *x);
    uint32_t state = 1;
    if (!x) {
        fputs("statistics: out of memory\n", stderr);
        exit(1);
    }
    for (size_t i = 0; i < count; i++) {
        float sum = -3;
        for (int j = 0; j < 6; j++) {
            state = state * 1664525u + 1013904223u;
            sum += (float)(state >> 8) * 0x1p-24f;
        }
        sum *= 4;
        x[i] = sum < lo ? lo : sum > hi ? hi : sum;
    }
    return x;
}

static void measure(const char *kind, size_t count, float lo, float hi, sy_cpu_level level)
{
    static uint32_t bins[SY_HISTOGRAM_BINS], summary[SY_SUMMARY_WORDS], state[SY_HISTOGRAM_WORDS];
    float *x = make_tensor(count, lo, hi);
    sy_cpu_scratch scratch = {0};
    const sy_observe_params params = {.count = (sy_u32)count};
    const sy_cpu_call call = {(void *[]){x, bins, summary, state}, &params, 0, &scratch};
    const sy_cpu_variant *variant = sy_cpu_variant_find(SY_KERNEL_observe, &params, level);
    double best = INFINITY;
    for (int run = 0; run < 200; run++) {
        const double start = cpu_seconds();
        if (variant)
            variant->launch(&call);
        else
            sy_ref_observe(call.operands, call.params);
        best = fmin(best, cpu_seconds() - start);
    }
    printf("%8zu elements, %-7s %.3f ns an element\n", count, kind, best / (double)count * 1e9);
    sy_cpu_scratch_release(&scratch);
    free(x);
}

int main(void)
{
    static const size_t counts[] = {1204224, 100352, 7840};
    sy_ctx *ctx = NULL;
    sy_cpu_level level;
    if (sy_ctx_create(&ctx) != SY_OK || sy_cpu_level_choose(ctx, &level) != SY_OK) {
        fprintf(stderr, "statistics: %s\n", ctx ? sy_ctx_error(ctx) : "out of memory");
        return 1;
    }
    puts(sy_cpu_level_name(level));
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        measure("normal", counts[i], -INFINITY, INFINITY, level);
        measure("relu", counts[i], 0, INFINITY, level);
        measure("relu6", counts[i], 0, 6, level);
    }
    sy_ctx_destroy(ctx);
    return 0;
}
