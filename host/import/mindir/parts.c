#include "import/mindir/parts.h"

#include <string.h>

void *sy_mind_take(sy_ctx *ctx, sy_mind_model *model, size_t count, size_t size)
{
    return sy_wire_take(ctx, &model->arena, &model->memory_left, count, size);
}

sy_status sy_mind_check(sy_ctx *ctx, sy_span message, const char *what)
{
    sy_bytes bytes = sy_wire_begin(message);
    sy_wire_field field;
    while (sy_wire_next(&bytes, &field)) {
    }
    if (!bytes.failed)
        return SY_OK;
    return sy_fail(ctx, SY_E_MODEL, "%s is damaged: its fields do not fit in its %zu bytes", what,
                   message.size);
}

sy_status sy_mind_read_text(sy_ctx *ctx, sy_mind_model *model, const sy_wire_field *field, const char *what,
                            const char **out)
{
    char *text;
    if (field->type != SY_WIRE_BYTES || (field->data.size && memchr(field->data.at, 0, field->data.size)))
        return sy_fail(ctx, SY_E_MODEL, "%s holds a name that is no text", what);
    SY_MIND_TAKE(ctx, model, text, field->data.size + 1);
    memcpy(text, field->data.at, field->data.size);
    *out = text;
    return SY_OK;
}
