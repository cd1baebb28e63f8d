/* How fast the convolutions of three models run, layer by layer: best of several runs, process CPU time.
 * `peak` is what a loop of independent fma reaches in the same run, so the last column compares across
 * machines.
 *
 *     kernels [model]...
 */
#include "cpu/kernels.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "benchmarks/clock.h"
#include "benchmarks/peak.h"
#include "cpu/ref.h"

typedef struct layer {
    const char *model;
    unsigned times, channels, in, filters, kernel, stride, pad, out, groups;
} layer;

static const layer layers[] = {
#define LAYER(model, times, channels, in, filters, kernel, stride, pad, out, groups) \
    {model, times, channels, in, filters, kernel, stride, pad, out, groups},
#include "benchmarks/layers.def"
#undef LAYER
};

enum { LAYER_COUNT = sizeof layers / sizeof layers[0] };

static float *random_words(size_t count)
{
    float *words = aligned_alloc(64, (count * sizeof *words + 127) / 64 * 64);
    if (!words) {
        fputs("kernels: out of memory\n", stderr);
        exit(1);
    }
    uint32_t state = 1;
    for (size_t i = 0; i < count; i++) {
        state = state * 1664525u + 1013904223u;
        words[i] = (float)(int32_t)state * 0x1p-31f;
    }
    return words;
}

static sy_conv2d_params params_of(const layer *l)
{
    return (sy_conv2d_params){.batch = 1,
                              .channels = l->channels,
                              .in_h = l->in,
                              .in_w = l->in,
                              .filters = l->filters,
                              .kernel_h = l->kernel,
                              .kernel_w = l->kernel,
                              .groups = l->groups,
                              .stride_h = l->stride,
                              .stride_w = l->stride,
                              .dilation_h = 1,
                              .dilation_w = 1,
                              .pad_top = (sy_i32)l->pad,
                              .pad_left = (sy_i32)l->pad,
                              .out_h = l->out,
                              .out_w = l->out,
                              .has_bias = 1,
                              .clamp = {0, 6}};
}

/* Seconds of one run, the best of many. */
static double measure(const sy_cpu_variant *variant, const sy_cpu_call *call)
{
    double best = INFINITY, spent = 0;
    for (int run = 0; run < 400 && (run < 3 || spent < 0.06); run++) {
        const double start = cpu_seconds();
        if (variant)
            variant->launch(call);
        else
            sy_ref_conv2d(call->operands, call->params);
        const double took = cpu_seconds() - start;
        spent += took;
        best = took < best ? took : best;
    }
    return best;
}

static double measure_layer(const layer *l, sy_cpu_level level, double peak)
{
    const sy_conv2d_params p = params_of(l);
    const size_t weight_count = (size_t)l->filters * (l->channels / l->groups) * l->kernel * l->kernel;
    float *x = random_words((size_t)l->channels * l->in * l->in), *weights = random_words(weight_count);
    float *bias = random_words(l->filters), *y = random_words((size_t)l->filters * l->out * l->out);
    const sy_cpu_variant *variant = sy_cpu_variant_find(SY_KERNEL_conv2d, &p, level);
    const size_t words = variant && variant->pack_words ? variant->pack_words(&p, 1) : 0;
    float *packed = words ? random_words(words) : NULL;
    if (packed)
        variant->pack(&p, 1, weights, packed);

    sy_cpu_scratch scratch = {0};
    void *operands[] = {x, packed ? packed : weights, bias, y};
    const double seconds = measure(
        variant,
        &(sy_cpu_call){.operands = operands, .params = &p, .packed = packed ? 2 : 0, .scratch = &scratch});
    const double macs = (double)weight_count * l->out * l->out;
    printf(
        "%-18s %2u x %4u %3ux%-3u -> %4u %3ux%-3u k%u s%u g%-4u %9.0f ns %6.1f GMAC/s %4.0f%% of peak  %s\n",
        l->model, l->times, l->channels, l->in, l->in, l->filters, l->out, l->out, l->kernel, l->stride,
        l->groups, seconds * 1e9, macs / seconds * 1e-9, 100 * macs / seconds / peak,
        variant ? variant->name : "reference");
    sy_cpu_scratch_release(&scratch);
    free(x), free(weights), free(bias), free(y), free(packed);
    return seconds * l->times;
}

static void measure_model(const char *model, sy_cpu_level level, double peak)
{
    double total = 0;
    for (int i = 0; i < LAYER_COUNT; i++)
        if (strcmp(layers[i].model, model) == 0)
            total += measure_layer(&layers[i], level, peak);
    printf("%-18s all convolutions: %.3f ms\n\n", model, total * 1e3);
}

int main(int argc, char **argv)
{
    sy_ctx *ctx = NULL;
    sy_cpu_level level;
    if (sy_ctx_create(&ctx) != SY_OK || sy_cpu_level_choose(ctx, &level) != SY_OK) {
        fprintf(stderr, "kernels: %s\n", ctx ? sy_ctx_error(ctx) : "out of memory");
        return 1;
    }
    const double peak = peak_macs(level);
    printf("%s, peak %.1f GMAC/s\n", sy_cpu_level_name(level), peak * 1e-9);
    for (int i = 0; i < LAYER_COUNT; i++) {
        if (i > 0 && strcmp(layers[i].model, layers[i - 1].model) == 0)
            continue;
        bool wanted = argc < 2;
        for (int a = 1; a < argc; a++)
            wanted |= strcmp(argv[a], layers[i].model) == 0;
        if (wanted)
            measure_model(layers[i].model, level, peak);
    }
    sy_ctx_destroy(ctx);
    return 0;
}
