/* AttributeProto: its numbers, those of a tuple one level down. */
#include <string.h>

#include "import/mindir/parts.h"

static float float_of(uint64_t bits)
{
    const uint32_t word = (uint32_t)bits;
    float value;
    memcpy(&value, &word, sizeof value);
    return value;
}

static double double_of(uint64_t bits)
{
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* Values of an attribute while they are collected: first counted, then stored. */
typedef struct values {
    int64_t *ints;
    double *floats;
    size_t int_count, float_count;
} values;

static void add_int(values *out, uint64_t value)
{
    if (out->ints)
        out->ints[out->int_count] = (int64_t)value;
    out->int_count++;
}

static void add_float(values *out, double value)
{
    if (out->floats)
        out->floats[out->float_count] = value;
    out->float_count++;
}

/* Numbers of a repeated field that is packed into one. */
static void add_packed(const sy_wire_field *field, values *out)
{
    sy_bytes bytes = sy_wire_begin(field->data);
    while (!bytes.failed && bytes.at < bytes.end)
        switch (field->number) {
        case SY_ATTRIBUTE_INTS: add_int(out, sy_bytes_varint(&bytes)); break;
        case SY_ATTRIBUTE_FLOATS: add_float(out, (double)sy_bytes_f32(&bytes)); break;
        default: add_float(out, sy_bytes_f64(&bytes));
        }
}

/* The numbers in one AttributeProto, not those of its `values`. */
static void add_values(sy_span attribute, values *out)
{
    sy_bytes bytes = sy_wire_begin(attribute);
    sy_wire_field field;
    while (sy_wire_next(&bytes, &field))
        switch (field.number) {
        case SY_ATTRIBUTE_I: add_int(out, field.value); break;
        case SY_ATTRIBUTE_F: add_float(out, (double)float_of(field.value)); break;
        case SY_ATTRIBUTE_D: add_float(out, double_of(field.value)); break;
        case SY_ATTRIBUTE_INTS:
        case SY_ATTRIBUTE_FLOATS:
        case SY_ATTRIBUTE_DOUBLES:
            if (field.type == SY_WIRE_BYTES)
                add_packed(&field, out);
            else if (field.number == SY_ATTRIBUTE_INTS)
                add_int(out, field.value);
            else
                add_float(out, field.type == SY_WIRE_FIXED32 ? (double)float_of(field.value)
                                                             : double_of(field.value));
            break;
        default: break;
        }
}

/* Of the attributes in one that is a tuple. */
static void add_element_values(sy_span attribute, values *out)
{
    sy_bytes bytes = sy_wire_begin(attribute);
    sy_wire_field field;
    while (sy_wire_next(&bytes, &field))
        if (field.number == SY_ATTRIBUTE_VALUES && field.type == SY_WIRE_BYTES)
            add_values(field.data, out);
}

/* Those of a tuple are one level down, those of a tuple of tuples two. */
static void add_all_values(sy_span attribute, values *out, bool *nested)
{
    sy_bytes bytes = sy_wire_begin(attribute);
    sy_wire_field field;
    add_values(attribute, out);
    while (sy_wire_next(&bytes, &field))
        if (field.number == SY_ATTRIBUTE_VALUES && field.type == SY_WIRE_BYTES) {
            add_values(field.data, out);
            add_element_values(field.data, out);
            *nested |= sy_wire_count(field.data, SY_ATTRIBUTE_VALUES) > 0;
        }
}

static sy_status read_attr(sy_ctx *ctx, sy_mind_model *model, sy_span span, const char *what,
                           sy_mind_attr *out)
{
    sy_bytes bytes = sy_wire_begin(span);
    sy_wire_field field;
    values counted = {0}, stored = {0};
    SY_TRY(sy_mind_check(ctx, span, what));
    *out = (sy_mind_attr){.name = ""};
    while (sy_wire_next(&bytes, &field)) {
        if (field.number == SY_ATTRIBUTE_NAME)
            SY_TRY(sy_mind_read_text(ctx, model, &field, what, &out->name));
        else if (field.number == SY_ATTRIBUTE_TYPE)
            out->type = (int64_t)field.value;
        else if ((field.number == SY_ATTRIBUTE_S || field.number == SY_ATTRIBUTE_STRINGS) && !out->s)
            SY_TRY(sy_mind_read_text(ctx, model, &field, what, &out->s));
        else if ((field.number == SY_ATTRIBUTE_T || field.number == SY_ATTRIBUTE_TENSORS) && !out->tensor.at)
            out->tensor = field.data;
    }
    add_all_values(span, &counted, &out->nested);
    SY_MIND_TAKE(ctx, model, stored.ints, counted.int_count + 1);
    SY_MIND_TAKE(ctx, model, stored.floats, counted.float_count + 1);
    add_all_values(span, &stored, &out->nested);
    out->ints = stored.ints;
    out->int_count = stored.int_count;
    out->floats = stored.floats;
    out->float_count = stored.float_count;
    return SY_OK;
}

sy_status sy_mind_read_attrs(sy_ctx *ctx, sy_mind_model *model, sy_span message, uint64_t number,
                             const char *what, sy_mind_attr **out, int *out_count)
{
    sy_bytes bytes = sy_wire_begin(message);
    sy_wire_field field;
    const size_t count = sy_wire_count(message, number);
    SY_MIND_TAKE(ctx, model, *out, count);
    *out_count = 0;
    while (sy_wire_next(&bytes, &field))
        if (field.number == number && field.type == SY_WIRE_BYTES)
            SY_TRY(read_attr(ctx, model, field.data, what, &(*out)[(*out_count)++]));
    return SY_OK;
}
