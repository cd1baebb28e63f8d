#include <string.h>

#include "import/mindir/editor.h"

static const char cast_name[] = "Cast:steelyard", anti_quant_name[] = "AscendAntiQuant:steelyard",
                  add_name[] = "Add:steelyard", mul_name[] = "Mul:steelyard";

const char *sy_mind_node_output(sy_mind_editor *work, const sy_mind_edit *edit, const char *what)
{
    const char *parameter = work->model->parameters[edit->parameter].name;
    const char *name =
        sy_arena_printf(&work->arena, "%s-%s%s", parameter, what, strchr(parameter, ':') ? ":0" : "");
    work->out->failed |= !name;
    return name ? name : "";
}

const char *sy_mind_factor_name(sy_mind_editor *work, const sy_mind_edit *edit, const char *what)
{
    const char *name =
        sy_arena_printf(&work->arena, "%s-%s", work->model->parameters[edit->parameter].name, what);
    work->out->failed |= !name;
    return name ? name : "";
}

const char *sy_mind_source_name(const sy_mind_editor *work, const sy_mind_edit *edit)
{
    return edit->after == SY_NONE ? work->model->parameters[edit->parameter].name
                                  : work->model->nodes[edit->after].output;
}

void sy_mind_put_message(sy_text *out, uint32_t number, sy_text *text)
{
    if (text->failed)
        out->failed = true;
    else
        sy_wire_put_bytes(out, number, text->bytes ? text->bytes : "", text->size);
    sy_text_release(text);
}

void sy_mind_put_dims(sy_text *out, const sy_shape *shape)
{
    for (int i = 0; i < shape->rank; i++)
        sy_wire_put_varint(out, SY_TENSOR_DIMS, (uint64_t)shape->dims[i]);
}

int64_t sy_mind_float_type(const sy_mind_editor *work, const sy_mind_edit *edit)
{
    return work->model->parameters[edit->parameter].data_type;
}

bool sy_mind_is_shape(sy_span attribute)
{
    sy_bytes bytes = sy_wire_begin(attribute);
    sy_wire_field field;
    while (sy_wire_next(&bytes, &field))
        if (field.number == SY_ATTRIBUTE_NAME)
            return field.data.size == 5 && memcmp(field.data.at, "shape", 5) == 0;
    return false;
}

/* A float abstract for a node that stands in the place of `edit`'s source. */
static void put_float_shape(sy_mind_editor *work, sy_text *out, const sy_mind_edit *edit)
{
    if (edit->after != SY_NONE) {
        const sy_mind_node *after = &work->model->nodes[edit->after];
        sy_bytes bytes = sy_wire_begin(after->span);
        sy_wire_field field;
        while (sy_wire_next(&bytes, &field))
            if (field.number == SY_NODE_ATTRIBUTE && sy_mind_is_shape(field.data))
                sy_text_add(out, field.whole.at, field.whole.size);
        return;
    }
    sy_text tensor = {0}, attribute = {0};
    sy_mind_put_dims(&tensor, &work->model->parameters[edit->parameter].shape);
    sy_wire_put_varint(&tensor, SY_TENSOR_DATA_TYPE, (uint64_t)sy_mind_float_type(work, edit));
    sy_wire_put_string(&attribute, SY_ATTRIBUTE_NAME, "shape");
    sy_mind_put_message(&attribute, SY_ATTRIBUTE_TENSORS, &tensor);
    sy_wire_put_varint(&attribute, SY_ATTRIBUTE_TYPE, SY_MIND_TENSORS);
    sy_mind_put_message(out, SY_NODE_ATTRIBUTE, &attribute);
}

/* A new node: what it reads, its operator in the table, and what it makes, which is also its name. */
static const char *put_new_node(sy_mind_editor *work, sy_text *out, const sy_mind_edit *edit,
                                const char *what, const char *primitive, const char *a, const char *b)
{
    const char *name = sy_mind_node_output(work, edit, what);
    const char *type = sy_arena_printf(&work->arena, "REF::%s", primitive);
    const char *scope =
        sy_arena_printf(&work->arena, "Default/%s-%s",
                        sy_mind_local_name(work->model->parameters[edit->parameter].name), what);
    sy_text node = {0};
    sy_wire_put_string(&node, SY_NODE_INPUT, a);
    if (b)
        sy_wire_put_string(&node, SY_NODE_INPUT, b);
    sy_wire_put_string(&node, SY_NODE_OUTPUT, name);
    sy_wire_put_string(&node, SY_NODE_NAME, name);
    sy_wire_put_string(&node, SY_NODE_OP_TYPE, type ? type : "");
    put_float_shape(work, &node, edit);
    sy_wire_put_string(&node, SY_NODE_DOMAIN, scope ? scope : "");
    out->failed |= !type || !scope;
    sy_mind_put_message(out, SY_GRAPH_NODE, &node);
    return name;
}

static bool is_half(const sy_mind_editor *work, const sy_mind_edit *edit)
{
    return sy_mind_float_type(work, edit) == SY_DTYPE_FLOAT16;
}

/* The constant that names the type a Cast makes. */
static const char *type_constant(bool half)
{
    return half ? "steelyard-float16" : "steelyard-float32";
}

static const char *anti_quant_primitive(sy_mind_editor *work, bool half)
{
    const char *name = half ? sy_arena_printf(&work->arena, "%s-float16", anti_quant_name) : anti_quant_name;
    work->out->failed |= !name;
    return name ? name : "";
}

