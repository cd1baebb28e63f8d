/* The numbers of a quantized model three ways side by side: the float model, integers put in the place of
 * floats (fake quantization), and the arithmetic of a signal processor with each way to round.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "compare/distance.h"
#include "compare/inputs.h"
#include "dsp/integer.h"
#include "import/import.h"
#include "pipeline/job.h"
#include "run/run.h"
#include "verify/share.h"

enum {
    FAKE = SY_ROUNDINGS,
    WAYS = SY_ROUNDINGS + 1
}; /* rows of the table: each rounding, and fake quantization */

/* A graph that runs, and its outputs one after the other in the order of the float model's. */
typedef struct {
    const sy_graph *graph;
    sy_program *program;
    sy_runner *runner;
    const void **inputs; /* of the samples' words */
    int *order;          /* output i of the float model is output order[i] here */
} engine;

typedef struct {
    double db;            /* summed over samples */
    size_t right, same;   /* top-1 hits, and those that agree with the float model */
    size_t apart, values; /* from fake quantization */
    double largest_step;
} outcome;

typedef struct {
    sy_job *job;
    sy_graph *file, *bound; /* the quantized model as read; with every shape known */
    sy_tflite_model model;
    sy_integer integer[SY_ROUNDINGS];
    engine float_engine, fake_engine;
    int *input_of;           /* input i of the quantized graph is input input_of[i] of the float one */
    void **words;            /* of one sample, per input of the float graph */
    size_t *offsets;         /* of each output among the values; the last is their number */
    float *values[WAYS + 1]; /* the last are the float model's */
    outcome outcomes[WAYS];
    size_t samples, labelled, right_float;
    sy_arena arena;
} simulation;

static sy_status open_engine(simulation *work, const sy_graph *graph, engine *out)
{
    sy_ctx *ctx = work->job->ctx;
    const sy_graph *reference = work->job->bound;
    const sy_program_spec spec = {.graph = graph,
                                  .inputs = graph->inputs,
                                  .input_count = graph->input_count,
                                  .outputs = graph->outputs,
                                  .output_count = graph->output_count};
    int *inputs;
    *out = (engine){.graph = graph};
    SY_TRY(sy_program_create(ctx, work->job->backend, work->job->device, &spec, &out->program));
    SY_TRY(sy_runner_create(ctx, out->program, 1, &out->runner));
    SY_TRY(sy_inputs_match(ctx, reference, graph, &work->arena, &inputs));
    out->inputs = sy_arena_alloc(&work->arena, (size_t)graph->input_count, sizeof *out->inputs);
    out->order = sy_arena_alloc(&work->arena, (size_t)reference->output_count, sizeof *out->order);
    SY_TRY(sy_check_alloc(ctx, out->inputs && out->order ? out : NULL));
    for (int i = 0; i < graph->input_count; i++)
        out->inputs[i] = work->words[inputs[i]];
    for (int i = 0; i < reference->output_count; i++) {
        const char *name = reference->tensors[reference->outputs[i]].name;
        int k = 0;
        while (k < graph->output_count && strcmp(graph->tensors[graph->outputs[k]].name, name) != 0)
            k++;
        if (k == graph->output_count)
            return sy_fail(ctx, SY_E_DATA, "the quantized model has no output '%s'", name);
        out->order[i] = k;
    }
    return SY_OK;
}

static void close_engine(engine *from)
{
    sy_runner_destroy(from->runner);
    sy_program_destroy(from->program);
}

static sy_status run_engine(simulation *work, const engine *from, float *out)
{
    sy_ctx *ctx = work->job->ctx;
    SY_TRY(sy_runner_run(ctx, from->runner, 1, from->inputs, NULL, NULL));
    for (int i = 0; i < work->job->bound->output_count; i++)
        SY_TRY(sy_runner_read(ctx, from->runner, 0, from->order[i], out + work->offsets[i],
                              work->offsets[i + 1] - work->offsets[i]));
    return SY_OK;
}

/* Element i of a tensor of the model, images NHWC, in the graph's order NCHW. */
static size_t graph_index(const sy_tflite_tensor *tensor, size_t i)
{
    if (tensor->rank != 4)
        return i;
    const size_t height = (size_t)tensor->dims[1], width = (size_t)tensor->dims[2],
                 channels = (size_t)tensor->dims[3];
    const size_t c = i % channels, pixel = i / channels % (height * width),
                 n = i / channels / (height * width);
    return (n * channels + c) * height * width + pixel;
}

