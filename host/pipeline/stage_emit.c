#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "calib/collect.h"
#include "correct/correct.h"
#include "nvgpu/ranges.h"
#include "ops/op.h"
#include "pipeline/job.h"

static int block_of(const sy_config *config)
{
    switch (config->full_quant_param.int4_block_size) {
    case SY_INT4_BLOCK_SIZE_64: return 64;
    case SY_INT4_BLOCK_SIZE_128: return 128;
    default: return 0;
    }
}

static sy_plan_options plan_options(const sy_config *config, const sy_target *target)
{
    return (sy_plan_options){
        .method = sy_config_word(SY_KEY_full_quant_param_activation_quant_method,
                                 (int)config->full_quant_param.activation_quant_method),
        .percentile = (float)config->full_quant_param.percentile,
        .per_layer = !config->full_quant_param.per_channel,
        .outputs_min = config->common_quant_param.min_quant_weight_channel,
        .skip_nodes = config->common_quant_param.skip_quant_node.items,
        .skip_count = config->common_quant_param.skip_quant_node.count,
        .wide = config->full_quant_param.activation_bit_num == SY_ACTIVATION_BIT_NUM_16,
        .wide_nodes = config->full_quant_param.activation_16bit_node.items,
        .wide_count = config->full_quant_param.activation_16bit_node.count,
        .block = block_of(config),
        .all_ranges = target && target->all_ranges,
        .half = config->full_quant_param.float_type == SY_FLOAT_TYPE_FP16,
    };
}

static sy_ascend_options ascend_options(const sy_job *job)
{
    const sy_config *config = job->config;
    return (sy_ascend_options){
        .input_shape = config->ascend_context.input_shape,
        .dynamic_dims = config->ascend_context.dynamic_dims,
        .input_format =
            sy_config_word(SY_KEY_ascend_context_input_format, (int)config->ascend_context.input_format),
        .output_type =
            sy_config_word(SY_KEY_ascend_context_output_type, (int)config->ascend_context.output_type),
        .precision_mode = config->ascend_context.precision_mode,
        .op_select_impl_mode = config->ascend_context.op_select_impl_mode,
        .fusion_switch_file = config->ascend_context.fusion_switch_config_file_path,
        .buffer_optimize = config->ascend_context.buffer_optimize,
        .insert_op_file = config->ascend_context.insert_op_config_file_path,
        .calibrated_shape = job->input_shape,
        .chip = job->request->chip,
    };
}

sy_status sy_job_check_plan(sy_job *job, const sy_target *const *targets, int count)
{
    const sy_plan_options options = plan_options(job->config, NULL);
    const sy_ascend_options ascend = ascend_options(job);
    const sy_emit_spec spec = {.path = "", .ascend = &ascend};
    SY_TRY(sy_plan_check_nodes(job->ctx, job->fused, &options));
    for (int i = 0; i < count; i++) {
        SY_TRY(sy_while(job->ctx, sy_plan_check_widths(job->ctx, targets[i]->traits, &options), "%s",
                        targets[i]->name));
        if (targets[i]->check)
            SY_TRY(
                sy_while(job->ctx, targets[i]->check(job->ctx, job->model, &spec), "%s", targets[i]->name));
    }
    return SY_OK;
}

/* Nodes of one operator: how many are quantized, of how many. */
typedef struct {
    const char *type;
    int quantized, count;
} tally;

static int count_types(const sy_plan *plan, tally *out)
{
    int types = 0;
    for (int n = 0; n < plan->graph->node_count; n++) {
        const sy_node *node = &plan->graph->nodes[n];
        int k = 0;
        while (k < types && strcmp(out[k].type, node->type) != 0)
            k++;
        if (k == types)
            out[types++] = (tally){.type = node->type};
        out[k].count++;
        out[k].quantized += plan->nodes[n].quantized || plan->nodes[n].head != SY_NONE;
    }
    return types;
}

static bool report_float_nodes(const sy_plan *plan, sy_text *out, cJSON *json)
{
    cJSON *list = sy_json_array(json, "float_nodes");
    bool any = false;
    for (int n = 0; n < plan->graph->node_count && list; n++) {
        const sy_node *node = &plan->graph->nodes[n];
        const sy_node_plan *decided = &plan->nodes[n];
        if (decided->quantized || decided->head != SY_NONE || !decided->reason)
            continue;
        sy_text_printf(out, "%s    %-18s %-30s %s\n", any ? "" : "  left in float:\n", node->type, node->name,
                       decided->reason);
        any = true;
        cJSON *item = sy_json_item(list);
        if (!item || !sy_json_text(item, "node", node->name) || !sy_json_text(item, "type", node->type) ||
            !sy_json_text(item, "reason", decided->reason))
            return false;
    }
    return list != NULL;
}

