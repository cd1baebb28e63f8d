#include "case.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "import/import.h"
#include "import/onnx/onnx.h"
#include "ops/op.h"
#include "run/run.h"
#include "graph/words.h"

/* Those of ONNX's own runner. */
static const double relative = 1e-3, absolute = 1e-7;

enum { TENSORS = 64 };

/* Which inputs become constants before the graph is bound. */
typedef enum {
    CONSTANTS_NONE,
    CONSTANTS_AFTER_FIRST,
    CONSTANTS_ALL,
    CONSTANTS_COUNT,
} constants;

typedef struct {
    sy_ctx *ctx;
    const char *folder;
    sy_graph *graph, *bound;
    sy_device *device;
    sy_program *program;
    sy_runner *runner;
    sy_tensor inputs[TENSORS], wanted[TENSORS];
    const void *words[TENSORS];
    bool counted;
} session;

static sy_status read_tensor(session *run, const char *kind, int index, sy_tensor *out)
{
    sy_onnx_reader reader = {.ctx = run->ctx, .graph = run->graph};
    sy_mapped file = {0};
    SyOnnx__Tensor *proto = NULL;
    sy_status status;
    const char *path =
        sy_arena_printf(&run->graph->arena, "%s/test_data_set_0/%s_%d.pb", run->folder, kind, index);
    SY_TRY_DONE(sy_check_alloc(run->ctx, path));
    SY_TRY_DONE(sy_file_map(run->ctx, path, &file));
    proto = sy_onnx__tensor__unpack(NULL, file.size, file.bytes);
    if (!proto) {
        status = sy_fail(run->ctx, SY_E_MODEL, "%s is not a tensor", path);
        goto done;
    }
    SY_TRY_DONE(sy_onnx_read_tensor(&reader, proto, path, out));
    out->data = sy_arena_copy(&run->graph->arena, out->data, out->bytes); /* it points into proto */
    status = sy_check_alloc(run->ctx, out->data);
done:
    sy_file_unmap(&file);
    if (proto)
        sy_onnx__tensor__free_unpacked(proto, NULL);
    return status;
}

/* Whether every operator is one of ours and the numbers are float32. */
static bool is_counted(const session *run)
{
    for (int i = 0; i < run->graph->node_count; i++) {
        if (!run->graph->nodes[i].op)
            return false;
    }
    bool has_float = false;
    for (int i = 0; i < run->graph->input_count + run->graph->output_count; i++) {
        const int inputs = run->graph->input_count;
        const sy_dtype dtype = i < inputs ? run->inputs[i].dtype : run->wanted[i - inputs].dtype;
        has_float |= dtype == SY_DTYPE_FLOAT;
        if (dtype != SY_DTYPE_FLOAT && sy_dtype_is_float(dtype))
            return false;
    }
    return has_float;
}

static sy_status load(session *run)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/model.onnx", run->folder);
    SY_TRY(sy_import_onnx(run->ctx, path, &run->graph, NULL));
    if (run->graph->input_count > TENSORS || run->graph->output_count > TENSORS)
        return sy_fail(run->ctx, SY_E_UNSUPPORTED, "more than %d inputs or outputs", TENSORS);
    for (int i = 0; i < run->graph->input_count; i++)
        SY_TRY(read_tensor(run, "input", i, &run->inputs[i]));
    for (int i = 0; i < run->graph->output_count; i++)
        SY_TRY(read_tensor(run, "output", i, &run->wanted[i]));
    run->counted = is_counted(run);
    return SY_OK;
}

/* Graph inputs from `first` on become constants; the others get the shape of what is supplied. */
static sy_status fix_inputs(session *run, int first)
{
    sy_graph *graph = run->graph;
    for (int i = 0; i < graph->input_count; i++) {
        sy_tensor *input = &graph->tensors[graph->inputs[i]];
        if (input->dtype != run->inputs[i].dtype)
            return sy_fail(run->ctx, SY_E_DATA, "input_%d.pb holds %s", i,
                           sy_dtype_name(run->inputs[i].dtype));
        input->shape = run->inputs[i].shape;
        if (i >= first) {
            input->data = run->inputs[i].data;
            input->bytes = run->inputs[i].bytes;
        }
    }
    if (graph->input_count > first)
        graph->input_count = first;
    return SY_OK;
}

