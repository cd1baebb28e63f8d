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
#include "import/mindir/weights.h"
#include "pipeline/job.h"
#include "pipeline/weight_mixed.h"
#include "pipeline/weight_quant.h"
#include "quant/weight_only.h"

/* A run while it lasts. */
typedef struct weight_job {
    sy_job *job;
    sy_mapped file;
    sy_mind_model model;
    char *folder;
    sy_mind_weight *weights;
    int weight_count;
    sy_mind_edit *edits;
    int edit_count;
    size_t before, after; /* bytes of all weights */
    sy_mixed mixed;       /* where bit_num = 0 */
    sy_arena arena;       /* of integers and factors */
} weight_job;

/* Bits that a weight is chosen for; those of mixed bits follow later. */
static int bits_of(const weight_job *work)
{
    const int bits = work->job->config->common_quant_param.bit_num;
    return bits ? bits : SY_MIXED_FIXED_BITS;
}

static const char *because(weight_job *work, const char *format, long long a, long long b)
{
    char text[160];
    snprintf(text, sizeof text, format, a, b);
    const char *copy = sy_arena_text(&work->arena, text);
    return copy ? copy : format;
}

static bool is_skipped(const weight_job *work, const sy_mind_weight *weight)
{
    const sy_config_list *list = &work->job->config->common_quant_param.skip_quant_node;
    const sy_mind_node *reader = &work->model.nodes[weight->reader];
    for (int i = 0; i < list->count; i++)
        if (strcmp(list->items[i], sy_mind_node_name(reader)) == 0 ||
            strcmp(list->items[i], reader->output) == 0)
            return true;
    return false;
}

static size_t elements_of(const sy_mind_tensor *tensor)
{
    size_t count = 0;
    return sy_shape_count(&tensor->shape, &count) ? count : 0;
}

/* Why a weight that could become integers does not; NULL: it does. */
static const char *refusal_of(weight_job *work, const sy_mind_weight *weight)
{
    const sy_config *config = work->job->config;
    const sy_mind_tensor *tensor = &work->model.parameters[weight->parameter];
    const int64_t size = (int64_t)elements_of(tensor), channels = tensor->shape.dims[weight->axis];
    const int bits = bits_of(work);
    if (is_skipped(work, weight))
        return "skip_quant_node";
    if (size <= config->common_quant_param.min_quant_weight_size)
        return because(work, "%lld elements are not more than min_quant_weight_size = %lld", size,
                       config->common_quant_param.min_quant_weight_size);
    if (weight->is_convolution && channels <= config->common_quant_param.min_quant_weight_channel)
        return because(work, "%lld output channels are not more than min_quant_weight_channel = %lld",
                       channels, config->common_quant_param.min_quant_weight_channel);
    if (work->job->request->ascend && weight->is_convolution)
        return "Ascend takes integer weights in matrix products only";
    if (work->job->request->ascend && !weight->is_convolution && weight->factors.rank == 1 &&
        !weight->feeds_products)
        return "on Ascend, a Gather is followed by matrix products only";
    if (config->weight_quant_param.per_channel && config->weight_quant_param.bias_correction &&
        size / channels <= 256 / (32 - bits))
        return because(work, "%lld weights a channel do not pay for its factors (more than %lld do)",
                       size / channels, 256 / (32 - bits));
    return NULL;
}

/* Factors as the model's floats; NULL where one does not fit in them, or without memory. */
static void *store_factors(weight_job *work, const sy_weight_factors *factors, size_t count, bool half,
                           bool zps)
{
    const size_t bytes = half ? 2 : 4;
    unsigned char *out = sy_arena_alloc(&work->arena, count, bytes);
    for (size_t c = 0; out && c < count; c++) {
        const float value = zps ? factors[c].zp : factors[c].scale;
        const uint16_t small = sy_float_to_half(value);
        if (half && (!isfinite(sy_half_to_float(small)) || (!zps && !(sy_half_to_float(small) >= 0x1p-14F))))
            return NULL;
        if (half)
            memcpy(out + c * bytes, &small, bytes);
        else
            memcpy(out + c * bytes, &value, bytes);
    }
    return out;
}

