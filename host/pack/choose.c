/* The shortest form of a tensor's codes. */
#include <stdlib.h>

#include "pack/codes.h"

/* A table of how often each channel has each code is that of a tensor, not larger than many of them. */
enum { MOST_CHANNEL_USES = 1 << 24 };

bool sy_expansion_allowed(size_t plain_bytes, size_t stream_bytes)
{
    return plain_bytes / SY_EXPANSION_MAX <= stream_bytes;
}

typedef struct chooser {
    sy_ctx *ctx;
    const int16_t *codes;
    sy_code_set set;
    size_t plain_bytes, best; /* bytes */
    sy_packed_codes *out;
} chooser;

/* Takes a coding of so many bytes where it is the best so far. */
static bool offer(chooser *work, sy_coding coding, size_t bytes)
{
    if (bytes == 0 || bytes >= work->best || !sy_expansion_allowed(work->plain_bytes, bytes))
        return false;
    work->best = bytes;
    work->out->coding = coding;
    return true;
}

static sy_status try_channels(chooser *work, size_t channels, size_t inner)
{
    sy_code_form form = work->out->form;
    int gap_bits;
    size_t kept, uses;
    if (!channels || (uses = channels * work->set.count) / channels != work->set.count ||
        uses > MOST_CHANNEL_USES)
        return SY_OK;
    int16_t *fills = malloc(channels * sizeof *fills);
    SY_TRY(sy_check_alloc(work->ctx, fills));
    form.channels = channels;
    form.inner = inner;
    form.fills = fills;
    sy_status status =
        sy_sparse_find_fills(work->ctx, work->codes, form.count, channels, inner, &work->set, fills);
    if (status == SY_OK &&
        offer(work, SY_CODING_SPARSE,
              sy_sparse_bytes(work->codes, &form, &work->set, &gap_bits, &kept) + channels * sizeof *fills)) {
        free((void *)work->out->form.fills);
        work->out->form = form;
        return SY_OK;
    }
    free(fills);
    return status;
}

/* One channel, and those along each axis. */
static sy_status try_sparse(chooser *work, const int64_t *dims, int rank)
{
    const size_t count = work->out->form.count;
    if (count > SY_CODES_MAX)
        return SY_OK;
    SY_TRY(try_channels(work, 1, count));
    size_t inner = count;
    for (int axis = 0; axis < rank; axis++) {
        inner /= (size_t)dims[axis];
        if (dims[axis] > 1 && (size_t)dims[axis] < count)
            SY_TRY(try_channels(work, (size_t)dims[axis], inner));
    }
    return SY_OK;
}

static sy_status try_fse(chooser *work, sy_coding coding)
{
    sy_text stream = {0};
    sy_status status = sy_fse_encode(work->ctx, coding, work->codes, &work->out->form, &work->set, &stream);
    if (status == SY_OK)
        status = sy_check_alloc(work->ctx, stream.failed ? NULL : work);
    if (status == SY_OK && offer(work, coding, stream.size)) {
        sy_text_release(&work->out->stream);
        work->out->stream = stream;
    } else {
        sy_text_release(&stream);
    }
    return status;
}

static sy_status write_stream(chooser *work)
{
    sy_packed_codes *out = work->out;
    if (out->coding == SY_CODING_BITPACKING)
        sy_bitpack_encode(work->codes, &out->form, &out->stream);
    else if (out->coding == SY_CODING_INDEXING)
        sy_index_encode(work->codes, &out->form, &work->set, &out->stream);
    else if (out->coding == SY_CODING_SPARSE)
        sy_sparse_encode(work->codes, &out->form, &work->set, &out->stream);
    if (!sy_coding_is_fse(out->coding))
        out->form.segments = 1;
    if (out->coding != SY_CODING_SPARSE) {
        free((void *)out->form.fills);
        out->form.fills = NULL;
        out->form.channels = out->form.inner = 0;
    }
    return sy_check_alloc(work->ctx, out->stream.failed ? NULL : out);
}

sy_status sy_codes_encode(sy_ctx *ctx, const int16_t *codes, size_t count, size_t plain_bytes,
                          const int64_t *dims, int rank, uint32_t max_segments, sy_packed_codes *out)
{
    chooser work = {.ctx = ctx, .codes = codes, .plain_bytes = plain_bytes, .best = plain_bytes, .out = out};
    *out = (sy_packed_codes){.coding = SY_CODING_NONE};
    sy_status status = sy_code_set_init(ctx, codes, count, &work.set);
    if (status == SY_OK) {
        out->form = (sy_code_form){.count = count,
                                   .bits = sy_code_set_width(&work.set),
                                   .segments = sy_fse_segments(count, max_segments)};
        out->entropy = sy_code_set_entropy(&work.set);
        out->values = work.set.count;
        offer(&work, SY_CODING_BITPACKING, sy_bitpack_bytes(count, out->form.bits));
        offer(&work, SY_CODING_INDEXING, sy_index_bytes(&work.set, count, out->form.bits));
        status = try_sparse(&work, dims, rank);
    }
    if (status == SY_OK)
        status = try_fse(&work, SY_CODING_FSE_INT);
    if (status == SY_OK)
        status = try_fse(&work, SY_CODING_FSE_SHORT);
    if (status == SY_OK)
        status = write_stream(&work);
    sy_code_set_release(&work.set);
    return status;
}

void sy_packed_codes_release(sy_packed_codes *packed)
{
    free((void *)packed->form.fills);
    sy_text_release(&packed->stream);
    *packed = (sy_packed_codes){0};
}
