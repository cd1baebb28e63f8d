/* Runs a model on the CPU over samples in files, for the judges: run_model MODEL DIR [--inputShape S]
 * [--times N].
 *
 * Reads DIR/input_<i>.raw for each input i of the graph and writes DIR/output_<i>.raw for each output: dense
 * elements of the tensor's own type, little endian. --times runs N times over and prints the least that each
 * step took on average.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "import/import.h"
#include "ops/lowering.h"
#include "run/run.h"
#include "graph/words.h"

typedef struct {
    const char *model, *folder, *shapes;
    int times;
} options;

typedef struct {
    sy_arena arena;
    sy_graph *model, *graph;
    const sy_backend *backend;
    sy_device *device;
    sy_program *program;
    sy_runner *runner;
    const void **inputs; /* words */
} session;

static sy_status load_graph(sy_ctx *ctx, const options *asked, session *run)
{
    sy_input_shape *shapes = NULL;
    int count = 0;
    SY_TRY(sy_import_onnx(ctx, asked->model, &run->model, NULL));
    SY_TRY(sy_input_shapes_parse(ctx, run->model, asked->shapes, &run->arena, &shapes, &count));
    return sy_graph_bind(ctx, run->model, shapes, count, &run->graph);
}

static sy_status make_runner(sy_ctx *ctx, session *run)
{
    const sy_program_spec spec = {
        .graph = run->graph,
        .inputs = run->graph->inputs,
        .input_count = run->graph->input_count,
        .outputs = run->graph->outputs,
        .output_count = run->graph->output_count,
    };
    SY_TRY(sy_device_open(ctx, "auto", &run->backend, &run->device));
    SY_TRY(sy_program_create(ctx, run->backend, run->device, &spec, &run->program));
    return sy_runner_create(ctx, run->program, 1, &run->runner);
}

static sy_status read_input(sy_ctx *ctx, const options *asked, session *run, int index)
{
    const sy_tensor *tensor = &run->graph->tensors[run->graph->inputs[index]];
    const char *path = sy_arena_printf(&run->arena, "%s/input_%d.raw", asked->folder, index);
    sy_mapped file = {0};
    size_t count = 0;
    sy_status status;
    SY_TRY(sy_check_alloc(ctx, path));
    SY_TRY_DONE(sy_file_map(ctx, path, &file));
    sy_shape_count(&tensor->shape, &count);
    if (file.size != count * (sy_dtype_bits(tensor->dtype) / 8)) {
        status = sy_fail(ctx, SY_E_DATA, "%s: %zu bytes, input '%s' has %zu elements of %s", path, file.size,
                         tensor->name, count, sy_dtype_name(tensor->dtype));
        goto done;
    }
    uint32_t *words = sy_arena_alloc(&run->arena, count, sizeof *words);
    SY_TRY_DONE(sy_check_alloc(ctx, words));
    SY_TRY_DONE(sy_words_from_elements(ctx, tensor->dtype, file.bytes, count, words));
    run->inputs[index] = words;
done:
    sy_file_unmap(&file);
    return status;
}

static sy_status write_output(sy_ctx *ctx, const options *asked, session *run, int index)
{
    const sy_tensor *tensor = &run->graph->tensors[run->graph->outputs[index]];
    const char *path = sy_arena_printf(&run->arena, "%s/output_%d.raw", asked->folder, index);
    const size_t size = sy_dtype_bits(tensor->dtype) / 8;
    size_t count = 0;
    sy_shape_count(&tensor->shape, &count);
    void *words = sy_arena_alloc(&run->arena, count, sizeof(uint32_t));
    void *elements = sy_arena_alloc(&run->arena, count, size);
    SY_TRY(sy_check_alloc(ctx, path && words && elements ? run : NULL));
    SY_TRY(sy_runner_read(ctx, run->runner, 0, index, words, count));
    SY_TRY(sy_words_to_elements(ctx, tensor->dtype, words, count, elements));
    return sy_file_save(ctx, path, elements, count * size);
}

