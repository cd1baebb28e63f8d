#include "import/mindir/edit.h"

#include <stdlib.h>
#include <string.h>

#include "import/location.h"
#include "import/mindir/weights.h"

static const char cast_name[] = "Cast:steelyard", anti_quant_name[] = "AscendAntiQuant:steelyard",
                  add_name[] = "Add:steelyard", mul_name[] = "Mul:steelyard";

/* A tensor that is read under another name from now on. */
typedef struct renaming {
    const char *from, *to;
    int edit;
} renaming;

typedef struct editor {
    sy_ctx *ctx;
    const sy_mind_model *model;
    const sy_mind_edit *edits;
    int count;
    sy_mind_widen widen;
    renaming *renamings; /* [count], sorted by `from` */
    int *of_parameter;   /* per parameter: its edit, or SY_NONE */
    bool *sinks;         /* per node: only keeps side effects in order; it goes on reading what it read */
    sy_text *out;
    sy_arena arena;
} editor;

/* What stands behind the name of the graph: "first.weight" of "net:first.weight". */
static const char *local_name(const char *name)
{
    const char *colon = strchr(name, ':');
    return colon ? colon + 1 : name;
}

/* "net:first.weight-Cast:0": the loader takes off what stands before the first colon and behind the last. */
static const char *node_name(editor *work, const sy_mind_edit *edit, const char *what)
{
    const char *parameter = work->model->parameters[edit->parameter].name;
    const char *name =
        sy_arena_printf(&work->arena, "%s-%s%s", parameter, what, strchr(parameter, ':') ? ":0" : "");
    work->out->failed |= !name;
    return name ? name : "";
}

static const char *parameter_name(editor *work, const sy_mind_edit *edit, const char *what)
{
    const char *name =
        sy_arena_printf(&work->arena, "%s-%s", work->model->parameters[edit->parameter].name, what);
    work->out->failed |= !name;
    return name ? name : "";
}

static const char *source_name(const editor *work, const sy_mind_edit *edit)
{
    return edit->after == SY_NONE ? work->model->parameters[edit->parameter].name
                                  : work->model->nodes[edit->after].output;
}

/* Writes a message field: `text` is emptied. */
static void put_message(sy_text *out, uint32_t number, sy_text *text)
{
    if (text->failed)
        out->failed = true;
    else
        sy_wire_put_bytes(out, number, text->bytes ? text->bytes : "", text->size);
    sy_text_release(text);
}

static void put_dims(sy_text *out, const sy_shape *shape)
{
    for (int i = 0; i < shape->rank; i++)
        sy_wire_put_varint(out, SY_TENSOR_DIMS, (uint64_t)shape->dims[i]);
}

static int64_t float_type(const editor *work, const sy_mind_edit *edit)
{
    return work->model->parameters[edit->parameter].data_type;
}

/* Scales or zero points. */
static void put_factor(editor *work, sy_text *out, const sy_mind_edit *edit, const char *what,
                       const void *data)
{
    const char *name = parameter_name(work, edit, what);
    sy_text tensor = {0};
    put_dims(&tensor, &edit->factor_shape);
    sy_wire_put_varint(&tensor, SY_TENSOR_DATA_TYPE, (uint64_t)float_type(work, edit));
    sy_wire_put_string(&tensor, SY_TENSOR_NAME, name);
    sy_wire_put_bytes(&tensor, SY_TENSOR_RAW_DATA, data, edit->factor_bytes);
    sy_wire_put_string(&tensor, SY_TENSOR_REF_KEY, local_name(name));
    put_message(out, SY_GRAPH_PARAMETER, &tensor);
}

