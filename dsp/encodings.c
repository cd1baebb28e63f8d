#include "dsp/encodings.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "graph/grid.h"

/* One tensor's grid, read off its QuantizeLinear or, of a constant, its DequantizeLinear. */
typedef struct {
    const char *name;
    int bits;
    bool symmetric;
    sy_code_grid grid;
} encoding;

typedef struct {
    sy_ctx *ctx;
    const sy_graph *graph;
    sy_encodings_version version;
    sy_arena arena;
    cJSON *activations, *params;
} document;

/* Adds an item to a list, or under its name to an object; false without memory. */
static bool attach(cJSON *to, const char *name, cJSON *item)
{
    if (item && (cJSON_IsArray(to) ? cJSON_AddItemToArray(to, item) : cJSON_AddItemToObject(to, name, item)))
        return true;
    cJSON_Delete(item);
    return false;
}

/* The name without what the quantized model added to it. */
static const char *without_ending(document *doc, const char *name, const char *ending)
{
    const size_t length = strlen(name), tail = strlen(ending);
    if (length <= tail || strcmp(name + length - tail, ending) != 0)
        return name;
    return sy_arena_text_n(&doc->arena, name, length - tail);
}

static sy_status read_encoding(document *doc, const sy_node *node, sy_dtype dtype, encoding *out)
{
    bool known;
    SY_TRY(sy_code_grid_read(doc->ctx, doc->graph, node, &doc->arena, &out->grid, &known));
    if (!known)
        return sy_fail(doc->ctx, SY_E_INTERNAL, "the scale of '%s' has no size", node->name);
    out->bits = (int)sy_dtype_bits(dtype);
    out->symmetric = dtype == SY_DTYPE_INT8;
    return sy_check_alloc(doc->ctx, out->name);
}

static double offset_of(const encoding *from, size_t i)
{
    return from->symmetric ? -(double)((int64_t)1 << (from->bits - 1)) : (double)-from->grid.zeros[i];
}

/* {"name": .., "enc_type": .., "dtype": .., "bw": .., "is_sym": .., "scale": [..], "offset": [..]} */
static bool add_1_0_0(cJSON *list, const encoding *from)
{
    cJSON *item = cJSON_CreateObject();
    bool good =
        item && cJSON_AddStringToObject(item, "name", from->name) &&
        cJSON_AddStringToObject(item, "enc_type", from->grid.count > 1 ? "PER_CHANNEL" : "PER_TENSOR") &&
        cJSON_AddStringToObject(item, "dtype", "INT") && cJSON_AddNumberToObject(item, "bw", from->bits) &&
        cJSON_AddBoolToObject(item, "is_sym", from->symmetric);
    cJSON *scales = good ? cJSON_AddArrayToObject(item, "scale") : NULL;
    cJSON *offsets = good ? cJSON_AddArrayToObject(item, "offset") : NULL;
    good = scales && offsets;
    for (size_t i = 0; i < from->grid.count && good; i++)
        good = attach(scales, NULL, cJSON_CreateNumber((double)from->grid.scales[i])) &&
               attach(offsets, NULL, cJSON_CreateNumber(offset_of(from, i)));
    if (good)
        return attach(list, NULL, item);
    cJSON_Delete(item);
    return false;
}

/* One {"bitwidth": .., "dtype": .., "is_symmetric": "..", "min": .., "max": .., "offset": .., "scale": ..}.
 */
static cJSON *entry_0_6_1(const encoding *from, size_t i)
{
    const double scale = (double)from->grid.scales[i], offset = offset_of(from, i);
    const double codes = (double)((int64_t)1 << from->bits);
    cJSON *item = cJSON_CreateObject();
    if (item && cJSON_AddNumberToObject(item, "bitwidth", from->bits) &&
        cJSON_AddStringToObject(item, "dtype", "int") &&
        cJSON_AddStringToObject(item, "is_symmetric", from->symmetric ? "True" : "False") &&
        cJSON_AddNumberToObject(item, "min", scale * offset) &&
        cJSON_AddNumberToObject(item, "max", scale * (offset + codes - 1)) &&
        cJSON_AddNumberToObject(item, "offset", offset) && cJSON_AddNumberToObject(item, "scale", scale))
        return item;
    cJSON_Delete(item);
    return NULL;
}

