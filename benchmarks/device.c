/* How fast a device runs a model's float forward with statistics left out, and where its time goes:
 *
 *     device MODEL DEVICE BATCH [SECONDS]
 *
 * Samples a second of one queue running batches one after the other, uploads included; the arithmetic and the
 * least memory traffic that the model's steps need, as rates and as shares of what the card can do where it
 * tells that; then the time of each kind of kernel, each step waited for on its own.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fuse/fuse.h"
#include "import/import.h"
#include "ops/lowering.h"
#include "run/run.h"

enum { LISTED_MAX = 16, PROFILED_RUNS = 3 };

typedef struct {
    sy_ctx *ctx;
    const sy_backend *backend;
    sy_device *device;
    sy_graph *graph;
    sy_program *program;
    sy_runner *runner;
    const void **inputs; /* [batch][inputs] */
    float *words;        /* of the largest input, shared by all */
    uint32_t batch;
} bench;

static void check(const bench *b, sy_status status)
{
    if (status == SY_OK)
        return;
    fprintf(stderr, "device: %s\n", sy_ctx_error(b->ctx));
    exit((int)status);
}

static double now(void)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return (double)at.tv_sec + (double)at.tv_nsec * 1e-9;
}

static void open_model(bench *b, const char *path)
{
    sy_graph *model = NULL, *fused = NULL;
    check(b, sy_import_onnx(b->ctx, path, &model, NULL));
    check(b, sy_fuse(b->ctx, model, &fused, NULL));
    check(b, sy_graph_bind(b->ctx, fused, NULL, 0, &b->graph));
    sy_graph_destroy(fused);
    sy_graph_destroy(model);
}

/* Every input of every sample is the same small numbers. */
static void make_inputs(bench *b)
{
    const size_t inputs = (size_t)b->graph->input_count;
    size_t largest = 1;
    for (size_t i = 0; i < inputs; i++) {
        size_t words = 0;
        sy_shape_count(&b->graph->tensors[b->graph->inputs[i]].shape, &words);
        largest = words > largest ? words : largest;
    }
    b->words = malloc(largest * sizeof *b->words);
    b->inputs = calloc(b->batch * inputs + 1, sizeof *b->inputs);
    check(b, sy_check_alloc(b->ctx, b->words && b->inputs ? b : NULL));
    for (size_t i = 0; i < largest; i++)
        b->words[i] = (float)(i % 251) / 125 - 1;
    for (size_t i = 0; i < b->batch * inputs; i++)
        b->inputs[i] = b->words;
}

static void run(const bench *b)
{
    check(b, sy_runner_run(b->ctx, b->runner, b->batch, b->inputs, NULL, NULL));
}

/* Floating-point operations of one sample in a step; a fused multiply-add is two. */
static double operations_of(const sy_step *step)
{
    if (step->kernel == SY_KERNEL_conv2d || step->kernel == SY_KERNEL_conv_transpose2d) {
        const sy_conv2d_params *p = step->params;
        const double plane =
            step->kernel == SY_KERNEL_conv2d ? (double)p->out_h * p->out_w : (double)p->in_h * p->in_w;
        const uint32_t channels = p->channels / p->groups;
        return 2.0 * p->batch * p->filters * plane * channels * p->kernel_h * p->kernel_w;
    }
    if (step->kernel == SY_KERNEL_gemm) {
        const sy_gemm_params *p = step->params;
        double products = 2.0 * p->m * p->n * p->k;
        for (uint32_t d = 0; d < p->batch_rank; d++)
            products *= p->batch_dims[d];
        return products;
    }
    return 0;
}

/* Bytes that a step reads and writes when every operand moves once: constants for all samples together. */
static double bytes_of(const sy_lowering *lowering, const sy_step *step, uint32_t batch)
{
    double words = 0;
    for (int k = 0; k < sy_kernel_operands(step->kernel); k++) {
        const int slot = step->operands[k].slot;
        if (slot == SY_NONE)
            continue;
        const bool constant = lowering->slots[slot].kind == SY_SLOT_CONSTANT;
        words += (double)lowering->slots[slot].words * (constant ? 1 : batch);
    }
    return words * sizeof(uint32_t);
}