static sy_status run_integers(simulation *work, sy_rounding rounding, float *out)
{
    static const sy_number number = {.bits = 8, .is_signed = true};
    sy_integer *integer = &work->integer[rounding];
    for (int i = 0; i < work->model.input_count; i++) {
        const int tensor = work->model.inputs[i];
        const sy_tflite_tensor *to = &work->model.tensors[tensor];
        const float *from = work->words[work->input_of[i]];
        const sy_scale scale = {to->scales[0], (int32_t)to->zero};
        for (size_t k = 0; k < sy_integer_elements(to); k++)
            integer->codes[tensor][k] = (int8_t)sy_quantize_value(&number, scale, from[graph_index(to, k)]);
    }
    SY_TRY(sy_integer_run(integer));
    for (int i = 0; i < work->job->bound->output_count; i++) {
        const int tensor = work->model.outputs[work->fake_engine.order[i]];
        const sy_tflite_tensor *from = &work->model.tensors[tensor];
        for (size_t k = 0; k < sy_integer_elements(from); k++)
            out[work->offsets[i] + graph_index(from, k)] =
                (float)(integer->codes[tensor][k] - from->zero) * from->scales[0];
    }
    return SY_OK;
}

static void judge_sample(simulation *work, int label)
{
    const int outputs = work->job->bound->output_count;
    const size_t classes = work->offsets[1], count = work->offsets[outputs];
    const float *truth = work->values[WAYS], *fake = work->values[FAKE];
    const size_t right = sy_largest_index(truth, classes);
    work->samples++;
    work->labelled += label >= 0;
    work->right_float += label >= 0 && right == (size_t)label;
    for (int way = 0; way < WAYS; way++) {
        outcome *out = &work->outcomes[way];
        const sy_comparison comparison = sy_compare(truth, work->values[way], count);
        const size_t found = sy_largest_index(work->values[way], classes);
        out->db += sy_comparison_db(&comparison);
        out->right += label >= 0 && found == (size_t)label;
        out->same += found == right;
        out->values += count;
        for (int i = 0; i < outputs; i++) {
            const float scale =
                work->model.tensors[work->model.outputs[work->fake_engine.order[i]]].scales[0];
            for (size_t k = work->offsets[i]; k < work->offsets[i + 1]; k++) {
                const double steps = fabs((double)work->values[way][k] - (double)fake[k]) / (double)scale;
                out->largest_step = fmax(out->largest_step, rint(steps));
                out->apart += steps > 0.5;
            }
        }
    }
}

static sy_status run_sample(simulation *work, size_t index, bool *out_usable)
{
    sy_job *job = work->job;
    SY_TRY(sy_samples_load(job->ctx, job->samples, index, work->words, NULL, out_usable));
    if (!*out_usable)
        return SY_OK;
    SY_TRY(run_engine(work, &work->float_engine, work->values[WAYS]));
    SY_TRY(run_engine(work, &work->fake_engine, work->values[FAKE]));
    for (int rounding = 0; rounding < SY_ROUNDINGS; rounding++)
        SY_TRY(run_integers(work, (sy_rounding)rounding, work->values[rounding]));
    judge_sample(work, sy_samples_label(job->samples, index));
    return SY_OK;
}

static sy_status allocate(simulation *work)
{
    sy_job *job = work->job;
    const sy_graph *graph = job->bound;
    work->words = sy_arena_alloc(&work->arena, (size_t)graph->input_count, sizeof *work->words);
    work->offsets = sy_arena_alloc(&work->arena, (size_t)graph->output_count + 1, sizeof *work->offsets);
    SY_TRY(sy_check_alloc(job->ctx, work->words && work->offsets ? work : NULL));
    for (int i = 0; i < graph->input_count; i++) {
        size_t count = 0;
        sy_shape_count(&graph->tensors[graph->inputs[i]].shape, &count);
        work->words[i] = sy_arena_alloc(&work->arena, count, sizeof(uint32_t));
        SY_TRY(sy_check_alloc(job->ctx, work->words[i]));
    }
    for (int i = 0; i < graph->output_count; i++) {
        size_t count = 0;
        sy_shape_count(&graph->tensors[graph->outputs[i]].shape, &count);
        work->offsets[i + 1] = work->offsets[i] + count;
    }
    for (int way = 0; way <= WAYS; way++) {
        work->values[way] = sy_arena_alloc(&work->arena, work->offsets[graph->output_count], sizeof(float));
        SY_TRY(sy_check_alloc(job->ctx, work->values[way]));
    }
    return SY_OK;
}

static sy_status open_simulation(simulation *work, const char *path)
{
    sy_ctx *ctx = work->job->ctx;
    SY_TRY(allocate(work));
    SY_TRY(sy_import_onnx(ctx, path, &work->file, NULL));
    SY_TRY(sy_while(ctx, sy_tflite_from_graph(ctx, work->file, &work->model), "%s: as a DSP", path));
    SY_TRY(sy_while(ctx, sy_graph_bind(ctx, work->file, NULL, 0, &work->bound), "%s", path));
    SY_TRY(sy_inputs_match(ctx, work->job->bound, work->bound, &work->arena, &work->input_of));
    SY_TRY(open_engine(work, work->job->bound, &work->float_engine));
    SY_TRY(open_engine(work, work->bound, &work->fake_engine));
    for (int rounding = 0; rounding < SY_ROUNDINGS; rounding++)
        SY_TRY(sy_integer_init(ctx, &work->model, (sy_rounding)rounding, &work->integer[rounding]));
    return SY_OK;
}

