#include "target/lint.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { FAULTS_SHOWN = 10 };

void sy_lint_fault(sy_lint *lint, const sy_node *node, const char *format, ...)
{
    char text[512];
    va_list args;
    if (lint->fault_count++ >= FAULTS_SHOWN)
        return;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    sy_text_printf(&lint->faults, "%snode '%s' (%s): %s", lint->fault_count > 1 ? "; " : "", node->name,
                   node->type, text);
}

sy_status sy_lint_finish(sy_lint *lint)
{
    sy_status status = SY_OK;
    if (lint->fault_count)
        status = sy_fail(lint->ctx, SY_E_INTERNAL, "%d fault%s: %s%s", lint->fault_count,
                         lint->fault_count == 1 ? "" : "s", lint->faults.bytes ? lint->faults.bytes : "",
                         lint->fault_count > FAULTS_SHOWN ? " ..." : "");
    sy_text_release(&lint->faults);
    return status;
}

const sy_node *sy_lint_producer(const sy_graph *graph, int tensor, const char *type)
{
    const int producer = tensor == SY_NONE ? SY_NONE : graph->tensors[tensor].producer;
    if (producer == SY_NONE || !sy_node_is(&graph->nodes[producer], type))
        return NULL;
    return &graph->nodes[producer];
}

const sy_node *sy_lint_only_reader(const sy_graph *graph, int tensor)
{
    const int reader = sy_graph_only_reader(graph, tensor);
    return reader == SY_NONE ? NULL : &graph->nodes[reader];
}

/* The type a scale must have. */
static sy_dtype scale_dtype(const sy_lint *lint, const sy_node *node)
{
    const int floats = sy_node_is(node, "QuantizeLinear") ? node->inputs[0] : node->outputs[0];
    const bool half = lint->half && lint->graph->tensors[floats].dtype == SY_DTYPE_FLOAT16;
    return half ? SY_DTYPE_FLOAT16 : SY_DTYPE_FLOAT;
}

static bool read_scales(sy_lint *lint, const sy_node *node, sy_lint_grid *out)
{
    const sy_tensor *scale = &lint->graph->tensors[node->inputs[1]];
    const sy_dtype dtype = scale_dtype(lint, node);
    if (!scale->data || scale->dtype != dtype || scale->shape.rank > 1 ||
        !sy_shape_count(&scale->shape, &out->count) || out->count == 0) {
        sy_lint_fault(lint, node, "the scale '%s' must be a %s constant, one number or a list", scale->name,
                      sy_dtype_name(dtype));
        return false;
    }
    float *values = calloc(out->count, sizeof *values);
    if (!values || sy_tensor_to_f32(lint->ctx, scale, values, out->count) != SY_OK) {
        free(values);
        sy_lint_fault(lint, node, "the scale '%s' cannot be read", scale->name);
        return false;
    }
    out->scale = values[0];
    for (size_t i = 0; i < out->count; i++)
        if (!(values[i] > 0) || !isfinite(values[i])) {
            sy_lint_fault(lint, node, "scale %zu is %g, it must be positive and finite", i,
                          (double)values[i]);
            break;
        }
    free(values);
    return true;
}

static bool read_zeros(sy_lint *lint, const sy_node *node, sy_lint_grid *out)
{
    out->zero = 0;
    out->zeros_equal = true;
    if (node->input_count < 3 || node->inputs[2] == SY_NONE)
        return true;
    const sy_tensor *zero = &lint->graph->tensors[node->inputs[2]];
    size_t count;
    if (!zero->data || zero->dtype != out->dtype || !sy_shape_count(&zero->shape, &count) ||
        count != out->count) {
        sy_lint_fault(lint, node, "the zero point '%s' must be a constant of %zu %s", zero->name, out->count,
                      sy_dtype_name(out->dtype));
        return false;
    }
    int64_t *values = calloc(count, sizeof *values);
    const bool readable = values && sy_tensor_to_i64(lint->ctx, zero, values, count) == SY_OK;
    for (size_t i = 0; readable && i < count; i++)
        out->zeros_equal = out->zeros_equal && values[i] == values[0];
    out->zero = readable ? values[0] : 0;
    free(values);
    return readable;
}

static void check_axis(sy_lint *lint, const sy_node *node, sy_lint_grid *grid)
{
    const sy_shape *shape = &lint->graph->tensors[node->inputs[0]].shape;
    grid->axis = SY_NONE;
    if (lint->graph->tensors[node->inputs[1]].shape.rank == 0)
        return;
    if (!sy_node_attr(node, "axis"))
        sy_lint_fault(lint, node, "it has a list of scales and no axis");
    grid->axis = (int)sy_node_int(node, "axis", 1);
    if (grid->axis < 0 || grid->axis >= shape->rank)
        sy_lint_fault(lint, node, "axis %d is none of its tensor", grid->axis);
    else if (shape->dims[grid->axis] != (int64_t)grid->count)
        sy_lint_fault(lint, node, "%zu scales along an axis of %lld", grid->count,
                      (long long)shape->dims[grid->axis]);
}

bool sy_lint_read_grid(sy_lint *lint, const sy_node *node, sy_lint_grid *out)
{
    *out = (sy_lint_grid){.axis = SY_NONE};
    if (node->input_count < 2 || node->inputs[1] == SY_NONE || node->output_count < 1) {
        sy_lint_fault(lint, node, "it has no scale");
        return false;
    }
    const int integers = sy_node_is(node, "QuantizeLinear") ? node->outputs[0] : node->inputs[0];
    out->dtype = lint->graph->tensors[integers].dtype;
    if (!read_scales(lint, node, out) || !read_zeros(lint, node, out))
        return false;
    check_axis(lint, node, out);
    return true;
}

bool sy_lint_same_grid(const sy_lint_grid *a, const sy_lint_grid *b)
{
    return a->dtype == b->dtype && a->axis == b->axis && a->count == b->count && a->scale == b->scale &&
           a->zero == b->zero;
}

bool sy_lint_is_blocked(const sy_node *node)
{
    return sy_node_is(node, "DequantizeLinear") && sy_node_int(node, "block_size", 0) != 0;
}

void sy_lint_pairs(sy_lint *lint)
{
    for (int n = 0; n < lint->graph->node_count; n++) {
        const sy_node *node = &lint->graph->nodes[n];
        const bool dequantizes = sy_node_is(node, "DequantizeLinear");
        sy_lint_grid own, other;
        if (lint->blocks && sy_lint_is_blocked(node))
            continue;
        if ((!dequantizes && !sy_node_is(node, "QuantizeLinear")) || !sy_lint_read_grid(lint, node, &own))
            continue;
        const sy_node *quantize = sy_lint_producer(lint->graph, node->inputs[0], "QuantizeLinear");
        if (dequantizes && quantize && sy_lint_read_grid(lint, quantize, &other) &&
            !sy_lint_same_grid(&own, &other))
            sy_lint_fault(lint, node, "its scale or zero point is not that of '%s'", quantize->name);
        if (dequantizes && !quantize && !lint->graph->tensors[node->inputs[0]].data)
            sy_lint_fault(lint, node, "it reads neither a constant nor QuantizeLinear");
    }
}
