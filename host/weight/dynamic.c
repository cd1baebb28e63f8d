#include "weight/dynamic.h"

#include <float.h>

enum { ZERO = 128, ROWS_MAX = 127, AXES_INPUT_OPSET = 18 };

/* An activation that became integers. */
typedef struct quantized {
    const char *of;                   /* its name as floats */
    const char *codes, *scale, *zero; /* uint8, float, uint8 */
    bool rows;
    struct quantized *next;
} quantized;

struct sy_dynamic {
    sy_ctx *ctx;
    const sy_onnx_file *file;
    sy_onnx_edit *edit;
    sy_arena *arena;
    bool rows;
    quantized *activations;
    const char *middle; /* the zero point of all weights and of all rows; NULL: not there yet */
    int before;         /* where nodes go */
    const char *base;   /* what their names begin with */
};

/* Where a node holds a product's operands. */
static bool is_product(const sy_onnx_file *file, const sy_onnx_reading *reading, const char **out_why)
{
    const sy_onnx_node *node = &file->nodes[reading->node];
    *out_why = "not all that reads it is a product of it";
    if (reading->input != 1)
        return false;
    if (sy_onnx_node_is(node, "MatMul"))
        return true;
    if (sy_onnx_node_is(node, "Gemm")) {
        *out_why = "a Gemm that reads it has transA";
        return sy_onnx_node_int(node, "transA", 0) == 0;
    }
    *out_why = sy_onnx_node_is(node, "Conv") ? "a Conv that reads it has a computed bias"
                                             : "there is no product of integers for what reads it";
    return sy_onnx_node_is(node, "Conv") && (node->input_count < 3 || !*node->inputs[2] ||
                                             sy_onnx_find_constant(file, node->inputs[2]) != SY_NONE);
}

static bool is_flipped(const sy_onnx_node *node)
{
    return sy_onnx_node_is(node, "Gemm") && sy_onnx_node_int(node, "transB", 0) != 0;
}

static bool all_products(const sy_onnx_file *file, const sy_onnx_readers *readers, const char **out_why)
{
    for (size_t i = 0; i < readers->count; i++) {
        if (!is_product(file, &readers->at[i], out_why))
            return false;
        if (is_flipped(&file->nodes[readers->at[i].node]) != is_flipped(&file->nodes[readers->at[0].node])) {
            *out_why = "it is read as it is and transposed";
            return false;
        }
    }
    return true;
}

static bool is_lookup(const sy_onnx_file *file, const sy_onnx_readers *readers,
                      const sy_weight_choice *choice)
{
    for (size_t i = 0; i < readers->count; i++)
        if (readers->at[i].input != 0 || !sy_onnx_node_is(&file->nodes[readers->at[i].node], "Gather"))
            return false;
    return choice->axis == 0 || choice->axis == SY_NONE;
}

sy_dynamic_form sy_dynamic_form_of(const sy_onnx_file *file, const sy_weight_choice *choice,
                                   const char **out_why)
{
    const sy_onnx_constant *constant = &file->constants[choice->constant];
    const sy_onnx_readers readers = sy_onnx_find_readers(file, constant->name);
    *out_why = "only float32 has products of integers";
    if (constant->data_type != SY_DTYPE_FLOAT)
        return SY_DYNAMIC_FLOAT;
    if (constant->shape.rank == 2 && is_lookup(file, &readers, choice))
        return SY_DYNAMIC_LOOKUP;
    if (!all_products(file, &readers, out_why))
        return SY_DYNAMIC_FLOAT;
    *out_why = "a MatMul's weight has more than two dimensions";
    return constant->shape.rank == 2 || choice->is_convolution ? SY_DYNAMIC_PRODUCT : SY_DYNAMIC_FLOAT;
}

sy_status sy_dynamic_create(sy_ctx *ctx, const sy_onnx_file *file, sy_onnx_edit *edit, bool rows,
                            sy_arena *arena, sy_dynamic **out)
{
    sy_dynamic *dynamic = sy_arena_alloc(arena, 1, sizeof *dynamic);
    SY_TRY(sy_check_alloc(ctx, dynamic));
    *dynamic = (sy_dynamic){.ctx = ctx, .file = file, .edit = edit, .arena = arena, .rows = rows};
    *out = dynamic;
    return SY_OK;
}

