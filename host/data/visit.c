/* One sample, from its files to words. */
#include <stdlib.h>

#include "base/file.h"
#include "data/npy.h"
#include "data/set.h"

static sy_dtype dtype_of(const sy_input_state *input, const sy_source_file *file)
{
    return file->dtype == SY_DTYPE_UNDEFINED ? input->spec.dtype : file->dtype;
}

/* [1,3,32,32] may come as [3,32,32]. */
static bool shape_fits(const sy_shape *wanted, const sy_shape *given)
{
    int extra = wanted->rank - given->rank;
    if (extra < 0)
        return false;
    for (int i = 0; i < wanted->rank; i++)
        if (wanted->dims[i] != (i < extra ? 1 : given->dims[i - extra]))
            return false;
    return true;
}

static sy_status read_npy(sy_ctx *ctx, const sy_input_state *input, const sy_mapped *bytes, sy_npy *out)
{
    char wanted[SY_SHAPE_TEXT], given[SY_SHAPE_TEXT];
    SY_TRY(sy_npy_read(ctx, bytes->bytes, bytes->size, out));
    if (shape_fits(&input->spec.shape, &out->shape))
        return SY_OK;
    return sy_fail(ctx, SY_E_DATA, "is %s where input %s wants %s", sy_shape_print(&out->shape, given),
                   input->spec.name, sy_shape_print(&input->spec.shape, wanted));
}

static sy_status check_raw(sy_ctx *ctx, const sy_input_state *input, const sy_source_file *file, size_t size)
{
    const sy_dtype dtype = dtype_of(input, file);
    const size_t needed = input->words * (sy_dtype_bits(dtype) / 8);
    char wanted[SY_SHAPE_TEXT];
    if (size == needed)
        return SY_OK;
    return sy_fail(ctx, SY_E_DATA, "has %zu bytes where input %s, %s of %s, needs %zu", size,
                   input->spec.name, sy_shape_print(&input->spec.shape, wanted), sy_dtype_name(dtype),
                   needed);
}

/* What the header of a file can tell. Only while the set is opened: it notes the size of a photograph. */
static sy_status check_bytes(sy_ctx *ctx, const sy_input_state *input, sy_source_file *file,
                             const sy_mapped *bytes)
{
    sy_npy npy;
    sy_fit fit;
    switch (file->kind) {
    case SY_FILE_RAW: return check_raw(ctx, input, file, bytes->size);
    case SY_FILE_NPY: return read_npy(ctx, input, bytes, &npy);
    case SY_FILE_IMAGE:
        SY_TRY(sy_image_read_size(ctx, bytes->bytes, bytes->size, &file->width, &file->height));
        return sy_photo_fit(ctx, &input->photo, file->width, file->height, &fit);
    }
    return SY_OK;
}

static sy_status load_bytes(sy_ctx *ctx, const sy_input_state *input, const sy_source_file *file,
                            const sy_mapped *bytes, void *words)
{
    const sy_sample_input *spec = &input->spec;
    sy_npy npy;
    switch (file->kind) {
    case SY_FILE_IMAGE: return sy_photo_load(ctx, &input->photo, bytes->bytes, bytes->size, words);
    case SY_FILE_NPY: {
        SY_TRY(read_npy(ctx, input, bytes, &npy));
        const sy_elements elements = {npy.dtype, npy.elements, npy.count};
        return sy_elements_convert(ctx, &elements, spec->dtype, &spec->shape, SY_ORDER_SAME, words);
    }
    case SY_FILE_RAW: {
        const sy_elements elements = {dtype_of(input, file), bytes->bytes, input->words};
        SY_TRY(check_raw(ctx, input, file, bytes->size));
        return sy_elements_convert(ctx, &elements, spec->dtype, &spec->shape, input->raw_order, words);
    }
    }
    return SY_OK;
}

/* Maps the file and checks it, or with `words` loads it. System errors already name the path. */
static sy_status visit_file(sy_ctx *ctx, const sy_input_state *input, sy_source_file *file, void *words,
                            sy_hash *out_hash)
{
    sy_mapped bytes = {0};
    SY_TRY(sy_file_map(ctx, file->path, &bytes));
    sy_status status =
        words ? load_bytes(ctx, input, file, &bytes, words) : check_bytes(ctx, input, file, &bytes);
    if (status == SY_OK && out_hash)
        *out_hash = sy_hash_of(bytes.bytes, bytes.size);
    sy_file_unmap(&bytes);
    return sy_while(ctx, status, "%s", file->name);
}

/* Of one sample, of those of its files. */
static sy_hash join_hashes(const sy_samples *samples, const sy_hash *hashes)
{
    return samples->input_count == 1 ? hashes[0]
                                     : sy_hash_of(hashes, (size_t)samples->input_count * sizeof *hashes);
}

sy_status sy_samples_hash(sy_ctx *ctx, const sy_samples *samples, size_t index, sy_hash *out)
{
    sy_status status = SY_OK;
    sy_hash *hashes = calloc((size_t)samples->input_count, sizeof *hashes);
    SY_TRY(sy_check_alloc(ctx, hashes));
    for (int k = 0; k < samples->input_count && status == SY_OK; k++) {
        sy_mapped bytes = {0};
        status = sy_file_map(ctx, samples->inputs[k].source.files[index].path, &bytes);
        if (status == SY_OK)
            hashes[k] = sy_hash_of(bytes.bytes, bytes.size);
        sy_file_unmap(&bytes);
    }
    if (status == SY_OK)
        *out = join_hashes(samples, hashes);
    free(hashes);
    return status;
}

sy_status sy_sample_visit(sy_ctx *ctx, const sy_samples *samples, size_t index, void *const *words,
                          sy_hash *out_hash)
{
    sy_status status = SY_OK;
    sy_hash *hashes = calloc((size_t)samples->input_count, sizeof *hashes);
    SY_TRY(sy_check_alloc(ctx, hashes));
    for (int k = 0; k < samples->input_count && status == SY_OK; k++) {
        const sy_input_state *input = &samples->inputs[k];
        status = visit_file(ctx, input, &input->source.files[index], words ? words[k] : NULL,
                            out_hash ? &hashes[k] : NULL);
    }
    if (status == SY_OK && out_hash)
        *out_hash = join_hashes(samples, hashes);
    free(hashes);
    return status;
}
