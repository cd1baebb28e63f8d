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

static sy_status find_type(sy_ctx *ctx, const sy_mind_model *model, const char *op_type, sy_mind_node *out)
{
    static const char reference[] = "REF::";
    out->type = op_type;
    if (strncmp(op_type, reference, sizeof reference - 1) != 0)
        return SY_OK;
    const sy_mind_primitive key = {.name = op_type + sizeof reference - 1};
    out->primitive = model->primitive_count ? bsearch(&key, model->primitives, (size_t)model->primitive_count,
                                                      sizeof *model->primitives, by_name)
                                            : NULL;
    if (!out->primitive)
        return sy_fail(ctx, SY_E_MODEL, "node '%s' refers to primitive '%s', which the file does not have",
                       out->output, key.name);
    out->type = out->primitive->op_type;
    return SY_OK;
}

static sy_status read_node(sy_ctx *ctx, sy_mind_model *model, sy_span span, int index, sy_mind_node *out)
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
    SY_TRY(find_type(ctx, model, op_type, out));
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
        SY_TRY(read_node(ctx, model, field->data, model->node_count, &model->nodes[model->node_count]));
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

/* A name that a node is to be found by, or a node. */
typedef struct entry {
    const char *output;
    int node;
} entry;

static int by_entry(const void *a, const void *b)
{
    const int order = strcmp(((const entry *)a)->output, ((const entry *)b)->output);
    return order ? order : ((const entry *)a)->node - ((const entry *)b)->node;
}

/* Sorts the nodes by what they make, which must be different names. */
static sy_status index_nodes(sy_ctx *ctx, sy_mind_model *model)
{
    entry *entries;
    SY_MIND_TAKE(ctx, model, entries, model->node_count);
    SY_MIND_TAKE(ctx, model, model->by_output, model->node_count);
    for (int n = 0; n < model->node_count; n++)
        entries[n] = (entry){model->nodes[n].output, n};
    if (model->node_count)
        qsort(entries, (size_t)model->node_count, sizeof *entries, by_entry);
    for (int n = 0; n < model->node_count; n++) {
        if (n && strcmp(entries[n].output, entries[n - 1].output) == 0)
            return sy_fail(ctx, SY_E_MODEL, "nodes %d and %d both make '%s'", entries[n - 1].node,
                           entries[n].node, entries[n].output);
        model->by_output[n] = entries[n].node;
    }
    return SY_OK;
}

static sy_status read_graph(sy_ctx *ctx, sy_mind_model *model)
{
    sy_bytes bytes = sy_wire_begin(model->graph);
    sy_wire_field field;
    SY_TRY(sy_mind_check(ctx, model->graph, "the graph"));
    SY_MIND_TAKE(ctx, model, model->nodes, sy_wire_count(model->graph, SY_GRAPH_NODE));
    SY_MIND_TAKE(ctx, model, model->parameters, sy_wire_count(model->graph, SY_GRAPH_PARAMETER));
    SY_MIND_TAKE(ctx, model, model->inputs, sy_wire_count(model->graph, SY_GRAPH_INPUT));
    SY_MIND_TAKE(ctx, model, model->outputs, sy_wire_count(model->graph, SY_GRAPH_OUTPUT));
    while (sy_wire_next(&bytes, &field))
        if (field.type == SY_WIRE_BYTES)
            SY_TRY(read_graph_field(ctx, model, &field));
    return index_nodes(ctx, model);
}

/* Names that the nodes of one function read. */
static sy_status read_function(sy_ctx *ctx, sy_mind_model *model, sy_span function)
{
    sy_bytes nodes = sy_wire_begin(function);
    sy_wire_field node, field;
    while (sy_wire_next(&nodes, &node)) {
        sy_bytes fields = sy_wire_begin(node.data);
        if (node.number != SY_GRAPH_NODE || node.type != SY_WIRE_BYTES)
            continue;
        SY_TRY(sy_mind_check(ctx, node.data, "a node of a sub graph"));
        while (sy_wire_next(&fields, &field))
            if (field.number == SY_NODE_INPUT)
                SY_TRY(sy_mind_read_text(ctx, model, &field, "a node of a sub graph",
                                         &model->function_names[model->function_name_count++]));
    }
    return SY_OK;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static size_t count_names(sy_span function)
{
    sy_bytes nodes = sy_wire_begin(function);
    sy_wire_field node;
    size_t count = 0;
    while (sy_wire_next(&nodes, &node))
        if (node.number == SY_GRAPH_NODE && node.type == SY_WIRE_BYTES)
            count += sy_wire_count(node.data, SY_NODE_INPUT);
    return count;
}

static sy_status read_functions(sy_ctx *ctx, sy_mind_model *model)
{
    sy_bytes bytes = sy_wire_begin(model->file);
    sy_wire_field field;
    size_t count = 0;
    while (sy_wire_next(&bytes, &field))
        if (field.number == SY_MODEL_FUNCTIONS && field.type == SY_WIRE_BYTES)
            count += count_names(field.data);
    SY_MIND_TAKE(ctx, model, model->function_names, count);
    bytes = sy_wire_begin(model->file);
    while (sy_wire_next(&bytes, &field))
        if (field.number == SY_MODEL_FUNCTIONS && field.type == SY_WIRE_BYTES) {
            SY_TRY(sy_mind_check(ctx, field.data, "a sub graph"));
            SY_TRY(read_function(ctx, model, field.data));
        }
    if (count)
        qsort(model->function_names, (size_t)model->function_name_count, sizeof *model->function_names,
              by_text);
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
    SY_TRY(read_functions(ctx, out));
    return read_graph(ctx, out);
}

void sy_mind_release(sy_mind_model *model)
{
    sy_arena_release(&model->arena);
}

bool sy_mind_read_by_function(const sy_mind_model *model, const char *name)
{
    return model->function_name_count &&
           bsearch(&name, model->function_names, (size_t)model->function_name_count,
                   sizeof *model->function_names, by_text);
}
