#include "weight/emit.h"

enum { OPSET_DEQUANTIZE = 10, OPSET_AXIS = 13, OPSET_SMALL = 21 };

sy_status sy_weight_choose_form(sy_ctx *ctx, sy_onnx_edit *edit, int bits, bool blocks, int opset_max,
                                sy_weight_form *out)
{
    const int wanted[] = {bits <= 4 || bits > 8 || blocks ? OPSET_SMALL : OPSET_AXIS, OPSET_AXIS};
    *out = (sy_weight_form){.opset = sy_onnx_edit_opset(edit)};
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        bool possible;
        const char *why = "onnx_opset_max does not allow more";
        if (out->opset >= wanted[i])
            return SY_OK;
        if (wanted[i] > opset_max)
            possible = false;
        else
            SY_TRY(sy_onnx_edit_can_raise(edit, wanted[i], &possible, &why));
        if (possible) {
            SY_TRY(sy_onnx_edit_require_opset(edit, wanted[i]));
            out->opset = wanted[i];
            return SY_OK;
        }
        if (i == 0)
            out->why_not = why;
    }
    return sy_check_alloc(ctx, out);
}

sy_dtype sy_weight_storage(const sy_weight_codes *codes, const sy_weight_form *form)
{
    int lo, hi;
    sy_weight_integer_range(codes, &lo, &hi);
    if (lo >= -8 && hi <= 7 && form->opset >= OPSET_SMALL)
        return form->uint4 ? SY_DTYPE_UINT4 : SY_DTYPE_INT4;
    return sy_weight_integer_type(codes);
}

/* What the file holds of an integer, less the integer. */
static int offset_of(sy_dtype dtype)
{
    return dtype == SY_DTYPE_UINT4 ? 8 : 0;
}

static bool has_zeros(const sy_weight_codes *codes, sy_dtype dtype)
{
    return offset_of(dtype) || sy_weight_has_zeros(codes);
}

static size_t bytes_of(sy_dtype dtype, size_t count)
{
    return (count * sy_dtype_bits(dtype) + 7) / 8;
}

size_t sy_weight_stored_bytes(const sy_weight_codes *codes, const sy_weight_form *form)
{
    const sy_dtype dtype = sy_weight_storage(codes, form);
    return bytes_of(dtype, sy_weight_cut_elements(&codes->cut)) +
           codes->cut.units * ((has_zeros(codes, dtype) ? bytes_of(dtype, 1) : 0) + sizeof(float) +
                               (sy_weight_has_shifts(codes) ? sizeof(float) : 0));
}

/* One weight while it is written. */
typedef struct emitter {
    sy_ctx *ctx;
    sy_onnx_edit *edit;
    const sy_weight_codes *codes;
    const sy_weight_form *form;
    sy_dtype dtype; /* of the integers */
    int first_node;
    const char *name;  /* of the constant */
    const char *value; /* what was made last */
    int steps_left;    /* nodes to come */
    sy_arena *arena;
} emitter;

/* Integers little endian, those of 4 bits two in a byte, the first in the lower half; with the type's offset.
 */
static void *pack(sy_arena *arena, sy_dtype dtype, const int *integers, size_t count)
{
    unsigned char *out = sy_arena_alloc(arena, bytes_of(dtype, count), 1);
    for (size_t i = 0; out && i < count; i++) {
        const uint16_t word = (uint16_t)(integers[i] + offset_of(dtype));
        if (dtype == SY_DTYPE_INT4 || dtype == SY_DTYPE_UINT4) {
            out[i / 2] |= (unsigned char)((word & 15) << i % 2 * 4);
        } else if (dtype == SY_DTYPE_INT8) {
            out[i] = (unsigned char)word;
        } else {
            out[2 * i] = (unsigned char)word;
            out[2 * i + 1] = (unsigned char)(word >> 8);
        }
    }
    return out;
}