/* int8 up to 8 bits, int16 above. */
static void *store_integers(weight_job *work, const int16_t *integers, size_t count, int bits)
{
    if (bits > 8)
        return sy_arena_copy(&work->arena, integers, count * sizeof *integers);
    int8_t *small = sy_arena_alloc(&work->arena, count, 1);
    for (size_t i = 0; small && i < count; i++)
        small[i] = (int8_t)integers[i];
    return small;
}

static sy_status add_edit(weight_job *work, const sy_mind_weight *weight, const sy_channels *channels,
                          int bits, const int16_t *integers, const sy_weight_factors *factors,
                          const char **out_refusal)
{
    const sy_mind_tensor *tensor = &work->model.parameters[weight->parameter];
    const bool half = tensor->data_type == SY_DTYPE_FLOAT16;
    const size_t count = elements_of(tensor);
    sy_mind_edit edit = {.parameter = weight->parameter,
                         .after = weight->after,
                         .integer_type = bits > 8 ? SY_DTYPE_INT16 : SY_DTYPE_INT8,
                         .integers = store_integers(work, integers, count, bits),
                         .integer_bytes = count * (bits > 8 ? 2 : 1),
                         .factor_shape =
                             channels->axis == SY_NONE ? (sy_shape){.rank = 1, .dims = {1}} : weight->factors,
                         .factor_bytes = channels->count * (half ? 2 : 4)};
    edit.scales = store_factors(work, factors, channels->count, half, false);
    edit.zps = store_factors(work, factors, channels->count, half, true);
    SY_TRY(sy_check_alloc(work->job->ctx, edit.integers));
    if (!edit.scales || !edit.zps) {
        *out_refusal = "its factors do not fit in float16";
        return SY_OK;
    }
    work->before += count * (half ? 2 : 4);
    work->after += edit.integer_bytes + 2 * edit.factor_bytes;
    work->edits[work->edit_count++] = edit;
    return SY_OK;
}

/* The weights as floats, once the file is known to hold as many as it says; the caller frees them. */
static sy_status read_floats(weight_job *work, const sy_mind_tensor *tensor, size_t count, float **out)
{
    sy_ctx *ctx = work->job->ctx;
    sy_arena arena = {0};
    sy_tensor held = {.name = tensor->name, .dtype = (sy_dtype)tensor->data_type, .shape = tensor->shape};
    float *values = NULL;
    sy_status status = sy_mind_tensor_bytes(ctx, tensor, work->folder, &arena, &held.data, &held.bytes);
    if (status == SY_OK)
        status = sy_check_alloc(ctx, values = malloc((count ? count : 1) * sizeof *values));
    if (status == SY_OK)
        status = sy_tensor_to_f32(ctx, &held, values, count);
    sy_arena_release(&arena);
    if (status != SY_OK) {
        free(values);
        return status;
    }
    *out = values;
    return SY_OK;
}

static sy_status quantize_floats(weight_job *work, const sy_mind_weight *weight, const float *values,
                                 size_t count, double *out_snr, const char **out_refusal)
{
    const sy_config *config = work->job->config;
    const sy_mind_tensor *tensor = &work->model.parameters[weight->parameter];
    const sy_tensor shaped = {.shape = tensor->shape};
    sy_ctx *ctx = work->job->ctx;
    sy_channels channels;
    if (!sy_weight_channels(&shaped, config->weight_quant_param.per_channel ? weight->axis : SY_NONE,
                            &channels))
        return sy_fail(ctx, SY_E_INTERNAL, "parameter '%s' lost its shape", tensor->name);
    int16_t *integers = malloc(count * sizeof *integers);
    sy_weight_factors *factors = calloc(channels.count, sizeof *factors);
    sy_status status = sy_check_alloc(ctx, integers && factors ? factors : NULL);
    if (status == SY_OK)
        status = sy_weight_only_quantize(ctx, values, &channels, config->common_quant_param.bit_num,
                                         config->weight_quant_param.bias_correction, integers, factors);
    if (status == SY_OK) {
        *out_snr = sy_weight_only_snr(values, &channels, integers, factors);
        status = add_edit(work, weight, &channels, config->common_quant_param.bit_num, integers, factors,
                          out_refusal);
    }
    free(integers);
    free(factors);
    return sy_while(ctx, status, "parameter '%s'", tensor->name);
}

