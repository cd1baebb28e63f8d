/* What statistics cost on top of our own float forward, on one thread: CPU time of this process.
 *
 *     collect MODEL FOLDER COUNT [X.qstat]
 *
 * FOLDER holds raw float32 samples, *.f32, of the model's one input; COUNT of them are taken, round and
 * round. Each runs without statistics, then with them, so that whatever else the machine does meets
 * both alike; the overhead is the median of these pairs, the times are the fastest. Prints one line a figure,
 * "name value".
 */
#include "calib/collect.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "benchmarks/clock.h"
#include "fuse/fuse.h"
#include "import/import.h"
#include "run/run.h"
#include "solve/range.h"

typedef struct folder {
    sy_arena arena;
    const char *path;
    char **files;
    size_t file_count, words;
    char (*names)[32]; /* a sample each: a file may come several times */
} folder;

typedef struct watch {
    const folder *samples;
    sy_runner *forward;
    double forward_best, collect_best; /* seconds of a sample */
    double forward_last, began;        /* seconds of the last forward; when its statistics began */
    double *ratios;                    /* a pair each */
} watch;

static void check(sy_ctx *ctx, sy_status status)
{
    if (status == SY_OK)
        return;
    fprintf(stderr, "collect: %s\n", sy_ctx_error(ctx));
    exit((int)status);
}

static const char *name_of(const void *user, size_t index)
{
    const watch *w = *(watch *const *)user;
    return w->samples->names[index];
}

static sy_status read_sample(sy_ctx *ctx, const folder *f, size_t index, void *out)
{
    char path[1024];
    sy_mapped file = {0};
    snprintf(path, sizeof path, "%s/%s", f->path, f->files[index % f->file_count]);
    SY_TRY(sy_file_map(ctx, path, &file));
    const bool fits = file.size == f->words * sizeof(float);
    if (fits)
        memcpy(out, file.bytes, file.size);
    sy_file_unmap(&file);
    return fits ? SY_OK : sy_fail(ctx, SY_E_DATA, "%s does not hold %zu float32", path, f->words);
}

/* Called between the statistics of one sample and the next. */
static sy_status load(sy_ctx *ctx, const void *user, size_t index, void *const *out, sy_hash *out_hash,
                      bool *out_usable)
{
    watch *w = *(watch *const *)user;
    const double collect = cpu_seconds() - w->began;
    if (index > 0) {
        w->collect_best = fmin(w->collect_best, collect);
        w->ratios[index - 1] = collect / w->forward_last;
    }
    SY_TRY(read_sample(ctx, w->samples, index, out[0]));
    const double start = cpu_seconds();
    SY_TRY(sy_runner_run(ctx, w->forward, 1, (const void *[]){out[0]}, NULL, NULL));
    w->forward_last = cpu_seconds() - start;
    w->forward_best = fmin(w->forward_best, w->forward_last);
    *out_hash = (sy_hash){{0}}; /* hashing a decoded image is no part of either figure */
    *out_usable = true;
    w->began = cpu_seconds();
    return SY_OK;
}

static void open_folder(sy_ctx *ctx, const char *path, size_t samples, folder *out)
{
    char **files;
    size_t count;
    out->path = path;
    check(ctx, sy_folder_list(ctx, path, &out->arena, &files, &count));
    out->files = files;
    for (size_t i = 0; i < count; i++)
        if (strlen(files[i]) > 4 && strcmp(files[i] + strlen(files[i]) - 4, ".f32") == 0)
            out->files[out->file_count++] = files[i];
    if (out->file_count == 0) {
        fprintf(stderr, "collect: no .f32 in %s\n", path);
        exit(1);
    }
    out->names = sy_arena_alloc(&out->arena, samples, sizeof *out->names);
    check(ctx, sy_check_alloc(ctx, out->names));
    for (size_t i = 0; i < samples; i++)
        snprintf(out->names[i], sizeof out->names[i], "sample%08zu", i);
}

