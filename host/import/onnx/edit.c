#include "import/onnx/edit.h"

#include <inttypes.h>
#include <stdlib.h>

#include "import/onnx/editor.h"
#include "import/onnx/fields.h"
#include "import/onnx/onnx.h"
#include "import/onnx/versions.h"

/* Counts names, or reserves them once there is room. */
typedef struct reserver {
    sy_onnx_edit *edit;
    size_t count;
    bool counting;
} reserver;

static void reserve(reserver *work, const char *name)
{
    if (work->counting)
        work->count++;
    else
        sy_name_set_reserve(&work->edit->names, name);
}

static sy_status reserve_span(void *user, sy_span span)
{
    reserver *work = user;
    const char *name = "";
    if (!work->counting) {
        name = sy_arena_text_n(&work->edit->arena, (const char *)span.at, span.size);
        SY_TRY(sy_check_alloc(work->edit->ctx, name));
    }
    reserve(work, name);
    return SY_OK;
}

static sy_status reserve_names(reserver *work)
{
    const sy_onnx_file *file = work->edit->file;
    const sy_onnx_body_visitor visitor = {.user = work, .name = reserve_span};
    for (int c = 0; c < file->constant_count; c++)
        reserve(work, file->constants[c].name);
    for (int o = 0; o < file->output_count; o++)
        reserve(work, file->outputs[o]);
    for (int n = 0; n < file->node_count; n++) {
        const sy_onnx_node *node = &file->nodes[n];
        reserve(work, node->name);
        for (int i = 0; i < node->input_count; i++)
            reserve(work, node->inputs[i]);
        for (int o = 0; o < node->output_count; o++)
            reserve(work, node->outputs[o]);
        if (node->has_bodies)
            SY_TRY(sy_onnx_visit_bodies(work->edit->ctx, node->span, &visitor));
    }
    return SY_OK;
}

/* Names to be made: a few dozen a node and a constant are more than any change needs. */
static sy_status prepare_names(sy_onnx_edit *edit)
{
    enum { NEW_NAMES = 24 };
    reserver work = {.edit = edit, .counting = true};
    SY_TRY(reserve_names(&work));
    edit->names_left = NEW_NAMES * ((size_t)edit->file->node_count + (size_t)edit->file->constant_count + 1);
    if (!sy_name_set_init(&edit->names, &edit->arena, work.count / 2 + edit->names_left / 2 + 1))
        return sy_check_alloc(edit->ctx, NULL);
    work.counting = false;
    return reserve_names(&work);
}

static sy_status prepare(sy_onnx_edit *edit)
{
    const size_t nodes = (size_t)edit->file->node_count;
    edit->node_dropped = sy_arena_alloc(&edit->arena, nodes, sizeof *edit->node_dropped);
    edit->constant_dropped =
        sy_arena_alloc(&edit->arena, (size_t)edit->file->constant_count, sizeof *edit->constant_dropped);
    edit->first_before = sy_arena_alloc(&edit->arena, nodes + 1, sizeof(sy_onnx_added *));
    edit->last_before = sy_arena_alloc(&edit->arena, nodes + 1, sizeof(sy_onnx_added *));
    edit->retargets = sy_arena_alloc(&edit->arena, nodes, sizeof(sy_onnx_retarget *));
    const bool whole = edit->node_dropped && edit->constant_dropped && edit->first_before &&
                       edit->last_before && edit->retargets;
    SY_TRY(sy_check_alloc(edit->ctx, whole ? edit : NULL));
    return prepare_names(edit);
}

sy_status sy_onnx_edit_create(sy_ctx *ctx, const sy_onnx_file *file, sy_onnx_edit **out)
{
    sy_onnx_edit *edit = calloc(1, sizeof *edit);
    SY_TRY(sy_check_alloc(ctx, edit));
    edit->ctx = ctx;
    edit->file = file;
    edit->opset = file->opset;
    const sy_status status = prepare(edit);
    if (status == SY_OK)
        *out = edit;
    else
        sy_onnx_edit_destroy(edit);
    return status;
}

void sy_onnx_edit_destroy(sy_onnx_edit *edit)
{
    if (!edit)
        return;
    sy_arena_release(&edit->arena);
    free(edit);
}

const char *sy_onnx_edit_name(sy_onnx_edit *edit, const char *base, const char *ending)
{
    const char *name = sy_arena_printf(&edit->arena, "%s%s", base, ending);
    for (size_t number = 1; name && sy_name_set_has(&edit->names, name); number++)
        name = sy_arena_printf(&edit->arena, "%s%s_%zu", base, ending, number);
    if (!name || edit->names_left == 0)
        return NULL;
    edit->names_left--;
    sy_name_set_reserve(&edit->names, name);
    return name;
}

