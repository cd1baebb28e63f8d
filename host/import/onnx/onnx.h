/* What the files of the ONNX reader and writer share. */
#ifndef SY_IMPORT_ONNX_ONNX_H
#define SY_IMPORT_ONNX_ONNX_H

#include "base/file.h"
#include "graph/graph.h"
#include "onnx.pb-c.h"

/* Numbers of the file format. */
enum {
    SY_ONNX_DATA_EXTERNAL = 1, /* Tensor.data_location */
    SY_ONNX_ATTR_FLOAT = 1,    /* Attribute.type */
    SY_ONNX_ATTR_INT = 2,
    SY_ONNX_ATTR_STRING = 3,
    SY_ONNX_ATTR_TENSOR = 4,
    SY_ONNX_ATTR_FLOATS = 6,
    SY_ONNX_ATTR_INTS = 7,
};

enum { SY_ONNX_OPSET_MIN = 7, SY_ONNX_OPSET_MAX = 23 };

/* Memory for unpacking, at most `left` bytes of it. Pointers stay valid as long as the arena; free does
 * nothing. */
typedef struct sy_onnx_memory {
    ProtobufCAllocator allocator;
    sy_arena *arena;
    size_t left;
    bool exceeded;
} sy_onnx_memory;

/* read.c. For a message of so many bytes: two bytes of a file can ask for a message of some hundred, so the
 * whole is limited. Real models need less than a tenth. `memory` must stay where it is.
 */
void sy_onnx_memory_init(sy_onnx_memory *memory, sy_arena *arena, size_t file_size);

/* One import while it runs. What was unpacked lives in the graph's arena, so names and weights need no second
 * copy. */
typedef struct sy_onnx_reader {
    sy_ctx *ctx;
    sy_graph *graph;
    sy_onnx_memory memory;
    const SyOnnx__Model *model;
    const char *folder;  /* of external data; NULL: refused */
    char *external_path; /* of the file mapped below, or NULL */
    sy_mapped external;  /* most models keep all weights in one file, so the last one stays mapped */
} sy_onnx_reader;

/* recognise.c. SY_OK when the bytes may be an ONNX model; otherwise SY_E_MODEL saying what they are and the
 * remedy. */
sy_status sy_onnx_recognise(sy_ctx *ctx, const unsigned char *bytes, size_t size);

/* damage.c. For bytes that could not be unpacked: SY_E_MODEL, naming the part where they stop making sense.
 */
sy_status sy_onnx_explain_damage(sy_ctx *ctx, const unsigned char *file, size_t size);

/* tensor.c. From any way to hold a tensor to dense elements; `out` gets dtype, shape, data and bytes, and ""
 * for a name. `what` begins messages ("initializer 'w'"). SY_E_UNSUPPORTED: a type or rank we do not hold.
 */
sy_status sy_onnx_read_tensor(sy_onnx_reader *reader, const SyOnnx__Tensor *proto, const char *what,
                              sy_tensor *out);

/* external.c. The bytes of a tensor held in another file, copied into the graph's arena; exactly `bytes` of
 * them. */
sy_status sy_onnx_read_external(sy_onnx_reader *reader, const SyOnnx__Tensor *proto, const char *what,
                                size_t bytes, const void **out);
void sy_onnx_close_external(sy_onnx_reader *reader);

/* attribute.c. One Attribute message; kinds we do not look into become SY_ATTR_OPAQUE. */
sy_status sy_onnx_read_attribute(sy_onnx_reader *reader, const ProtobufCBinaryData *raw, const char *what,
                                 sy_attr *out);

/* graph.c. Fills the graph with the tensors and nodes of reader->model. Its opsets are already set. */
sy_status sy_onnx_read_graph(sy_onnx_reader *reader);

/* write.c. sy_export_onnx with another limit (bytes of constants) from which on weights go into a file of
 * their own. */
sy_status sy_onnx_write(sy_ctx *ctx, const sy_graph *graph, const char *path, size_t inline_limit);

#endif