static sy_status report_plan(sy_job *job, const sy_plan *plan, const sy_target *target, const char *path,
                             sy_report *report, cJSON *json)
{
    sy_mapped before = {0}, after = {0};
    tally *types = sy_arena_alloc(&job->arena, (size_t)plan->graph->node_count, sizeof *types);
    SY_TRY(sy_check_alloc(job->ctx, types));
    int count = count_types(plan, types);
    SY_TRY(sy_file_map(job->ctx, job->request->model, &before));
    sy_status status = sy_file_map(job->ctx, path, &after);
    if (status == SY_OK) {
        sy_hash hash = sy_hash_of(after.bytes, after.size);
        char text[SY_HASH_TEXT];
        sy_hash_print(&hash, text);
        sy_text_printf(&report->text, "\n%s: %s\n  %zu bytes, the float model has %zu (%.2f times smaller)\n",
                       target->name, path, after.size, before.size, (double)before.size / (double)after.size);
        sy_text_printf(&report->text, "  quantized:");
        for (int k = 0; k < count; k++)
            if (types[k].quantized)
                sy_text_printf(&report->text, " %s %d/%d", types[k].type, types[k].quantized, types[k].count);
        sy_text_printf(&report->text, "\n");
        bool good = sy_json_text(json, "target", target->name) && sy_json_text(json, "file", path) &&
                    sy_json_number(json, "bytes", (double)after.size) && sy_json_text(json, "sha256", text) &&
                    report_float_nodes(plan, &report->text, json);
        status = sy_check_alloc(job->ctx, good ? report : NULL);
    }
    sy_file_unmap(&before);
    sy_file_unmap(&after);
    return status;
}

/* What bias correction may keep of all samples between two layers. */
static const size_t correction_bytes = (size_t)192 << 20;

static sy_status report_correction(sy_job *job, const sy_correct_result *result, sy_text *out, cJSON *json)
{
    cJSON *object = sy_json_object(json, "bias_correction");
    sy_text_printf(
        out,
        "  bias correction: %d layers over %zu samples; SQNR on %zu others %.2f dB before, %.2f after: %s\n",
        result->layers, result->samples_used, result->samples_held_back, result->before_db, result->after_db,
        result->kept ? "kept" : "not kept");
    bool good = object && sy_json_number(object, "layers", result->layers) &&
                sy_json_number(object, "samples", (double)result->samples_used) &&
                sy_json_number(object, "before_db", result->before_db) &&
                sy_json_number(object, "after_db", result->after_db) &&
                sy_json_text(object, "decision", result->kept ? "kept" : "not kept");
    return sy_check_alloc(job->ctx, good ? object : NULL);
}

/* A plan for the target, with corrected biases where there are samples to correct them on and it helps. */
static sy_status make_plan(sy_job *job, const sy_stats *stats, const sy_target *target, sy_text *notes,
                           cJSON *json, sy_plan **out)
{
    const sy_plan_options options = plan_options(job->config, target);
    const sy_graph *graph = target->traits->fixed_shapes ? job->bound : job->fused;
    sy_plan *plan = NULL;
    sy_correct_result result = {0};
    SY_TRY(sy_plan_create(job->ctx, graph, stats, target->traits, &options, &plan));
    if (!job->config->full_quant_param.bias_correction || !job->samples) {
        if (job->config->full_quant_param.bias_correction)
            sy_log(job->ctx, SY_LOG_WARN,
                   "%s: biases are not corrected: that needs samples, which 'emit' does not read; 'quantize' "
                   "does it",
                   target->name);
        *out = plan;
        return SY_OK;
    }
    sy_sample_source source = sy_sample_source_of(job->samples);
    const sy_correct_spec spec = {.backend = job->backend,
                                  .device = job->device,
                                  .reference = job->bound,
                                  .samples = &source,
                                  .workers = job->workers,
                                  .batch = job->batch,
                                  .memory_bytes = correction_bytes};
    sy_status status = sy_correct_biases(job->ctx, &spec, plan, &result);
    if (status == SY_OK && result.layers)
        status = report_correction(job, &result, notes, json);
    if (status == SY_OK && !result.kept) {
        sy_plan_destroy(plan);
        return sy_plan_create(job->ctx, graph, stats, target->traits, &options, out);
    }
    if (status == SY_OK)
        *out = plan;
    else
        sy_plan_destroy(plan);
    return status;
}