void sy_onnx_edit_drop_constant(sy_onnx_edit *edit, int constant)
{
    const int node = edit->file->constants[constant].node;
    edit->constant_dropped[constant] = true;
    if (node != SY_NONE)
        edit->node_dropped[node] = true;
}

void sy_onnx_edit_drop_node(sy_onnx_edit *edit, int node)
{
    edit->node_dropped[node] = true;
}

sy_status sy_onnx_edit_set_input(sy_onnx_edit *edit, int node, int input, const char *name)
{
    sy_onnx_retarget *retarget = sy_arena_alloc(&edit->arena, 1, sizeof *retarget);
    const char *copy = sy_arena_text(&edit->arena, name);
    SY_TRY(sy_check_alloc(edit->ctx, retarget && copy ? retarget : NULL));
    *retarget = (sy_onnx_retarget){input, copy, edit->retargets[node]};
    edit->retargets[node] = retarget;
    return SY_OK;
}

sy_status sy_onnx_edit_add_tensor(sy_onnx_edit *edit, const sy_tensor *tensor)
{
    sy_onnx_new_tensor *added = sy_arena_alloc(&edit->arena, 1, sizeof *added);
    SY_TRY(sy_check_alloc(edit->ctx, added));
    added->tensor = *tensor;
    SY_TRY(sy_check_alloc(edit->ctx, added->tensor.name = sy_arena_text(&edit->arena, tensor->name)));
    if (edit->last_tensor)
        edit->last_tensor->next = added;
    else
        edit->first_tensor = added;
    edit->last_tensor = added;
    edit->adds = true;
    return SY_OK;
}

static sy_status put_attribute(sy_ctx *ctx, sy_text *out, const sy_attr *attr)
{
    sy_text text = {0};
    sy_wire_put_string(&text, SY_ATTRIBUTE_NAME, attr->name);
    int type = SY_ONNX_ATTR_INT;
    switch (attr->kind) {
    case SY_ATTR_INT: sy_wire_put_varint(&text, SY_ATTRIBUTE_I, (uint64_t)attr->i); break;
    case SY_ATTR_INTS:
        type = SY_ONNX_ATTR_INTS;
        for (size_t i = 0; i < attr->count; i++)
            sy_wire_put_varint(&text, SY_ATTRIBUTE_INTS, (uint64_t)attr->ints[i]);
        break;
    case SY_ATTR_FLOAT: {
        uint32_t bits;
        memcpy(&bits, &attr->f, sizeof bits);
        type = SY_ONNX_ATTR_FLOAT;
        sy_wire_put_fixed32(&text, SY_ATTRIBUTE_F, bits);
        break;
    }
    case SY_ATTR_STRING:
        type = SY_ONNX_ATTR_STRING;
        sy_wire_put_string(&text, SY_ATTRIBUTE_S, attr->s);
        break;
    default:
        sy_text_release(&text);
        return sy_fail(ctx, SY_E_INTERNAL, "attribute '%s' is of a kind that is not written", attr->name);
    }
    sy_wire_put_varint(&text, SY_ATTRIBUTE_TYPE, (uint64_t)type);
    sy_wire_put_bytes(out, SY_NODE_ATTRIBUTE, text.bytes, text.size);
    out->failed |= text.failed;
    sy_text_release(&text);
    return SY_OK;
}

static void copy_attributes(sy_span node, sy_text *out)
{
    sy_bytes bytes = sy_wire_begin(node);
    sy_wire_field field;
    while (sy_wire_next(&bytes, &field))
        if (field.number == SY_NODE_ATTRIBUTE)
            sy_wire_put_bytes(out, SY_NODE_ATTRIBUTE, field.data.at, field.data.size);
}

static sy_status put_node(sy_ctx *ctx, sy_text *out, const sy_onnx_new_node *node)
{
    for (int i = 0; i < node->input_count; i++)
        sy_wire_put_string(out, SY_NODE_INPUT, node->inputs[i]);
    for (int o = 0; o < node->output_count; o++)
        sy_wire_put_string(out, SY_NODE_OUTPUT, node->outputs[o]);
    sy_wire_put_string(out, SY_NODE_NAME, node->name);
    sy_wire_put_string(out, SY_NODE_TYPE, node->type);
    for (int a = 0; a < node->attr_count; a++)
        SY_TRY(put_attribute(ctx, out, &node->attrs[a]));
    if (node->same_attrs)
        copy_attributes(node->same_attrs->span, out);
    return SY_OK;
}

