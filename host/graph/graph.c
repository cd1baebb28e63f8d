#include <stdlib.h>
#include <string.h>

#include "graph/internal.h"

static uint32_t name_hash(const char *name)
{
    uint32_t hash = 2166136261u; /* FNV-1a */
    for (; *name; name++)
        hash = (hash ^ (unsigned char)*name) * 16777619u;
    return hash;
}

/* The entry that holds the name, or the free one where it belongs. */
static int name_entry(const sy_graph *graph, const char *name)
{
    uint32_t mask = (uint32_t)graph->names_capacity - 1;
    uint32_t entry = name_hash(name) & mask;
    while (graph->names[entry] != SY_NONE && strcmp(graph->tensors[graph->names[entry]].name, name) != 0)
        entry = (entry + 1) & mask;
    return (int)entry;
}

static bool names_rebuild(sy_graph *graph, int capacity)
{
    int *names = malloc((size_t)capacity * sizeof *names);
    if (!names)
        return false;
    for (int i = 0; i < capacity; i++)
        names[i] = SY_NONE;
    free(graph->names);
    graph->names = names;
    graph->names_capacity = capacity;
    for (int t = 0; t < graph->tensor_count; t++)
        if (graph->tensors[t].name)
            graph->names[name_entry(graph, graph->tensors[t].name)] = t;
    return true;
}

sy_status sy_graph_reindex(sy_ctx *ctx, sy_graph *graph)
{
    int capacity = 64;
    while (capacity < 2 * graph->tensor_capacity + 2)
        capacity *= 2;
    return names_rebuild(graph, capacity) ? SY_OK : sy_check_alloc(ctx, NULL);
}

sy_status sy_graph_create(sy_ctx *ctx, sy_graph **out)
{
    sy_graph *graph = calloc(1, sizeof *graph);
    SY_TRY(sy_check_alloc(ctx, graph));
    graph->references = 1;
    graph->name = graph->producer = "";
    if (!names_rebuild(graph, 64)) {
        free(graph);
        return sy_check_alloc(ctx, NULL);
    }
    *out = graph;
    return SY_OK;
}

void sy_graph_destroy(sy_graph *graph)
{
    while (graph && --graph->references == 0) {
        sy_graph *base = graph->base;
        sy_arena_release(&graph->arena);
        free(graph->tensors);
        free(graph->nodes);
        free(graph->inputs);
        free(graph->outputs);
        free(graph->names);
        free(graph);
        graph = base;
    }
}

/* NULL only without memory, also for no elements. */
static void *copy_array(const void *from, size_t count, size_t size)
{
    void *to = malloc(count ? count * size : 1);
    if (to && count)
        memcpy(to, from, count * size);
    return to;
}

static sy_status copy_node(sy_ctx *ctx, sy_graph *graph, sy_node *node)
{
    node->inputs =
        sy_arena_copy(&graph->arena, node->inputs, (size_t)node->input_count * sizeof *node->inputs);
    node->outputs =
        sy_arena_copy(&graph->arena, node->outputs, (size_t)node->output_count * sizeof *node->outputs);
    node->attrs = sy_arena_copy(&graph->arena, node->attrs, (size_t)node->attr_count * sizeof *node->attrs);
    return sy_check_alloc(ctx, node->inputs && node->outputs && node->attrs ? node : NULL);
}

