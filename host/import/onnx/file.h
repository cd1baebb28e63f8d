/* An ONNX file as it stands: its parts and where they are, so that one can be read alone and the others
 * passed on byte for byte. Nothing is computed from it, so it may hold any operator.
 */
#ifndef SY_IMPORT_ONNX_FILE_H
#define SY_IMPORT_ONNX_FILE_H

#include "base/file.h"
#include "graph/graph.h"
#include "import/wire.h"

/* A node of the main graph. Text is "" where the file has none. */
typedef struct sy_onnx_node {
    sy_span span; /* its message */
    const char *name, *type;
    const char *domain; /* "" is ONNX's own */
    const char **inputs, **outputs;
    int input_count, output_count;
    bool has_bodies; /* subgraphs in attributes: If, Loop, Scan */
} sy_onnx_node;

/* An initializer, or the tensor of a Constant node. */
typedef struct sy_onnx_constant {
    sy_span span; /* the message of the tensor */
    const char *name;
    int64_t data_type; /* ONNX's number; any */
    sy_shape shape;    /* rank SY_NONE where it has more dimensions than we hold, or absurd ones */
    int node;          /* the Constant node; SY_NONE: an initializer */
    bool is_external;  /* its elements stand in another file */
} sy_onnx_constant;

/* A node of the main graph that reads a value. */
typedef struct sy_onnx_reading {
    const char *name;
    int node, input; /* input SY_NONE: a body of the node reads it */
} sy_onnx_reading;

typedef struct sy_onnx_file {
    sy_span bytes, graph; /* of the file, of the main graph's message */
    const char *folder;   /* of external data; NULL: refused */
    int64_t ir_version;
    int opset; /* of ONNX's own domain; 0: not imported */
    sy_onnx_node *nodes;
    int node_count;
    sy_onnx_constant *constants; /* initializers, then those of nodes */
    int constant_count, initializer_count;
    const char **outputs; /* of the graph */
    int output_count;
    sy_onnx_reading *readings; /* sorted by name, then by node */
    size_t reading_count;
    /* private */
    sy_mapped mapped;
    size_t memory_left;
    sy_arena arena;
} sy_onnx_file;

/* Close also after a failure. SY_E_IO; SY_E_MODEL: damaged or not an ONNX model, naming the part. */
sy_status sy_onnx_file_open(sy_ctx *ctx, const char *path, sy_onnx_file *out);
/* The same of bytes, which must outlive it; `folder` is copied. */
sy_status sy_onnx_file_parse(sy_ctx *ctx, const void *bytes, size_t size, const char *folder,
                             sy_onnx_file *out);
void sy_onnx_file_close(sy_onnx_file *file);

typedef struct sy_onnx_readers {
    const sy_onnx_reading *at;
    size_t count;
} sy_onnx_readers;

sy_onnx_readers sy_onnx_find_readers(const sy_onnx_file *file, const char *name);
int sy_onnx_find_constant(const sy_onnx_file *file, const char *name); /* SY_NONE is an answer */
bool sy_onnx_node_is(const sy_onnx_node *node, const char *type);      /* of ONNX's own domain */

/* An attribute of a node. */
typedef struct sy_onnx_attribute {
    sy_span span; /* its message */
    int64_t i;
    float f;
    sy_span s;
} sy_onnx_attribute;

/* false: the node has none of that name. */
bool sy_onnx_find_attribute(sy_span node, const char *name, sy_onnx_attribute *out);
/* Its list of integers, the first `capacity` of them; returns how many it has. */
int sy_onnx_attribute_ints(const sy_onnx_attribute *attribute, int64_t *out, int capacity);
int64_t sy_onnx_node_int(const sy_onnx_node *node, const char *name, int64_t fallback);
float sy_onnx_node_float(const sy_onnx_node *node, const char *name, float fallback);

/* The elements of a constant of any numeric type as floats, `count` of them, as its shape says; of a data
 * type of sy_dtype. SY_E_MODEL, SY_E_IO: they are not what the file says.
 */
sy_status sy_onnx_constant_floats(sy_ctx *ctx, const sy_onnx_file *file, const sy_onnx_constant *constant,
                                  float *out, size_t count);
/* Its elements as they stand, in its own type, in memory that the caller frees with sy_graph_destroy(). */
sy_status sy_onnx_constant_load(sy_ctx *ctx, const sy_onnx_file *file, const sy_onnx_constant *constant,
                                sy_graph **out_memory, sy_tensor *out);

/* What stands in the bodies of a node, at any depth. */
typedef struct sy_onnx_body_visitor {
    void *user;
    sy_status (*node)(void *user, sy_span node); /* NULL: skipped */
    sy_status (*tensor)(void *user,
                        sy_span tensor);         /* initializers and tensors of attributes; NULL: skipped */
    sy_status (*name)(void *user, sy_span name); /* of a value that is read or made; NULL: skipped */
} sy_onnx_body_visitor;

sy_status sy_onnx_visit_bodies(sy_ctx *ctx, sy_span node, const sy_onnx_body_visitor *visitor);

#endif
