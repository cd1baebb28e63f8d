/* Sub graphs of a MindIR file, and the index of all nodes. */
#include <stdlib.h>
#include <string.h>

#include "import/mindir/parts.h"

static bool is_function(const sy_wire_field *field)
{
    return field->number == SY_MODEL_FUNCTIONS && field->type == SY_WIRE_BYTES;
}

/* Fields of this number of all sub graphs. */
static size_t count_parts(const sy_mind_model *model, uint64_t number)
{
    sy_bytes bytes = sy_wire_begin(model->file);
    sy_wire_field field;
    size_t count = 0;
    while (sy_wire_next(&bytes, &field))
        if (is_function(&field))
            count += sy_wire_count(field.data, number);
    return count;
}

size_t sy_mind_count_inner_nodes(const sy_mind_model *model)
{
    return count_parts(model, SY_GRAPH_NODE);
}

/* The name of an input or output. */
static sy_status read_name(sy_ctx *ctx, sy_mind_model *model, sy_span value, const char **out)
{
    static const char what[] = "an input or output of a sub graph";
    sy_bytes bytes = sy_wire_begin(value);
    sy_wire_field field;
    SY_TRY(sy_mind_check(ctx, value, what));
    *out = "";
    while (sy_wire_next(&bytes, &field))
        if (field.number == SY_VALUE_NAME)
            SY_TRY(sy_mind_read_text(ctx, model, &field, what, out));
    return SY_OK;
}

static sy_status read_part(sy_ctx *ctx, sy_mind_model *model, const sy_wire_field *field,
                           sy_mind_function *out)
{
    const char *name;
    switch (field->number) {
    case SY_GRAPH_NAME: return sy_mind_read_text(ctx, model, field, "a sub graph", &out->name);
    case SY_GRAPH_NODE:
        SY_TRY(sy_mind_read_node(ctx, model, field->data, model->all_count, &model->nodes[model->all_count]));
        out->end = ++model->all_count;
        return SY_OK;
    case SY_GRAPH_INPUT:
        SY_TRY(read_name(ctx, model, field->data, &name));
        model->arguments[model->argument_count] = (sy_mind_argument_name){name, model->argument_count};
        model->argument_count++;
        out->input_count++;
        return SY_OK;
    case SY_GRAPH_OUTPUT: return read_name(ctx, model, field->data, &out->output);
    default: return SY_OK;
    }
}

static sy_status read_function(sy_ctx *ctx, sy_mind_model *model, sy_span span)
{
    sy_mind_function *function = &model->functions[model->function_count++];
    sy_bytes bytes = sy_wire_begin(span);
    sy_wire_field field;
    SY_TRY(sy_mind_check(ctx, span, "a sub graph"));
    *function = (sy_mind_function){.name = "",
                                   .output = "",
                                   .first = model->all_count,
                                   .end = model->all_count,
                                   .first_argument = model->argument_count};
    while (sy_wire_next(&bytes, &field))
        if (field.type == SY_WIRE_BYTES)
            SY_TRY(read_part(ctx, model, &field, function));
    return SY_OK;
}

static int by_function(const void *a, const void *b)
{
    const sy_mind_function *x = a, *y = b;
    const int order = strcmp(x->name, y->name);
    return order ? order : x->first - y->first;
}

static int by_argument(const void *a, const void *b)
{
    const sy_mind_argument_name *x = a, *y = b;
    const int order = strcmp(x->name, y->name);
    return order ? order : x->index - y->index;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Every name that nodes of sub graphs read. */
static sy_status list_names(sy_ctx *ctx, sy_mind_model *model)
{
    size_t count = 0;
    for (int n = model->node_count; n < model->all_count; n++)
        count += (size_t)model->nodes[n].input_count;
    SY_MIND_TAKE(ctx, model, model->function_names, count);
    for (int n = model->node_count; n < model->all_count; n++)
        for (int i = 0; i < model->nodes[n].input_count; i++)
            model->function_names[model->function_name_count++] = model->nodes[n].inputs[i];
    if (count)
        qsort(model->function_names, count, sizeof *model->function_names, by_text);
    return SY_OK;
}

sy_status sy_mind_read_functions(sy_ctx *ctx, sy_mind_model *model)
{
    sy_bytes bytes = sy_wire_begin(model->file);
    sy_wire_field field;
    SY_MIND_TAKE(ctx, model, model->functions, sy_wire_count(model->file, SY_MODEL_FUNCTIONS));
    SY_MIND_TAKE(ctx, model, model->arguments, count_parts(model, SY_GRAPH_INPUT));
    while (sy_wire_next(&bytes, &field))
        if (is_function(&field))
            SY_TRY(read_function(ctx, model, field.data));
    if (model->function_count)
        qsort(model->functions, (size_t)model->function_count, sizeof *model->functions, by_function);
    if (model->argument_count)
        qsort(model->arguments, (size_t)model->argument_count, sizeof *model->arguments, by_argument);
    return list_names(ctx, model);
}

bool sy_mind_read_by_function(const sy_mind_model *model, const char *name)
{
    return model->function_name_count &&
           bsearch(&name, model->function_names, (size_t)model->function_name_count,
                   sizeof *model->function_names, by_text);
}

/* A name that a node is to be found by. */
typedef struct entry {
    const char *output;
    int node;
} entry;

static int by_entry(const void *a, const void *b)
{
    const int order = strcmp(((const entry *)a)->output, ((const entry *)b)->output);
    return order ? order : ((const entry *)a)->node - ((const entry *)b)->node;
}

/* What is called is a function, or what a node makes. */
static sy_status check_calls(sy_ctx *ctx, const sy_mind_model *model)
{
    for (int n = 0; n < model->all_count; n++) {
        const sy_mind_node *node = &model->nodes[n];
        if (node->callee && sy_mind_find_function(model, node->callee) == SY_NONE &&
            sy_mind_find_node(model, node->callee) == SY_NONE)
            return sy_fail(ctx, SY_E_MODEL,
                           "node '%s' refers to primitive '%s', which the file does not have", node->output,
                           node->callee);
    }
    return SY_OK;
}

sy_status sy_mind_index_nodes(sy_ctx *ctx, sy_mind_model *model)
{
    entry *entries;
    SY_MIND_TAKE(ctx, model, entries, model->all_count);
    SY_MIND_TAKE(ctx, model, model->by_output, model->all_count);
    for (int n = 0; n < model->all_count; n++)
        entries[n] = (entry){model->nodes[n].output, n};
    if (model->all_count)
        qsort(entries, (size_t)model->all_count, sizeof *entries, by_entry);
    for (int n = 0; n < model->all_count; n++) {
        if (n && strcmp(entries[n].output, entries[n - 1].output) == 0 && entries[n].node < model->node_count)
            return sy_fail(ctx, SY_E_MODEL, "nodes %d and %d both make '%s'", entries[n - 1].node,
                           entries[n].node, entries[n].output);
        model->by_output[n] = entries[n].node;
    }
    return check_calls(ctx, model);
}
