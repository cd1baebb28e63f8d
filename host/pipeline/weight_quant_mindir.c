/* Weight quantization of a MindIR model: chooses the weights, makes integers of them, and writes the edited
 * model. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "config/table.h"
#include "import/location.h"
#include "import/mindir/edit.h"
#include "pipeline/job.h"
#include "pipeline/weight_mixed.h"
#include "pipeline/weight_quant.h"
#include "pipeline/weight_report.h"
#include "pipeline/weight_walk.h"
#include "weight/choose_mindir.h"
#include "weight/emit_mindir.h"
#include "weight/methods.h"

/* A run while it lasts. */
typedef struct weight_job {
    sy_job *job;
    sy_ctx *ctx;
    sy_mapped file;
    sy_mind_model model;
    char *folder;
    const sy_weight_method *method;
    sy_weight_task task;
    sy_mind_weight *weights;
    int weight_count;
    struct weight_state *states; /* [weight] */
    sy_weight_inputs *inputs;    /* [weight]: for GPTQ; else NULL */
    sy_weight_walk *walk;        /* for GPTQ; else NULL */
    sy_mind_edit *edits;
    int edit_count;
    sy_weight_totals totals;
    bool is_mixed; /* bit_num = 0 */
    sy_mixed mixed;
    sy_arena arena; /* of integers and factors */
} weight_job;

/* One weight, and what became of it. */
typedef struct weight_state {
    sy_mind_weight *weight;
    const sy_mind_tensor *tensor;
    const char *name;
    size_t count;  /* elements */
    float *values; /* while it is quantized */
    sy_weight_codes codes;
    sy_mind_edit edit;
    double snr;
} weight_state;

static bool is_half(const weight_state *at)
{
    return at->tensor->data_type == SY_DTYPE_FLOAT16;
}

static size_t float_bytes(const weight_state *at)
{
    return at->count * (is_half(at) ? sizeof(uint16_t) : sizeof(float));
}

static sy_status choose(weight_job *work)
{
    const sy_config *config = work->job->config;
    const sy_config_list *skipped = &config->common_quant_param.skip_quant_node;
    const sy_weight_mindir_rules rules = {
        .shared = {.bits = work->task.bits,
                   .per_channel = config->weight_quant_param.per_channel,
                   .size_min = config->common_quant_param.min_quant_weight_size,
                   .channels_min = config->common_quant_param.min_quant_weight_channel,
                   .skipped = (const char *const *)skipped->items,
                   .skipped_count = skipped->count},
        .is_corrected = work->task.correct,
        .is_ascend = work->job->request->ascend,
    };
    SY_TRY(sy_weight_choose_mindir(work->ctx, &work->model, &rules, &work->arena, &work->weights,
                                   &work->weight_count));
    work->edits = sy_arena_alloc(&work->arena, (size_t)work->weight_count, sizeof *work->edits);
    return sy_check_alloc(work->ctx, work->edits);
}

/* The weights as floats, once the file is known to hold as many as it says; the caller frees them. */
static sy_status read_floats(weight_job *work, weight_state *at)
{
    const sy_mind_tensor *tensor = at->tensor;
    sy_tensor held = {.name = tensor->name, .dtype = (sy_dtype)tensor->data_type, .shape = tensor->shape};
    sy_arena arena = {0};
    sy_status status = sy_mind_tensor_bytes(work->ctx, tensor, work->folder, &arena, &held.data, &held.bytes);
    if (status == SY_OK)
        status = sy_check_alloc(work->ctx, at->values = malloc((at->count + 1) * sizeof *at->values));
    if (status == SY_OK)
        status = sy_tensor_to_f32(work->ctx, &held, at->values, at->count);
    sy_arena_release(&arena);
    return status;
}