/* widen -> Add -> Mul. */
void sy_mind_put_chain(sy_mind_editor *work, sy_text *out, const sy_mind_edit *edit)
{
    const bool half = is_half(work, edit), cast = work->widen == SY_MIND_WIDEN_CAST;
    const char *wide = put_new_node(work, out, edit, cast ? "Cast" : "AntiQuant",
                                    cast ? cast_name : anti_quant_primitive(work, half),
                                    sy_mind_source_name(work, edit), cast ? type_constant(half) : NULL);
    const char *sum =
        put_new_node(work, out, edit, "Add", add_name, wide, sy_mind_factor_name(work, edit, "zps"));
    put_new_node(work, out, edit, "Mul", mul_name, sum, sy_mind_factor_name(work, edit, "scales"));
}

static void put_type_constant(sy_text *out, bool half)
{
    sy_text node = {0}, attribute = {0};
    sy_wire_put_string(&attribute, SY_ATTRIBUTE_NAME, "value");
    sy_wire_put_varint(&attribute, SY_ATTRIBUTE_I, half ? SY_MIND_ID_FLOAT16 : SY_MIND_ID_FLOAT32);
    sy_wire_put_varint(&attribute, SY_ATTRIBUTE_TYPE, SY_MIND_INT64);
    sy_wire_put_string(&node, SY_NODE_OUTPUT, type_constant(half));
    sy_wire_put_string(&node, SY_NODE_NAME, type_constant(half));
    sy_wire_put_string(&node, SY_NODE_OP_TYPE, "Constant");
    sy_mind_put_message(&node, SY_NODE_ATTRIBUTE, &attribute);
    sy_mind_put_message(out, SY_GRAPH_NODE, &node);
}

void sy_mind_put_first_nodes(sy_mind_editor *work, sy_text *out)
{
    for (int half = 0; half < 2; half++)
        for (int e = 0; e < work->count; e++)
            if (is_half(work, &work->edits[e]) == (half == 1) && work->widen == SY_MIND_WIDEN_CAST) {
                put_type_constant(out, half == 1);
                break;
            }
    for (int e = 0; e < work->count; e++)
        if (work->edits[e].after == SY_NONE)
            sy_mind_put_chain(work, out, &work->edits[e]);
}

static void put_attribute(sy_text *out, const char *name, uint32_t member, uint64_t value, uint64_t type)
{
    sy_text attribute = {0};
    sy_wire_put_string(&attribute, SY_ATTRIBUTE_NAME, name);
    if (member == SY_ATTRIBUTE_F)
        sy_wire_put_fixed32(&attribute, member, (uint32_t)value);
    else
        sy_wire_put_varint(&attribute, member, value);
    sy_wire_put_varint(&attribute, SY_ATTRIBUTE_TYPE, type);
    sy_mind_put_message(out, SY_PRIMITIVE_ATTRIBUTE, &attribute);
}

static void begin_primitive(sy_text *out, const char *name, const char *type)
{
    sy_wire_put_string(out, SY_PRIMITIVE_NAME, name);
    sy_wire_put_string(out, SY_PRIMITIVE_OP_TYPE, type);
    put_attribute(out, "no_need_constant_folding", SY_ATTRIBUTE_I, 1, SY_MIND_BOOL);
}

/* Constant folding would give the floats back their place in memory. */
static void put_function(sy_text *out, const char *name, const char *type)
{
    sy_text primitive = {0};
    begin_primitive(&primitive, name, type);
    sy_wire_put_varint(&primitive, SY_PRIMITIVE_PRIM_TYPE, SY_MIND_PRIM_FUNCTION);
    sy_mind_put_message(out, SY_MODEL_PRIMITIVES, &primitive);
}

static void put_anti_quant(sy_mind_editor *work, sy_text *out, bool half)
{
    const uint32_t one = 0x3f800000;
    sy_text primitive = {0};
    begin_primitive(&primitive, anti_quant_primitive(work, half), "AscendAntiQuant");
    put_attribute(&primitive, "scale", SY_ATTRIBUTE_F, one, SY_MIND_FLOAT);
    put_attribute(&primitive, "offset", SY_ATTRIBUTE_F, 0, SY_MIND_FLOAT);
    put_attribute(&primitive, "sqrt_mode", SY_ATTRIBUTE_I, 0, SY_MIND_BOOL);
    put_attribute(&primitive, "dtype", SY_ATTRIBUTE_I, half ? SY_MIND_ID_FLOAT16 : SY_MIND_ID_FLOAT32,
                  SY_MIND_INT64);
    sy_wire_put_varint(&primitive, SY_PRIMITIVE_PRIM_TYPE, SY_MIND_PRIM_CLASS);
    sy_mind_put_message(out, SY_MODEL_PRIMITIVES, &primitive);
}

void sy_mind_put_primitives(sy_mind_editor *work, sy_text *out)
{
    bool used[2] = {false, false};
    for (int e = 0; e < work->count; e++)
        used[is_half(work, &work->edits[e])] = true;
    if (work->widen == SY_MIND_WIDEN_CAST)
        put_function(out, cast_name, "Cast");
    for (int half = 0; half < 2 && work->widen == SY_MIND_WIDEN_ANTI_QUANT; half++)
        if (used[half])
            put_anti_quant(work, out, half == 1);
    put_function(out, add_name, "Add");
    put_function(out, mul_name, "Mul");
}