static sy_status fill_copy(sy_ctx *ctx, const sy_graph *from, sy_graph *to)
{
    to->name = from->name;
    to->producer = from->producer;
    to->ir_version = from->ir_version;
    to->metadata = from->metadata;
    to->metadata_count = from->metadata_count;
    to->opset_count = from->opset_count;
    to->opsets = sy_arena_copy(&to->arena, from->opsets, (size_t)from->opset_count * sizeof *from->opsets);
    to->tensors = copy_array(from->tensors, (size_t)from->tensor_count, sizeof *from->tensors);
    to->nodes = copy_array(from->nodes, (size_t)from->node_count, sizeof *from->nodes);
    to->inputs = copy_array(from->inputs, (size_t)from->input_count, sizeof *from->inputs);
    to->outputs = copy_array(from->outputs, (size_t)from->output_count, sizeof *from->outputs);
    SY_TRY(
        sy_check_alloc(ctx, to->opsets && to->tensors && to->nodes && to->inputs && to->outputs ? to : NULL));
    to->tensor_count = to->tensor_capacity = from->tensor_count;
    to->node_count = to->node_capacity = from->node_count;
    to->input_count = from->input_count;
    to->output_count = from->output_count;
    for (int n = 0; n < to->node_count; n++)
        SY_TRY(copy_node(ctx, to, &to->nodes[n]));
    return sy_graph_reindex(ctx, to);
}

sy_status sy_graph_copy(sy_ctx *ctx, const sy_graph *graph, sy_graph **out)
{
    sy_graph *copy = NULL;
    SY_TRY(sy_graph_create(ctx, &copy));
    /* The count of references is bookkeeping of the storage, not part of the value. */
    copy->base = (sy_graph *)graph;
    copy->base->references++;
    sy_status status = fill_copy(ctx, graph, copy);
    if (status != SY_OK) {
        sy_graph_destroy(copy);
        return status;
    }
    *out = copy;
    return SY_OK;
}

int sy_graph_opset(const sy_graph *graph)
{
    for (int i = 0; i < graph->opset_count; i++)
        if (graph->opsets[i].domain[0] == '\0')
            return (int)graph->opsets[i].version;
    return 0;
}

int sy_graph_find_tensor(const sy_graph *graph, const char *name)
{
    return graph->names[name_entry(graph, name)];
}

int sy_graph_find_node(const sy_graph *graph, const char *name)
{
    for (int n = 0; n < graph->node_count; n++)
        if (!graph->nodes[n].removed && strcmp(graph->nodes[n].name, name) == 0)
            return n;
    return SY_NONE;
}

int sy_graph_consumers(const sy_graph *graph, int tensor, int *out, int capacity)
{
    int count = 0;
    for (int n = 0; n < graph->node_count; n++) {
        const sy_node *node = &graph->nodes[n];
        for (int i = 0; i < node->input_count && !node->removed; i++) {
            if (node->inputs[i] != tensor)
                continue;
            if (out && count < capacity)
                out[count] = n;
            count++;
        }
    }
    return count;
}

static bool contains(const int *list, int count, int value)
{
    for (int i = 0; i < count; i++)
        if (list[i] == value)
            return true;
    return false;
}

bool sy_graph_is_output(const sy_graph *graph, int tensor)
{
    return contains(graph->outputs, graph->output_count, tensor);
}

int sy_graph_only_reader(const sy_graph *graph, int tensor)
{
    int reader;
    if (sy_graph_is_output(graph, tensor) || sy_graph_consumers(graph, tensor, &reader, 1) != 1)
        return SY_NONE;
    return reader;
}

bool sy_graph_is_input(const sy_graph *graph, int tensor)
{
    return contains(graph->inputs, graph->input_count, tensor);
}

/* Doubles an array; false without memory or when indices would not fit an int. */
static bool grow(void **array, int *capacity, size_t size)
{
    if (*capacity > INT32_MAX / 4)
        return false;
    int larger = *capacity ? 2 * *capacity : 32;
    void *grown = realloc(*array, (size_t)larger * size);
    if (!grown)
        return false;
    *array = grown;
    *capacity = larger;
    return true;
}

static const char *unique_tensor_name(sy_graph *graph, const char *name)
{
    if (*name && sy_graph_find_tensor(graph, name) == SY_NONE)
        return sy_arena_text(&graph->arena, name);
    for (int i = 1;; i++) {
        const char *candidate = sy_arena_printf(&graph->arena, "%s_%d", *name ? name : "tensor", i);
        if (!candidate || sy_graph_find_tensor(graph, candidate) == SY_NONE)
            return candidate;
    }
}

