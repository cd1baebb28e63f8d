#include "import/onnx/pack.h"

#include <string.h>

#include "import/onnx/onnx.h"
#include "import/onnx/versions.h"

static const char producer_key[] = "original_producer";

/* Messages are made of pointers that are not const, though packing only reads. */
static char *borrow(const char *text)
{
    return (char *)text;
}

/* NULL, which means absent, for an empty text. */
static char *borrow_optional(const char *text)
{
    return text && *text ? borrow(text) : NULL;
}

/* Zeroed memory for `count` pointers to messages, and a message on each. */
#define MESSAGES(packer, count, type, init, out)                                       \
    do {                                                                               \
        type *storage_ = sy_arena_alloc(&(packer)->arena, count, sizeof *storage_);    \
        type **messages_ = sy_arena_alloc(&(packer)->arena, count, sizeof *messages_); \
        SY_TRY(sy_check_alloc((packer)->ctx, storage_ &&messages_ ? storage_ : NULL)); \
        for (size_t i_ = 0; i_ < (size_t)(count); i_++) {                              \
            init(&storage_[i_]);                                                       \
            messages_[i_] = &storage_[i_];                                             \
        }                                                                              \
        *(out) = messages_;                                                            \
    } while (0)

static sy_status pack_pairs(sy_onnx_packer *packer, const char *const *texts, size_t count,
                            SyOnnx__Pair ***out)
{
    MESSAGES(packer, count, SyOnnx__Pair, sy_onnx__pair__init, out);
    for (size_t i = 0; i < count; i++) {
        (*out)[i]->key = borrow(texts[2 * i]);
        (*out)[i]->value = borrow(texts[2 * i + 1]);
    }
    return SY_OK;
}

/* Notes that the tensor's elements go into the other file, and says so in its message. */
static sy_status place_externally(sy_onnx_packer *packer, const sy_tensor *tensor, SyOnnx__Tensor *out)
{
    const char *offset = sy_arena_printf(&packer->arena, "%zu", packer->external_bytes);
    const char *length = sy_arena_printf(&packer->arena, "%zu", tensor->bytes);
    SY_TRY(sy_check_alloc(packer->ctx, offset && length ? offset : NULL));
    const char *texts[] = {"location", packer->external_name, "offset", offset, "length", length};
    out->n_external_data = 3;
    SY_TRY(pack_pairs(packer, texts, out->n_external_data, &out->external_data));
    out->has_data_location = 1;
    out->data_location = SY_ONNX_DATA_EXTERNAL;

    const size_t alignment = SY_ONNX_EXTERNAL_ALIGNMENT;
    packer->external[packer->external_count++] = tensor;
    packer->external_bytes += (tensor->bytes + alignment - 1) / alignment * alignment;
    return SY_OK;
}

static sy_status pack_tensor(sy_onnx_packer *packer, const sy_tensor *tensor, bool may_be_external,
                             SyOnnx__Tensor *out)
{
    int64_t *dims =
        sy_arena_copy(&packer->arena, tensor->shape.dims, (size_t)tensor->shape.rank * sizeof *dims);
    SY_TRY(sy_check_alloc(packer->ctx, dims));
    out->name = borrow_optional(tensor->name);
    out->dims = dims;
    out->n_dims = (size_t)tensor->shape.rank;
    out->has_data_type = 1;
    out->data_type = (int32_t)tensor->dtype;
    if (may_be_external && packer->external_name && tensor->bytes >= packer->external_from)
        return place_externally(packer, tensor, out);
    out->has_raw_data = 1;
    out->raw_data.len = tensor->bytes;
    out->raw_data.data = (uint8_t *)borrow(tensor->data);
    return SY_OK;
}