/* A node with up to two inputs more than those that are "", and one output, named or made up. */
static sy_status add(sy_dynamic *d, const char *type, const char *a, const char *b, const sy_attr *attr,
                     const char *output, const char **out)
{
    const char *inputs[] = {a, b};
    const char *made = output ? output : sy_onnx_edit_name(d->edit, d->base, "_value");
    const char *name = sy_onnx_edit_name(d->edit, d->base, type);
    SY_TRY(sy_check_alloc(d->ctx, made && name ? name : NULL));
    const sy_onnx_new_node node = {.type = type,
                                   .name = name,
                                   .inputs = inputs,
                                   .input_count = b ? 2 : 1,
                                   .outputs = &made,
                                   .output_count = 1,
                                   .attrs = attr,
                                   .attr_count = attr ? 1 : 0};
    if (out)
        *out = made;
    return sy_onnx_edit_add_node(d->edit, d->before, &node);
}

static sy_status add_cast(sy_dynamic *d, const char *value, sy_dtype dtype, const char **out)
{
    const sy_attr to = {.name = "to", .kind = SY_ATTR_INT, .i = dtype};
    return add(d, "Cast", value, NULL, &to, NULL, out);
}

static sy_status add_tensor(sy_dynamic *d, const char *ending, sy_dtype dtype, const sy_shape *shape,
                            const void *data, const char **out)
{
    size_t count = 0;
    sy_shape_count(shape, &count);
    const sy_tensor tensor = {.name = sy_onnx_edit_name(d->edit, d->base, ending),
                              .dtype = dtype,
                              .shape = *shape,
                              .data = data,
                              .bytes = count * sy_dtype_bits(dtype) / 8};
    SY_TRY(sy_check_alloc(d->ctx, tensor.name && data ? data : NULL));
    *out = tensor.name;
    return sy_onnx_edit_add_tensor(d->edit, &tensor);
}

static sy_status add_number(sy_dynamic *d, const char *ending, float number, const char **out)
{
    const sy_shape scalar = {.rank = 0};
    float *held = sy_arena_copy(d->arena, &number, sizeof number);
    return add_tensor(d, ending, SY_DTYPE_FLOAT, &scalar, held, out);
}

/* The zero point 128, made once. */
static sy_status find_middle(sy_dynamic *d, const char **out)
{
    static const unsigned char zero = ZERO;
    const sy_shape scalar = {.rank = 0};
    if (!d->middle)
        SY_TRY(add_tensor(d, "_zero_point", SY_DTYPE_UINT8, &scalar, &zero, &d->middle));
    *out = d->middle;
    return SY_OK;
}

static sy_status quantize_tensor(sy_dynamic *d, quantized *x)
{
    const char *outputs[] = {sy_onnx_edit_name(d->edit, x->of, "_quantized"),
                             sy_onnx_edit_name(d->edit, x->of, "_scale"),
                             sy_onnx_edit_name(d->edit, x->of, "_zero_point")};
    const char *name = sy_onnx_edit_name(d->edit, x->of, "_DynamicQuantizeLinear");
    SY_TRY(sy_check_alloc(d->ctx, outputs[0] && outputs[1] && outputs[2] && name ? name : NULL));
    x->codes = outputs[0];
    x->scale = outputs[1];
    x->zero = outputs[2];
    const sy_onnx_new_node node = {.type = "DynamicQuantizeLinear",
                                   .name = name,
                                   .inputs = &x->of,
                                   .input_count = 1,
                                   .outputs = outputs,
                                   .output_count = 3};
    return sy_onnx_edit_add_node(d->edit, d->before, &node);
}

/* The largest magnitude of each row, as [..., 1]. */
static sy_status largest_of_rows(sy_dynamic *d, const char *x, const char **out)
{
    static const int64_t last = -1;
    const sy_shape one = {.rank = 1, .dims = {1}};
    const sy_attr axes = {.name = "axes", .kind = SY_ATTR_INTS, .ints = &last, .count = 1};
    const char *magnitude, *list = NULL;
    const bool as_input = sy_onnx_edit_opset(d->edit) >= AXES_INPUT_OPSET;
    SY_TRY(add(d, "Abs", x, NULL, NULL, NULL, &magnitude));
    if (as_input)
        SY_TRY(add_tensor(d, "_axes", SY_DTYPE_INT64, &one, &last, &list));
    return add(d, "ReduceMax", magnitude, list, as_input ? NULL : &axes, NULL, out);
}