/* The parameter with integers: other fields stay where they are. */
static void put_parameter(editor *work, sy_text *out, const sy_mind_edit *edit)
{
    const sy_mind_tensor *parameter = &work->model->parameters[edit->parameter];
    sy_bytes bytes = sy_wire_begin(parameter->span);
    sy_wire_field field;
    sy_text tensor = {0};
    bool written = false;
    while (sy_wire_next(&bytes, &field)) {
        const bool data = field.number == SY_TENSOR_RAW_DATA || field.number == SY_TENSOR_EXTERNAL_DATA;
        if (field.number == SY_TENSOR_DATA_TYPE)
            sy_wire_put_varint(&tensor, SY_TENSOR_DATA_TYPE, (uint64_t)edit->integer_type);
        else if (data && !written)
            sy_wire_put_bytes(&tensor, SY_TENSOR_RAW_DATA, edit->integers, edit->integer_bytes);
        else if (!data)
            sy_text_add(&tensor, field.whole.at, field.whole.size);
        written |= data;
    }
    put_message(out, SY_GRAPH_PARAMETER, &tensor);
    put_factor(work, out, edit, "scales", edit->scales);
    put_factor(work, out, edit, "zps", edit->zps);
}

/* A TensorProto that says another type. */
static void put_retyped_tensor(sy_text *out, const sy_wire_field *tensor, sy_dtype type)
{
    sy_bytes bytes = sy_wire_begin(tensor->data);
    sy_wire_field field;
    sy_text text = {0};
    while (sy_wire_next(&bytes, &field))
        if (field.number == SY_TENSOR_DATA_TYPE)
            sy_wire_put_varint(&text, SY_TENSOR_DATA_TYPE, (uint64_t)type);
        else
            sy_text_add(&text, field.whole.at, field.whole.size);
    put_message(out, (uint32_t)tensor->number, &text);
}

/* An AttributeProto whose tensors have another type; as the field `number` of a message. */
static void put_retyped(sy_text *out, uint32_t number, sy_span attribute, sy_dtype type)
{
    sy_bytes bytes = sy_wire_begin(attribute);
    sy_wire_field field;
    sy_text text = {0};
    while (sy_wire_next(&bytes, &field))
        if ((field.number == SY_ATTRIBUTE_T || field.number == SY_ATTRIBUTE_TENSORS) &&
            field.type == SY_WIRE_BYTES)
            put_retyped_tensor(&text, &field, type);
        else
            sy_text_add(&text, field.whole.at, field.whole.size);
    put_message(out, number, &text);
}

static int compare_renamings(const void *a, const void *b)
{
    return strcmp(((const renaming *)a)->from, ((const renaming *)b)->from);
}

static const renaming *find_renaming(const editor *work, const char *name)
{
    const renaming key = {.from = name};
    return bsearch(&key, work->renamings, (size_t)work->count, sizeof key, compare_renamings);
}

/* Types of a tuple whose k-th element is what input k of the node is. */
static void put_retyped_tuple(editor *work, sy_text *out, const sy_mind_node *node, sy_span attribute)
{
    sy_bytes bytes = sy_wire_begin(attribute);
    sy_wire_field field;
    sy_text text = {0};
    int k = 0;
    while (sy_wire_next(&bytes, &field)) {
        const bool element = field.number == SY_ATTRIBUTE_VALUES && field.type == SY_WIRE_BYTES;
        const renaming *found =
            element && k < node->input_count ? find_renaming(work, node->inputs[k]) : NULL;
        k += element;
        if (found)
            put_retyped(&text, SY_ATTRIBUTE_VALUES, field.data, work->edits[found->edit].integer_type);
        else
            sy_text_add(&text, field.whole.at, field.whole.size);
    }
    put_message(out, SY_NODE_ATTRIBUTE, &text);
}

static bool is_shape(sy_span attribute)
{
    sy_bytes bytes = sy_wire_begin(attribute);
    sy_wire_field field;
    while (sy_wire_next(&bytes, &field))
        if (field.number == SY_ATTRIBUTE_NAME)
            return field.data.size == 5 && memcmp(field.data.at, "shape", 5) == 0;
    return false;
}

/* A node that reads other names, or whose result has another type now. `own`: the edit whose integers it
 * makes. */
