/* Weight quantization of an ONNX model: chooses the weights, makes integers of them, and writes the edited
 * file. Nothing of the model is computed, so it may hold any operator. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "import/onnx/edit.h"
#include "pipeline/weight_mixed.h"
#include "pipeline/weight_onnx.h"
#include "pipeline/weight_quant.h"
#include "pipeline/weight_walk.h"
#include "weight/bias.h"
#include "weight/choose.h"
#include "weight/emit.h"
#include "weight/method.h"
#include "weight/methods.h"

/* What became of one weight. */
typedef struct result {
    sy_weight_codes codes;
    double *bias; /* what its layer's bias must gain, [outputs]; NULL: nothing */
    double snr;
} result;

/* A run while it lasts. */
typedef struct onnx_job {
    sy_job *job;
    sy_ctx *ctx;
    sy_onnx_file file;
    sy_onnx_edit *edit;
    sy_weight_form form;
    const sy_weight_method *method;
    sy_weight_task task;
    sy_weight_choice *choices;
    int choice_count, quantized;
    result *results;          /* [choice] */
    sy_weight_inputs *inputs; /* [choice]: for GPTQ; else NULL */
    sy_weight_walk *walk;     /* for GPTQ; else NULL */
    sy_weight_totals totals;
    bool is_mixed; /* bit_num = 0 */
    sy_mixed mixed;
    sy_arena arena; /* of codes and what is written of them */
} onnx_job;

static size_t block_of(const sy_config *config)
{
    static const size_t sizes[] = {
        [SY_BLOCK_SIZE_0] = 0, [SY_BLOCK_SIZE_32] = 32, [SY_BLOCK_SIZE_64] = 64, [SY_BLOCK_SIZE_128] = 128};
    return sizes[config->weight_quant_param.block_size];
}

static sy_status check_request(onnx_job *work)
{
    const sy_request *request = work->job->request;
    SY_TRY(sy_job_check_provider(work->job, request->ascend));
    if (request->ascend)
        return sy_fail(work->ctx, SY_E_UNSUPPORTED,
                       "--optimize=ascend_oriented: weights alone are written for Ascend into MindIR models; "
                       "export the network as MindIR");
    SY_TRY(sy_weight_check_output(work->job));
    if (work->is_mixed && block_of(work->job->config))
        return sy_fail(
            work->ctx, SY_E_UNSUPPORTED,
            "bit_num = 0 (mixed bits) has no blocks: leave block_size out, or choose 1 to 16 bits");
    return SY_OK;
}

static sy_status choose(onnx_job *work)
{
    const sy_config *config = work->job->config;
    const sy_config_list *skipped = &config->common_quant_param.skip_quant_node;
    const sy_weight_rules rules = {
        .bits = config->common_quant_param.bit_num,
        .per_channel = config->weight_quant_param.per_channel,
        .size_min = config->common_quant_param.min_quant_weight_size,
        .channels_min = config->common_quant_param.min_quant_weight_channel,
        .block = block_of(config),
        .skipped = (const char *const *)skipped->items,
        .skipped_count = skipped->count,
    };
    return sy_weight_choose(work->ctx, &work->file, &rules, &work->arena, &work->choices,
                            &work->choice_count);
}

static sy_status choose_form(onnx_job *work)
{
    const int bits = work->is_mixed ? SY_CODE_BITS_MAX : work->task.bits;
    const size_t block = block_of(work->job->config);
    SY_TRY(sy_weight_choose_form(work->ctx, work->edit, bits, block > 0,
                                 work->job->config->weight_quant_param.onnx_opset_max, &work->form));
    work->form.uint4 = work->job->config->weight_quant_param.uint4;
    if (block && work->form.opset < 21)
        return sy_fail(work->ctx, SY_E_UNSUPPORTED,
                       "block_size = %zu needs opset 21, the model is of opset %d and cannot be raised: %s",
                       block, work->file.opset, work->form.why_not);
    if (bits <= 4 && work->form.opset < 21)
        sy_log(work->ctx, SY_LOG_WARN,
               "bit_num = %d: such weights are stored in 8 bits, for int4 needs opset 21: %s", bits,
               work->form.why_not);
    else if (bits != 4 && bits != 8 && bits != 16)
        sy_log(work->ctx, SY_LOG_WARN, "bit_num = %d: such weights are stored in %d bits", bits,
               bits < 4   ? 4
               : bits < 8 ? 8
                          : 16);
    return SY_OK;
}