/* A row of nothing but 0 has the least scale there is, and so its codes are 0. */
static sy_status quantize_rows(sy_dynamic *d, quantized *x)
{
    const char *largest, *part, *least, *step, *value, *middle;
    SY_TRY(largest_of_rows(d, x->of, &largest));
    SY_TRY(add_number(d, "_range", ROWS_MAX, &part));
    SY_TRY(add_number(d, "_least", FLT_MIN, &least));
    SY_TRY(add_number(d, "_middle", ZERO, &middle));
    SY_TRY(add(d, "Div", largest, part, NULL, NULL, &step));
    SY_TRY(add(d, "Max", step, least, NULL, NULL, &x->scale));
    SY_TRY(add(d, "Div", x->of, x->scale, NULL, NULL, &value));
    SY_TRY(add(d, "Round", value, NULL, NULL, NULL, &value));
    SY_TRY(add(d, "Add", value, middle, NULL, NULL, &value));
    SY_TRY(add_cast(d, value, SY_DTYPE_UINT8, &x->codes));
    return find_middle(d, &x->zero);
}

/* The activation as integers; made where the file first reads it, for weights come in another order than
 * nodes.
 */
static sy_status find_activation(sy_dynamic *d, const char *name, bool rows, const quantized **out)
{
    for (const quantized *x = d->activations; x; x = x->next)
        if (x->rows == rows && strcmp(x->of, name) == 0) {
            *out = x;
            return SY_OK;
        }
    quantized *made = sy_arena_alloc(d->arena, 1, sizeof *made);
    SY_TRY(sy_check_alloc(d->ctx, made));
    *made = (quantized){.of = name, .rows = rows, .next = d->activations};
    const int before = d->before;
    const char *base = d->base;
    d->before = sy_onnx_find_readers(d->file, name).at[0].node;
    d->base = name;
    SY_TRY(rows ? quantize_rows(d, made) : quantize_tensor(d, made));
    d->before = before;
    d->base = base;
    d->activations = made;
    *out = made;
    return SY_OK;
}

/* The codes as uint8, transposed for a Gemm that reads them so: [terms, channels]. */
static sy_status add_weights(sy_dynamic *d, const sy_weight_codes *codes, bool flipped, const char **out)
{
    const size_t count = sy_weight_cut_elements(&codes->cut);
    unsigned char *bytes = sy_arena_alloc(d->arena, count, 1);
    sy_shape shape = codes->shape;
    SY_TRY(sy_check_alloc(d->ctx, bytes));
    if (flipped) {
        shape.dims[0] = codes->shape.dims[1];
        shape.dims[1] = codes->shape.dims[0];
    }
    const size_t rows = (size_t)codes->shape.dims[0], columns = count / rows;
    for (size_t i = 0; i < count; i++)
        bytes[flipped ? i % columns * rows + i / columns : i] =
            (unsigned char)(sy_weight_integer(codes, codes->codes[i]) + ZERO);
    return add_tensor(d, "_quantized", SY_DTYPE_UINT8, &shape, bytes, out);
}

/* Scales of the channels times `factor`, in the shape in which they meet the product's result. */
static sy_status add_scales(sy_dynamic *d, const sy_weight_codes *codes, bool convolution, float factor,
                            const char **out)
{
    const size_t units = codes->cut.units;
    sy_shape shape = {.rank = 1, .dims = {(int64_t)units}};
    float *scales = sy_arena_alloc(d->arena, units, sizeof *scales);
    SY_TRY(sy_check_alloc(d->ctx, scales));
    if (convolution) {
        shape.rank = codes->shape.rank;
        for (int i = 0; i < shape.rank; i++)
            shape.dims[i] = i == 1 ? (int64_t)units : 1;
    }
    for (size_t u = 0; u < units; u++)
        scales[u] = codes->scales[u] * factor;
    return add_tensor(d, "_scale", SY_DTYPE_FLOAT, &shape, scales, out);
}