static sy_status fill_attribute(sy_onnx_packer *packer, const sy_attr *attr, SyOnnx__Attribute *out)
{
    out->name = borrow(attr->name);
    out->has_type = 1;
    switch (attr->kind) {
    case SY_ATTR_FLOAT:
        out->type = SY_ONNX_ATTR_FLOAT;
        out->has_f = 1;
        out->f = attr->f;
        return SY_OK;
    case SY_ATTR_INT:
        out->type = SY_ONNX_ATTR_INT;
        out->has_i = 1;
        out->i = attr->i;
        return SY_OK;
    case SY_ATTR_STRING:
        out->type = SY_ONNX_ATTR_STRING;
        out->has_s = 1;
        out->s = (ProtobufCBinaryData){attr->count, (uint8_t *)borrow(attr->s)};
        return SY_OK;
    case SY_ATTR_FLOATS:
        out->type = SY_ONNX_ATTR_FLOATS;
        out->n_floats = attr->count;
        out->floats = (float *)attr->floats;
        return SY_OK;
    case SY_ATTR_INTS:
        out->type = SY_ONNX_ATTR_INTS;
        out->n_ints = attr->count;
        out->ints = (int64_t *)attr->ints;
        return SY_OK;
    case SY_ATTR_TENSOR:
        out->type = SY_ONNX_ATTR_TENSOR;
        out->t = sy_arena_alloc(&packer->arena, 1, sizeof *out->t);
        SY_TRY(sy_check_alloc(packer->ctx, out->t));
        sy_onnx__tensor__init(out->t);
        return pack_tensor(packer, attr->tensor, false, out->t);
    case SY_ATTR_OPAQUE: break;
    }
    return sy_fail(packer->ctx, SY_E_INTERNAL, "attribute '%s' is of no kind that can be written",
                   attr->name);
}

static sy_status pack_attribute(sy_onnx_packer *packer, const sy_attr *attr, ProtobufCBinaryData *out)
{
    if (attr->kind == SY_ATTR_OPAQUE) {
        *out = (ProtobufCBinaryData){attr->raw_bytes, (uint8_t *)borrow(attr->raw)};
        return SY_OK;
    }
    SyOnnx__Attribute message;
    sy_onnx__attribute__init(&message);
    SY_TRY(fill_attribute(packer, attr, &message));
    out->data = sy_arena_alloc(&packer->arena, sy_onnx__attribute__get_packed_size(&message), 1);
    SY_TRY(sy_check_alloc(packer->ctx, out->data));
    out->len = sy_onnx__attribute__pack(&message, out->data);
    return SY_OK;
}

static sy_status pack_names(sy_onnx_packer *packer, const int *tensors, int count, char ***out)
{
    char **names = sy_arena_alloc(&packer->arena, (size_t)count, sizeof *names);
    SY_TRY(sy_check_alloc(packer->ctx, names));
    for (int i = 0; i < count; i++)
        names[i] = borrow(tensors[i] == SY_NONE ? "" : packer->graph->tensors[tensors[i]].name);
    *out = names;
    return SY_OK;
}

static sy_status pack_node(sy_onnx_packer *packer, const sy_node *node, SyOnnx__Node *out)
{
    SY_TRY(pack_names(packer, node->inputs, node->input_count, &out->input));
    SY_TRY(pack_names(packer, node->outputs, node->output_count, &out->output));
    out->n_input = (size_t)node->input_count;
    out->n_output = (size_t)node->output_count;
    out->name = borrow_optional(node->name);
    out->op_type = borrow(node->type);
    out->domain = borrow_optional(node->domain);
    out->attribute = sy_arena_alloc(&packer->arena, (size_t)node->attr_count, sizeof *out->attribute);
    SY_TRY(sy_check_alloc(packer->ctx, out->attribute));
    out->n_attribute = (size_t)node->attr_count;
    for (int i = 0; i < node->attr_count; i++)
        SY_TRY(pack_attribute(packer, &node->attrs[i], &out->attribute[i]));
    return SY_OK;
}

