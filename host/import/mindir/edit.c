#include "import/mindir/edit.h"

#include <stdlib.h>
#include <string.h>

#include "import/location.h"
#include "import/mindir/editor.h"
#include "import/mindir/weights.h"

/* Scales or zero points. */
static void put_factor(sy_mind_editor *work, sy_text *out, const sy_mind_edit *edit, const char *what,
                       const void *data)
{
    const char *name = sy_mind_factor_name(work, edit, what);
    sy_text tensor = {0};
    sy_mind_put_dims(&tensor, &edit->factor_shape);
    sy_wire_put_varint(&tensor, SY_TENSOR_DATA_TYPE, (uint64_t)sy_mind_float_type(work, edit));
    sy_wire_put_string(&tensor, SY_TENSOR_NAME, name);
    sy_wire_put_bytes(&tensor, SY_TENSOR_RAW_DATA, data, edit->factor_bytes);
    sy_wire_put_string(&tensor, SY_TENSOR_REF_KEY, sy_mind_local_name(name));
    sy_mind_put_message(out, SY_GRAPH_PARAMETER, &tensor);
}

/* The parameter with integers: other fields stay where they are. */
static void put_parameter(sy_mind_editor *work, sy_text *out, const sy_mind_edit *edit)
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
    sy_mind_put_message(out, SY_GRAPH_PARAMETER, &tensor);
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
    sy_mind_put_message(out, (uint32_t)tensor->number, &text);
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
    sy_mind_put_message(out, number, &text);
}

static int compare_renamings(const void *a, const void *b)
{
    return strcmp(((const sy_mind_renaming *)a)->from, ((const sy_mind_renaming *)b)->from);
}

static const sy_mind_renaming *find_renaming(const sy_mind_editor *work, const char *name)
{
    const sy_mind_renaming key = {.from = name};
    return bsearch(&key, work->renamings, (size_t)work->count, sizeof key, compare_renamings);
}

/* Types of a tuple whose k-th element is what input k of the node is. */
static void put_retyped_tuple(sy_mind_editor *work, sy_text *out, const sy_mind_node *node, sy_span attribute)
{
    sy_bytes bytes = sy_wire_begin(attribute);
    sy_wire_field field;
    sy_text text = {0};
    int k = 0;
    while (sy_wire_next(&bytes, &field)) {
        const bool element = field.number == SY_ATTRIBUTE_VALUES && field.type == SY_WIRE_BYTES;
        const sy_mind_renaming *found =
            element && k < node->input_count ? find_renaming(work, node->inputs[k]) : NULL;
        k += element;
        if (found)
            put_retyped(&text, SY_ATTRIBUTE_VALUES, field.data, work->edits[found->edit].integer_type);
        else
            sy_text_add(&text, field.whole.at, field.whole.size);
    }
    sy_mind_put_message(out, SY_NODE_ATTRIBUTE, &text);
}

/* A node that reads other names, or whose result has another type now. `own`: the edit whose integers it
 * makes. */
static void put_node(sy_mind_editor *work, sy_text *out, int index, const sy_mind_edit *own)
{
    const sy_mind_node *node = &work->model->nodes[index];
    sy_bytes bytes = sy_wire_begin(node->span);
    sy_wire_field field;
    sy_text text = {0};
    int input = 0;
    while (sy_wire_next(&bytes, &field)) {
        const bool is_input = field.number == SY_NODE_INPUT;
        const bool shape = field.number == SY_NODE_ATTRIBUTE && sy_mind_is_shape(field.data);
        const sy_mind_renaming *found =
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
    sy_mind_put_message(out, SY_GRAPH_NODE, &text);
}

static bool is_touched(const sy_mind_editor *work, int index)
{
    const sy_mind_node *node = &work->model->nodes[index];
    for (int i = 0; i < node->input_count; i++)
        if (find_renaming(work, node->inputs[i]))
            return true;
    return false;
}

static void put_graph(sy_mind_editor *work, sy_text *out)
{
    sy_bytes bytes = sy_wire_begin(work->model->graph);
    sy_wire_field field;
    int node = 0, parameter = 0, next = 0;
    while (sy_wire_next(&bytes, &field)) {
        if (field.number == SY_GRAPH_NODE && field.type == SY_WIRE_BYTES) {
            if (node == 0)
                sy_mind_put_first_nodes(work, out);
            while (next < work->count && work->edits[next].after < node)
                next++;
            const sy_mind_edit *own =
                next < work->count && work->edits[next].after == node ? &work->edits[next] : NULL;
            if (own || is_touched(work, node))
                put_node(work, out, node, own);
            else
                sy_text_add(out, field.whole.at, field.whole.size);
            if (own)
                sy_mind_put_chain(work, out, own);
            node++;
        } else if (field.number == SY_GRAPH_PARAMETER && field.type == SY_WIRE_BYTES &&
                   work->of_parameter[parameter++] != SY_NONE) {
            put_parameter(work, out, &work->edits[work->of_parameter[parameter - 1]]);
        } else {
            sy_text_add(out, field.whole.at, field.whole.size);
        }
    }
}

static void put_model(sy_mind_editor *work)
{
    sy_bytes bytes = sy_wire_begin(work->model->file);
    sy_wire_field field;
    while (sy_wire_next(&bytes, &field))
        if (field.number == SY_MODEL_GRAPH && field.type == SY_WIRE_BYTES) {
            sy_text graph = {0};
            put_graph(work, &graph);
            sy_mind_put_message(work->out, SY_MODEL_GRAPH, &graph);
        } else {
            sy_text_add(work->out, field.whole.at, field.whole.size);
        }
    sy_mind_put_primitives(work, work->out);
}

static sy_status prepare(sy_mind_editor *work)
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
        work->renamings[e] =
            (sy_mind_renaming){sy_mind_source_name(work, edit), sy_mind_node_output(work, edit, "Mul"), e};
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
    sy_mind_editor work = {
        .ctx = ctx, .model = model, .edits = edits, .count = count, .widen = widen, .out = out};
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