static sy_status encode_mixed(onnx_job *work, const sy_weight_choice *choice, const sy_weight_inputs *inputs,
                              const float *values, result *out)
{
    const sy_onnx_constant *constant = &work->file.constants[choice->constant];
    const sy_mixed_source source = {.name = constant->name,
                                    .shape = &constant->shape,
                                    .axis = choice->axis,
                                    .values = values,
                                    .inputs = inputs,
                                    .bias = out->bias};
    return sy_mixed_encode(work->job, &work->arena, work->method, &work->task, &source, &work->mixed,
                           &out->codes);
}

/* `inputs` of a product, NULL: of no layer whose inputs are known. */
static sy_status encode(onnx_job *work, const sy_weight_choice *choice, const sy_weight_inputs *inputs,
                        const float *values, result *out)
{
    const sy_onnx_constant *constant = &work->file.constants[choice->constant];
    sy_weight_cut cut;
    if (work->is_mixed)
        return encode_mixed(work, choice, inputs, values, out);
    if (!sy_weight_cut_init(&constant->shape, choice->axis, choice->block, &cut))
        return sy_fail(work->ctx, SY_E_INTERNAL, "constant '%s' lost its shape", constant->name);
    const sy_weight_floats from = {constant->name, &constant->shape, &cut, values};
    if (inputs)
        return sy_weight_encode_gptq(work->ctx, &work->arena, &work->task, &from, &inputs->layout,
                                     &inputs->moments, &out->codes, out->bias);
    return sy_weight_encode(work->ctx, &work->arena, work->method, &work->task, &from, &out->codes);
}

/* What the weight should be behind those that are quantized already, and that rounded. */
static sy_status encode_product(onnx_job *work, const sy_weight_choice *choice,
                                const sy_weight_inputs *inputs, const float *values, result *out)
{
    size_t count = 0;
    float *moved = NULL;
    double *gain = NULL;
    sy_shape_count(&work->file.constants[choice->constant].shape, &count);
    sy_status status = sy_weight_walk_adapt(work->ctx, inputs, values, count, &work->arena, &moved, &gain);
    if (status == SY_OK && gain)
        status = sy_check_alloc(
            work->ctx, out->bias = sy_arena_alloc(&work->arena, inputs->layout.outputs, sizeof *out->bias));
    if (status == SY_OK)
        status = encode(work, choice, inputs, moved, out);
    for (size_t i = 0; i < inputs->layout.outputs && status == SY_OK && gain; i++)
        out->bias[i] += gain[i];
    free(moved);
    return status;
}

/* The layers to come see what the weight has become; `values` are overwritten. */
static sy_status show_weight(onnx_job *work, int index, float *values)
{
    if (!work->walk)
        return SY_OK;
    sy_weight_codes_values(&work->results[index].codes, values);
    return sy_weight_walk_set(work->walk, index, values, work->results[index].bias);
}

static sy_status encode_values(onnx_job *work, int index, float *values)
{
    sy_weight_choice *choice = &work->choices[index];
    result *out = &work->results[index];
    if (work->inputs && work->inputs[index].is_product)
        SY_TRY(encode_product(work, choice, &work->inputs[index], values, out));
    else
        SY_TRY(encode(work, choice, NULL, values, out));
    SY_TRY(sy_weight_check_gain(
        work->ctx, &work->arena, sy_weight_float_bytes(&work->file.constants[choice->constant]),
        sy_weight_stored_bytes(&out->codes, &work->form), &work->totals, &choice->refusal));
    if (choice->refusal)
        return SY_OK;
    out->snr = sy_weight_codes_snr(&out->codes, values);
    work->quantized++;
    return show_weight(work, index, values);
}