static sy_status add_tensor(emitter *work, const char *ending, sy_dtype dtype, const sy_shape *shape,
                            const void *data, const char **out_name)
{
    size_t count;
    sy_shape_count(shape, &count);
    const sy_tensor tensor = {.name = sy_onnx_edit_name(work->edit, work->name, ending),
                              .dtype = dtype,
                              .shape = *shape,
                              .data = data,
                              .bytes = bytes_of(dtype, count)};
    SY_TRY(sy_check_alloc(work->ctx, tensor.name && data ? data : NULL));
    *out_name = tensor.name;
    return sy_onnx_edit_add_tensor(work->edit, &tensor);
}

static sy_status add_integers(emitter *work, const char **out_name)
{
    const sy_weight_codes *codes = work->codes;
    const size_t count = sy_weight_cut_elements(&codes->cut);
    int *integers = sy_arena_alloc(work->arena, count, sizeof *integers);
    SY_TRY(sy_check_alloc(work->ctx, integers));
    for (size_t i = 0; i < count; i++)
        integers[i] = sy_weight_integer(codes, codes->codes[i]);
    return add_tensor(work, "_quantized", work->dtype, &codes->shape,
                      pack(work->arena, work->dtype, integers, count), out_name);
}

/* Zero points in the integers' type, or as floats. */
static sy_status add_zeros(emitter *work, sy_dtype dtype, const sy_shape *shape, const char **out_name)
{
    const size_t units = work->codes->cut.units;
    int *zeros = sy_arena_alloc(work->arena, units, sizeof *zeros);
    float *floats = sy_arena_alloc(work->arena, units, sizeof *floats);
    SY_TRY(sy_check_alloc(work->ctx, zeros && floats ? zeros : NULL));
    for (size_t u = 0; u < units; u++)
        floats[u] = (float)(zeros[u] = work->codes->zeros[u]);
    return add_tensor(work, "_zero_point", dtype, shape,
                      dtype == SY_DTYPE_FLOAT ? floats : pack(work->arena, dtype, zeros, units), out_name);
}

static sy_status add_node(emitter *work, const char *type, const char *const *inputs, int input_count,
                          const sy_attr *attrs, int attr_count)
{
    const char *output =
        --work->steps_left == 0 ? work->name : sy_onnx_edit_name(work->edit, work->name, "_float");
    const char *name = sy_onnx_edit_name(work->edit, work->name, type);
    SY_TRY(sy_check_alloc(work->ctx, output && name ? name : NULL));
    const sy_onnx_new_node node = {.type = type,
                                   .name = name,
                                   .inputs = inputs,
                                   .input_count = input_count,
                                   .outputs = &output,
                                   .output_count = 1,
                                   .attrs = attrs,
                                   .attr_count = attr_count};
    work->value = output;
    return sy_onnx_edit_add_node(work->edit, work->first_node, &node);
}

static sy_status add_binary(emitter *work, const char *type, const char *operand)
{
    const char *inputs[] = {work->value, operand};
    return add_node(work, type, inputs, 2, NULL, 0);
}

static sy_status add_cast(emitter *work, sy_dtype dtype)
{
    const char *inputs[] = {work->value};
    const sy_attr to = {.name = "to", .kind = SY_ATTR_INT, .i = dtype};
    return add_node(work, "Cast", inputs, 1, &to, 1);
}

/* The shape in which a factor of each unit meets the weight. */
static sy_shape broadcast_shape(const sy_weight_codes *codes)
{
    sy_shape shape = {.rank = codes->shape.rank};
    for (int i = 0; i < shape.rank; i++)
        shape.dims[i] = i == codes->cut.axis ? (int64_t)codes->cut.count : 1;
    return shape;
}

/* That of the scales of DequantizeLinear. */
static sy_shape scale_shape(const sy_weight_codes *codes)
{
    const sy_weight_cut *cut = &codes->cut;
    if (cut->axis == SY_NONE)
        return (sy_shape){.rank = 0};
    if (!cut->block)
        return (sy_shape){.rank = 1, .dims = {(int64_t)cut->count}};
    sy_shape shape = codes->shape;
    shape.dims[cut->axis] = (int64_t)(cut->units / cut->outer / cut->inner);
    return shape;
}