/* x = (q - zero) * scale + shift, as the factors of x = (q + zp) * scale. */
static sy_status factors_of(weight_job *work, const sy_weight_codes *codes, sy_weight_factors **out)
{
    sy_weight_factors *factors = sy_arena_alloc(&work->arena, codes->cut.units, sizeof *factors);
    SY_TRY(sy_check_alloc(work->job->ctx, factors));
    for (size_t u = 0; u < codes->cut.units; u++)
        factors[u] = (sy_weight_factors){.scale = codes->scales[u],
                                         .zp = codes->shifts[u] / codes->scales[u] - (float)codes->zeros[u]};
    *out = factors;
    return SY_OK;
}

/* The same by steps, or where they do not pay in 8 bits. */
static sy_status mix_floats(weight_job *work, const sy_mind_weight *weight, const float *values,
                            double *out_snr, const char **out_refusal)
{
    const sy_config *config = work->job->config;
    const sy_mind_tensor *tensor = &work->model.parameters[weight->parameter];
    const sy_weight_task fixed = {.bits = SY_MIXED_FIXED_BITS,
                                  .correct = config->weight_quant_param.bias_correction};
    const sy_tensor shaped = {.shape = tensor->shape};
    sy_weight_codes codes;
    sy_weight_factors *factors;
    sy_channels channels;
    SY_TRY(sy_mixed_encode(work->job, &work->arena, sy_weight_find_method("MAX_MIN"), &fixed,
                           sy_mind_local_name(tensor->name), &tensor->shape, weight->axis, values,
                           &work->mixed, &codes));
    SY_TRY(factors_of(work, &codes, &factors));
    if (!sy_weight_channels(&shaped, codes.cut.axis, &channels))
        return sy_fail(work->job->ctx, SY_E_INTERNAL, "parameter '%s' lost its shape", tensor->name);
    *out_snr = sy_weight_only_snr(values, &channels, codes.codes, factors);
    return add_edit(work, weight, &channels, codes.bits, codes.codes, factors, out_refusal);
}

static sy_status quantize_weight(weight_job *work, const sy_mind_weight *weight, double *out_snr,
                                 const char **out_refusal)
{
    const sy_mind_tensor *tensor = &work->model.parameters[weight->parameter];
    const size_t count = elements_of(tensor);
    float *values = NULL;
    SY_TRY(read_floats(work, tensor, count, &values));
    const sy_status status = work->job->config->common_quant_param.bit_num == 0
                                 ? mix_floats(work, weight, values, out_snr, out_refusal)
                                 : quantize_floats(work, weight, values, count, out_snr, out_refusal);
    free(values);
    return status;
}

/* Bits of the integers that the last edit holds. */
static int stored_bits(const weight_job *work)
{
    return work->edits[work->edit_count - 1].integer_type == SY_DTYPE_INT16 ? 16 : 8;
}