static void put_node(editor *work, sy_text *out, int index, const sy_mind_edit *own)
{
    const sy_mind_node *node = &work->model->nodes[index];
    sy_bytes bytes = sy_wire_begin(node->span);
    sy_wire_field field;
    sy_text text = {0};
    int input = 0;
    while (sy_wire_next(&bytes, &field)) {
        const bool is_input = field.number == SY_NODE_INPUT;
        const bool shape = field.number == SY_NODE_ATTRIBUTE && is_shape(field.data);
        const renaming *found =
            is_input && !work->sinks[index] ? find_renaming(work, node->inputs[input]) : NULL;
        input += is_input;
        if (found)
            sy_wire_put_string(&text, SY_NODE_INPUT, found->to);
        else if (shape && own)
            put_retyped(&text, SY_NODE_ATTRIBUTE, field.data, own->integer_type);
        else if (shape && work->sinks[index])
            put_retyped_tuple(work, &text, node, field.data);
        else
            sy_text_add(&text, field.whole.at, field.whole.size);
    }
    put_message(out, SY_GRAPH_NODE, &text);
}

static bool is_touched(const editor *work, int index)
{
    const sy_mind_node *node = &work->model->nodes[index];
    for (int i = 0; i < node->input_count; i++)
        if (find_renaming(work, node->inputs[i]))
            return true;
    return false;
}

/* A float abstract for a node that stands in the place of `edit`'s source. */
static void put_float_shape(editor *work, sy_text *out, const sy_mind_edit *edit)
{
    if (edit->after != SY_NONE) {
        const sy_mind_node *after = &work->model->nodes[edit->after];
        sy_bytes bytes = sy_wire_begin(after->span);
        sy_wire_field field;
        while (sy_wire_next(&bytes, &field))
            if (field.number == SY_NODE_ATTRIBUTE && is_shape(field.data))
                sy_text_add(out, field.whole.at, field.whole.size);
        return;
    }
    sy_text tensor = {0}, attribute = {0};
    put_dims(&tensor, &work->model->parameters[edit->parameter].shape);
    sy_wire_put_varint(&tensor, SY_TENSOR_DATA_TYPE, (uint64_t)float_type(work, edit));
    sy_wire_put_string(&attribute, SY_ATTRIBUTE_NAME, "shape");
    put_message(&attribute, SY_ATTRIBUTE_TENSORS, &tensor);
    sy_wire_put_varint(&attribute, SY_ATTRIBUTE_TYPE, SY_MIND_TENSORS);
    put_message(out, SY_NODE_ATTRIBUTE, &attribute);
}

/* A new node: what it reads, its operator in the table, and what it makes, which is also its name. */
static const char *put_new_node(editor *work, sy_text *out, const sy_mind_edit *edit, const char *what,
                                const char *primitive, const char *a, const char *b)
{
    const char *name = node_name(work, edit, what);
    const char *type = sy_arena_printf(&work->arena, "REF::%s", primitive);
    const char *scope = sy_arena_printf(&work->arena, "Default/%s-%s",
                                        local_name(work->model->parameters[edit->parameter].name), what);
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
    put_message(out, SY_GRAPH_NODE, &node);
    return name;
}

static bool is_half(const editor *work, const sy_mind_edit *edit)
{
    return float_type(work, edit) == SY_DTYPE_FLOAT16;
}

/* The constant that names the type a Cast makes. */
static const char *type_constant(bool half)
{
    return half ? "steelyard-float16" : "steelyard-float32";
}

static const char *anti_quant_primitive(editor *work, bool half)
{
    const char *name = half ? sy_arena_printf(&work->arena, "%s-float16", anti_quant_name) : anti_quant_name;
    work->out->failed |= !name;
    return name ? name : "";
}

