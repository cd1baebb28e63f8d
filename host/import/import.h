/* Model files to graphs, and graphs back to ONNX files. */
#ifndef SY_IMPORT_IMPORT_H
#define SY_IMPORT_IMPORT_H

#include "base/hash.h"
#include "graph/graph.h"

/* Reads an ONNX model (opset 7 to 23): every way to hold a tensor, external data (only below the model's folder), initializers
 * listed as inputs or not, weights in Constant nodes (which become constants, keeping their names). Node order, names and attributes are kept. Operators
 * we do not have are kept too, with sy_node.op NULL. Shapes are inferred as far as they follow. `out_hash` may be NULL.
 * SY_E_IO, SY_E_MODEL (damaged or contradictory, naming the part), SY_E_UNSUPPORTED (opset, control flow ...).
 */
sy_status sy_import_onnx(sy_ctx *ctx, const char *path, sy_graph **out, sy_hash *out_hash);
/* The same from memory; `folder` is where external data is looked for, NULL to refuse it. */
sy_status sy_import_onnx_bytes(sy_ctx *ctx, const void *bytes, size_t size, const char *folder, sy_graph **out);

/* Writes the graph as an ONNX model, whole or not at all; weights in the file below 1 GiB, else in "<path>.data" aligned to 64 KiB. */
sy_status sy_export_onnx(sy_ctx *ctx, const sy_graph *graph, const char *path);

#endif
