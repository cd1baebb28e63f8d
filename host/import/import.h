/* Model files to graphs, and graphs back to ONNX files. sy_import_model tells the formats apart. */
#ifndef SY_IMPORT_IMPORT_H
#define SY_IMPORT_IMPORT_H

#include "base/hash.h"
#include "graph/graph.h"

/* Reads an ONNX model (opset 7 to 23): every way to hold a tensor, external data (only below the model's
 * folder), initializers listed as inputs or not, weights in Constant nodes (which become constants, keeping
 * their names). Node order, names and attributes are kept. Operators we do not have are kept too, with
 * sy_node.op NULL; so is control flow, whose subgraphs are opaque attributes (what only a subgraph reads has
 * no reader here, and sy_graph_compact would drop it). Shapes are inferred as far as they follow. Comments
 * (doc_string) and training information are not kept. `out_hash`, of the model file, may be NULL. SY_E_IO;
 * SY_E_MODEL: damaged, contradictory or not a model, naming the part; SY_E_UNSUPPORTED: opset, element types,
 * more than SY_MAX_RANK dimensions, model-local functions, sparse initializers.
 */
sy_status sy_import_onnx(sy_ctx *ctx, const char *path, sy_graph **out, sy_hash *out_hash);
/* The same from memory; `folder` is where external data is looked for, NULL to refuse it. */
sy_status sy_import_onnx_bytes(sy_ctx *ctx, const void *bytes, size_t size, const char *folder,
                               sy_graph **out);

/* Reads a MindIR model (MindSpore's export) as a graph over ONNX's operators, of opset 17, or 20 where they
 * need it: the main graph, with the operators of CNNs and transformers for inference. Nodes have the names of
 * their scopes
 * ("Default/dense-Dense/MatMul-op0"), tensors those of the file behind the graph's. `folder` as above.
 * SY_E_MODEL; SY_E_UNSUPPORTED names operators that are not translated, with a node of each, and what an
 * operator asks for that is not done.
 */
sy_status sy_import_mindir_bytes(sy_ctx *ctx, const void *bytes, size_t size, const char *folder,
                                 sy_graph **out);

/* Reads a file in either format, told by how it begins. */
sy_status sy_import_model(sy_ctx *ctx, const char *path, sy_graph **out, sy_hash *out_hash);

/* Writes the graph as an ONNX model, whole or not at all; constants in the file below 1 GiB in all, else in
 * "<path>.data", aligned to 64 KiB. Constants that nothing reads and removed nodes are left out; shapes of
 * inner tensors are written where they are known. The IR version is the graph's, or the one its operator set
 * came with where that is newer. The metadata records the program that made the model as "original_producer".
 */
sy_status sy_export_onnx(sy_ctx *ctx, const sy_graph *graph, const char *path);

#endif