static sy_status report_weight(weight_job *work, const sy_mind_weight *weight, const char *refusal,
                               double snr, sy_text *out, cJSON *list)
{
    const char *name = sy_mind_local_name(work->model.parameters[weight->parameter].name);
    cJSON *item = sy_json_item(list);
    bool good = item && sy_json_text(item, "parameter", name);
    if (refusal) {
        sy_text_printf(out, "  float  %-28s %s\n", name, refusal);
        good = good && sy_json_text(item, "reason", refusal);
    } else {
        const int bits = work->job->config->common_quant_param.bit_num;
        sy_text_printf(out, "  int%-3d %-28s %.1f dB\n", stored_bits(work), name, snr);
        good = good && sy_json_number(item, "bits", bits ? bits : stored_bits(work)) &&
               sy_json_number(item, "snr_db", snr);
    }
    return sy_check_alloc(work->job->ctx, good ? item : NULL);
}

static sy_status choose_weights(weight_job *work, sy_report *report)
{
    cJSON *list = sy_json_array(report->json, "weights");
    sy_ctx *ctx = work->job->ctx;
    SY_TRY(sy_mind_find_weights(ctx, &work->model, &work->arena, &work->weights, &work->weight_count));
    work->edits = sy_arena_alloc(&work->arena, (size_t)work->weight_count, sizeof *work->edits);
    SY_TRY(sy_check_alloc(ctx, work->edits && list ? list : NULL));
    for (int w = 0; w < work->weight_count; w++) {
        const sy_mind_weight *weight = &work->weights[w];
        const char *refusal = weight->refusal ? weight->refusal : refusal_of(work, weight);
        double snr = NAN;
        if (!refusal)
            SY_TRY(quantize_weight(work, weight, &snr, &refusal));
        SY_TRY(report_weight(work, weight, refusal, snr, &report->text, list));
    }
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
    sy_ctx *ctx = work->job->ctx;
    if (work->edit_count)
        return SY_OK;
    if (!work->weight_count)
        return sy_fail(ctx, SY_E_MODEL,
                       "no weight can be quantized: the model has no float matrices among its parameters");
    const sy_mind_weight *first = &work->weights[0];
    const char *reason = first->refusal ? first->refusal : refusal_of(work, first);
    return sy_fail(ctx, SY_E_CONFIG, "no weight was quantized; of the first, '%s': %s",
                   sy_mind_local_name(work->model.parameters[first->parameter].name),
                   reason ? reason : "its factors do not fit in float16");
}

/* skip_quant_node names nodes of the model. */
static sy_status check_skipped(weight_job *work)
{
    const sy_config_list *list = &work->job->config->common_quant_param.skip_quant_node;
    for (int i = 0; i < list->count; i++) {
        bool found = false;
        for (int n = 0; n < work->model.node_count && !found; n++)
            found = strcmp(list->items[i], sy_mind_node_name(&work->model.nodes[n])) == 0 ||
                    strcmp(list->items[i], work->model.nodes[n].output) == 0;
        if (!found)
            return sy_fail(
                work->job->ctx, SY_E_CONFIG,
                "skip_quant_node names '%s', which is no node of the model: names are scopes, such as "
                "Default/dense-Dense/MatMul-op0",
                list->items[i]);
    }
    return SY_OK;
}

/* Keys of this program that are about ONNX. */
static sy_status check_keys(sy_job *job)
{
    static const sy_config_key keys[] = {SY_KEY_weight_quant_param_symmetric,
                                         SY_KEY_weight_quant_param_block_size,
                                         SY_KEY_weight_quant_param_onnx_opset_max};
    if (job->config->weight_quant_param.quant_strategy != SY_WEIGHT_QUANT_STRATEGY_MAX_MIN)
        return sy_fail(
            job->ctx, SY_E_UNSUPPORTED,
            "[weight_quant_param] quant_strategy: only MAX_MIN for MindIR models; the others are for "
            "ONNX");
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        if (sy_config_is_set(job->config, keys[i]))
            return sy_fail(job->ctx, SY_E_UNSUPPORTED, "[weight_quant_param] %s is for ONNX models only",
                           sy_config_keys[keys[i]].name);
    return SY_OK;
}