sy_status sy_graph_add_tensor(sy_ctx *ctx, sy_graph *graph, const char *name, sy_dtype dtype,
                              const sy_shape *shape, int *out)
{
    if (graph->tensor_count == graph->tensor_capacity) {
        void *array = graph->tensors;
        bool grown = grow(&array, &graph->tensor_capacity, sizeof *graph->tensors);
        graph->tensors = array;
        SY_TRY(grown ? sy_graph_reindex(ctx, graph) : sy_check_alloc(ctx, NULL));
    }
    const char *unique = unique_tensor_name(graph, name);
    SY_TRY(sy_check_alloc(ctx, unique));
    int index = graph->tensor_count;
    int entry = name_entry(graph, unique);
    graph->tensors[index] = (sy_tensor){.name = unique,
                                        .dtype = dtype,
                                        .shape = shape ? *shape : (sy_shape){.rank = SY_NONE},
                                        .producer = SY_NONE};
    graph->names[entry] = index;
    graph->tensor_count++;
    *out = index;
    return SY_OK;
}

void sy_graph_swap_names(sy_graph *graph, int a, int b)
{
    int a_entry = name_entry(graph, graph->tensors[a].name),
        b_entry = name_entry(graph, graph->tensors[b].name);
    const char *name = graph->tensors[a].name;
    graph->tensors[a].name = graph->tensors[b].name;
    graph->tensors[b].name = name;
    graph->names[a_entry] = b;
    graph->names[b_entry] = a;
}

sy_status sy_graph_add_constant(sy_ctx *ctx, sy_graph *graph, const char *name, sy_dtype dtype,
                                const sy_shape *shape, const void *data, size_t bytes, int *out)
{
    void *copy = sy_arena_copy(&graph->arena, data, bytes);
    SY_TRY(sy_check_alloc(ctx, copy));
    int index;
    SY_TRY(sy_graph_add_tensor(ctx, graph, name, dtype, shape, &index));
    graph->tensors[index].data = copy;
    graph->tensors[index].bytes = bytes;
    *out = index;
    return SY_OK;
}

static const char *unique_node_name(sy_graph *graph, const char *name)
{
    if (*name && sy_graph_find_node(graph, name) == SY_NONE)
        return sy_arena_text(&graph->arena, name);
    for (int i = 1;; i++) {
        const char *candidate = sy_arena_printf(&graph->arena, "%s_%d", *name ? name : "node", i);
        if (!candidate || sy_graph_find_node(graph, candidate) == SY_NONE)
            return candidate;
    }
}

sy_status sy_graph_add_node(sy_ctx *ctx, sy_graph *graph, const char *type, const char *name,
                            const int *inputs, int input_count, const int *outputs, int output_count,
                            int *out)
{
    if (graph->node_count == graph->node_capacity) {
        void *array = graph->nodes;
        bool grown = grow(&array, &graph->node_capacity, sizeof *graph->nodes);
        graph->nodes = array;
        SY_TRY(grown ? SY_OK : sy_check_alloc(ctx, NULL));
    }
    sy_node node = {.name = unique_node_name(graph, *name ? name : type),
                    .type = sy_arena_text(&graph->arena, type),
                    .domain = "",
                    .opset = sy_graph_opset(graph),
                    .inputs = sy_arena_copy(&graph->arena, inputs, (size_t)input_count * sizeof *inputs),
                    .input_count = input_count,
                    .outputs = sy_arena_copy(&graph->arena, outputs, (size_t)output_count * sizeof *outputs),
                    .output_count = output_count};
    SY_TRY(sy_check_alloc(ctx, node.name && node.type && node.inputs && node.outputs ? graph : NULL));
    for (int i = 0; i < output_count; i++)
        if (outputs[i] != SY_NONE)
            graph->tensors[outputs[i]].producer = graph->node_count;
    *out = graph->node_count;
    graph->nodes[graph->node_count++] = node;
    return SY_OK;
}
