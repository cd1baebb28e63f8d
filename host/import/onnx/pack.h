/* From graphs to the messages of an ONNX file. The messages point into the graph and into the packer's arena.
 */
#ifndef SY_IMPORT_ONNX_PACK_H
#define SY_IMPORT_ONNX_PACK_H

#include "graph/graph.h"
#include "onnx.pb-c.h"

typedef struct sy_onnx_packer {
    sy_ctx *ctx;
    const sy_graph *graph;
    sy_arena arena;

    /* Constants of at least `external_from` bytes go into the file `external_name`, each at a multiple of 64
     * KiB, which suits mapping on every system. NULL: all stay in the model.
     */
    const char *external_name;
    size_t external_from;
    const sy_tensor **external; /* in the order of their offsets */
    int external_count;
    size_t external_bytes; /* so far, padding included */
} sy_onnx_packer;

enum { SY_ONNX_EXTERNAL_ALIGNMENT = 65536 };

/* Fills `out`, which sy_onnx__model__init() made. The only failures are SY_E_MEMORY and SY_E_INTERNAL. */
sy_status sy_onnx_pack_model(sy_onnx_packer *packer, SyOnnx__Model *out);

/* Per tensor: whether a node that is not removed names it or the graph outputs it; `out` has tensor_count
 * elements. */
void sy_onnx_mark_used(const sy_graph *graph, bool *out);

#endif
