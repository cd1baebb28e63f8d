/* The changes to an ONNX file, as they are kept until it is written. */
#ifndef SY_IMPORT_ONNX_EDITOR_H
#define SY_IMPORT_ONNX_EDITOR_H

#include "import/onnx/edit.h"
#include "import/onnx/names.h"

/* A node to be written: a whole field of the graph. */
typedef struct sy_onnx_added {
    sy_span field;
    struct sy_onnx_added *next;
} sy_onnx_added;

/* An input that is read under another name. */
typedef struct sy_onnx_retarget {
    int input;
    const char *name;
    struct sy_onnx_retarget *next;
} sy_onnx_retarget;

typedef struct sy_onnx_new_tensor {
    sy_tensor tensor;
    struct sy_onnx_new_tensor *next;
} sy_onnx_new_tensor;

struct sy_onnx_edit {
    sy_ctx *ctx;
    const sy_onnx_file *file;
    sy_arena arena;
    sy_name_set names;
    size_t names_left;
    bool *node_dropped, *constant_dropped;
    sy_onnx_added **first_before, **last_before; /* per node, and behind the last */
    sy_onnx_retarget **retargets;                /* per node */
    sy_onnx_new_tensor *first_tensor, *last_tensor;
    int opset;
    bool adds; /* anything */
};

#endif