static sy_status check_request(sy_job *job)
{
    const sy_config *config = job->config;
    const int bits = config->common_quant_param.bit_num;
    SY_TRY(check_keys(job));
    SY_TRY(sy_job_check_provider(job, job->request->ascend));
    if (config->weight_quant_param.dequant_strategy != SY_DEQUANT_STRATEGY_ON_THE_FLY)
        return sy_fail(
            job->ctx, SY_E_UNSUPPORTED,
            "weights that become float when the model is loaded need MindSpore Lite's own format, which is "
            "not written: set [weight_quant_param] dequant_strategy = ON_THE_FLY");
    if (bits < 1 && job->request->chip)
        return sy_fail(job->ctx, SY_E_UNSUPPORTED,
                       "bit_num = 0 (mixed bits) may need 16 bits, and AscendAntiQuant, which "
                       "ascend_oriented:%s asks for, "
                       "takes 8: choose at most 8, or leave the chip out",
                       job->request->chip);
    if (bits > 8 && job->request->chip)
        return sy_fail(job->ctx, SY_E_UNSUPPORTED,
                       "bit_num = %d: AscendAntiQuant, which ascend_oriented:%s asks for, takes 8 bits; "
                       "choose at most 8, "
                       "or leave the chip out",
                       bits, job->request->chip);
    if (bits && bits != 8 && bits != 16)
        sy_log(job->ctx, SY_LOG_WARN, "bit_num = %d: such weights are stored in %d bits", bits,
               bits > 8 ? 16 : 8);
    return SY_OK;
}

static sy_status open_model(weight_job *work)
{
    sy_ctx *ctx = work->job->ctx;
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
    SY_TRY(sy_file_map(work->job->ctx, path, &written));
    sy_text_printf(
        &report->text,
        "%d of %d weights are integers: %zu bytes of them, %zu as floats\n%s: %zu bytes, the float model has "
        "%zu\n",
        work->edit_count, work->weight_count, work->after, work->before, path, written.size, work->file.size);
    const bool good = sy_json_text(report->json, "file", path) &&
                      sy_json_number(report->json, "bytes", (double)written.size) &&
                      sy_json_number(report->json, "quantized", work->edit_count);
    sy_file_unmap(&written);
    return sy_check_alloc(work->job->ctx, good ? report : NULL);
}

/* The file that was written, read again: what it must hold for a loader. */
static sy_status check_written(weight_job *work, const char *path)
{
    sy_mapped written = {0};
    sy_mind_model model = {0};
    sy_ctx *ctx = work->job->ctx;
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
    sy_ctx *ctx = work->job->ctx;
    const char *path;
    SY_TRY(check_request(work->job));
    SY_TRY(open_model(work));
    SY_TRY(check_skipped(work));
    SY_TRY(sy_job_weight_output(work->job, ".mindir", &path));
    SY_TRY(choose_weights(work, report));
    SY_TRY(require_some(work));
    if (work->job->config->common_quant_param.bit_num == 0)
        SY_TRY(sy_mixed_report(work->job, &work->mixed, report));
    qsort(work->edits, (size_t)work->edit_count, sizeof *work->edits, by_place);
    SY_TRY(sy_mind_save(ctx, &work->model, work->folder, work->edits, work->edit_count,
                        work->job->request->chip ? SY_MIND_WIDEN_ANTI_QUANT : SY_MIND_WIDEN_CAST, path));
    SY_TRY(check_written(work, path));
    return report_file(work, path, report);
}

sy_status sy_job_quantize_mindir_weights(sy_job *job, sy_report *report)
{
    weight_job work = {.job = job};
    const sy_status status = run(&work, report);
    sy_mind_release(&work.model);
    sy_mixed_release(&work.mixed);
    sy_file_unmap(&work.file);
    sy_arena_release(&work.arena);
    free(work.folder);
    return status;
}
