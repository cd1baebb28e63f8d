/* A model: tensors and nodes over ONNX's operators, in an order in which they can run.
 *
 * Tensors and nodes are named by index. A graph is built, or copied and edited, by one stage and is
 * const from then on. What it points to (names, constants, attributes) lives in its own arena or in
 * that of a graph it was copied from, which it keeps alive.
 */
#ifndef SY_GRAPH_GRAPH_H
#define SY_GRAPH_GRAPH_H

#include <stdbool.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"

enum { SY_MAX_RANK = 8, SY_NONE = -1 };

/* ONNX's numbers. X(name, number, bits of an element) */
#define SY_DTYPE_MAP(X) \
    X(UNDEFINED, 0, 0)  \
    X(FLOAT, 1, 32)     \
    X(UINT8, 2, 8)      \
    X(INT8, 3, 8)       \
    X(UINT16, 4, 16)    \
    X(INT16, 5, 16)     \
    X(INT32, 6, 32)     \
    X(INT64, 7, 64)     \
    X(STRING, 8, 0)     \
    X(BOOL, 9, 8)       \
    X(FLOAT16, 10, 16)  \
    X(DOUBLE, 11, 64)   \
    X(UINT32, 12, 32)   \
    X(UINT64, 13, 64)   \
    X(BFLOAT16, 16, 16) \
    X(UINT4, 21, 4)     \
    X(INT4, 22, 4)

typedef enum sy_dtype {
#define X(name, number, bits) SY_DTYPE_##name = number,
    SY_DTYPE_MAP(X)
#undef X
} sy_dtype;

const char *sy_dtype_name(sy_dtype dtype); /* "float32", "int64", ... as numpy says it; static */
unsigned sy_dtype_bits(sy_dtype dtype);    /* of one element; 0 for what has no fixed size */
bool sy_dtype_is_float(sy_dtype dtype);    /* FLOAT, FLOAT16, BFLOAT16, DOUBLE */

typedef struct sy_shape {
    int rank;                  /* SY_NONE: not known */
    int64_t dims[SY_MAX_RANK]; /* SY_NONE: not known */
} sy_shape;

bool sy_shape_known(const sy_shape *shape); /* rank and every dimension */
bool sy_shape_equal(const sy_shape *a, const sy_shape *b);
/* Elements of a known shape; 1 for rank 0. false when it is not known or does not fit in 2^40. */
bool sy_shape_count(const sy_shape *shape, size_t *out);
/* "[1,3,224,224]", "?" for what is unknown; returns `out`. */
enum { SY_SHAPE_TEXT = 192 };
const char *sy_shape_print(const sy_shape *shape, char out[SY_SHAPE_TEXT]);

typedef struct sy_tensor {
    const char *name; /* unique and not empty */
    sy_dtype dtype;
    sy_shape shape;
    const char *dim_names[SY_MAX_RANK]; /* of symbolic dimensions of inputs and outputs, else NULL */
    const void *data; /* a constant's elements in `dtype`, dense, little endian; else NULL */
    size_t bytes;     /* of data */
    int producer;     /* node; SY_NONE for constants and graph inputs */
} sy_tensor;

typedef enum sy_attr_kind {
    SY_ATTR_FLOAT,
    SY_ATTR_INT,
    SY_ATTR_STRING,
    SY_ATTR_FLOATS,
    SY_ATTR_INTS,
    SY_ATTR_TENSOR,
    SY_ATTR_OPAQUE, /* a kind we do not look into (graphs, strings, ...); kept byte for byte */
} sy_attr_kind;

typedef struct sy_attr {
    const char *name;
    sy_attr_kind kind;
    float f;
    int64_t i;
    const char *s; /* NUL-terminated copy */
    const float *floats;
    const int64_t *ints;
    size_t count;            /* of floats, ints, or bytes of s */
    const sy_tensor *tensor; /* a constant */
    const void *raw;         /* OPAQUE: the whole AttributeProto as it stood in the file */
    size_t raw_bytes;
} sy_attr;

struct sy_op;

typedef struct sy_node {
    const char *name;       /* unique; made up where the file has none */
    const char *type;       /* "Conv" */
    const char *domain;     /* "" is ONNX's own */
    int opset;              /* version of that domain the model imports */
    const struct sy_op *op; /* NULL: not one of ours; such a node can be written back, not run */
    int *inputs;            /* tensors; SY_NONE for an omitted optional one */
    int input_count;
    int *outputs;
    int output_count;
    sy_attr *attrs;
    int attr_count;
    bool removed; /* dropped by sy_graph_compact */
} sy_node;

typedef struct sy_opset {
    const char *domain;
    int64_t version;
} sy_opset;

typedef struct sy_graph {
    const char *name;
    const char *producer; /* the program that made the model */
    int64_t ir_version;
    sy_opset *opsets;
    int opset_count;
    const char *const *metadata; /* key, value, key, value ... */
    int metadata_count;          /* pairs */
    sy_tensor *tensors;
    int tensor_count, tensor_capacity;
    sy_node *nodes; /* in an order in which they can run */
    int node_count, node_capacity;
    int *inputs; /* those that are not constants, in the file's order */
    int input_count;
    int *outputs;
    int output_count;
    sy_arena arena;
    /* private */
    struct sy_graph *base; /* a graph whose storage this one shares, or NULL */
    int references;        /* of this graph's storage: its owner's, and one a copy */
    int *names;            /* hash table from tensor names to indices */
    int names_capacity;
} sy_graph;