static void add_before(sy_onnx_edit *edit, int before, sy_onnx_added *added)
{
    if (edit->last_before[before])
        edit->last_before[before]->next = added;
    else
        edit->first_before[before] = added;
    edit->last_before[before] = added;
    edit->adds = true;
}

sy_status sy_onnx_edit_add_node(sy_onnx_edit *edit, int before, const sy_onnx_new_node *node)
{
    sy_text message = {0}, field = {0};
    sy_onnx_added *added = sy_arena_alloc(&edit->arena, 1, sizeof *added);
    sy_status status = sy_check_alloc(edit->ctx, added);
    if (status == SY_OK)
        status = put_node(edit->ctx, &message, node);
    if (status == SY_OK) {
        sy_wire_put_bytes(&field, SY_GRAPH_NODE, message.bytes, message.size);
        added->field.size = field.size;
        if (!message.failed && !field.failed)
            added->field.at = sy_arena_copy(&edit->arena, field.bytes, field.size);
        status = sy_check_alloc(edit->ctx, added->field.at);
    }
    if (status == SY_OK)
        add_before(edit, before, added);
    sy_text_release(&message);
    sy_text_release(&field);
    return status;
}

int sy_onnx_edit_opset(const sy_onnx_edit *edit)
{
    return edit->opset;
}

/* Looks for a node that means something else in `version`. */
typedef struct raiser {
    sy_onnx_edit *edit;
    int version;
    const char *why;
} raiser;

static sy_status check_node(raiser *work, sy_span span, const char *name, const char *type, const char *where)
{
    int since = 0;
    sy_arena *arena = &work->edit->arena;
    switch (sy_onnx_compare_versions(span, type, work->edit->opset, work->version, &since)) {
    case SY_ONNX_SAME: return SY_OK;
    case SY_ONNX_CHANGED:
        work->why = sy_arena_printf(arena, "node '%s' (%s)%s means something else from version %d on", name,
                                    type, where, since);
        break;
    case SY_ONNX_UNKNOWN:
        work->why =
            sy_arena_printf(arena, "node '%s' (%s)%s is no operator that is known here", name, type, where);
        break;
    }
    return sy_check_alloc(work->edit->ctx, work->why);
}

static const char *text_of(sy_onnx_edit *edit, sy_span node, uint64_t number)
{
    sy_bytes bytes = sy_wire_begin(node);
    sy_wire_field field;
    while (sy_wire_next(&bytes, &field))
        if (field.number == number && field.type == SY_WIRE_BYTES)
            return sy_arena_text_n(&edit->arena, (const char *)field.data.at, field.data.size);
    return "";
}

static sy_status check_body_node(void *user, sy_span node)
{
    raiser *work = user;
    const char *domain = text_of(work->edit, node, SY_NODE_DOMAIN);
    const char *name = text_of(work->edit, node, SY_NODE_NAME);
    const char *type = text_of(work->edit, node, SY_NODE_TYPE);
    SY_TRY(sy_check_alloc(work->edit->ctx, domain && name && type ? name : NULL));
    if (work->why || (*domain && strcmp(domain, "ai.onnx") != 0))
        return SY_OK;
    return check_node(work, node, name, type, " in a subgraph");
}

static sy_status find_changed(raiser *work)
{
    const sy_onnx_file *file = work->edit->file;
    const sy_onnx_body_visitor visitor = {.user = work, .node = check_body_node};
    for (int n = 0; n < file->node_count && !work->why; n++) {
        const sy_onnx_node *node = &file->nodes[n];
        if (node->domain[0] == '\0' && !work->edit->node_dropped[n])
            SY_TRY(check_node(work, node->span, node->name, node->type, ""));
        if (node->has_bodies && !work->why)
            SY_TRY(sy_onnx_visit_bodies(work->edit->ctx, node->span, &visitor));
    }
    return SY_OK;
}

sy_status sy_onnx_edit_can_raise(sy_onnx_edit *edit, int version, bool *out, const char **out_why)
{
    raiser work = {.edit = edit, .version = version};
    if (version > edit->opset && edit->opset < 7)
        work.why = "the model is of an operator set older than 7";
    else if (version > edit->opset)
        SY_TRY(find_changed(&work));
    *out = work.why == NULL;
    *out_why = work.why;
    return SY_OK;
}

sy_status sy_onnx_edit_require_opset(sy_onnx_edit *edit, int version)
{
    bool possible;
    const char *why;
    SY_TRY(sy_onnx_edit_can_raise(edit, version, &possible, &why));
    if (!possible)
        return sy_fail(edit->ctx, SY_E_UNSUPPORTED,
                       "the model is of opset %d and the result would be of %d, but %s", edit->opset, version,
                       why);
    if (version > edit->opset)
        edit->opset = version;
    return SY_OK;
}