/* `inputs` of a product, NULL: of no layer whose inputs are known. */
static sy_status encode(weight_job *work, const sy_weight_inputs *inputs, const float *values,
                        weight_state *at)
{
    const sy_shape *shape = &at->tensor->shape;
    const bool per_channel = work->job->config->weight_quant_param.per_channel;
    const sy_mixed_source source = {
        .name = at->name, .shape = shape, .axis = at->weight->axis, .values = values, .inputs = inputs};
    sy_weight_cut cut;
    if (work->is_mixed)
        return sy_mixed_encode(work->job, &work->arena, work->method, &work->task, &source, &work->mixed,
                               &at->codes);
    if (!sy_weight_cut_init(shape, per_channel ? at->weight->axis : SY_NONE, 0, &cut))
        return sy_fail(work->ctx, SY_E_INTERNAL, "parameter '%s' lost its shape", at->name);
    const sy_weight_floats from = {at->name, shape, &cut, values};
    if (inputs)
        return sy_weight_encode_gptq(work->ctx, &work->arena, &work->task, &from, &inputs->layout,
                                     &inputs->moments, &at->codes, NULL);
    return sy_weight_encode(work->ctx, &work->arena, work->method, &work->task, &from, &at->codes);
}

static bool is_product(const weight_job *work, const weight_state *at)
{
    return work->inputs && work->inputs[at->weight - work->weights].is_product;
}

/* What the weight should be behind those that are quantized already, and that rounded. Biases stay. */
static sy_status encode_product(weight_job *work, weight_state *at)
{
    const sy_weight_inputs *inputs = &work->inputs[at->weight - work->weights];
    float *moved = NULL;
    double *gain;
    sy_status status =
        sy_weight_walk_adapt(work->ctx, inputs, at->values, at->count, &work->arena, &moved, &gain);
    if (status == SY_OK)
        status = encode(work, inputs, moved, at);
    free(moved);
    return status;
}

/* The layers to come see what the weight has become; the values are overwritten. */
static sy_status show_weight(weight_job *work, const weight_state *at)
{
    if (!work->walk)
        return SY_OK;
    sy_weight_codes_values(&at->codes, at->values);
    return sy_weight_walk_set(work->walk, (int)(at->weight - work->weights), at->values, NULL);
}

/* Integers in the place of the floats, where that saves something; else the weight gets a refusal. */
static sy_status quantize_values(weight_job *work, weight_state *at)
{
    sy_mind_weight *weight = at->weight;
    if (is_product(work, at))
        SY_TRY(encode_product(work, at));
    else
        SY_TRY(encode(work, NULL, at->values, at));
    SY_TRY(sy_weight_emit_mindir(work->ctx, &work->model, weight, &at->codes, &work->arena, &at->edit,
                                 &weight->refusal));
    if (!weight->refusal)
        SY_TRY(sy_weight_check_gain(work->ctx, &work->arena, float_bytes(at), sy_weight_edit_bytes(&at->edit),
                                    &work->totals, &weight->refusal));
    if (weight->refusal)
        return SY_OK;
    work->edits[work->edit_count++] = at->edit;
    at->snr = sy_weight_edit_snr(&at->edit, &at->codes.cut, is_half(at), at->values);
    return show_weight(work, at);
}

static sy_status report_weight(weight_job *work, const weight_state *at, sy_report *report, cJSON *list)
{
    sy_weight_outcome outcome = {.name = at->name, .refusal = at->weight->refusal};
    char scales[32] = "one scale";
    if (!outcome.refusal) {
        if (at->codes.cut.axis != SY_NONE)
            snprintf(scales, sizeof scales, "axis %d", at->codes.cut.axis);
        outcome.type = sy_dtype_name(at->edit.integer_type);
        outcome.bits = at->codes.bits;
        outcome.scales = scales;
        outcome.before = float_bytes(at);
        outcome.after = sy_weight_edit_bytes(&at->edit);
        outcome.snr = at->snr;
        if (work->walk && !is_product(work, at))
            outcome.note = work->is_mixed ? SY_WEIGHT_NO_MOMENTS_MIXED : SY_WEIGHT_NO_MOMENTS;
    }
    return sy_weight_report(work->ctx, &outcome, report, list);
}

