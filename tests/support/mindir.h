/* Small MindIR models, written field by field. */
#ifndef SY_TESTS_SUPPORT_MINDIR_H
#define SY_TESTS_SUPPORT_MINDIR_H

#include <stdio.h>
#include <string.h>

#include "graph/graph.h"
#include "import/mindir/fields.h"
#include "import/wire.h"
#include "support/test.h"

static inline void put_part(sy_text *out, uint32_t number, sy_text *part)
{
    sy_wire_put_bytes(out, number, part->bytes ? part->bytes : "", part->size);
    sy_text_release(part);
}

static inline void put_parameter(sy_text *graph, const char *name, int type, int rank, const int *dims,
                                 const void *data, size_t bytes)
{
    sy_text tensor = {0};
    for (int i = 0; i < rank; i++)
        sy_wire_put_varint(&tensor, SY_TENSOR_DIMS, (uint64_t)dims[i]);
    sy_wire_put_varint(&tensor, SY_TENSOR_DATA_TYPE, (uint64_t)type);
    sy_wire_put_string(&tensor, SY_TENSOR_NAME, name);
    sy_wire_put_string(&tensor, 99, "unknown"); /* a field of times to come */
    sy_wire_put_bytes(&tensor, SY_TENSOR_RAW_DATA, data, bytes);
    put_part(graph, SY_GRAPH_PARAMETER, &tensor);
}

/* Names are separated by spaces; "" for none. */
static inline void put_node(sy_text *graph, const char *type, const char *inputs, const char *output,
                            const char *scope)
{
    sy_text node = {0};
    char names[256];
    snprintf(names, sizeof names, "%s", inputs);
    for (char *name = strtok(names, " "); name; name = strtok(NULL, " "))
        sy_wire_put_string(&node, SY_NODE_INPUT, name);
    sy_wire_put_string(&node, SY_NODE_OUTPUT, output);
    sy_wire_put_string(&node, SY_NODE_NAME, output);
    sy_wire_put_string(&node, SY_NODE_OP_TYPE, type);
    sy_wire_put_varint(&node, 98, 7); /* unknown */
    sy_wire_put_string(&node, SY_NODE_DOMAIN, scope);
    put_part(graph, SY_GRAPH_NODE, &node);
}

static inline void put_constant(sy_text *graph, const char *name, uint64_t value)
{
    sy_text node = {0}, attribute = {0};
    sy_wire_put_string(&attribute, SY_ATTRIBUTE_NAME, "value");
    sy_wire_put_varint(&attribute, SY_ATTRIBUTE_I, value);
    sy_wire_put_varint(&attribute, SY_ATTRIBUTE_TYPE, SY_MIND_INT64);
    sy_wire_put_string(&node, SY_NODE_OUTPUT, name);
    sy_wire_put_string(&node, SY_NODE_OP_TYPE, "Constant");
    put_part(&node, SY_NODE_ATTRIBUTE, &attribute);
    put_part(graph, SY_GRAPH_NODE, &node);
}

static inline void put_value(sy_text *graph, uint32_t number, const char *name, int rank, const int *dims)
{
    sy_text value = {0}, tensor = {0};
    for (int i = 0; i < rank; i++)
        sy_wire_put_varint(&tensor, SY_TENSOR_DIMS, (uint64_t)(int64_t)dims[i]);
    sy_wire_put_varint(&tensor, SY_TENSOR_DATA_TYPE, SY_DTYPE_FLOAT);
    sy_wire_put_string(&value, SY_VALUE_NAME, name);
    put_part(&value, SY_VALUE_TENSOR, &tensor);
    put_part(graph, number, &value);
}

static inline void put_model(sy_text *out, sy_text *graph, int version)
{
    sy_wire_put_string(out, SY_MODEL_IR_VERSION, "1.1");
    sy_wire_put_string(out, SY_MODEL_PRODUCER, "test");
    put_part(out, SY_MODEL_GRAPH, graph);
    sy_wire_put_varint(out, SY_MODEL_LITTLE_ENDIAN, 1);
    sy_wire_put_string(out, 14, "unknown");
    if (version)
        sy_wire_put_varint(out, SY_MODEL_MIND_IR_VERSION, (uint64_t)version);
}

enum { ROWS = 6, COLUMNS = 20 };

static inline float weight_at(int i)
{
    return (float)((i * 37) % 101 - 40) / 64;
}

/* x [-1,20] -> MatMul(x, Load(w [6,20]), transposed) -> y; with `extra`, more that reads w. */
static inline void print_model(sy_text *out, const char *extra)
{
    static const int w_dims[] = {ROWS, COLUMNS}, x_dims[] = {-1, COLUMNS}, y_dims[] = {-1, ROWS};
    float w[ROWS * COLUMNS];
    sy_text graph = {0};
    for (int i = 0; i < ROWS * COLUMNS; i++)
        w[i] = weight_at(i);
    put_value(&graph, SY_GRAPH_INPUT, "net:x", 2, x_dims);
    put_parameter(&graph, "net:w", SY_DTYPE_FLOAT, 2, w_dims, w, sizeof w);
    put_constant(&graph, "no", 0);
    put_constant(&graph, "yes", 1);
    put_node(&graph, "Load", "net:w no", "net:loaded:1", "Default/Load-op0");
    put_node(&graph, "MatMul", "net:x net:loaded:1 no yes", "net:y:2", "Default/MatMul-op0");
    put_node(&graph, "MakeTuple", "net:loaded:1", "net:tuple:3", "");
    put_node(&graph, "UpdateState", "no net:tuple:3", "net:state:4", "");
    if (*extra)
        put_node(&graph, extra, "net:loaded:1", "net:extra:5", "");
    put_value(&graph, SY_GRAPH_OUTPUT, "net:y:2", 2, y_dims);
    put_model(out, &graph, 3);
}

#endif