/* widen -> Add -> Mul. */
static void put_chain(editor *work, sy_text *out, const sy_mind_edit *edit)
{
    const bool half = is_half(work, edit), cast = work->widen == SY_MIND_WIDEN_CAST;
    const char *wide = put_new_node(work, out, edit, cast ? "Cast" : "AntiQuant",
                                    cast ? cast_name : anti_quant_primitive(work, half),
                                    source_name(work, edit), cast ? type_constant(half) : NULL);
    const char *sum = put_new_node(work, out, edit, "Add", add_name, wide, parameter_name(work, edit, "zps"));
    put_new_node(work, out, edit, "Mul", mul_name, sum, parameter_name(work, edit, "scales"));
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
    put_message(&node, SY_NODE_ATTRIBUTE, &attribute);
    put_message(out, SY_GRAPH_NODE, &node);
}

/* What must stand before every node of the model. */
static void put_first_nodes(editor *work, sy_text *out)
{
    for (int half = 0; half < 2; half++)
        for (int e = 0; e < work->count; e++)
            if (is_half(work, &work->edits[e]) == (half == 1) && work->widen == SY_MIND_WIDEN_CAST) {
                put_type_constant(out, half == 1);
                break;
            }
    for (int e = 0; e < work->count; e++)
        if (work->edits[e].after == SY_NONE)
            put_chain(work, out, &work->edits[e]);
}

static void put_graph(editor *work, sy_text *out)
{
    sy_bytes bytes = sy_wire_begin(work->model->graph);
    sy_wire_field field;
    int node = 0, parameter = 0, next = 0;
    while (sy_wire_next(&bytes, &field)) {
        if (field.number == SY_GRAPH_NODE && field.type == SY_WIRE_BYTES) {
            if (node == 0)
                put_first_nodes(work, out);
            while (next < work->count && work->edits[next].after < node)
                next++;
            const sy_mind_edit *own =
                next < work->count && work->edits[next].after == node ? &work->edits[next] : NULL;
            if (own || is_touched(work, node))
                put_node(work, out, node, own);
            else
                sy_text_add(out, field.whole.at, field.whole.size);
            if (own)
                put_chain(work, out, own);
            node++;
        } else if (field.number == SY_GRAPH_PARAMETER && field.type == SY_WIRE_BYTES &&
                   work->of_parameter[parameter++] != SY_NONE) {
            put_parameter(work, out, &work->edits[work->of_parameter[parameter - 1]]);
        } else {
            sy_text_add(out, field.whole.at, field.whole.size);
        }
    }
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
    put_message(out, SY_PRIMITIVE_ATTRIBUTE, &attribute);
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
    put_message(out, SY_MODEL_PRIMITIVES, &primitive);
}

static void put_anti_quant(editor *work, sy_text *out, bool half)
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
    put_message(out, SY_MODEL_PRIMITIVES, &primitive);
}

static void put_primitives(editor *work, sy_text *out)
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

static void put_model(editor *work)
{
    sy_bytes bytes = sy_wire_begin(work->model->file);
    sy_wire_field field;
    while (sy_wire_next(&bytes, &field))
        if (field.number == SY_MODEL_GRAPH && field.type == SY_WIRE_BYTES) {
            sy_text graph = {0};
            put_graph(work, &graph);
            put_message(work->out, SY_MODEL_GRAPH, &graph);
        } else {
            sy_text_add(work->out, field.whole.at, field.whole.size);
        }
    put_primitives(work, work->out);
}

static sy_status prepare(editor *work)
{
    const sy_mind_model *model = work->model;
    work->renamings = sy_arena_alloc(&work->arena, (size_t)work->count, sizeof *work->renamings);
    work->of_parameter =
        sy_arena_alloc(&work->arena, (size_t)model->parameter_count, sizeof *work->of_parameter);
    work->sinks = sy_arena_alloc(&work->arena, (size_t)model->node_count, sizeof *work->sinks);
    SY_TRY(
        sy_check_alloc(work->ctx, work->renamings && work->of_parameter && work->sinks ? work->sinks : NULL));
    for (int p = 0; p < model->parameter_count; p++)
        work->of_parameter[p] = SY_NONE;
    for (int e = 0; e < work->count; e++) {
        const sy_mind_edit *edit = &work->edits[e];
        work->of_parameter[edit->parameter] = e;
        work->renamings[e] = (renaming){source_name(work, edit), node_name(work, edit, "Mul"), e};
    }
    if (work->count)
        qsort(work->renamings, (size_t)work->count, sizeof *work->renamings, compare_renamings);
    sy_mind_readings readings;
    SY_TRY(sy_mind_list_readings(work->ctx, model, &work->arena, &readings));
    for (int n = 0; n < model->node_count; n++)
        work->sinks[n] = sy_mind_keeps_order(model, &readings, n);
    return SY_OK;
}

