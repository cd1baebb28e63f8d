/* Where tensors of integers stand in the files of a model. */
#ifndef SY_PACK_FIND_H
#define SY_PACK_FIND_H

#include "pack/container.h"

typedef struct sy_pack_found {
    sy_pack_tensor *tensors; /* sorted by file and place, without overlaps */
    size_t count;
    const char **locations; /* other files that the model's tensors stand in: file 1 and on; each once */
    uint32_t location_count;
    sy_arena arena;
} sy_pack_found; /* a zeroed one is empty */

/* Of an ONNX or MindIR model: tensors of 4, 8 and 16 bits whose elements stand in raw bytes, at any depth.
 * What else the file holds is not looked at. SY_E_MODEL: damaged; SY_E_UNSUPPORTED: neither. Release in
 * either case.
 */
sy_status sy_pack_find(sy_ctx *ctx, const void *bytes, size_t size, sy_pack_found *out);
void sy_pack_found_release(sy_pack_found *found);

#endif