static sy_status run_bound(session *run)
{
    const sy_graph *graph = run->bound;
    for (int i = 0; i < graph->input_count; i++) {
        size_t count = 0;
        sy_shape_count(&run->inputs[i].shape, &count);
        uint32_t *words = sy_arena_alloc(&run->graph->arena, count, sizeof *words);
        SY_TRY(sy_check_alloc(run->ctx, words));
        SY_TRY(sy_words_from_elements(run->ctx, run->inputs[i].dtype, run->inputs[i].data, count, words));
        run->words[i] = words;
    }
    const sy_program_spec spec = {
        .graph = graph,
        .inputs = graph->inputs,
        .input_count = graph->input_count,
        .outputs = graph->outputs,
        .output_count = graph->output_count,
    };
    SY_TRY(sy_backend_cpu.open(run->ctx, 0, &run->device));
    SY_TRY(sy_program_create(run->ctx, &sy_backend_cpu, run->device, &spec, &run->program));
    SY_TRY(sy_runner_create(run->ctx, run->program, 1, &run->runner));
    return sy_runner_run(run->ctx, run->runner, 1, run->words, NULL, NULL);
}

static bool close_enough(double got, double want, bool exact)
{
    if (isnan(want) || isnan(got))
        return isnan(want) && isnan(got);
    if (got == want)
        return true;
    return !exact && fabs(got - want) <= absolute + relative * fabs(want);
}

/* Output `index` as words, which for every type the comparison reads as it would the elements. */
static sy_status compare_output(session *run, int index)
{
    const sy_tensor *got = &run->bound->tensors[run->bound->outputs[index]], *want = &run->wanted[index];
    char got_shape[SY_SHAPE_TEXT], want_shape[SY_SHAPE_TEXT];
    size_t count = 0;
    if (!sy_shape_equal(&got->shape, &want->shape) || got->dtype != want->dtype)
        return sy_fail(run->ctx, SY_E_ACCURACY, "output %d is %s%s, wanted %s%s", index,
                       sy_dtype_name(got->dtype), sy_shape_print(&got->shape, got_shape),
                       sy_dtype_name(want->dtype), sy_shape_print(&want->shape, want_shape));
    sy_shape_count(&want->shape, &count);
    const bool is_float = sy_dtype_is_float(want->dtype);
    uint32_t *got_words = sy_arena_alloc(&run->graph->arena, count, sizeof *got_words);
    uint32_t *want_words = sy_arena_alloc(&run->graph->arena, count, sizeof *want_words);
    SY_TRY(sy_check_alloc(run->ctx, got_words && want_words ? run : NULL));
    SY_TRY(sy_runner_read(run->ctx, run->runner, 0, index, got_words, count));
    SY_TRY(sy_words_from_elements(run->ctx, want->dtype, want->data, count, want_words));
    for (size_t i = 0; i < count; i++) {
        const double a = is_float ? (double)((float *)got_words)[i] : (double)((int32_t *)got_words)[i];
        const double b = is_float ? (double)((float *)want_words)[i] : (double)((int32_t *)want_words)[i];
        if (!close_enough(a, b, !is_float))
            return sy_fail(run->ctx, SY_E_ACCURACY, "output %d[%zu] is %.9g, wanted %.9g", index, i, a, b);
    }
    return SY_OK;
}

static sy_status run_case(session *run, constants mode)
{
    SY_TRY(load(run));
    const int first = mode == CONSTANTS_NONE          ? run->graph->input_count
                      : mode == CONSTANTS_AFTER_FIRST ? 1
                                                      : 0;
    SY_TRY(fix_inputs(run, first));
    SY_TRY(sy_graph_bind(run->ctx, run->graph, NULL, 0, &run->bound));
    SY_TRY(run_bound(run));
    for (int i = 0; i < run->bound->output_count; i++)
        SY_TRY(compare_output(run, i));
    return SY_OK;
}

static void release(session *run)
{
    sy_runner_destroy(run->runner);
    sy_program_destroy(run->program);
    if (run->device)
        sy_backend_cpu.close(run->device);
    sy_graph_destroy(run->bound);
    sy_graph_destroy(run->graph);
    sy_ctx_destroy(run->ctx);
}

void conformance_run(const char *folder, case_result *out)
{
    *out = (case_result){.verdict = VERDICT_FAIL};
    for (int mode = CONSTANTS_NONE; mode < CONSTANTS_COUNT; mode++) {
        session run = {.folder = folder};
        if (sy_ctx_create(&run.ctx) != SY_OK)
            return;
        const sy_status status = run_case(&run, (constants)mode);
        out->counted = run.counted;
        out->verdict = status == SY_OK              ? VERDICT_PASS
                       : status == SY_E_UNSUPPORTED ? VERDICT_UNSUPPORTED
                                                    : VERDICT_FAIL;
        if (status != SY_OK)
            snprintf(out->message, sizeof out->message, "%s", sy_ctx_error(run.ctx));
        release(&run);
        if (status != SY_E_UNSUPPORTED)
            return;
    }
}