sy_status sy_mind_print(sy_ctx *ctx, const sy_mind_model *model, const sy_mind_edit *edits, int count,
                        sy_mind_widen widen, sy_text *out)
{
    static const size_t largest = ((size_t)1 << 31) - 1;
    editor work = {.ctx = ctx, .model = model, .edits = edits, .count = count, .widen = widen, .out = out};
    sy_status status = prepare(&work);
    if (status == SY_OK) {
        put_model(&work);
        status = sy_check_alloc(ctx, out->failed ? NULL : out);
    }
    sy_arena_release(&work.arena);
    if (status == SY_OK && out->size > largest)
        return sy_fail(ctx, SY_E_UNSUPPORTED,
                       "the quantized model has %zu bytes; a protobuf file ends at 2 GiB", out->size);
    return status;
}

/* A file that weights stay in goes where the model goes. */
static sy_status copy_external(sy_ctx *ctx, sy_arena *arena, const char *from_folder, const char *to_folder,
                               const char *location)
{
    sy_mapped mapped = {0};
    const char *from = sy_arena_printf(arena, "%s/%s", from_folder, location);
    const char *to = sy_arena_printf(arena, "%s/%s", to_folder, location);
    SY_TRY(sy_check_alloc(ctx, from && to ? from : NULL));
    if (sy_path_same(from, to))
        return SY_OK;
    char *folder = sy_folder_of(to);
    sy_status status = sy_check_alloc(ctx, folder);
    if (status == SY_OK)
        status = sy_folder_make(ctx, folder);
    free(folder);
    SY_TRY(status);
    SY_TRY(sy_file_map(ctx, from, &mapped));
    status = sy_file_save(ctx, to, mapped.bytes, mapped.size);
    sy_file_unmap(&mapped);
    return status;
}

static bool is_edited(const sy_mind_edit *edits, int count, int parameter)
{
    for (int e = 0; e < count; e++)
        if (edits[e].parameter == parameter)
            return true;
    return false;
}

static sy_status copy_externals(sy_ctx *ctx, const sy_mind_model *model, const char *folder,
                                const sy_mind_edit *edits, int count, const char *path)
{
    sy_arena arena = {0};
    char *to = sy_folder_of(path);
    const char *last = NULL;
    sy_status status = sy_check_alloc(ctx, to);
    for (int p = 0; p < model->parameter_count && status == SY_OK; p++) {
        const sy_mind_tensor *parameter = &model->parameters[p];
        if (!parameter->is_external || is_edited(edits, count, p))
            continue;
        if (!sy_location_stays_below(parameter->location) || !*parameter->location)
            status =
                sy_fail(ctx, SY_E_MODEL,
                        "parameter '%s' is held in '%s': a model may only read files below its own folder",
                        parameter->name, parameter->location);
        else if (!last || strcmp(last, parameter->location) != 0)
            status = copy_external(ctx, &arena, folder, to, parameter->location);
        last = parameter->location;
    }
    free(to);
    sy_arena_release(&arena);
    return status;
}

sy_status sy_mind_save(sy_ctx *ctx, const sy_mind_model *model, const char *folder, const sy_mind_edit *edits,
                       int count, sy_mind_widen widen, const char *path)
{
    sy_text text = {0};
    sy_status status = sy_mind_print(ctx, model, edits, count, widen, &text);
    if (status == SY_OK)
        status = copy_externals(ctx, model, folder, edits, count, path);
    if (status == SY_OK)
        status = sy_file_save(ctx, path, text.bytes, text.size);
    sy_text_release(&text);
    return status;
}
