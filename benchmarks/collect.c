/* What statistics cost on top of our own float forward, on one thread: CPU time and peak memory of this
 * process.
 *
 *     collect MODEL FOLDER COUNT [X.qstat]
 *
 * FOLDER holds raw float32 samples, *.f32, of the model's one input; COUNT of them are taken, round and
 * round, and the fastest counts. Prints one line a figure, "name value". The memory printed is that of the
 * pass with statistics, which comes first.
 */
#include "calib/collect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

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
    double *loaded_at; /* a sample each: CPU seconds when it was asked for, so also when the one before was
                          done */
} folder;

static void check(sy_ctx *ctx, sy_status status)
{
    if (status == SY_OK)
        return;
    fprintf(stderr, "collect: %s\n", sy_ctx_error(ctx));
    exit((int)status);
}

static const char *name_of(const void *user, size_t index)
{
    const folder *f = user;
    return f->names[index];
}

static sy_status load(sy_ctx *ctx, const void *user, size_t index, void *const *out, sy_hash *out_hash,
                      bool *out_usable)
{
    const folder *f = user;
    char path[1024];
    sy_mapped file = {0};
    f->loaded_at[index] = cpu_seconds();
    snprintf(path, sizeof path, "%s/%s", f->path, f->files[index % f->file_count]);
    SY_TRY(sy_file_map(ctx, path, &file));
    const bool fits = file.size == f->words * sizeof(float);
    if (fits) {
        memcpy(out[0], file.bytes, file.size);
        *out_hash = (sy_hash){{0}}; /* hashing a decoded image is no part of either figure */
    }
    sy_file_unmap(&file);
    *out_usable = true;
    return fits ? SY_OK : sy_fail(ctx, SY_E_DATA, "%s does not hold %zu float32", path, f->words);
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
    out->loaded_at = sy_arena_alloc(&out->arena, samples, sizeof *out->loaded_at);
    check(ctx, sy_check_alloc(ctx, out->loaded_at));
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

/* From one sample to the next, the fastest: what else the machine does only ever adds. */
static double fastest_sample(const folder *f, size_t samples)
{
    double best = f->loaded_at[1] - f->loaded_at[0];
    for (size_t i = 2; i < samples; i++) {
        const double took = f->loaded_at[i] - f->loaded_at[i - 1];
        best = took < best ? took : best;
    }
    return best;
}

/* The same samples, no statistics. */
static double forward_seconds(sy_ctx *ctx, sy_device *device, const sy_graph *graph, const folder *f,
                              size_t samples)
{
    sy_program *program = NULL;
    sy_runner *runner = NULL;
    const sy_program_spec spec = {.graph = graph,
                                  .inputs = graph->inputs,
                                  .input_count = graph->input_count,
                                  .outputs = graph->outputs,
                                  .output_count = graph->output_count};
    void *x = malloc(f->words * sizeof(float));
    check(ctx, sy_check_alloc(ctx, x));
    check(ctx, sy_program_create(ctx, &sy_backend_cpu, device, &spec, &program));
    check(ctx, sy_runner_create(ctx, program, 1, &runner));
    for (size_t i = 0; i < samples; i++) {
        sy_hash hash;
        bool usable;
        check(ctx, load(ctx, f, i, (void *[]){x}, &hash, &usable));
        check(ctx, sy_runner_run(ctx, runner, 1, (const void *[]){x}, NULL, NULL));
    }
    sy_runner_destroy(runner);
    sy_program_destroy(program);
    free(x);
    return fastest_sample(f, samples);
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

static long peak_kilobytes(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
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
    const sy_sample_source source = {&f, samples, name_of, load};
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
    const double with = fastest_sample(&f, samples);
    if (count > 4)
        check(ctx, sy_stats_save(ctx, stats, arguments[4]));
    printf("tensors %d\npeak_kB %ld\n", observed_count, peak_kilobytes());
    const double forward = forward_seconds(ctx, device, graph, &f, samples);
    printf("forward_ms %.3f\nstatistics_ms %.3f\noverhead %.3f\n", forward * 1e3, with * 1e3,
           with / forward - 1);
    time_methods(ctx, stats);

    sy_stats_destroy(stats);
    sy_backend_cpu.close(device);
    sy_graph_destroy(graph);
    sy_arena_release(&arena);
    sy_arena_release(&f.arena);
    sy_ctx_destroy(ctx);
    return 0;
}