sy_status sy_job_emit(sy_job *job, const sy_stats *stats, const sy_target *target, const char *path,
                      sy_report *report, cJSON *json)
{
    sy_plan *plan = NULL;
    sy_text notes = {0};
    sy_status status;
    SY_TRY_DONE(sy_while(job->ctx, make_plan(job, stats, target, &notes, json, &plan), "%s", target->name));
    SY_TRY_DONE(sy_check_alloc(job->ctx, notes.failed ? NULL : plan));
    const sy_ascend_options ascend = ascend_options(job);
    const sy_emit_spec spec = {.path = path,
                               .ascend = &ascend,
                               .encodings_0_6_1 = job->config->full_quant_param.encodings_version ==
                                                  SY_ENCODINGS_VERSION_V0_6_1,
                               .tensorrt_version = job->config->full_quant_param.tensorrt_version,
                               .notes = &notes};
    SY_TRY_DONE(sy_target_emit(job->ctx, target, plan, &spec));
    SY_TRY_DONE(report_plan(job, plan, target, path, report, json));
    sy_text_add(&report->text, notes.bytes, notes.size);
done:
    sy_text_release(&notes);
    sy_plan_destroy(plan);
    return status;
}

/* Ranges in the place of statistics: a calibration cache of TensorRT, or JSON. There is no choice left. */
static sy_status load_ranges(sy_job *job, const sy_mapped *file, sy_stats **out)
{
    sy_ranges ranges = {0};
    if (job->config->full_quant_param.activation_quant_method != SY_ACTIVATION_QUANT_METHOD_MAX_MIN)
        return sy_fail(job->ctx, SY_E_CONFIG,
                       "%s holds ranges that are chosen already: leave activation_quant_method out",
                       job->request->stats);
    SY_TRY(sy_ranges_parse(job->ctx, job->request->stats, file->bytes, file->size, &ranges));
    const sy_status status = sy_stats_from_ranges(job->ctx, ranges.rows, ranges.count, out);
    sy_ranges_release(&ranges);
    return status;
}

static sy_status load_stats(sy_job *job, bool *out_given, sy_stats **out)
{
    sy_mapped file = {0};
    SY_TRY(sy_file_map(job->ctx, job->request->stats, &file));
    *out_given = sy_ranges_recognise(file.bytes, file.size);
    const sy_status status =
        *out_given ? load_ranges(job, &file, out) : sy_stats_load(job->ctx, job->request->stats, out);
    sy_file_unmap(&file);
    return status;
}

static sy_status check_stats(sy_job *job, const sy_stats *stats)
{
    if (memcmp(&stats->model, &job->model_hash, sizeof stats->model) == 0)
        return SY_OK;
    char expected[SY_HASH_TEXT], found[SY_HASH_TEXT];
    sy_hash_print(&stats->model, expected);
    sy_hash_print(&job->model_hash, found);
    return sy_fail(job->ctx, SY_E_DATA,
                   "%s holds statistics of another model (SHA-256 %.12s...) than %s (%.12s...): run "
                   "'steelyard stats' again",
                   job->request->stats, expected, job->request->model, found);
}

static sy_status emit_all(sy_job *job, const sy_stats *stats, const sy_target **targets, int count,
                          sy_report *report)
{
    const char *stem = sy_job_stem(job);
    cJSON *list = sy_json_array(report->json, "targets");
    SY_TRY(sy_check_alloc(job->ctx, stem && list ? stem : NULL));
    for (int i = 0; i < count; i++) {
        const char *path =
            sy_arena_printf(&job->arena, "%s/%s.%s.onnx", job->request->output, stem, targets[i]->suffix);
        cJSON *item = sy_json_item(list);
        SY_TRY(sy_check_alloc(job->ctx, path && item ? path : NULL));
        SY_TRY(sy_job_emit(job, stats, targets[i], path, report, item));
    }
    return SY_OK;
}

static sy_status emit(sy_job *job, sy_report *report)
{
    const sy_target **targets;
    int count;
    bool given;
    sy_stats *stats = NULL;
    SY_TRY(sy_job_require(job, job->request->stats, "the .qstat file"));
    SY_TRY(sy_job_require(job, job->request->model, "--model MODEL"));
    SY_TRY(sy_job_require(job, job->request->output, "--output FOLDER"));
    SY_TRY(sy_job_targets(job, &targets, &count));
    SY_TRY(load_stats(job, &given, &stats));
    sy_status status = sy_job_open_model(job);
    if (status == SY_OK && !given)
        status = check_stats(job, stats);
    if (status == SY_OK)
        status = sy_job_check_plan(job, targets, count);
    if (status == SY_OK)
        status = sy_folder_make(job->ctx, job->request->output);
    if (status == SY_OK)
        status = emit_all(job, stats, targets, count, report);
    if (status == SY_OK)
        sy_report_summary(report);
    sy_stats_destroy(stats);
    return status;
}

sy_status sy_emit(sy_ctx *ctx, const sy_request *request, sy_report **out)
{
    return sy_job_command(ctx, request, emit, out);
}
