#include "import/mindir/parts.h"

#include <string.h>

void *sy_mind_take(sy_ctx *ctx, sy_mind_model *model, size_t count, size_t size)
{
    enum { ROUNDING = 64 }; /* of the arena */
    size_t bytes;
    if (!sy_mul_size(count, size, &bytes) || model->memory_left < ROUNDING ||
        bytes > model->memory_left - ROUNDING) {
        sy_fail(ctx, SY_E_MODEL,
                "listing its parts takes far more memory than the file has bytes; this is no model");
        return NULL;
    }
    model->memory_left -= bytes + ROUNDING;
    void *memory = sy_arena_alloc(&model->arena, count, size);
    sy_check_alloc(ctx, memory);
    return memory;
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

size_t sy_mind_count_fields(sy_span message, uint64_t number)
{
    sy_bytes bytes = sy_wire_begin(message);
    sy_wire_field field;
    size_t count = 0;
    while (sy_wire_next(&bytes, &field))
        count += field.number == number && field.type == SY_WIRE_BYTES;
    return count;
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