/* A convolution's bias as [1, channels, 1 ...], where it can be added. */
static sy_status shaped_bias(sy_dynamic *d, const sy_onnx_node *node, int rank, const char **out)
{
    const sy_onnx_constant *constant = &d->file->constants[sy_onnx_find_constant(d->file, node->inputs[2])];
    size_t count = 0;
    sy_shape shape = {.rank = rank};
    if (!sy_shape_count(&constant->shape, &count))
        return sy_fail(d->ctx, SY_E_MODEL, "bias '%s' has no shape", constant->name);
    float *values = sy_arena_alloc(d->arena, count, sizeof *values);
    SY_TRY(sy_check_alloc(d->ctx, values));
    SY_TRY(sy_onnx_constant_floats(d->ctx, d->file, constant, values, count));
    for (int i = 0; i < rank; i++)
        shape.dims[i] = i == 1 ? (int64_t)count : 1;
    return add_tensor(d, "_bias", SY_DTYPE_FLOAT, &shape, values, out);
}

/* What is added to the product; NULL: nothing. */
static sy_status find_bias(sy_dynamic *d, const sy_onnx_node *node, int rank, const char **out)
{
    const bool there = node->input_count > 2 && *node->inputs[2];
    sy_onnx_attribute ignored;
    *out = there ? node->inputs[2] : NULL;
    if (!there)
        return SY_OK;
    if (sy_onnx_node_is(node, "Conv"))
        return shaped_bias(d, node, rank, out);
    if (!sy_onnx_find_attribute(node->span, "beta", &ignored))
        return SY_OK;
    const char *beta;
    SY_TRY(add_number(d, "_beta", sy_onnx_node_float(node, "beta", 1), &beta));
    return add(d, "Mul", *out, beta, NULL, NULL, out);
}

static sy_status add_integer_product(sy_dynamic *d, const sy_onnx_node *node, const quantized *x,
                                     const char *weights, const char **out)
{
    const bool convolution = sy_onnx_node_is(node, "Conv");
    const char *type = convolution ? "ConvInteger" : "MatMulInteger";
    const char *inputs[] = {x->codes, weights, x->zero, NULL};
    const char *sums = sy_onnx_edit_name(d->edit, d->base, "_sums");
    const char *name = sy_onnx_edit_name(d->edit, d->base, type);
    SY_TRY(find_middle(d, &inputs[3]));
    SY_TRY(sy_check_alloc(d->ctx, sums && name ? name : NULL));
    const sy_onnx_new_node product = {.type = type,
                                      .name = name,
                                      .inputs = inputs,
                                      .input_count = 4,
                                      .outputs = &sums,
                                      .output_count = 1,
                                      .same_attrs = convolution ? node : NULL};
    SY_TRY(sy_onnx_edit_add_node(d->edit, d->before, &product));
    return add_cast(d, sums, SY_DTYPE_FLOAT, out);
}

/* Sums times both scales. Per tensor as onnxruntime looks for it, to make one operator of it all; per row in
 * an order that it leaves alone, for its operator takes the first scale of the rows for all of them.
 */
static sy_status add_rescaling(sy_dynamic *d, const quantized *x, const char *scales, const char *sums,
                               const char *output, const char **out)
{
    const char *value;
    if (x->rows) {
        SY_TRY(add(d, "Mul", sums, x->scale, NULL, NULL, &value));
        return add(d, "Mul", value, scales, NULL, output, out);
    }
    SY_TRY(add(d, "Mul", x->scale, scales, NULL, NULL, &value));
    return add(d, "Mul", sums, value, NULL, output, out);
}

