/* What the statistics of a tensor cost, in nanoseconds an element of CPU time: summarize, then histogram, for
 * several sizes and kinds of tensor. Best of many runs.
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

static void launch(sy_kernel kernel, void (*reference)(void *const *, const void *), const sy_cpu_call *call,
                   sy_cpu_level level)
{
    const sy_cpu_variant *variant = sy_cpu_variant_find(kernel, call->params, level);
    if (variant)
        variant->launch(call);
    else
        reference(call->operands, call->params);
}

static void measure(const char *kind, size_t count, float lo, float hi, sy_cpu_level level)
{
    static uint32_t summary[SY_SUMMARY_WORDS], state[SY_HISTOGRAM_WORDS];
    float *x = make_tensor(count, lo, hi);
    sy_cpu_scratch scratch = {0};
    const sy_summarize_params summarize = {.count = (sy_u32)count};
    const sy_histogram_params histogram = {.count = (sy_u32)count};
    double best[2] = {INFINITY, INFINITY};
    for (int run = 0; run < 200; run++) {
        const double start = cpu_seconds();
        launch(SY_KERNEL_summarize, sy_ref_summarize,
               &(sy_cpu_call){(void *[]){x, summary}, &summarize, 0, &scratch}, level);
        const double middle = cpu_seconds();
        state[0] = run ? state[0] : (uint32_t)-127;
        launch(SY_KERNEL_histogram, sy_ref_histogram,
               &(sy_cpu_call){(void *[]){x, summary, state}, &histogram, 0, &scratch}, level);
        best[0] = fmin(best[0], middle - start);
        best[1] = fmin(best[1], cpu_seconds() - middle);
    }
    printf("%8zu elements, %-7s summarize %.3f  histogram %.3f ns an element\n", count, kind,
           best[0] / (double)count * 1e9, best[1] / (double)count * 1e9);
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