static sy_graph *open_model(sy_ctx *ctx, const char *path)
{
    sy_graph *model = NULL, *bound = NULL, *fused = NULL;
    check(ctx, sy_import_onnx(ctx, path, &model, NULL));
    check(ctx, sy_graph_bind(ctx, model, NULL, 0, &bound));
    check(ctx, sy_fuse(ctx, bound, &fused, NULL));
    sy_graph_destroy(bound);
    sy_graph_destroy(model);
    return fused;
}

static sy_program *open_forward(sy_ctx *ctx, sy_device *device, const sy_graph *graph, sy_runner **out)
{
    sy_program *program = NULL;
    const sy_program_spec spec = {.graph = graph,
                                  .inputs = graph->inputs,
                                  .input_count = graph->input_count,
                                  .outputs = graph->outputs,
                                  .output_count = graph->output_count};
    check(ctx, sy_program_create(ctx, &sy_backend_cpu, device, &spec, &program));
    check(ctx, sy_runner_create(ctx, program, 1, out));
    return program;
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, size_t count)
{
    qsort(values, count, sizeof *values, by_value);
    return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

static void time_methods(sy_ctx *ctx, const sy_stats *stats)
{
    for (int m = 0; sy_range_method_at(m); m++) {
        const sy_range_method *method = sy_range_method_at(m);
        const sy_range_options options = {.levels = 256, .percentile = 0.9999f};
        const double start = cpu_seconds();
        for (uint32_t t = 0; t < stats->tensor_count; t++) {
            sy_range range;
            check(ctx, method->choose(ctx, &stats->tensors[t], &options, &range));
        }
        printf("solve_%s_ms %.2f\n", method->name, (cpu_seconds() - start) * 1e3);
    }
}

int main(int count, char **arguments)
{
    sy_ctx *ctx = NULL;
    sy_device *device = NULL;
    sy_arena arena = {0};
    folder f = {.path = NULL};
    if (count < 4 || strtoul(arguments[3], NULL, 10) < 2 || sy_ctx_create(&ctx) != SY_OK) {
        fputs("collect MODEL FOLDER COUNT [X.qstat], COUNT 2 or more\n", stderr);
        return 1;
    }
    const size_t samples = strtoul(arguments[3], NULL, 10);
    open_folder(ctx, arguments[2], samples, &f);
    sy_graph *graph = open_model(ctx, arguments[1]);
    if (graph->input_count != 1 || !sy_shape_count(&graph->tensors[graph->inputs[0]].shape, &f.words)) {
        fputs("collect: the model must have one input of fixed shape\n", stderr);
        return 1;
    }
    check(ctx, sy_backend_cpu.open(ctx, 0, &device));

    int *observed, observed_count;
    sy_stats *stats = NULL;
    watch timing = {.samples = &f, .forward_best = INFINITY, .collect_best = INFINITY};
    timing.ratios = sy_arena_alloc(&f.arena, samples, sizeof *timing.ratios);
    check(ctx, sy_check_alloc(ctx, timing.ratios));
    watch *user = &timing;
    sy_program *program = open_forward(ctx, device, graph, &timing.forward);
    const sy_sample_source source = {&user, samples, name_of, load};
    check(ctx, sy_calib_choose(ctx, graph, &arena, &observed, &observed_count));
    const sy_calib_spec spec = {.backend = &sy_backend_cpu,
                                .device = device,
                                .graph = graph,
                                .observed = observed,
                                .observed_count = observed_count,
                                .samples = &source,
                                .workers = 1,
                                .input_shape = "",
                                .preprocess = ""};
    check(ctx, sy_calib_collect(ctx, &spec, &stats));
    if (count > 4)
        check(ctx, sy_stats_save(ctx, stats, arguments[4]));
    printf("tensors %d\nforward_ms %.3f\nstatistics_ms %.3f\noverhead %.3f\n", observed_count,
           timing.forward_best * 1e3, timing.collect_best * 1e3, median(timing.ratios, samples - 1) - 1);
    time_methods(ctx, stats);

    sy_stats_destroy(stats);
    sy_runner_destroy(timing.forward);
    sy_program_destroy(program);
    sy_backend_cpu.close(device);
    sy_graph_destroy(graph);
    sy_arena_release(&arena);
    sy_arena_release(&f.arena);
    sy_ctx_destroy(ctx);
    return 0;
}
