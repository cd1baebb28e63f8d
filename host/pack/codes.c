#include "pack/codes.h"

#include <stdlib.h>

/* FSE has no decoder here: it makes elements of 8 or 16 bits at once. */
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
    {SY_CODING_FSE_INT, "FSE", NULL},
    {SY_CODING_FSE_SHORT, "FSE, short", NULL},
};

const char *sy_coding_name(int coding)
{
    for (size_t i = 0; i < sizeof codings / sizeof codings[0]; i++)
        if ((int)codings[i].coding == coding)
            return codings[i].name;
    return NULL;
}

static sy_status decode_codes(sy_ctx *ctx, sy_coding coding, const void *stream, size_t bytes,
                              const sy_code_form *form, int16_t *out)
{
    static const sy_element wide = {.bits = 16, .is_signed = true};
    if (sy_coding_is_fse(coding)) {
        SY_TRY(sy_fse_decode_elements(ctx, coding, stream, bytes, form, wide, out));
        sy_elements_to_codes(wide, out, form->count, out); /* little endian, whatever the machine */
        return SY_OK;
    }
    for (size_t i = 0; i < sizeof codings / sizeof codings[0]; i++)
        if (codings[i].coding == coding && codings[i].decode)
            return codings[i].decode(ctx, stream, bytes, form, out);
    return sy_fail(ctx, SY_E_MODEL, "coding %d is not known", (int)coding);
}

static sy_status decode_through_codes(sy_ctx *ctx, sy_coding coding, const void *stream, size_t bytes,
                                      const sy_code_form *form, sy_element element, void *out)
{
    int16_t *codes = calloc(form->count, sizeof *codes);
    SY_TRY(sy_check_alloc(ctx, codes));
    const sy_status status = decode_codes(ctx, coding, stream, bytes, form, codes);
    if (status == SY_OK)
        sy_elements_from_codes(element, codes, form->count, out);
    free(codes);
    return status;
}

sy_status sy_codes_decode(sy_ctx *ctx, sy_coding coding, const void *stream, size_t bytes,
                          const sy_code_form *form, sy_element element, void *out)
{
    if (form->bits > element.bits)
        return sy_fail(ctx, SY_E_MODEL, "codes of %d bits in elements of %d", form->bits, element.bits);
    if (sy_coding_is_fse(coding) && element.bits >= 8)
        return sy_fse_decode_elements(ctx, coding, stream, bytes, form, element, out);
    return decode_through_codes(ctx, coding, stream, bytes, form, element, out);
}
