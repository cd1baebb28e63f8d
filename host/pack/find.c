#include <stdlib.h>
#include <string.h>

#include "import/mindir/model.h"
#include "pack/finder.h"

_Static_assert(sizeof((sy_pack_tensor *)0)->dims == sizeof((sy_shape *)0)->dims,
               "a tensor has the dimensions of a shape");

/* bits 0: not of integers that are packed. */
static sy_element element_of(int64_t dtype)
{
    switch (dtype) {
    case SY_DTYPE_INT4: return (sy_element){4, true};
    case SY_DTYPE_UINT4: return (sy_element){4, false};
    case SY_DTYPE_INT8: return (sy_element){8, true};
    case SY_DTYPE_UINT8: return (sy_element){8, false};
    case SY_DTYPE_INT16: return (sy_element){16, true};
    case SY_DTYPE_UINT16: return (sy_element){16, false};
    default: return (sy_element){0, false};
    }
}

/* The number of a file, which is added where it is new; 0 without memory. */
static uint32_t file_of(sy_pack_finder *finder, sy_span location)
{
    const char **known = (const char **)(void *)finder->locations.bytes;
    const size_t count = finder->locations.size / sizeof *known;
    for (size_t i = 0; i < count; i++)
        if (strlen(known[i]) == location.size && memcmp(known[i], location.at, location.size) == 0)
            return (uint32_t)i + 1;
    const char *text = sy_arena_text_n(finder->arena, (const char *)location.at, location.size);
    if (text)
        sy_text_add(&finder->locations, &text, sizeof text);
    return text && !finder->locations.failed ? (uint32_t)count + 1 : 0;
}

sy_status sy_pack_finder_add(sy_pack_finder *finder, const sy_pack_told *told)
{
    sy_pack_tensor tensor = {.element = element_of(told->dtype), .place = told->offset};
    uint64_t bytes = told->length;
    if (told->location.at) {
        tensor.file = file_of(finder, told->location);
        SY_TRY(sy_check_alloc(finder->ctx, tensor.file ? finder : NULL));
    } else if (told->raw.at) {
        tensor.place = (uint64_t)(told->raw.at - finder->file.at);
        bytes = told->raw.size;
    } else {
        return SY_OK; /* an offset and a length, but of no file */
    }
    size_t count;
    if (!tensor.element.bits || !bytes || !sy_shape_count(&told->shape, &count) || !count ||
        sy_element_bytes(tensor.element, count) != bytes)
        return SY_OK;
    tensor.count = count;
    tensor.rank = told->shape.rank;
    memcpy(tensor.dims, told->shape.dims, sizeof tensor.dims);
    tensor.name =
        sy_arena_text_n(finder->arena, told->name.at ? (const char *)told->name.at : "", told->name.size);
    SY_TRY(sy_check_alloc(finder->ctx, tensor.name));
    sy_text_add(&finder->tensors, &tensor, sizeof tensor);
    return sy_check_alloc(finder->ctx, finder->tensors.failed ? NULL : finder);
}

static int by_place(const void *a, const void *b)
{
    const sy_pack_tensor *x = a, *y = b;
    if (x->file != y->file)
        return x->file < y->file ? -1 : 1;
    return x->place != y->place ? (x->place < y->place ? -1 : 1)
                                : (x->count < y->count) - (x->count > y->count);
}

/* Sorts, and leaves out what stands in bytes of another tensor. */
static size_t order(sy_pack_tensor *tensors, size_t count)
{
    size_t kept = 0;
    if (count)
        qsort(tensors, count, sizeof *tensors, by_place);
    for (size_t i = 0; i < count; i++) {
        const sy_pack_tensor *last = kept ? &tensors[kept - 1] : NULL;
        if (last && last->file == tensors[i].file &&
            tensors[i].place - last->place < sy_element_bytes(last->element, last->count))
            continue;
        tensors[kept++] = tensors[i];
    }
    return kept;
}

static sy_status search(sy_pack_finder *finder, sy_pack_found *out)
{
    SY_TRY(sy_mind_recognise(finder->file.at, finder->file.size) ? sy_pack_find_mindir(finder)
                                                                 : sy_pack_find_onnx(finder));
    out->location_count = (uint32_t)(finder->locations.size / sizeof *out->locations);
    out->locations = sy_arena_copy(finder->arena, finder->locations.bytes, finder->locations.size);
    out->tensors = sy_arena_copy(finder->arena, finder->tensors.bytes, finder->tensors.size);
    SY_TRY(sy_check_alloc(finder->ctx, out->tensors && out->locations ? out : NULL));
    out->count = order(out->tensors, finder->tensors.size / sizeof *out->tensors);
    return SY_OK;
}

sy_status sy_pack_find(sy_ctx *ctx, const void *bytes, size_t size, sy_pack_found *out)
{
    *out = (sy_pack_found){0};
    sy_pack_finder finder = {.ctx = ctx, .file = {.at = bytes, .size = size}, .arena = &out->arena};
    const sy_status status = search(&finder, out);
    sy_text_release(&finder.tensors);
    sy_text_release(&finder.locations);
    return status;
}

void sy_pack_found_release(sy_pack_found *found)
{
    sy_arena_release(&found->arena);
    *found = (sy_pack_found){0};
}