static sy_device_info describe(const bench *b, const char *name)
{
    sy_device_info infos[LISTED_MAX] = {{.name = ""}};
    const char *colon = strrchr(name, ':');
    int count = 0;
    const long index = colon ? strtol(colon + 1, NULL, 10) : 0;
    if (b->backend->list(b->ctx, infos, LISTED_MAX, &count) != SY_OK || index < 0 || index >= count ||
        index >= LISTED_MAX)
        return (sy_device_info){.name = ""};
    return infos[index];
}

static void print_rate(const char *what, const char *unit, double rate, double peak)
{
    printf("  %-12s %10.1f %s", what, rate, unit);
    if (peak > 0)
        printf(", %.1f %% of %.0f", 100 * rate / peak, peak);
    printf("\n");
}

static void measure(const bench *b, const sy_device_info *info, double seconds)
{
    const sy_lowering *lowering = sy_program_lowering(b->program);
    double operations = 0, bytes = 0;
    long runs = 0;
    for (int s = 0; s < lowering->step_count; s++) {
        operations += operations_of(&lowering->steps[s]) * b->batch;
        bytes += bytes_of(lowering, &lowering->steps[s], b->batch);
    }
    run(b);
    const double start = now();
    double taken;
    do {
        run(b);
        runs++;
        taken = now() - start;
    } while (taken < seconds);
    print_rate("samples", "a second", (double)runs * b->batch / taken, 0);
    print_rate("arithmetic", "GFLOP/s", operations * (double)runs / taken * 1e-9, info->peak_gflops);
    print_rate("memory", "GB/s", bytes * (double)runs / taken * 1e-9, info->peak_gigabytes);
}

static void profile(const bench *b)
{
    const sy_lowering *lowering = sy_program_lowering(b->program);
    uint64_t *steps = calloc((size_t)lowering->step_count + 1, sizeof *steps);
    uint64_t kernels[SY_KERNEL_COUNT] = {0}, all = 0;
    check(b, sy_check_alloc(b->ctx, steps));
    sy_runner_set_profile(b->runner, steps);
    for (int i = 0; i < PROFILED_RUNS; i++)
        run(b);
    sy_runner_set_profile(b->runner, NULL);
    for (int s = 0; s < lowering->step_count; s++) {
        kernels[lowering->steps[s].kernel] += steps[s];
        all += steps[s];
    }
    for (int k = 0; k < SY_KERNEL_COUNT; k++)
        if (kernels[k])
            printf("  %-12s %10.3f ms a batch, %.1f %%\n", sy_kernel_name((sy_kernel)k),
                   (double)kernels[k] * 1e-6 / PROFILED_RUNS, 100 * (double)kernels[k] / (double)all);
    free(steps);
}

int main(int count, char **arguments)
{
    bench b = {0};
    if (count < 4 || sy_ctx_create(&b.ctx) != SY_OK) {
        fputs("device MODEL DEVICE BATCH [SECONDS]\n", stderr);
        return 1;
    }
    b.batch = (uint32_t)strtoul(arguments[3], NULL, 10);
    open_model(&b, arguments[1]);
    make_inputs(&b);
    const sy_program_spec spec = {.graph = b.graph,
                                  .inputs = b.graph->inputs,
                                  .input_count = b.graph->input_count,
                                  .outputs = b.graph->outputs,
                                  .output_count = b.graph->output_count};
    check(&b, sy_device_open(b.ctx, arguments[2], &b.backend, &b.device));
    check(&b, sy_program_create(b.ctx, b.backend, b.device, &spec, &b.program));
    check(&b, sy_runner_create(b.ctx, b.program, b.batch, &b.runner));
    const sy_device_info info = describe(&b, arguments[2]);
    printf("%s on %s (%s), batches of %u\n", arguments[1], arguments[2], info.name, b.batch);
    measure(&b, &info, count > 4 ? strtod(arguments[4], NULL) : 2);
    profile(&b);
    sy_runner_destroy(b.runner);
    sy_program_destroy(b.program);
    b.backend->close(b.device);
    sy_graph_destroy(b.graph);
    free(b.inputs);
    free(b.words);
    sy_ctx_destroy(b.ctx);
    return 0;
}
