#include <string.h>

#include "import/mindir/model.h"
#include "pack/finder.h"

sy_status sy_pack_find_mindir(sy_pack_finder *finder)
{
    sy_mind_model model = {0};
    sy_status status = sy_mind_read(finder->ctx, finder->file.at, finder->file.size, &model);
    for (int p = 0; p < model.parameter_count && status == SY_OK; p++) {
        const sy_mind_tensor *tensor = &model.parameters[p];
        sy_pack_told told = {.name = {(const unsigned char *)tensor->name, strlen(tensor->name)},
                             .raw = tensor->raw,
                             .dtype = tensor->is_packed ? SY_DTYPE_UNDEFINED : tensor->data_type,
                             .shape = tensor->shape};
        if (tensor->is_external) {
            told.location = (sy_span){(const unsigned char *)tensor->location, strlen(tensor->location)};
            told.offset = tensor->offset < 0 ? UINT64_MAX / 2 : (uint64_t)tensor->offset;
            told.length = tensor->length < 0 ? 0 : (uint64_t)tensor->length;
        }
        status = sy_pack_finder_add(finder, &told);
    }
    sy_mind_release(&model);
    return status;
}
