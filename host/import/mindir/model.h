/* A MindIR file as lists of what it holds: spans of the mapped file, names, and the values of attributes.
 * Nothing is interpreted yet; import.c makes a graph of it, edit.c a changed file.
 */
#ifndef SY_IMPORT_MINDIR_MODEL_H
#define SY_IMPORT_MINDIR_MODEL_H

#include "base/file.h"
#include "graph/graph.h"
#include "import/mindir/fields.h"
#include "import/wire.h"

/* An attribute, or the value of a Constant. The numbers of a tuple are listed, and those of the tuples in it;
 * so is a single one. */
typedef struct sy_mind_attr {
    const char *name;
    int64_t type; /* SY_MIND_... */
    const int64_t *ints;
    size_t int_count;
    const double *floats;
    size_t float_count;
    const char *s;  /* of a single string; NULL: none */
    sy_span tensor; /* the first TensorProto */
    bool nested;    /* holds tuples in a tuple */
} sy_mind_attr;

typedef struct sy_mind_primitive {
    const char *name, *op_type;
    sy_mind_attr *attrs;
    int attr_count;
} sy_mind_primitive;

typedef struct sy_mind_node {
    const char *const *inputs;
    int input_count;
    const char *output; /* "" where there is none */
    const char *scope;  /* domain: "Default/conv-Conv2d/Conv2D-op0"; "" where there is none */
    const char *type;   /* the operator: of the primitive where op_type refers to one */
    const char
        *callee; /* of a call, whose type is "call": a function, or the node that makes one; else NULL */
    const sy_mind_primitive *primitive; /* NULL: none is referred to */
    sy_mind_attr *attrs;                /* the node's own */
    int attr_count;
    sy_span span; /* the NodeProto */
} sy_mind_node;

typedef struct sy_mind_tensor {
    const char *name;
    int64_t data_type;
    sy_shape shape;
    sy_span raw; /* raw_data; no bytes where elements stand elsewhere */
    bool is_external;
    const char *location; /* of external data */
    int64_t offset, length;
    bool is_packed; /* is quantized or compressed already */
    bool is_typed;  /* elements stand in float_data and the like */
    sy_span span;   /* the TensorProto */
} sy_mind_tensor;

/* An input or output of the graph. */
typedef struct sy_mind_value {
    const char *name;
    sy_mind_tensor type; /* of the first tensor; rank SY_NONE where there is none */
} sy_mind_value;

/* A sub graph: control flow calls it. */
typedef struct sy_mind_function {
    const char *name, *output;       /* what it makes: of one of its nodes, or an input */
    int first, end;                  /* its nodes */
    int first_argument, input_count; /* its inputs among the model's arguments */
} sy_mind_function;

/* An input of a function, by name. */
typedef struct sy_mind_argument_name {
    const char *name;
    int index;
} sy_mind_argument_name;

typedef struct sy_mind_model {
    const char *producer, *version, *graph_name;
    int64_t mind_ir_version; /* 0: not said */
    sy_mind_node *nodes;     /* those of the graph, then those of the functions */
    int node_count;          /* of the graph */
    int all_count;
    int *by_output; /* [all_count]: nodes, sorted by their outputs */
    sy_mind_function *functions;
    int function_count;
    sy_mind_argument_name
        *arguments; /* of all functions, sorted by name; an index counts them in the file's order */
    int argument_count;
    sy_mind_tensor *parameters;
    int parameter_count;
    sy_mind_value *inputs, *outputs;
    int input_count, output_count;
    sy_mind_primitive *primitives; /* sorted by name */
    int primitive_count;
    const char **function_names; /* every name that nodes of sub graphs read, sorted */
    int function_name_count;
    sy_span file, graph; /* the ModelProto, and the GraphProto in it */
    sy_arena arena;
    size_t memory_left; /* what may still be taken for lists */
} sy_mind_model;

/* Whether these bytes begin as a MindIR file does and no ONNX model can. */
bool sy_mind_recognise(const void *bytes, size_t size);

/* Lists what the file holds; the bytes must outlive the model. SY_E_MODEL: damaged, or not one; names the
 * part. SY_E_UNSUPPORTED: big endian. Release in either case.
 */
sy_status sy_mind_read(sy_ctx *ctx, const void *bytes, size_t size, sy_mind_model *out);
void sy_mind_release(sy_mind_model *model);

/* "first.weight" of "net:first.weight": the name of the graph says nothing here. */
const char *sy_mind_local_name(const char *name);

/* The node that makes a tensor; SY_NONE: a parameter, an input, or none. */
int sy_mind_find_node(const sy_mind_model *model, const char *output);
/* The function of this name, and the input of one; SY_NONE: there is none. */
int sy_mind_find_function(const sy_mind_model *model, const char *name);
int sy_mind_find_argument(const sy_mind_model *model, const char *name);
/* Whether a node of a sub graph reads this name. */
bool sy_mind_read_by_function(const sy_mind_model *model, const char *name);
/* The value of an input that is a Constant; NULL where it is computed or left out. */
const sy_mind_attr *sy_mind_constant(const sy_mind_model *model, const sy_mind_node *node, int input);

/* The attribute of the node or of its primitive; NULL where neither has it. */
const sy_mind_attr *sy_mind_attr_of(const sy_mind_node *node, const char *name);

/* A TensorProto. `what` begins messages. */
sy_status sy_mind_read_tensor(sy_ctx *ctx, sy_mind_model *model, sy_span span, const char *what,
                              sy_mind_tensor *out);

/* Elements of a tensor whose elements stand in raw_data or in a file below `folder` (NULL: refused): in the
 * arena of `arena` where they are from a file. Checks their number. SY_E_MODEL; SY_E_UNSUPPORTED for other
 * places.
 */
sy_status sy_mind_tensor_bytes(sy_ctx *ctx, const sy_mind_tensor *tensor, const char *folder, sy_arena *arena,
                               const void **out, size_t *out_bytes);

#endif
