#include "import/mindir/model.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "import/mindir/parts.h"

static sy_status read_primitive(sy_ctx *ctx, sy_mind_model *model, sy_span span, sy_mind_primitive *out)
{
    sy_bytes bytes = sy_wire_begin(span);
    sy_wire_field field;
    char what[SY_MIND_WHAT];
    SY_TRY(sy_mind_check(ctx, span, "a primitive"));
    *out = (sy_mind_primitive){.name = "", .op_type = ""};
    while (sy_wire_next(&bytes, &field)) {
        if (field.number == SY_PRIMITIVE_NAME)
            SY_TRY(sy_mind_read_text(ctx, model, &field, "a primitive", &out->name));
        else if (field.number == SY_PRIMITIVE_OP_TYPE)
            SY_TRY(sy_mind_read_text(ctx, model, &field, "a primitive", &out->op_type));
    }
    snprintf(what, sizeof what, "primitive '%s'", out->name);
    return sy_mind_read_attrs(ctx, model, span, SY_PRIMITIVE_ATTRIBUTE, what, &out->attrs, &out->attr_count);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const sy_mind_primitive *)a)->name, ((const sy_mind_primitive *)b)->name);
}

static sy_status read_primitives(sy_ctx *ctx, sy_mind_model *model)
{
    sy_bytes bytes = sy_wire_begin(model->file);
    sy_wire_field field;
    SY_MIND_TAKE(ctx, model, model->primitives, sy_wire_count(model->file, SY_MODEL_PRIMITIVES));
    while (sy_wire_next(&bytes, &field))
        if (field.number == SY_MODEL_PRIMITIVES && field.type == SY_WIRE_BYTES)
            SY_TRY(read_primitive(ctx, model, field.data, &model->primitives[model->primitive_count++]));
    qsort(model->primitives, (size_t)model->primitive_count, sizeof *model->primitives, by_name);
    return SY_OK;
}

/* A reference is to a primitive, or else a call: of what is known when the whole file is. */
static void find_type(const sy_mind_model *model, const char *op_type, sy_mind_node *out)
{
    static const char reference[] = "REF::";
    out->type = op_type;
    if (strncmp(op_type, reference, sizeof reference - 1) != 0)
        return;
    const sy_mind_primitive key = {.name = op_type + sizeof reference - 1};
    out->primitive = model->primitive_count ? bsearch(&key, model->primitives, (size_t)model->primitive_count,
                                                      sizeof *model->primitives, by_name)
                                            : NULL;
    out->callee = out->primitive ? NULL : key.name;
    out->type = out->primitive ? out->primitive->op_type : "call";
}

sy_status sy_mind_read_node(sy_ctx *ctx, sy_mind_model *model, sy_span span, int index, sy_mind_node *out)
{
    sy_bytes bytes = sy_wire_begin(span);
    sy_wire_field field;
    char what[SY_MIND_WHAT];
    const char **inputs, *op_type = "", *name = "";
    snprintf(what, sizeof what, "node %d", index);
    SY_TRY(sy_mind_check(ctx, span, what));
    *out = (sy_mind_node){.output = "", .scope = "", .span = span};
    SY_MIND_TAKE(ctx, model, inputs, sy_wire_count(span, SY_NODE_INPUT));
    while (sy_wire_next(&bytes, &field))
        switch (field.number) {
        case SY_NODE_INPUT:
            SY_TRY(sy_mind_read_text(ctx, model, &field, what, &inputs[out->input_count]));
            out->input_count++;
            break;
        case SY_NODE_OUTPUT:
            if (!*out->output)
                SY_TRY(sy_mind_read_text(ctx, model, &field, what, &out->output));
            break;
        case SY_NODE_NAME: SY_TRY(sy_mind_read_text(ctx, model, &field, what, &name)); break;
        case SY_NODE_OP_TYPE: SY_TRY(sy_mind_read_text(ctx, model, &field, what, &op_type)); break;
        case SY_NODE_DOMAIN: SY_TRY(sy_mind_read_text(ctx, model, &field, what, &out->scope)); break;
        default: break;
        }
    out->inputs = inputs;
    if (!*out->output)
        out->output = name;
    snprintf(what, sizeof what, "node '%s'", out->output);
    find_type(model, op_type, out);
    return sy_mind_read_attrs(ctx, model, span, SY_NODE_ATTRIBUTE, what, &out->attrs, &out->attr_count);
}

static sy_status read_value(sy_ctx *ctx, sy_mind_model *model, sy_span span, const char *what,
                            sy_mind_value *out)
{
    sy_bytes bytes = sy_wire_begin(span);
    sy_wire_field field;
    bool typed = false;
    SY_TRY(sy_mind_check(ctx, span, what));
    *out = (sy_mind_value){.name = "", .type = {.name = "", .shape = {.rank = SY_NONE}}};
    while (sy_wire_next(&bytes, &field))
        if (field.number == SY_VALUE_NAME) {
            SY_TRY(sy_mind_read_text(ctx, model, &field, what, &out->name));
        } else if (field.number == SY_VALUE_TENSOR && !typed) {
            SY_TRY(sy_mind_read_tensor(ctx, model, field.data, what, &out->type));
            typed = true;
        }
    return SY_OK;
}