static sy_status quantize_weight(weight_job *work, int index)
{
    weight_state *at = &work->states[index];
    sy_status status = read_floats(work, at);
    if (status == SY_OK)
        status = quantize_values(work, at);
    free(at->values);
    at->values = NULL;
    return status;
}

static sy_status open_states(weight_job *work)
{
    work->states = sy_arena_alloc(&work->arena, (size_t)work->weight_count, sizeof *work->states);
    SY_TRY(sy_check_alloc(work->ctx, work->states));
    for (int w = 0; w < work->weight_count; w++) {
        weight_state *at = &work->states[w];
        at->weight = &work->weights[w];
        at->tensor = &work->model.parameters[at->weight->parameter];
        at->name = sy_mind_local_name(at->tensor->name);
        sy_shape_count(&at->tensor->shape, &at->count);
    }
    return SY_OK;
}

/* Those that no layer's inputs have a say in, then layer by layer. */
static sy_status quantize_all(weight_job *work, sy_report *report)
{
    cJSON *list = sy_json_array(report->json, "weights");
    SY_TRY(sy_check_alloc(work->ctx, list));
    for (int w = 0; w < work->weight_count; w++)
        if (!work->weights[w].refusal && !is_product(work, &work->states[w]))
            SY_TRY(quantize_weight(work, w));
    for (int index = 0; work->walk && index != SY_NONE;) {
        SY_TRY(sy_weight_walk_next(work->walk, &index));
        if (index != SY_NONE)
            SY_TRY(quantize_weight(work, index));
    }
    for (int w = 0; w < work->weight_count; w++)
        SY_TRY(report_weight(work, &work->states[w], report, list));
    return SY_OK;
}

/* To see what the weights' layers read, over the samples: in the graph that the model is imported as, in
 * which constants have the parameters' names. */
static sy_status open_walk(weight_job *work)
{
    sy_job *job = work->job;
    int count = 0;
    SY_TRY(sy_job_open_model(job));
    SY_TRY(sy_job_open_device(job));
    SY_TRY(sy_job_open_samples(job, job->request->data, NULL, job->request->limit, &job->samples));
    work->inputs = sy_arena_alloc(&work->arena, (size_t)work->weight_count, sizeof *work->inputs);
    SY_TRY(sy_check_alloc(work->ctx, work->inputs));
    for (int w = 0; w < work->weight_count; w++) {
        work->inputs[w].name = work->weights[w].refusal ? "" : work->states[w].name;
        count += work->weights[w].refusal == NULL;
    }
    sy_log(work->ctx, SY_LOG_INFO, "what %d layers read, over %zu samples", count,
           sy_samples_count(job->samples));
    SY_TRY(sy_weight_walk_open(job, work->inputs, work->weight_count, &work->walk));
    sy_mixed_expect(&work->mixed, work->inputs, work->weight_count);
    return SY_OK;
}

static int by_place(const void *a, const void *b)
{
    const sy_mind_edit *x = a, *y = b;
    return x->after != y->after ? x->after - y->after : x->parameter - y->parameter;
}

/* A model that stays float is no success: the first reason tells why. */
static sy_status require_some(weight_job *work)
{
    if (work->edit_count)
        return SY_OK;
    if (!work->weight_count)
        return sy_fail(work->ctx, SY_E_MODEL,
                       "no weight can be quantized: the model has no float matrices among its parameters");
    return sy_fail(work->ctx, SY_E_CONFIG, "no weight was quantized; of the first, '%s': %s",
                   sy_mind_local_name(work->model.parameters[work->weights[0].parameter].name),
                   work->weights[0].refusal);
}