static sy_status encode_weight(onnx_job *work, int index)
{
    float *values = NULL;
    sy_status status =
        sy_weight_load(work->ctx, &work->file, &work->file.constants[work->choices[index].constant], &values);
    if (status == SY_OK)
        status = encode_values(work, index, values);
    free(values);
    return status;
}

/* Those that no layer's inputs have a say in, then layer by layer. */
static sy_status encode_all(onnx_job *work)
{
    work->results = sy_arena_alloc(&work->arena, (size_t)work->choice_count, sizeof *work->results);
    SY_TRY(sy_check_alloc(work->ctx, work->results));
    for (int i = 0; i < work->choice_count; i++)
        if (!work->choices[i].refusal && !(work->inputs && work->inputs[i].is_product))
            SY_TRY(encode_weight(work, i));
    for (int index = 0; work->walk && index != SY_NONE;) {
        SY_TRY(sy_weight_walk_next(work->walk, &index));
        if (index != SY_NONE)
            SY_TRY(encode_weight(work, index));
    }
    return SY_OK;
}

/* The job's samples are those of a search by auto_tune, or are not open yet. */
static sy_status open_samples(sy_job *job)
{
    if (job->samples)
        return SY_OK;
    SY_TRY(sy_job_open_model(job));
    SY_TRY(sy_job_open_device(job));
    return sy_job_open_samples(job, job->request->data, NULL, job->request->limit, &job->samples);
}

/* To see what the weights' layers read, over the samples. */
static sy_status open_walk(onnx_job *work)
{
    int count = 0;
    SY_TRY(open_samples(work->job));
    work->inputs = sy_arena_alloc(&work->arena, (size_t)work->choice_count, sizeof *work->inputs);
    SY_TRY(sy_check_alloc(work->ctx, work->inputs));
    for (int i = 0; i < work->choice_count; i++) {
        const sy_weight_choice *choice = &work->choices[i];
        const char *name = work->file.constants[choice->constant].name;
        work->inputs[i].name = choice->refusal ? "" : name;
        work->inputs[i].moves_bias =
            work->task.correct && sy_weight_bias_is_free(&work->file, choice->constant, NULL);
        count += choice->refusal == NULL;
    }
    sy_log(work->ctx, SY_LOG_INFO, "what %d layers read, over %zu samples", count,
           sy_samples_count(work->job->samples));
    SY_TRY(sy_weight_walk_open(work->job, work->inputs, work->choice_count, &work->walk));
    sy_mixed_expect(&work->mixed, work->inputs, work->choice_count);
    return SY_OK;
}

static sy_status emit_weight(onnx_job *work, int index)
{
    const sy_weight_choice *choice = &work->choices[index];
    const result *from = &work->results[index];
    if (from->bias)
        SY_TRY(sy_weight_move_bias(work->ctx, work->edit, &work->file, choice->constant, from->bias,
                                   work->inputs[index].layout.outputs, &work->arena));
    return sy_weight_emit(work->ctx, work->edit, &work->file, choice->constant, choice->first_node,
                          &from->codes, &work->form, &work->arena);
}

static const char *cut_words(const sy_weight_choice *choice, char out[64])
{
    if (choice->block)
        snprintf(out, 64, "blocks of %zu", choice->block);
    else if (choice->axis != SY_NONE)
        snprintf(out, 64, "axis %d", choice->axis);
    else
        snprintf(out, 64, "%s", choice->axes_differ ? "one scale, its readers' axes differ" : "one scale");
    return out;
}