static void close_simulation(simulation *work)
{
    for (int rounding = 0; rounding < SY_ROUNDINGS; rounding++)
        sy_integer_release(&work->integer[rounding]);
    close_engine(&work->fake_engine);
    close_engine(&work->float_engine);
    sy_tflite_model_release(&work->model);
    sy_graph_destroy(work->bound);
    sy_graph_destroy(work->file);
    sy_arena_release(&work->arena);
}

static bool report_row(const simulation *work, const char *name, const outcome *row, sy_text *out,
                       cJSON *rows)
{
    const double db = row->db / (double)work->samples, apart = (double)row->apart / (double)row->values;
    const double right = (double)row->right / (double)work->labelled;
    cJSON *item = sy_json_item(rows);
    bool good = item && sy_json_text(item, "arithmetic", name) && sy_json_number(item, "sqnr_db", db) &&
                sy_json_number(item, "same_largest", (double)row->same / (double)work->samples) &&
                sy_json_number(item, "largest_step", row->largest_step) &&
                sy_json_number(item, "apart", apart);
    sy_text_printf(out, "  %-18s %9.2f", name, db);
    if (work->labelled) {
        sy_text_printf(out, " %8.2f %%", 100 * right);
        good = good && sy_json_number(item, "top1", right);
    }
    sy_text_printf(out, " %10.2f %% %8.0f %9.2f %%\n", 100.0 * (double)row->same / (double)work->samples,
                   row->largest_step, 100 * apart);
    return good;
}

static bool report_findings(const simulation *work, sy_text *out, cJSON *json)
{
    cJSON *list = sy_json_array(json, "findings");
    const sy_integer *run = &work->integer[SY_ROUND_DOUBLE];
    bool good = list != NULL, any = false;
    for (int i = 0; i < work->model.operator_count && good; i++) {
        const sy_integer_finding *finding = &run->findings[i];
        const char *name = work->model.tensors[work->model.operators[i].outputs[0]].name;
        if (!finding->overflows && !finding->bias_overflows)
            continue;
        any = true;
        if (finding->overflows)
            sy_text_printf(out,
                           "  finding: '%s': %zu accumulators do not fit in int32, the largest is %lld\n",
                           name, finding->overflows, (long long)finding->largest);
        if (finding->bias_overflows)
            sy_text_printf(out, "  finding: '%s': %zu biases have more than 30 bits\n", name,
                           finding->bias_overflows);
        cJSON *item = sy_json_item(list);
        good = item && sy_json_text(item, "tensor", name) &&
               sy_json_number(item, "accumulator_overflows", (double)finding->overflows) &&
               sy_json_number(item, "largest_accumulator", (double)finding->largest) &&
               sy_json_number(item, "bias_overflows", (double)finding->bias_overflows);
    }
    if (!any)
        sy_text_printf(out, "  no accumulator and no bias overflows\n");
    return good;
}

static bool report_simulation(const simulation *work, sy_text *out, cJSON *json)
{
    cJSON *rows = sy_json_array(json, "rows");
    bool good = rows && sy_json_number(json, "samples", (double)work->samples);
    sy_text_printf(out, "\nas a DSP computes it, over %zu samples; steps are from fake quantization\n",
                   work->samples);
    sy_text_printf(out, "  %-18s %9s%s %12s %8s %11s\n", "arithmetic", "SQNR, dB",
                   work->labelled ? "      top-1" : "", "same class", "steps", "differ");
    if (work->labelled)
        sy_text_printf(out, "  %-18s %9s %8.2f %%\n", "float", "",
                       100.0 * (double)work->right_float / (double)work->labelled);
    good = good && report_row(work, "fake quantization", &work->outcomes[FAKE], out, rows);
    for (int rounding = 0; rounding < SY_ROUNDINGS; rounding++)
        good = good && report_row(work, sy_rounding_name((sy_rounding)rounding), &work->outcomes[rounding],
                                  out, rows);
    return good && report_findings(work, out, json);
}

sy_status sy_job_simulate(sy_job *job, const char *path, sy_report *report)
{
    simulation work = {.job = job};
    const size_t count = sy_samples_count(job->samples);
    cJSON *json = sy_json_object(report->json, "as_dsp");
    sy_status status = sy_check_alloc(job->ctx, json);
    if (status == SY_OK)
        status = open_simulation(&work, path);
    for (size_t i = 0; i < count && status == SY_OK; i++) {
        bool usable;
        status = sy_progress(job->ctx, "integers", i, count);
        if (status == SY_OK)
            status = run_sample(&work, i, &usable);
    }
    if (status == SY_OK && !work.samples)
        status = sy_fail(job->ctx, SY_E_DATA, "no sample is usable");
    if (status == SY_OK)
        status = sy_check_alloc(job->ctx, report_simulation(&work, &report->text, json) ? report : NULL);
    close_simulation(&work);
    return status;
}
