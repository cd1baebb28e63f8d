/* A search of tensors while it lasts, for either format. */
#ifndef SY_PACK_FINDER_H
#define SY_PACK_FINDER_H

#include "graph/graph.h"
#include "import/wire.h"
#include "pack/find.h"

typedef struct sy_pack_finder {
    sy_ctx *ctx;
    sy_span file;
    sy_text tensors;   /* of sy_pack_tensor */
    sy_text locations; /* of const char * */
    sy_arena *arena;
} sy_pack_finder;

/* A tensor as the file tells it. */
typedef struct sy_pack_told {
    sy_span name, raw; /* raw: its elements in the model; no bytes where they stand elsewhere */
    sy_span location;  /* of its elements in another file; at NULL: not there */
    uint64_t offset, length;
    int64_t dtype;
    sy_shape shape;
} sy_pack_told;

/* Adds its location, and the tensor where it is one of integers in raw bytes. */
sy_status sy_pack_finder_add(sy_pack_finder *finder, const sy_pack_told *told);

sy_status sy_pack_find_onnx(sy_pack_finder *finder);
sy_status sy_pack_find_mindir(sy_pack_finder *finder);

#endif