/* Keys that have no form in MindIR. */
static sy_status check_keys(sy_job *job)
{
    static const struct {
        sy_config_key key;
        const char *why;
    } rows[] = {
        {SY_KEY_weight_quant_param_block_size,
         "scales of a MindIR model are one for each channel, or one: leave it out"},
        {SY_KEY_weight_quant_param_onnx_opset_max, "it is for ONNX models only"},
        {SY_KEY_weight_quant_param_uint4, "it is for ONNX models only"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (sy_config_is_set(job->config, rows[i].key))
            return sy_fail(job->ctx, SY_E_UNSUPPORTED, "[weight_quant_param] %s: %s",
                           sy_config_keys[rows[i].key].name, rows[i].why);
    return SY_OK;
}

/* Of the integers that codes of the method stand for. */
static int stored_bits(const weight_job *work)
{
    const int16_t *levels = work->method->levels ? work->method->levels(&work->task) : NULL;
    const bool wide = levels ? levels[0] < INT8_MIN : work->task.bits > 8;
    return wide ? 16 : 8;
}

/* AscendAntiQuant, which a chip asks for, reads 8 bits. */
static sy_status check_chip(const weight_job *work)
{
    const char *chip = work->job->request->chip;
    const int bits = work->task.bits;
    if (!chip)
        return SY_OK;
    if (work->is_mixed)
        return sy_fail(work->ctx, SY_E_UNSUPPORTED,
                       "bit_num = 0 (mixed bits) may need 16 bits, and AscendAntiQuant, which "
                       "ascend_oriented:%s asks for, takes 8: choose at most 8, or leave the chip out",
                       chip);
    if (bits > 8)
        return sy_fail(work->ctx, SY_E_UNSUPPORTED,
                       "bit_num = %d: AscendAntiQuant, which ascend_oriented:%s asks for, takes 8 bits; "
                       "choose at most 8, or leave the chip out",
                       bits, chip);
    if (stored_bits(work) > 8)
        return sy_fail(
            work->ctx, SY_E_UNSUPPORTED,
            "quant_strategy = %s with bit_num = %d has levels of 16 bits, and AscendAntiQuant, which "
            "ascend_oriented:%s asks for, takes 8: choose a smaller bit_num, or leave the chip out",
            work->method->name, bits, chip);
    return SY_OK;
}

static sy_status check_request(weight_job *work)
{
    const sy_config *config = work->job->config;
    const int bits = config->common_quant_param.bit_num;
    SY_TRY(check_keys(work->job));
    SY_TRY(sy_job_check_provider(work->job, work->job->request->ascend));
    if (config->weight_quant_param.dequant_strategy != SY_DEQUANT_STRATEGY_ON_THE_FLY)
        return sy_fail(
            work->ctx, SY_E_UNSUPPORTED,
            "weights that become float when the model is loaded need MindSpore Lite's own format, which is "
            "not written: set [weight_quant_param] dequant_strategy = ON_THE_FLY");
    SY_TRY(sy_weight_check_bits(work->ctx, work->method, work->task.bits));
    SY_TRY(check_chip(work));
    if (bits && bits != 8 && bits != 16)
        sy_log(work->ctx, SY_LOG_WARN, "bit_num = %d: such weights are stored in %d bits", bits,
               stored_bits(work));
    return SY_OK;
}

static void read_request(weight_job *work)
{
    const sy_config *config = work->job->config;
    work->is_mixed = config->common_quant_param.bit_num == 0;
    work->method = sy_weight_find_method(sy_config_word(SY_KEY_weight_quant_param_quant_strategy,
                                                        (int)config->weight_quant_param.quant_strategy));
    work->task =
        (sy_weight_task){.bits = work->is_mixed ? SY_MIXED_FIXED_BITS : config->common_quant_param.bit_num,
                         .symmetric = config->weight_quant_param.symmetric,
                         .correct = config->weight_quant_param.bias_correction};
}

static sy_status open_model(weight_job *work)
{
    sy_ctx *ctx = work->ctx;
    const char *path = work->job->request->model;
    SY_TRY(sy_job_require(work->job, path, "the model"));
    SY_TRY(sy_check_alloc(ctx, work->folder = sy_folder_of(path)));
    SY_TRY(sy_file_map(ctx, path, &work->file));
    SY_TRY(sy_while(ctx, sy_mind_read(ctx, work->file.bytes, work->file.size, &work->model), "%s", path));
    if (work->model.mind_ir_version >= SY_MIND_IR_FUNCTIONS)
        return SY_OK;
    return sy_fail(
        ctx, SY_E_UNSUPPORTED,
        "%s: is of MindIR version %lld, whose operators take their arguments in another way than those to be "
        "added; export the network with a current MindSpore",
        path, (long long)work->model.mind_ir_version);
}

static sy_status report_file(weight_job *work, const char *path, sy_report *report)
{
    sy_mapped written = {0};
    SY_TRY(sy_file_map(work->ctx, path, &written));
    sy_text_printf(
        &report->text,
        "%d of %d weights are integers: %zu bytes of them, %zu as floats\n%s: %zu bytes, the float model has "
        "%zu\n",
        work->edit_count, work->weight_count, work->totals.after, work->totals.before, path, written.size,
        work->file.size);
    const bool good = sy_json_text(report->json, "file", path) &&
                      sy_json_number(report->json, "bytes", (double)written.size) &&
                      sy_json_number(report->json, "quantized", work->edit_count);
    sy_file_unmap(&written);
    return sy_check_alloc(work->ctx, good ? report : NULL);
}

/* The file that was written, read again: what it must hold for a loader. */
static sy_status check_written(weight_job *work, const char *path)
{
    sy_mapped written = {0};
    sy_mind_model model = {0};
    sy_ctx *ctx = work->ctx;
    SY_TRY(sy_file_map(ctx, path, &written));
    sy_status status = sy_mind_read(ctx, written.bytes, written.size, &model);
    if (status == SY_OK && (model.parameter_count != work->model.parameter_count + 2 * work->edit_count ||
                            model.node_count < work->model.node_count + 3 * work->edit_count))
        status = sy_fail(ctx, SY_E_INTERNAL, "it lacks nodes or parameters");
    sy_mind_release(&model);
    sy_file_unmap(&written);
    return sy_while(ctx, status, "%s fails its own check", path);
}

static sy_status run(weight_job *work, sy_report *report)
{
    const char *path;
    read_request(work);
    SY_TRY(check_request(work));
    SY_TRY(open_model(work));
    SY_TRY(choose(work));
    SY_TRY(open_states(work));
    SY_TRY(sy_job_weight_output(work->job, ".mindir", &path));
    if (work->method == &sy_weight_gptq)
        SY_TRY(open_walk(work));
    SY_TRY(quantize_all(work, report));
    SY_TRY(require_some(work));
    if (work->is_mixed)
        SY_TRY(sy_mixed_report(work->job, &work->mixed, report));
    qsort(work->edits, (size_t)work->edit_count, sizeof *work->edits, by_place);
    SY_TRY(sy_mind_save(work->ctx, &work->model, work->folder, work->edits, work->edit_count,
                        work->job->request->chip ? SY_MIND_WIDEN_ANTI_QUANT : SY_MIND_WIDEN_CAST, path));
    SY_TRY(check_written(work, path));
    return report_file(work, path, report);
}

sy_status sy_job_quantize_mindir_weights(sy_job *job, sy_report *report)
{
    weight_job work = {.job = job, .ctx = job->ctx};
    const sy_status status = run(&work, report);
    sy_weight_walk_close(work.walk);
    sy_mind_release(&work.model);
    sy_mixed_release(&work.mixed);
    sy_file_unmap(&work.file);
    sy_arena_release(&work.arena);
    free(work.folder);
    return status;
}