static sy_status add_dequantize(emitter *work)
{
    const sy_weight_codes *codes = work->codes;
    const sy_shape shape = scale_shape(codes);
    const char *inputs[3] = {work->value};
    const bool zeros = has_zeros(codes, work->dtype);
    SY_TRY(add_tensor(work, "_scale", SY_DTYPE_FLOAT, &shape, codes->scales, &inputs[1]));
    if (zeros)
        SY_TRY(add_zeros(work, work->dtype, &shape, &inputs[2]));
    const sy_attr attrs[] = {
        {.name = "axis", .kind = SY_ATTR_INT, .i = codes->cut.axis},
        {.name = "block_size", .kind = SY_ATTR_INT, .i = (int64_t)codes->cut.block},
    };
    return add_node(work, "DequantizeLinear", inputs, zeros ? 3 : 2, attrs,
                    codes->cut.axis == SY_NONE ? 0
                    : codes->cut.block         ? 2
                                               : 1);
}

static sy_status add_products(emitter *work)
{
    const sy_shape shape = broadcast_shape(work->codes);
    const char *zeros, *scales;
    SY_TRY(add_cast(work, SY_DTYPE_FLOAT));
    if (sy_weight_has_zeros(work->codes)) {
        SY_TRY(add_zeros(work, SY_DTYPE_FLOAT, &shape, &zeros));
        SY_TRY(add_binary(work, "Sub", zeros));
    }
    SY_TRY(add_tensor(work, "_scale", SY_DTYPE_FLOAT, &shape, work->codes->scales, &scales));
    return add_binary(work, "Mul", scales);
}

static bool has_dequantize(const emitter *work)
{
    const int opset = work->form->opset;
    if (work->dtype != SY_DTYPE_INT8 || work->codes->cut.block)
        return opset >= OPSET_SMALL;
    return opset >= (work->codes->cut.axis == SY_NONE ? OPSET_DEQUANTIZE : OPSET_AXIS);
}

static sy_status emit(emitter *work, bool half)
{
    const bool shifts = sy_weight_has_shifts(work->codes), dequantize = has_dequantize(work);
    const sy_shape shape = broadcast_shape(work->codes);
    const char *operand;
    work->steps_left =
        (dequantize ? 1 : 2 + sy_weight_has_zeros(work->codes)) + (shifts ? 1 : 0) + (half ? 1 : 0);
    SY_TRY(add_integers(work, &work->value));
    SY_TRY(dequantize ? add_dequantize(work) : add_products(work));
    if (shifts) {
        SY_TRY(add_tensor(work, "_shift", SY_DTYPE_FLOAT, &shape, work->codes->shifts, &operand));
        SY_TRY(add_binary(work, "Add", operand));
    }
    return half ? add_cast(work, SY_DTYPE_FLOAT16) : SY_OK;
}

sy_status sy_weight_emit(sy_ctx *ctx, sy_onnx_edit *edit, const sy_onnx_file *file, int constant,
                         int first_node, const sy_weight_codes *codes, const sy_weight_form *form,
                         sy_arena *arena)
{
    const sy_onnx_constant *old = &file->constants[constant];
    emitter work = {.ctx = ctx,
                    .edit = edit,
                    .codes = codes,
                    .form = form,
                    .dtype = sy_weight_storage(codes, form),
                    .first_node = first_node,
                    .name = old->name,
                    .arena = arena};
    if (codes->cut.block && form->opset < OPSET_SMALL)
        return sy_fail(ctx, SY_E_UNSUPPORTED, "blocks of weights need opset %d, but %s", OPSET_SMALL,
                       form->why_not ? form->why_not : "the model is older");
    sy_onnx_edit_drop_constant(edit, constant);
    return sy_while(ctx, emit(&work, old->data_type == SY_DTYPE_FLOAT16), "weight '%s'", old->name);
}