static bool add_0_6_1(cJSON *object, const encoding *from)
{
    cJSON *list = cJSON_AddArrayToObject(object, from->name);
    bool good = list != NULL;
    for (size_t i = 0; i < from->grid.count && good; i++)
        good = attach(list, NULL, entry_0_6_1(from, i));
    return good;
}

static sy_status add(document *doc, cJSON *to, const encoding *from)
{
    const bool good = doc->version == SY_ENCODINGS_0_6_1 ? add_0_6_1(to, from) : add_1_0_0(to, from);
    return sy_check_alloc(doc->ctx, good ? to : NULL);
}

/* An activation goes by the name it has in the float model: a result of the network that leaves through
 * DequantizeLinear has it there. */
static sy_status add_activation(document *doc, const sy_node *node)
{
    const sy_graph *graph = doc->graph;
    const int from = graph->tensors[node->inputs[0]].producer;
    int reader;
    encoding found = {.name = graph->tensors[node->inputs[0]].name};
    if (from != SY_NONE && sy_node_is(&graph->nodes[from], "DequantizeLinear"))
        return SY_OK; /* a conversion between operators, no tensor of the float model */
    if (sy_graph_consumers(graph, node->outputs[0], &reader, 1) > 0 &&
        sy_graph_is_output(graph, graph->nodes[reader].outputs[0]))
        found.name = graph->tensors[graph->nodes[reader].outputs[0]].name;
    SY_TRY(read_encoding(doc, node, graph->tensors[node->outputs[0]].dtype, &found));
    return add(doc, doc->activations, &found);
}

static sy_status add_param(document *doc, const sy_node *node)
{
    const sy_tensor *codes = &doc->graph->tensors[node->inputs[0]];
    encoding found = {.name = without_ending(doc, codes->name, "_quantized")};
    if (!codes->data || codes->dtype == SY_DTYPE_INT32)
        return SY_OK;
    SY_TRY(read_encoding(doc, node, codes->dtype, &found));
    return add(doc, doc->params, &found);
}

static sy_status fill(document *doc, cJSON *root)
{
    const bool lists = doc->version == SY_ENCODINGS_1_0_0;
    if (!root || !cJSON_AddStringToObject(root, "version", lists ? "1.0.0" : "0.6.1"))
        return sy_check_alloc(doc->ctx, NULL);
    doc->activations = lists ? cJSON_AddArrayToObject(root, "activation_encodings")
                             : cJSON_AddObjectToObject(root, "activation_encodings");
    doc->params = lists ? cJSON_AddArrayToObject(root, "param_encodings")
                        : cJSON_AddObjectToObject(root, "param_encodings");
    SY_TRY(sy_check_alloc(doc->ctx, doc->activations && doc->params ? root : NULL));
    for (int n = 0; n < doc->graph->node_count; n++) {
        const sy_node *node = &doc->graph->nodes[n];
        if (sy_node_is(node, "QuantizeLinear"))
            SY_TRY(add_activation(doc, node));
        else if (sy_node_is(node, "DequantizeLinear"))
            SY_TRY(add_param(doc, node));
    }
    return SY_OK;
}

sy_status sy_encodings_print(sy_ctx *ctx, const sy_graph *emitted, sy_encodings_version version, sy_text *out)
{
    document doc = {.ctx = ctx, .graph = emitted, .version = version};
    cJSON *root = cJSON_CreateObject();
    char *text = NULL;
    sy_status status = fill(&doc, root);
    if (status == SY_OK) {
        text = cJSON_Print(root);
        status = sy_check_alloc(ctx, text);
    }
    if (status == SY_OK)
        sy_text_printf(out, "%s\n", text);
    cJSON_free(text);
    cJSON_Delete(root);
    sy_arena_release(&doc.arena);
    return status;
}
