/* A model once, on .npy inputs; a quantized one as integer runtimes compute it. */
#include "run/run.h"

#include <string.h>

#include "base/file.h"
#include "data/npy.h"
#include "data/npy_write.h"
#include "fuse/fuse.h"
#include "graph/words.h"
#include "pipeline/container.h"
#include "pipeline/job.h"
#include "verify/integer.h"

/* One --input, and the file it names. */
typedef struct {
    int tensor; /* of the imported model */
    const char *name, *path;
    sy_mapped file;
    sy_npy array;
} run_input;

static sy_status find_input(sy_job *job, const char *text, run_input *out)
{
    const char *equals = strrchr(text, '=');
    if (!equals || equals == text)
        return sy_fail(job->ctx, SY_E_ARGUMENT, "--input %s: expected NAME=FILE.npy", text);
    out->name = sy_arena_text_n(&job->arena, text, (size_t)(equals - text));
    out->path = equals + 1;
    SY_TRY(sy_check_alloc(job->ctx, out->name));
    out->tensor = sy_graph_find_tensor(job->model, out->name);
    if (out->tensor != SY_NONE && sy_graph_is_input(job->model, out->tensor))
        return SY_OK;
    sy_text names = {0};
    for (int i = 0; i < job->model->input_count; i++)
        sy_text_printf(&names, "%s'%s'", i ? ", " : "", job->model->tensors[job->model->inputs[i]].name);
    sy_fail(job->ctx, SY_E_ARGUMENT, "--input %s: the model has no input '%s'; its inputs are %s", text,
            out->name, names.bytes ? names.bytes : "none");
    sy_text_release(&names);
    return SY_E_ARGUMENT;
}

static sy_status check_shape(sy_job *job, const run_input *input, const sy_tensor *tensor)
{
    const sy_shape *found = &input->array.shape, *wanted = &tensor->shape;
    bool fits = wanted->rank == SY_NONE || found->rank == wanted->rank;
    for (int d = 0; d < wanted->rank && fits; d++)
        fits = wanted->dims[d] < 0 || wanted->dims[d] == found->dims[d];
    if (fits)
        return SY_OK;
    char is[SY_SHAPE_TEXT], wants[SY_SHAPE_TEXT];
    return sy_fail(job->ctx, SY_E_DATA, "%s: is %s where input '%s' wants %s", input->path,
                   sy_shape_print(found, is), input->name, sy_shape_print(wanted, wants));
}

static sy_status read_input(sy_job *job, run_input *input)
{
    const sy_tensor *tensor = &job->model->tensors[input->tensor];
    SY_TRY(sy_file_map(job->ctx, input->path, &input->file));
    SY_TRY(sy_while(job->ctx, sy_npy_read(job->ctx, input->file.bytes, input->file.size, &input->array), "%s",
                    input->path));
    SY_TRY(check_shape(job, input, tensor));
    bool want_float = sy_dtype_is_float(tensor->dtype), is_float = sy_dtype_is_float(input->array.dtype);
    if (want_float == is_float)
        return SY_OK;
    return sy_fail(job->ctx, SY_E_DATA, "%s: holds %s, input '%s' wants %s", input->path,
                   sy_dtype_name(input->array.dtype), input->name, sy_dtype_name(tensor->dtype));
}

static sy_status read_inputs(sy_job *job, run_input **out, int *out_count)
{
    int count = job->request->input_count;
    run_input *inputs = sy_arena_alloc(&job->arena, (size_t)count, sizeof *inputs);
    SY_TRY(sy_check_alloc(job->ctx, inputs));
    *out = inputs;
    *out_count = 0;
    for (int i = 0; i < count; i++) {
        SY_TRY(find_input(job, job->request->inputs[i], &inputs[i]));
        for (int k = 0; k < i; k++)
            if (inputs[k].tensor == inputs[i].tensor)
                return sy_fail(job->ctx, SY_E_ARGUMENT, "--input %s: '%s' was given before",
                               job->request->inputs[i], inputs[i].name);
        *out_count = i + 1;
        SY_TRY(read_input(job, &inputs[i]));
    }
    for (int g = 0; g < job->model->input_count; g++) {
        bool given = false;
        for (int i = 0; i < count; i++)
            given |= inputs[i].tensor == job->model->inputs[g];
        if (!given)
            return sy_fail(job->ctx, SY_E_ARGUMENT, "input '%s' is missing: --input %s=FILE.npy",
                           job->model->tensors[job->model->inputs[g]].name,
                           job->model->tensors[job->model->inputs[g]].name);
    }
    return SY_OK;
}

static sy_status bind_to_files(sy_job *job, const run_input *inputs, int count)
{
    sy_input_shape *shapes = sy_arena_alloc(&job->arena, (size_t)count, sizeof *shapes);
    SY_TRY(sy_check_alloc(job->ctx, shapes));
    for (int i = 0; i < count; i++)
        shapes[i] = (sy_input_shape){.name = inputs[i].name, .shape = inputs[i].array.shape};
    sy_graph *integer = NULL;
    SY_TRY(sy_while(job->ctx, sy_integer_graph(job->ctx, job->model, &integer), "%s", job->request->model));
    sy_status status = sy_fuse(job->ctx, integer, &job->fused, NULL);
    sy_graph_destroy(integer);
    if (status == SY_OK)
        status = sy_graph_bind(job->ctx, job->fused, shapes, count, &job->bound);
    return sy_while(job->ctx, status, "%s", job->request->model);
}