static sy_status read_graph_field(sy_ctx *ctx, sy_mind_model *model, const sy_wire_field *field)
{
    char what[SY_MIND_WHAT];
    switch (field->number) {
    case SY_GRAPH_NAME: return sy_mind_read_text(ctx, model, field, "the graph", &model->graph_name);
    case SY_GRAPH_NODE:
        SY_TRY(
            sy_mind_read_node(ctx, model, field->data, model->node_count, &model->nodes[model->node_count]));
        model->node_count++;
        return SY_OK;
    case SY_GRAPH_PARAMETER:
        snprintf(what, sizeof what, "parameter %d", model->parameter_count);
        return sy_mind_read_tensor(ctx, model, field->data, what,
                                   &model->parameters[model->parameter_count++]);
    case SY_GRAPH_INPUT:
        return read_value(ctx, model, field->data, "an input", &model->inputs[model->input_count++]);
    case SY_GRAPH_OUTPUT:
        return read_value(ctx, model, field->data, "an output", &model->outputs[model->output_count++]);
    default: return SY_OK;
    }
}

static sy_status read_graph(sy_ctx *ctx, sy_mind_model *model)
{
    sy_bytes bytes = sy_wire_begin(model->graph);
    sy_wire_field field;
    SY_TRY(sy_mind_check(ctx, model->graph, "the graph"));
    SY_MIND_TAKE(ctx, model, model->nodes,
                 sy_wire_count(model->graph, SY_GRAPH_NODE) + sy_mind_count_inner_nodes(model));
    SY_MIND_TAKE(ctx, model, model->parameters, sy_wire_count(model->graph, SY_GRAPH_PARAMETER));
    SY_MIND_TAKE(ctx, model, model->inputs, sy_wire_count(model->graph, SY_GRAPH_INPUT));
    SY_MIND_TAKE(ctx, model, model->outputs, sy_wire_count(model->graph, SY_GRAPH_OUTPUT));
    while (sy_wire_next(&bytes, &field))
        if (field.type == SY_WIRE_BYTES)
            SY_TRY(read_graph_field(ctx, model, &field));
    model->all_count = model->node_count;
    return SY_OK;
}

static sy_status read_header(sy_ctx *ctx, sy_mind_model *model)
{
    sy_bytes bytes = sy_wire_begin(model->file);
    sy_wire_field field;
    bool little = true;
    while (sy_wire_next(&bytes, &field))
        switch (field.number) {
        case SY_MODEL_PRODUCER:
            SY_TRY(sy_mind_read_text(ctx, model, &field, "the model", &model->producer));
            break;
        case SY_MODEL_VERSION:
            SY_TRY(sy_mind_read_text(ctx, model, &field, "the model", &model->version));
            break;
        case SY_MODEL_LITTLE_ENDIAN: little = field.value != 0; break;
        case SY_MODEL_MIND_IR_VERSION: model->mind_ir_version = (int64_t)field.value; break;
        case SY_MODEL_GRAPH:
            if (model->graph.at)
                return sy_fail(ctx, SY_E_MODEL, "it holds two graphs");
            model->graph = field.data;
            break;
        default: break;
        }
    if (!model->graph.at)
        return sy_fail(ctx, SY_E_MODEL, "this is no MindIR model: it holds no graph");
    if (!little)
        return sy_fail(ctx, SY_E_UNSUPPORTED, "it was written on a big-endian machine: export it on another");
    return SY_OK;
}

bool sy_mind_recognise(const void *bytes, size_t size)
{
    /* Field 1 is a version in text, "1.1"; ONNX has a number there. */
    const unsigned char *at = bytes;
    return size > 6 && at[0] == 0x0a && at[1] > 0 && at[1] < 16 && at[2] >= '0' && at[2] <= '9';
}

sy_status sy_mind_read(sy_ctx *ctx, const void *bytes, size_t size, sy_mind_model *out)
{
    static const size_t always = (size_t)64 << 20, per_byte = 64;
    static const size_t largest = (size_t)1 << 31;
    *out = (sy_mind_model){.producer = "", .version = "", .graph_name = "", .file = {bytes, size}};
    if (size >= largest)
        return sy_fail(ctx, SY_E_MODEL, "%zu bytes; a protobuf file ends at 2 GiB", size);
    out->memory_left = always + per_byte * size;
    SY_TRY(sy_mind_check(ctx, out->file, "the file (is it a MindIR model?)"));
    SY_TRY(read_header(ctx, out));
    SY_TRY(read_primitives(ctx, out));
    SY_TRY(read_graph(ctx, out));
    SY_TRY(sy_mind_read_functions(ctx, out));
    return sy_mind_index_nodes(ctx, out);
}

void sy_mind_release(sy_mind_model *model)
{
    sy_arena_release(&model->arena);
}
