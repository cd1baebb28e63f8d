/* Quantizes a model with samples in files, for the judges:
 * quantize_raw MODEL SAMPLES TARGET METHOD OUTPUT [TARGET METHOD OUTPUT ...]
 *
 * SAMPLES holds a file a sample: the dense elements of the model's only input, little endian. Statistics are
 * collected once; each triple writes OUTPUT and, as OUTPUT.plan, the plan as text. METHOD is a range method,
 * with
 * "+layer" for one scale a weight or "+7bit" for weights of 7 bits in int8.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "calib/collect.h"
#include "fuse/fuse.h"
#include "import/import.h"
#include "run/run.h"
#include "graph/words.h"
#include "target/target.h"

typedef struct {
    const char *folder;
    char **names;
    size_t count;
    const sy_tensor *input;
} sample_folder;

static const char *sample_name(const void *user, size_t index)
{
    return ((const sample_folder *)user)->names[index];
}

static sy_status load_sample(sy_ctx *ctx, const void *user, size_t index, void *const *out, sy_hash *out_hash,
                             bool *out_usable)
{
    const sample_folder *samples = user;
    sy_arena arena = {0};
    sy_mapped file = {0};
    size_t count = 0;
    sy_status status;
    const char *path = sy_arena_printf(&arena, "%s/%s", samples->folder, samples->names[index]);
    SY_TRY_DONE(sy_check_alloc(ctx, path));
    SY_TRY_DONE(sy_file_map(ctx, path, &file));
    sy_shape_count(&samples->input->shape, &count);
    if (file.size != count * sy_dtype_bits(samples->input->dtype) / 8)
        status = sy_fail(ctx, SY_E_DATA, "%s has the wrong size", path);
    else
        status = sy_words_from_elements(ctx, samples->input->dtype, file.bytes, count, out[0]);
    *out_hash = sy_hash_of(file.bytes, file.size);
    *out_usable = true;
done:
    sy_file_unmap(&file);
    sy_arena_release(&arena);
    return status;
}

static sy_status collect(sy_ctx *ctx, const sy_graph *fused, const char *folder, sy_stats **out)
{
    sy_arena arena = {0};
    sy_graph *bound = NULL;
    const sy_backend *backend = NULL;
    sy_device *device = NULL;
    sy_status status;
    sample_folder samples = {.folder = folder};
    SY_TRY_DONE(sy_graph_bind(ctx, fused, NULL, 0, &bound));
    SY_TRY_DONE(sy_folder_list(ctx, folder, &arena, &samples.names, &samples.count));
    SY_TRY_DONE(sy_device_open(ctx, "cpu", &backend, &device));
    samples.input = &bound->tensors[bound->inputs[0]];
    const sy_sample_source source = {
        .user = &samples, .count = samples.count, .name = sample_name, .load = load_sample};
    sy_calib_spec spec = {
        .backend = backend, .device = device, .graph = bound, .samples = &source, .workers = 1};
    int *observed = NULL;
    SY_TRY_DONE(sy_calib_choose(ctx, bound, &arena, &observed, &spec.observed_count));
    spec.observed = observed;
    spec.input_shape = spec.preprocess = "";
    status = sy_calib_collect(ctx, &spec, out);
done:
    if (backend)
        backend->close(device);
    sy_graph_destroy(bound);
    sy_arena_release(&arena);
    return status;
}

static sy_status save_plan(sy_ctx *ctx, const sy_plan *plan, const char *output)
{
    sy_arena arena = {0};
    sy_text text = {0};
    sy_plan_print(plan, &text);
    const char *path = sy_arena_printf(&arena, "%s.plan", output);
    sy_status status = sy_check_alloc(ctx, path);
    if (status == SY_OK)
        status = sy_file_save(ctx, path, text.bytes, text.size);
    sy_text_release(&text);
    sy_arena_release(&arena);
    return status;
}

static sy_status emit(sy_ctx *ctx, const sy_graph *fused, const sy_stats *stats, char **triple)
{
    static const sy_number seven_bits = {.bits = 7, .is_signed = true, .symmetric = true, .narrow = true};
    char method[64];
    const char *option = strchr(triple[1], '+');
    sy_plan_options options = {.method = method};
    const sy_target *target = NULL;
    sy_plan *plan = NULL;
    sy_status status;
    snprintf(method, sizeof method, "%.*s", (int)strcspn(triple[1], "+"), triple[1]);
    options.per_layer = option && strcmp(option, "+layer") == 0;
    options.weight = option && strcmp(option, "+7bit") == 0 ? &seven_bits : NULL;
    SY_TRY_DONE(sy_target_find(ctx, triple[0], &target));
    SY_TRY_DONE(sy_plan_create(ctx, fused, stats, target->traits, &options, &plan));
    SY_TRY_DONE(save_plan(ctx, plan, triple[2]));
    status = sy_target_emit(ctx, target, plan, &(sy_emit_spec){.path = triple[2]});
done:
    sy_plan_destroy(plan);
    return status;
}

static sy_status quantize(sy_ctx *ctx, int argc, char **argv)
{
    sy_graph *graph = NULL, *fused = NULL;
    sy_stats *stats = NULL;
    sy_status status;
    SY_TRY_DONE(sy_import_onnx(ctx, argv[1], &graph, NULL));
    SY_TRY_DONE(sy_fuse(ctx, graph, &fused, NULL));
    SY_TRY_DONE(collect(ctx, fused, argv[2], &stats));
    for (int i = 3; i + 2 < argc; i += 3)
        SY_TRY_DONE(emit(ctx, fused, stats, argv + i));
done:
    sy_stats_destroy(stats);
    sy_graph_destroy(fused);
    sy_graph_destroy(graph);
    return status;
}

static void print_line(void *user, sy_log_level level, const char *line)
{
    (void)user;
    (void)level;
    fprintf(stderr, "%s\n", line);
}

int main(int argc, char **argv)
{
    if (argc < 6 || argc % 3 != 0) {
        fprintf(stderr,
                "usage: quantize_raw MODEL SAMPLES TARGET METHOD OUTPUT [TARGET METHOD OUTPUT ...]\n");
        return SY_E_ARGUMENT;
    }
    sy_ctx *ctx = NULL;
    if (sy_ctx_create(&ctx) != SY_OK)
        return SY_E_MEMORY;
    sy_ctx_set_log(ctx, SY_LOG_WARN, print_line, NULL);
    const sy_status status = quantize(ctx, argc, argv);
    if (status != SY_OK)
        fprintf(stderr, "%s\n", sy_ctx_error(ctx));
    sy_ctx_destroy(ctx);
    return (int)status;
}
