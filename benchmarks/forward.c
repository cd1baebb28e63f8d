/* Our float forward of a model, one thread, for benchmarks/forward.py: for every line on standard input the
 * model runs that many times, and the CPU time of the fastest run is printed, in milliseconds.
 *
 *     forward MODEL [X.f32 [DEVICE]]
 *
 * X.f32 holds the words of the one input; without it, or where it is "-", they are small numbers. DEVICE is cpu, or another
 * device, whose threads' CPU time counts too.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "benchmarks/clock.h"
#include "fuse/fuse.h"
#include "import/import.h"
#include "run/run.h"

static void check(sy_ctx *ctx, sy_status status)
{
    if (status == SY_OK)
        return;
    fprintf(stderr, "forward: %s\n", sy_ctx_error(ctx));
    exit((int)status);
}

static sy_graph *open_model(sy_ctx *ctx, const char *path)
{
    sy_graph *model = NULL, *fused = NULL, *bound = NULL;
    check(ctx, sy_import_onnx(ctx, path, &model, NULL));
    check(ctx, sy_fuse(ctx, model, &fused, NULL));
    check(ctx, sy_graph_bind(ctx, fused, NULL, 0, &bound));
    sy_graph_destroy(fused);
    sy_graph_destroy(model);
    return bound;
}

static float *make_input(sy_ctx *ctx, const sy_graph *graph, const char *path)
{
    size_t words;
    sy_mapped file = {0};
    if (graph->input_count != 1 || !sy_shape_count(&graph->tensors[graph->inputs[0]].shape, &words)) {
        fputs("forward: the model must have one input of fixed shape\n", stderr);
        exit(1);
    }
    float *x = malloc(words * sizeof *x);
    check(ctx, sy_check_alloc(ctx, x));
    for (size_t i = 0; i < words; i++)
        x[i] = (float)(i % 251) / 125 - 1;
    if (path && strcmp(path, "-") != 0) {
        check(ctx, sy_file_map(ctx, path, &file));
        if (file.size != words * sizeof *x) {
            fprintf(stderr, "forward: %s does not hold %zu float32\n", path, words);
            exit(1);
        }
        memcpy(x, file.bytes, file.size);
        sy_file_unmap(&file);
    }
    return x;
}

int main(int count, char **arguments)
{
    sy_ctx *ctx = NULL;
    const sy_backend *backend = NULL;
    sy_device *device = NULL;
    sy_program *program = NULL;
    sy_runner *runner = NULL;
    char line[32];
    if (count < 2 || sy_ctx_create(&ctx) != SY_OK) {
        fputs("forward MODEL [X.f32 [DEVICE]]\n", stderr);
        return 1;
    }
    sy_graph *graph = open_model(ctx, arguments[1]);
    float *x = make_input(ctx, graph, count > 2 ? arguments[2] : NULL);
    const sy_program_spec spec = {.graph = graph,
                                  .inputs = graph->inputs,
                                  .input_count = graph->input_count,
                                  .outputs = graph->outputs,
                                  .output_count = graph->output_count};
    check(ctx, sy_device_open(ctx, count > 3 ? arguments[3] : "cpu", &backend, &device));
    check(ctx, sy_program_create(ctx, backend, device, &spec, &program));
    check(ctx, sy_runner_create(ctx, program, 1, &runner));
    while (fgets(line, sizeof line, stdin)) {
        double best = INFINITY;
        for (long run = 0, runs = strtol(line, NULL, 10); run < runs; run++) {
            const double start = cpu_seconds();
            check(ctx, sy_runner_run(ctx, runner, 1, (const void *[]){x}, NULL, NULL));
            best = fmin(best, cpu_seconds() - start);
        }
        printf("%.6f\n", best * 1e3);
        fflush(stdout);
    }
    sy_runner_destroy(runner);
    sy_program_destroy(program);
    backend->close(device);
    sy_graph_destroy(graph);
    free(x);
    sy_ctx_destroy(ctx);
    return 0;
}