/* The least of each step: on a busy machine the others measure the neighbours. */
static sy_status print_times(sy_ctx *ctx, const options *asked, session *run)
{
    const sy_lowering *lowering = sy_program_lowering(run->program);
    const size_t steps = (size_t)lowering->step_count;
    uint64_t *least = sy_arena_alloc(&run->arena, steps, sizeof *least);
    uint64_t *times = sy_arena_alloc(&run->arena, steps, sizeof *times);
    uint64_t total = 0;
    SY_TRY(sy_check_alloc(ctx, least && times ? run : NULL));
    sy_runner_set_profile(run->runner, times);
    for (int i = 0; i < asked->times; i++) {
        memset(times, 0, steps * sizeof *times);
        SY_TRY(sy_runner_run(ctx, run->runner, 1, run->inputs, NULL, NULL));
        for (size_t s = 0; s < steps; s++)
            least[s] = i == 0 || times[s] < least[s] ? times[s] : least[s];
    }
    sy_runner_set_profile(run->runner, NULL);
    for (size_t s = 0; s < steps; s++) {
        const sy_step *step = &lowering->steps[s];
        printf("%10.1f us  %-12s %s\n", (double)least[s] / 1e3, sy_kernel_name(step->kernel),
               lowering->graph->nodes[step->node].name);
        total += least[s];
    }
    printf("%10.1f us  in all\n", (double)total / 1e3);
    return SY_OK;
}

static sy_status run_model(sy_ctx *ctx, const options *asked, session *run)
{
    size_t activations, constants;
    SY_TRY(load_graph(ctx, asked, run));
    SY_TRY(make_runner(ctx, run));
    sy_program_memory(run->program, &activations, &constants);
    printf("activations %zu, constants %zu bytes\n", activations, constants);
    run->inputs = sy_arena_alloc(&run->arena, (size_t)run->graph->input_count, sizeof *run->inputs);
    SY_TRY(sy_check_alloc(ctx, run->inputs));
    for (int i = 0; i < run->graph->input_count; i++)
        SY_TRY(read_input(ctx, asked, run, i));
    SY_TRY(sy_runner_run(ctx, run->runner, 1, run->inputs, NULL, NULL));
    for (int i = 0; i < run->graph->output_count; i++)
        SY_TRY(write_output(ctx, asked, run, i));
    return asked->times > 0 ? print_times(ctx, asked, run) : SY_OK;
}

static void release(session *run)
{
    sy_runner_destroy(run->runner);
    sy_program_destroy(run->program);
    if (run->device)
        run->backend->close(run->device);
    sy_graph_destroy(run->graph);
    sy_graph_destroy(run->model);
    sy_arena_release(&run->arena);
}

static bool parse_arguments(int argc, char **argv, options *out)
{
    *out = (options){.shapes = ""};
    if (argc < 3 || argc % 2 == 0)
        return false;
    out->model = argv[1];
    out->folder = argv[2];
    for (int i = 3; i < argc; i += 2) {
        if (strcmp(argv[i], "--inputShape") == 0)
            out->shapes = argv[i + 1];
        else if (strcmp(argv[i], "--times") == 0)
            out->times = (int)strtol(argv[i + 1], NULL, 10);
        else
            return false;
    }
    return true;
}

int main(int argc, char **argv)
{
    options asked;
    sy_ctx *ctx = NULL;
    session run = {0};
    if (!parse_arguments(argc, argv, &asked)) {
        fprintf(stderr, "usage: run_model MODEL DIR [--inputShape S] [--times N]\n");
        return SY_E_ARGUMENT;
    }
    if (sy_ctx_create(&ctx) != SY_OK)
        return SY_E_MEMORY;
    const sy_status status = run_model(ctx, &asked, &run);
    if (status != SY_OK)
        fprintf(stderr, "%s\n", sy_ctx_error(ctx));
    release(&run);
    sy_ctx_destroy(ctx);
    return (int)status;
}