static sy_status pack_shape(sy_onnx_packer *packer, const sy_tensor *tensor, SyOnnx__Shape **out)
{
    const int rank = tensor->shape.rank;
    SyOnnx__Shape *shape = sy_arena_alloc(&packer->arena, 1, sizeof *shape);
    SY_TRY(sy_check_alloc(packer->ctx, shape));
    sy_onnx__shape__init(shape);
    MESSAGES(packer, (size_t)rank, SyOnnx__Dimension, sy_onnx__dimension__init, &shape->dim);
    shape->n_dim = (size_t)rank;
    for (int i = 0; i < rank; i++) {
        shape->dim[i]->has_dim_value = tensor->shape.dims[i] >= 0;
        shape->dim[i]->dim_value = tensor->shape.dims[i];
        if (tensor->shape.dims[i] < 0)
            shape->dim[i]->dim_param = borrow_optional(tensor->dim_names[i]);
    }
    *out = shape;
    return SY_OK;
}

static sy_status pack_value(sy_onnx_packer *packer, const sy_tensor *tensor, SyOnnx__ValueInfo *out)
{
    out->name = borrow(tensor->name);
    if (tensor->dtype == SY_DTYPE_UNDEFINED)
        return SY_OK;
    out->type = sy_arena_alloc(&packer->arena, 1, sizeof *out->type);
    SyOnnx__TensorType *type = sy_arena_alloc(&packer->arena, 1, sizeof *type);
    SY_TRY(sy_check_alloc(packer->ctx, out->type && type ? type : NULL));
    sy_onnx__type__init(out->type);
    sy_onnx__tensor_type__init(type);
    out->type->tensor_type = type;
    type->has_elem_type = 1;
    type->elem_type = (int32_t)tensor->dtype;
    return tensor->shape.rank == SY_NONE ? SY_OK : pack_shape(packer, tensor, &type->shape);
}

static sy_status pack_values(sy_onnx_packer *packer, const int *tensors, int count, SyOnnx__ValueInfo ***out)
{
    MESSAGES(packer, (size_t)count, SyOnnx__ValueInfo, sy_onnx__value_info__init, out);
    for (int i = 0; i < count; i++)
        SY_TRY(pack_value(packer, &packer->graph->tensors[tensors[i]], (*out)[i]));
    return SY_OK;
}

/* The shapes of inner values, where they are known: viewers and shape checks like them. */
static sy_status pack_inner_values(sy_onnx_packer *packer, const bool *used, SyOnnx__Graph *out)
{
    const sy_graph *graph = packer->graph;
    int *inner = sy_arena_alloc(&packer->arena, (size_t)graph->tensor_count, sizeof *inner);
    SY_TRY(sy_check_alloc(packer->ctx, inner));
    int count = 0;
    for (int t = 0; t < graph->tensor_count; t++) {
        const sy_tensor *tensor = &graph->tensors[t];
        if (used[t] && tensor->producer != SY_NONE && tensor->dtype != SY_DTYPE_UNDEFINED &&
            sy_shape_known(&tensor->shape) && !sy_graph_is_output(graph, t))
            inner[count++] = t;
    }
    out->n_value_info = (size_t)count;
    return pack_values(packer, inner, count, &out->value_info);
}

static sy_status pack_initializers(sy_onnx_packer *packer, const bool *used, SyOnnx__Graph *out)
{
    const sy_graph *graph = packer->graph;
    size_t count = 0;
    for (int t = 0; t < graph->tensor_count; t++)
        count += used[t] && graph->tensors[t].data;
    packer->external = sy_arena_alloc(&packer->arena, count, sizeof(const sy_tensor *));
    SY_TRY(sy_check_alloc(packer->ctx, packer->external));
    MESSAGES(packer, count, SyOnnx__Tensor, sy_onnx__tensor__init, &out->initializer);
    for (int t = 0; t < graph->tensor_count; t++)
        if (used[t] && graph->tensors[t].data)
            SY_TRY(pack_tensor(packer, &graph->tensors[t], true, out->initializer[out->n_initializer++]));
    return SY_OK;
}

static sy_status pack_nodes(sy_onnx_packer *packer, SyOnnx__Graph *out)
{
    const sy_graph *graph = packer->graph;
    MESSAGES(packer, (size_t)graph->node_count, SyOnnx__Node, sy_onnx__node__init, &out->node);
    for (int n = 0; n < graph->node_count; n++)
        if (!graph->nodes[n].removed)
            SY_TRY(pack_node(packer, &graph->nodes[n], out->node[out->n_node++]));
    return SY_OK;
}