static sy_status replace_product(sy_dynamic *d, const sy_onnx_node *node, int index,
                                 const sy_weight_codes *codes, const char *weights)
{
    const bool convolution = sy_onnx_node_is(node, "Conv");
    const char *base = sy_weight_node_name(node), *scales, *sums, *bias;
    const quantized *x;
    d->before = index;
    d->base = base;
    const float alpha = sy_onnx_node_is(node, "Gemm") ? sy_onnx_node_float(node, "alpha", 1) : 1;
    SY_TRY(find_activation(d, node->inputs[0], d->rows && !convolution, &x));
    SY_TRY(add_integer_product(d, node, x, weights, &sums));
    SY_TRY(add_scales(d, codes, convolution, alpha, &scales));
    SY_TRY(find_bias(d, node, codes->shape.rank, &bias));
    SY_TRY(add_rescaling(d, x, scales, sums, bias ? NULL : node->outputs[0], &sums));
    if (bias)
        SY_TRY(add(d, "Add", sums, bias, NULL, node->outputs[0], NULL));
    sy_onnx_edit_drop_node(d->edit, index);
    return SY_OK;
}

static sy_status emit_products(sy_dynamic *d, const sy_onnx_readers *readers, const sy_weight_codes *codes)
{
    const char *weights;
    SY_TRY(add_weights(d, codes, is_flipped(&d->file->nodes[readers->at[0].node]), &weights));
    for (size_t i = 0; i < readers->count; i++)
        SY_TRY(replace_product(d, &d->file->nodes[readers->at[i].node], readers->at[i].node, codes, weights));
    return SY_OK;
}

/* Factors of the rows as a column, to be picked like them; of the whole table as one number. */
static sy_status add_column(sy_dynamic *d, const sy_weight_codes *codes, const char *ending,
                            const float *numbers, const char **out)
{
    const sy_shape column = {.rank = 2, .dims = {(int64_t)codes->cut.units, 1}}, one = {.rank = 0};
    return add_tensor(d, ending, SY_DTYPE_FLOAT, codes->cut.units > 1 ? &column : &one, numbers, out);
}

static sy_status pick(sy_dynamic *d, const char *table, const char *indices, bool column, const char **out)
{
    const sy_attr axis = {.name = "axis", .kind = SY_ATTR_INT, .i = 0};
    *out = table;
    return column ? add(d, "Gather", table, indices, &axis, NULL, out) : SY_OK;
}

static sy_status emit_lookups(sy_dynamic *d, const sy_onnx_readers *readers, const sy_weight_codes *codes)
{
    const size_t units = codes->cut.units;
    const char *weights, *scales, *zeros;
    float *floats = sy_arena_alloc(d->arena, units, sizeof *floats);
    SY_TRY(sy_check_alloc(d->ctx, floats));
    for (size_t u = 0; u < units; u++)
        floats[u] = (float)(codes->zeros[u] + ZERO);
    SY_TRY(add_weights(d, codes, false, &weights));
    SY_TRY(add_column(d, codes, "_scale", codes->scales, &scales));
    SY_TRY(add_column(d, codes, "_zero_point", floats, &zeros));
    for (size_t i = 0; i < readers->count; i++) {
        const sy_onnx_node *node = &d->file->nodes[readers->at[i].node];
        const char *value, *scale, *zero;
        d->before = readers->at[i].node;
        d->base = sy_weight_node_name(node);
        SY_TRY(pick(d, weights, node->inputs[1], true, &value));
        SY_TRY(pick(d, scales, node->inputs[1], units > 1, &scale));
        SY_TRY(pick(d, zeros, node->inputs[1], units > 1, &zero));
        SY_TRY(add_cast(d, value, SY_DTYPE_FLOAT, &value));
        SY_TRY(add(d, "Sub", value, zero, NULL, NULL, &value));
        SY_TRY(add(d, "Mul", value, scale, NULL, node->outputs[0], NULL));
        sy_onnx_edit_drop_node(d->edit, readers->at[i].node);
    }
    return SY_OK;
}

sy_status sy_dynamic_emit(sy_dynamic *d, const sy_weight_choice *choice, sy_dynamic_form form,
                          const sy_weight_codes *codes)
{
    const sy_onnx_constant *constant = &d->file->constants[choice->constant];
    const sy_onnx_readers readers = sy_onnx_find_readers(d->file, constant->name);
    d->base = constant->name;
    d->before = choice->first_node;
    sy_onnx_edit_drop_constant(d->edit, choice->constant);
    return sy_while(d->ctx,
                    form == SY_DYNAMIC_LOOKUP ? emit_lookups(d, &readers, codes)
                                              : emit_products(d, &readers, codes),
                    "weight '%s'", constant->name);
}
