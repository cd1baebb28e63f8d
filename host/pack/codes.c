#include "pack/codes.h"

#include <stdlib.h>

/* On a machine whose numbers are little endian the elements are the codes; on others they become so. */
static sy_status decode_fse(sy_ctx *ctx, const void *stream, size_t bytes, const sy_code_form *form,
                            int16_t *out)
{
    const sy_element element = {.bits = 16, .is_signed = true};
    SY_TRY(sy_fse_decode_elements(ctx, stream, bytes, form, element, out));
    sy_elements_to_codes(element, out, form->count, out);
    return SY_OK;
}

static const struct {
    sy_coding coding;
    const char *name;
    sy_status (*decode)(sy_ctx *ctx, const void *stream, size_t bytes, const sy_code_form *form,
                        int16_t *out);
} codings[] = {
    {SY_CODING_NONE, "none", NULL},
    {SY_CODING_INDEXING, "indexing", sy_index_decode},
    {SY_CODING_SPARSE, "sparse", sy_sparse_decode},
    {SY_CODING_BITPACKING, "bit packing", sy_bitpack_decode},
    {SY_CODING_FSE_INT, "FSE", decode_fse},
};

const char *sy_coding_name(int coding)
{
    for (size_t i = 0; i < sizeof codings / sizeof codings[0]; i++)
        if ((int)codings[i].coding == coding)
            return codings[i].name;
    return NULL;
}

static sy_status decode_through_codes(sy_ctx *ctx, sy_coding coding, const void *stream, size_t bytes,
                                      const sy_code_form *form, sy_element element, void *out)
{
    for (size_t i = 0; i < sizeof codings / sizeof codings[0]; i++) {
        if (codings[i].coding != coding || !codings[i].decode)
            continue;
        int16_t *codes = calloc(form->count, sizeof *codes);
        SY_TRY(sy_check_alloc(ctx, codes));
        const sy_status status = codings[i].decode(ctx, stream, bytes, form, codes);
        if (status == SY_OK)
            sy_elements_from_codes(element, codes, form->count, out);
        free(codes);
        return status;
    }
    return sy_fail(ctx, SY_E_MODEL, "coding %d is not known", (int)coding);
}

sy_status sy_codes_decode(sy_ctx *ctx, sy_coding coding, const void *stream, size_t bytes,
                          const sy_code_form *form, sy_element element, void *out)
{
    if (form->bits > element.bits)
        return sy_fail(ctx, SY_E_MODEL, "codes of %d bits in elements of %d", form->bits, element.bits);
    if (coding == SY_CODING_FSE_INT && element.bits >= 8)
        return sy_fse_decode_elements(ctx, stream, bytes, form, element, out);
    return decode_through_codes(ctx, coding, stream, bytes, form, element, out);
}