static sy_status pack_graph(sy_onnx_packer *packer, SyOnnx__Graph *out)
{
    const sy_graph *graph = packer->graph;
    bool *used = sy_arena_alloc(&packer->arena, (size_t)graph->tensor_count, sizeof *used);
    SY_TRY(sy_check_alloc(packer->ctx, used));
    sy_onnx_mark_used(graph, used);
    out->name = borrow(*graph->name ? graph->name : "graph"); /* ONNX requires one */
    out->n_input = (size_t)graph->input_count;
    out->n_output = (size_t)graph->output_count;
    SY_TRY(pack_values(packer, graph->inputs, graph->input_count, &out->input));
    SY_TRY(pack_values(packer, graph->outputs, graph->output_count, &out->output));
    SY_TRY(pack_nodes(packer, out));
    SY_TRY(pack_initializers(packer, used, out));
    return pack_inner_values(packer, used, out);
}

/* The program that made the model before us stays on record. */
static sy_status pack_metadata(sy_onnx_packer *packer, SyOnnx__Model *out)
{
    const sy_graph *graph = packer->graph;
    const size_t count = (size_t)graph->metadata_count;
    const char **texts = sy_arena_alloc(&packer->arena, 2 * (count + 1), sizeof *texts);
    SY_TRY(sy_check_alloc(packer->ctx, texts));
    bool recorded = !*graph->producer || strncmp(graph->producer, "steelyard", strlen("steelyard")) == 0;
    for (size_t i = 0; i < 2 * count; i++) {
        texts[i] = graph->metadata[i];
        recorded |= i % 2 == 0 && strcmp(texts[i], producer_key) == 0;
    }
    texts[2 * count] = producer_key;
    texts[2 * count + 1] = graph->producer;
    out->n_metadata_props = recorded ? count : count + 1;
    return pack_pairs(packer, texts, out->n_metadata_props, &out->metadata_props);
}

static int64_t ir_version(const sy_graph *graph)
{
    const int64_t least = sy_onnx_ir_version(sy_graph_opset(graph));
    return graph->ir_version > least ? graph->ir_version : least;
}

sy_status sy_onnx_pack_model(sy_onnx_packer *packer, SyOnnx__Model *out)
{
    const sy_graph *graph = packer->graph;
    out->has_ir_version = 1;
    out->ir_version = ir_version(graph);
    out->producer_name = borrow("steelyard");
    out->producer_version = borrow(SY_VERSION);
    SY_TRY(pack_metadata(packer, out));

    out->n_opset_import = (size_t)graph->opset_count;
    MESSAGES(packer, out->n_opset_import, SyOnnx__OpsetId, sy_onnx__opset_id__init, &out->opset_import);
    for (int i = 0; i < graph->opset_count; i++) {
        out->opset_import[i]->domain = borrow(graph->opsets[i].domain);
        out->opset_import[i]->has_version = 1;
        out->opset_import[i]->version = graph->opsets[i].version;
    }
    out->graph = sy_arena_alloc(&packer->arena, 1, sizeof *out->graph);
    SY_TRY(sy_check_alloc(packer->ctx, out->graph));
    sy_onnx__graph__init(out->graph);
    return pack_graph(packer, out->graph);
}

void sy_onnx_mark_used(const sy_graph *graph, bool *out)
{
    memset(out, 0, (size_t)graph->tensor_count * sizeof *out);
    for (int o = 0; o < graph->output_count; o++)
        out[graph->outputs[o]] = true;
    for (int n = 0; n < graph->node_count; n++) {
        const sy_node *node = &graph->nodes[n];
        for (int i = 0; !node->removed && i < node->input_count; i++)
            if (node->inputs[i] != SY_NONE)
                out[node->inputs[i]] = true;
        for (int o = 0; !node->removed && o < node->output_count; o++)
            if (node->outputs[o] != SY_NONE)
                out[node->outputs[o]] = true;
    }
}
