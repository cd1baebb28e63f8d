#include <string.h>

#include "base/log.h"
#include "ops/op.h"
#include "pipeline/container.h"
#include "pipeline/job.h"

static bool report_tensors(const sy_graph *graph, const int *list, int count, const char *what,
                           sy_report *report)
{
    cJSON *array = sy_json_array(report->json, what);
    for (int i = 0; i < count && array; i++) {
        char shape[SY_SHAPE_TEXT];
        const sy_tensor *tensor = &graph->tensors[list[i]];
        cJSON *item = sy_json_item(array);
        sy_text_printf(&report->text, "%-8s %s %s%s", what, tensor->name, sy_dtype_name(tensor->dtype),
                       sy_shape_print(&tensor->shape, shape));
        for (int d = 0; d < tensor->shape.rank; d++)
            if (tensor->shape.dims[d] < 0 && tensor->dim_names[d])
                sy_text_printf(&report->text, " (dimension %d is '%s')", d, tensor->dim_names[d]);
        sy_text_printf(&report->text, "\n");
        if (!item || !sy_json_text(item, "name", tensor->name) ||
            !sy_json_text(item, "dtype", sy_dtype_name(tensor->dtype)) || !sy_json_text(item, "shape", shape))
            return false;
    }
    return array != NULL;
}

static const char *quant_text(const sy_op *op)
{
    if (!op)
        return "NOT SUPPORTED: cannot be run";
    switch (op->quant) {
    case SY_QUANT_WEIGHTED: return "integer products, with weights";
    case SY_QUANT_SAME_SCALE: return "moves integers, keeps their scale";
    case SY_QUANT_NEW_SCALE: return "integers in and out";
    case SY_QUANT_ACTIVATION: return "merged into what is before it";
    case SY_QUANT_NEVER: return "stays float";
    }
    return "";
}

static bool report_operators(const sy_graph *graph, sy_report *report)
{
    cJSON *array = sy_json_array(report->json, "operators");
    sy_text_printf(&report->text, "operators (%d nodes)\n", graph->node_count);
    for (int n = 0; n < graph->node_count && array; n++) {
        const sy_node *node = &graph->nodes[n];
        int count = 0;
        bool seen = false;
        for (int k = 0; k < graph->node_count; k++)
            if (strcmp(graph->nodes[k].type, node->type) == 0 &&
                strcmp(graph->nodes[k].domain, node->domain) == 0) {
                seen |= k < n;
                count++;
            }
        if (seen)
            continue;
        cJSON *item = sy_json_item(array);
        sy_text_printf(&report->text, "  %4d  %-24s %s\n", count, node->type, quant_text(node->op));
        if (!item || !sy_json_text(item, "type", node->type) || !sy_json_number(item, "count", count) ||
            !sy_json_text(item, "quantization", quant_text(node->op)))
            return false;
    }
    return array != NULL;
}

static sy_status inspect(sy_job *job, sy_report *report)
{
    SY_TRY(sy_job_require(job, job->request->model, "the model"));
    SY_TRY(sy_job_import(job, job->request->model, &job->model, &job->model_hash));
    SY_TRY(sy_job_report_container(job, job->request->model, report));
    const sy_graph *graph = job->model;
    char hash[SY_HASH_TEXT];
    size_t weights = 0, bytes = 0;
    for (int t = 0; t < graph->tensor_count; t++)
        if (graph->tensors[t].data) {
            size_t count = 0;
            sy_shape_count(&graph->tensors[t].shape, &count);
            weights += count;
            bytes += graph->tensors[t].bytes;
        }
    sy_hash_print(&job->model_hash, hash);
    sy_text_printf(&report->text,
                   "%s\nSHA-256 %s\nopset %d, IR %lld, made by %s\n%zu constants' elements, %zu bytes\n",
                   job->request->model, hash, sy_graph_opset(graph), (long long)graph->ir_version,
                   *graph->producer ? graph->producer : "(not said)", weights, bytes);
    bool good = sy_json_text(report->json, "model", job->request->model) &&
                sy_json_text(report->json, "sha256", hash) &&
                sy_json_number(report->json, "opset", sy_graph_opset(graph)) &&
                sy_json_number(report->json, "constant_elements", (double)weights) &&
                report_tensors(graph, graph->inputs, graph->input_count, "inputs", report) &&
                report_tensors(graph, graph->outputs, graph->output_count, "outputs", report) &&
                report_operators(graph, report);
    return sy_check_alloc(job->ctx, good ? report : NULL);
}

sy_status sy_inspect(sy_ctx *ctx, const sy_request *request, sy_report **out)
{
    return sy_job_command(ctx, request, inspect, out);
}