static sy_status report_weight(onnx_job *work, int index, sy_report *report, cJSON *list)
{
    const sy_weight_choice *choice = &work->choices[index];
    const sy_onnx_constant *constant = &work->file.constants[choice->constant];
    const sy_weight_codes *codes = &work->results[index].codes;
    sy_weight_outcome outcome = {.name = constant->name, .refusal = choice->refusal};
    char cut[64];
    if (!choice->refusal) {
        outcome.type = sy_dtype_name(sy_weight_storage(codes, &work->form));
        outcome.bits = codes->bits;
        outcome.scales = cut_words(choice, cut);
        outcome.before = sy_weight_float_bytes(constant);
        outcome.after = sy_weight_stored_bytes(codes, &work->form);
        outcome.snr = work->results[index].snr;
        if (work->walk && !work->inputs[index].is_product)
            outcome.note = work->is_mixed ? SY_WEIGHT_NO_MOMENTS_MIXED : SY_WEIGHT_NO_MOMENTS;
    }
    return sy_weight_report(work->ctx, &outcome, report, list);
}

static sy_status quantize_all(onnx_job *work, sy_report *report)
{
    cJSON *list = sy_json_array(report->json, "weights");
    SY_TRY(sy_check_alloc(work->ctx, list));
    SY_TRY(encode_all(work));
    for (int i = 0; i < work->choice_count; i++) {
        if (!work->choices[i].refusal)
            SY_TRY(emit_weight(work, i));
        SY_TRY(report_weight(work, i, report, list));
    }
    return SY_OK;
}

static sy_status report_all(onnx_job *work, const char *path, sy_report *report)
{
    sy_text_printf(&report->text, "%d of %d weights are integers: %zu bytes of them, %zu as floats\n",
                   work->quantized, work->choice_count, work->totals.after, work->totals.before);
    const bool good = sy_json_number(report->json, "opset", sy_onnx_edit_opset(work->edit)) &&
                      sy_json_number(report->json, "quantized", work->quantized);
    SY_TRY(sy_check_alloc(work->ctx, good ? report : NULL));
    return sy_weight_report_file(work->ctx, &work->file, path, report);
}

static sy_status run(onnx_job *work, sy_report *report)
{
    const sy_config *config = work->job->config;
    const char *path;
    work->method = sy_weight_find_method(sy_config_word(SY_KEY_weight_quant_param_quant_strategy,
                                                        (int)config->weight_quant_param.quant_strategy));
    work->is_mixed = config->common_quant_param.bit_num == 0;
    work->task =
        (sy_weight_task){.bits = work->is_mixed ? SY_MIXED_FIXED_BITS : config->common_quant_param.bit_num,
                         .symmetric = config->weight_quant_param.symmetric,
                         .correct = config->weight_quant_param.bias_correction};
    SY_TRY(check_request(work));
    SY_TRY(sy_weight_check_bits(work->ctx, work->method, work->task.bits));
    SY_TRY(sy_onnx_file_open(work->ctx, work->job->request->model, &work->file));
    SY_TRY(choose(work));
    SY_TRY(sy_onnx_edit_create(work->ctx, &work->file, &work->edit));
    SY_TRY(choose_form(work));
    SY_TRY(sy_job_weight_output(work->job, ".onnx", &path));
    if (work->method == &sy_weight_gptq)
        SY_TRY(open_walk(work));
    SY_TRY(quantize_all(work, report));
    SY_TRY(sy_weight_require_some(work->ctx, &work->file, work->choices, work->choice_count,
                                  work->quantized > 0));
    if (work->is_mixed)
        SY_TRY(sy_mixed_report(work->job, &work->mixed, report));
    SY_TRY(sy_onnx_edit_save(work->edit, path));
    return report_all(work, path, report);
}

sy_status sy_job_quantize_onnx_weights(sy_job *job, sy_report *report)
{
    onnx_job work = {.job = job, .ctx = job->ctx};
    const sy_status status = run(&work, report);
    sy_weight_walk_close(work.walk);
    sy_onnx_edit_destroy(work.edit);
    sy_onnx_file_close(&work.file);
    sy_mixed_release(&work.mixed);
    sy_arena_release(&work.arena);
    return status;
}