/* The words of each graph input, in the graph's order. */
static sy_status make_words(sy_job *job, const run_input *inputs, int count, const void ***out)
{
    const void **words = sy_arena_alloc(&job->arena, (size_t)job->bound->input_count, sizeof *words);
    SY_TRY(sy_check_alloc(job->ctx, words));
    for (int g = 0; g < job->bound->input_count; g++)
        for (int i = 0; i < count; i++) {
            if (strcmp(job->bound->tensors[job->bound->inputs[g]].name, inputs[i].name) != 0)
                continue;
            void *converted = sy_arena_alloc(&job->arena, inputs[i].array.count, sizeof(uint32_t));
            SY_TRY(sy_check_alloc(job->ctx, converted));
            SY_TRY(sy_words_from_elements(job->ctx, inputs[i].array.dtype, inputs[i].array.elements,
                                          inputs[i].array.count, converted));
            words[g] = converted;
        }
    *out = words;
    return SY_OK;
}

/* The output's name as a file name. */
static const char *output_path(sy_job *job, const char *name)
{
    char *path = sy_arena_printf(&job->arena, "%s/%s.npy", job->request->output, name);
    for (char *at = path ? path + strlen(job->request->output) + 1 : NULL; at && *at; at++)
        if (*at == '/')
            *at = '_';
    return path;
}

static sy_status write_output(sy_job *job, sy_runner *runner, int index, sy_report *report, cJSON *array)
{
    const sy_tensor *tensor = &job->bound->tensors[job->bound->outputs[index]];
    char shape[SY_SHAPE_TEXT];
    size_t count = 0;
    sy_shape_count(&tensor->shape, &count);
    void *words = sy_arena_alloc(&job->arena, count, sizeof(uint32_t));
    void *elements = sy_arena_alloc(&job->arena, count, sizeof(uint64_t));
    const char *path = output_path(job, tensor->name);
    SY_TRY(sy_check_alloc(job->ctx, words && elements && path ? words : NULL));
    SY_TRY(sy_runner_read(job->ctx, runner, 0, index, words, count));
    SY_TRY(sy_words_to_elements(job->ctx, tensor->dtype, words, count, elements));
    SY_TRY(sy_npy_save(job->ctx, path, tensor->dtype, &tensor->shape, elements));
    sy_text_printf(&report->text, "%s: %s %s%s\n", path, tensor->name, sy_dtype_name(tensor->dtype),
                   sy_shape_print(&tensor->shape, shape));
    cJSON *item = sy_json_item(array);
    bool good = item && sy_json_text(item, "name", tensor->name) && sy_json_text(item, "file", path) &&
                sy_json_text(item, "dtype", sy_dtype_name(tensor->dtype)) &&
                sy_json_text(item, "shape", shape);
    return sy_check_alloc(job->ctx, good ? item : NULL);
}

static sy_status run_once(sy_job *job, const void *const *words, sy_report *report)
{
    sy_program *program = NULL;
    sy_runner *runner = NULL;
    cJSON *array = sy_json_array(report->json, "outputs");
    const sy_program_spec spec = {
        .graph = job->bound,
        .inputs = job->bound->inputs,
        .input_count = job->bound->input_count,
        .outputs = job->bound->outputs,
        .output_count = job->model->output_count}; /* behind them is what integer execution shows */
    sy_status status;
    SY_TRY(sy_check_alloc(job->ctx, array));
    SY_TRY_DONE(sy_program_create(job->ctx, job->backend, job->device, &spec, &program));
    SY_TRY_DONE(sy_runner_create(job->ctx, program, 1, &runner));
    SY_TRY_DONE(sy_runner_run(job->ctx, runner, 1, words, NULL, NULL));
    SY_TRY_DONE(sy_folder_make(job->ctx, job->request->output));
    for (int i = 0; i < job->model->output_count; i++)
        SY_TRY_DONE(write_output(job, runner, i, report, array));
done:
    sy_runner_destroy(runner);
    sy_program_destroy(program);
    return status;
}

static sy_status run_on_inputs(sy_job *job, const run_input *inputs, int count, sy_report *report)
{
    const void **words = NULL;
    SY_TRY(bind_to_files(job, inputs, count));
    SY_TRY(make_words(job, inputs, count, &words));
    SY_TRY(sy_job_open_device(job));
    return run_once(job, words, report);
}

static sy_status run(sy_job *job, sy_report *report)
{
    run_input *inputs = NULL;
    int count = 0;
    SY_TRY(sy_job_require(job, job->request->model, "the model"));
    SY_TRY(sy_job_require(job, job->request->output, "--output FOLDER"));
    SY_TRY(sy_job_import(job, job->request->model, &job->model, &job->model_hash));
    sy_status status = read_inputs(job, &inputs, &count);
    if (status == SY_OK)
        status = run_on_inputs(job, inputs, count, report);
    for (int i = 0; i < count; i++)
        sy_file_unmap(&inputs[i].file);
    return status;
}

sy_status sy_run(sy_ctx *ctx, const sy_request *request, sy_report **out)
{
    return sy_job_command(ctx, request, run, out);
}