sy_status sy_graph_create(sy_ctx *ctx, sy_graph **out);
/* A copy that can be edited; constants and names are shared. Not thread-safe against the same `graph`. */
sy_status sy_graph_copy(sy_ctx *ctx, const sy_graph *graph, sy_graph **out);
void sy_graph_destroy(sy_graph *graph); /* takes NULL and const results of other stages */

/* The version of ONNX's own operators the model imports; 0 when it names none. */
int sy_graph_opset(const sy_graph *graph);

int sy_graph_find_tensor(const sy_graph *graph, const char *name); /* SY_NONE is an answer */
int sy_graph_find_node(const sy_graph *graph, const char *name);
/* Consumers of a tensor among nodes that are not removed. `out` may be NULL; at most `capacity` are
 * stored; returns how many there are, a node once for each input it reads the tensor at.
 */
int sy_graph_consumers(const sy_graph *graph, int tensor, int *out, int capacity);
bool sy_graph_is_output(const sy_graph *graph, int tensor);
/* The node that alone reads a tensor that is no output of the graph; SY_NONE otherwise. */
int sy_graph_only_reader(const sy_graph *graph, int tensor);
bool sy_graph_is_input(const sy_graph *graph, int tensor);

/* Editing. Pointers into tensors and nodes are invalid after an add. Names are copied; `name` gets a
 * suffix if it is taken.
 */
sy_status sy_graph_add_tensor(sy_ctx *ctx, sy_graph *graph, const char *name, sy_dtype dtype,
                              const sy_shape *shape, int *out);
/* Copies `bytes` of data in; shape and dtype say how to read them. */
sy_status sy_graph_add_constant(sy_ctx *ctx, sy_graph *graph, const char *name, sy_dtype dtype,
                                const sy_shape *shape, const void *data, size_t bytes, int *out);
/* At the end; sy_graph_compact moves it where it can run. Operator and opset of ONNX's own domain are
 * looked up by the caller and set on the node. Becomes the producer of its outputs.
 */
sy_status sy_graph_add_node(sy_ctx *ctx, sy_graph *graph, const char *type, const char *name,
                            const int *inputs, int input_count, const int *outputs, int output_count,
                            int *out);
sy_status sy_graph_set_attr_int(sy_ctx *ctx, sy_graph *graph, int node, const char *name, int64_t value);
sy_status sy_graph_set_attr_ints(sy_ctx *ctx, sy_graph *graph, int node, const char *name,
                                 const int64_t *values, size_t count);
sy_status sy_graph_set_attr_float(sy_ctx *ctx, sy_graph *graph, int node, const char *name, float value);
sy_status sy_graph_set_attr_string(sy_ctx *ctx, sy_graph *graph, int node, const char *name,
                                   const char *value);
/* Each takes the other's name: for a tensor that stands in another's place from now on. */
void sy_graph_swap_names(sy_graph *graph, int a, int b);
/* Every reading of `from` becomes one of `to`. Graph outputs keep their tensor. */
void sy_graph_replace_uses(sy_graph *graph, int from, int to);
/* Drops removed nodes, nodes nothing needs and tensors nothing names; orders nodes so that they can run and,
 * where there is a choice, as before. Indices change. Fails with SY_E_MODEL on a cycle.
 */
sy_status sy_graph_compact(sy_ctx *ctx, sy_graph *graph);
/* SY_E_MODEL naming the first node or tensor that breaks a promise of this header. */
sy_status sy_graph_validate(sy_ctx *ctx, const sy_graph *graph);
/* A line a node: for `inspect`, for golden tests and for debugging. */
void sy_graph_print(const sy_graph *graph, sy_text *out);

/* Whether it is this operator of ONNX's own domain; NULL is none. */
static inline bool sy_node_is(const sy_node *node, const char *type)
{
    return node && node->domain[0] == '\0' && strcmp(node->type, type) == 0;
}

/* Attributes; the fallback where there is none of that name and kind. */
const sy_attr *sy_node_attr(const sy_node *node, const char *name);
int64_t sy_node_int(const sy_node *node, const char *name, int64_t fallback);
float sy_node_float(const sy_node *node, const char *name, float fallback);
const char *sy_node_string(const sy_node *node, const char *name, const char *fallback);
/* NULL and count 0 where absent. */
const int64_t *sy_node_ints(const sy_node *node, const char *name, size_t *out_count);

float sy_half_to_float(uint16_t bits);  /* IEEE binary16 */
uint16_t sy_float_to_half(float value); /* half to even; beyond its range infinity */

/* SY_E_MODEL unless the tensor is a constant of numbers with `count` elements or more. */
sy_status sy_tensor_check(sy_ctx *ctx, const sy_tensor *tensor, size_t count);
/* Reads a constant of any numeric type, element by element. Out-of-range floats and integers saturate; a bool
 * is 0 or 1. Fails as sy_tensor_check() does. For the words of a device see words.h.
 */
sy_status sy_tensor_to_f32(sy_ctx *ctx, const sy_tensor *tensor, float *out, size_t count);
sy_status sy_tensor_to_i64(sy_ctx *ctx, const sy_tensor *tensor, int64_t *out, size_t count);

#endif
