/* Constant, ConstantOfShape and Range: words that depend on no sample. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ops/arguments.h"
#include "ops/space.h"

/* The forms in which a Constant can hold its value; exactly one is there. */
typedef enum {
    FORM_TENSOR,
    FORM_FLOAT,
    FORM_INT,
    FORM_FLOATS,
    FORM_INTS,
    FORM_COUNT,
} value_form;

static const char *const form_names[FORM_COUNT] = {"value", "value_float", "value_int", "value_floats",
                                                   "value_ints"};

static sy_status find_form(sy_ctx *ctx, const sy_node *node, value_form *out_form, const sy_attr **out)
{
    for (int i = 0; i < FORM_COUNT; i++) {
        const sy_attr *attr = sy_node_attr(node, form_names[i]);
        if (attr && (i != FORM_TENSOR || attr->tensor)) {
            *out_form = (value_form)i;
            *out = attr;
            return SY_OK;
        }
    }
    return sy_fail(ctx, SY_E_UNSUPPORTED,
                   "it holds neither a tensor nor numbers (strings and sparse tensors cannot be used)");
}

static sy_status infer_constant(sy_infer *infer)
{
    const sy_attr *attr = NULL;
    value_form form = FORM_TENSOR;

    SY_TRY(find_form(infer->ctx, infer->node, &form, &attr));
    const bool is_list = form == FORM_FLOATS || form == FORM_INTS;
    infer->shapes[0] = (sy_shape){.rank = is_list, .dims = {(int64_t)attr->count}};
    infer->dtypes[0] = form == FORM_FLOAT || form == FORM_FLOATS ? SY_DTYPE_FLOAT : SY_DTYPE_INT64;
    if (form == FORM_TENSOR) {
        infer->shapes[0] = attr->tensor->shape;
        infer->dtypes[0] = attr->tensor->dtype;
    }
    return SY_OK;
}

static int32_t saturate(int64_t x)
{
    return x > INT32_MAX ? INT32_MAX : x < INT32_MIN ? INT32_MIN : (int32_t)x;
}

/* Any numeric tensor as the words a device holds. */
static sy_status tensor_words(sy_ctx *ctx, const sy_tensor *tensor, void *words, size_t count)
{
    int32_t *ints = words;
    int64_t *wide;
    sy_status status;

    if (sy_dtype_is_float(tensor->dtype))
        return sy_tensor_to_f32(ctx, tensor, words, count);
    wide = calloc(count ? count : 1, sizeof *wide);
    SY_TRY(sy_check_alloc(ctx, wide));
    status = sy_tensor_to_i64(ctx, tensor, wide, count);
    for (size_t i = 0; i < count; i++)
        ints[i] = saturate(wide[i]);
    free(wide);
    return status;
}

/* The elements of the attribute; `words` has room for `count`. */
static sy_status read_words(sy_ctx *ctx, value_form form, const sy_attr *attr, void *words, size_t count)
{
    float *floats = words;
    int32_t *ints = words;

    if (form == FORM_TENSOR)
        return tensor_words(ctx, attr->tensor, words, count);
    for (size_t i = 0; i < count; i++) {
        switch (form) {
        case FORM_FLOAT: floats[i] = attr->f; break;
        case FORM_FLOATS: floats[i] = attr->floats[i]; break;
        case FORM_INT: ints[i] = saturate(attr->i); break;
        default: ints[i] = saturate(attr->ints[i]); break;
        }
    }
    return SY_OK;
}

static sy_status lower_constant(sy_lowering *lowering, const sy_node *node)
{
    const size_t count = sy_known_count(&sy_lower_output_tensor(lowering, node, 0)->shape);
    uint32_t *words = calloc(count ? count : 1, sizeof *words);
    const sy_attr *attr = NULL;
    value_form form = FORM_TENSOR;
    sy_status status;

    SY_TRY_DONE(sy_check_alloc(lowering->ctx, words));
    SY_TRY_DONE(find_form(lowering->ctx, node, &form, &attr));
    SY_TRY_DONE(read_words(lowering->ctx, form, attr, words, count));
    status = sy_lower_words(lowering, node, 0, words, count);
done:
    free(words);
    return status;
}

static const sy_list_place shape_place = {"shape", 9, 0};

static sy_status infer_of_shape(sy_infer *infer)
{
    const sy_shape *shape = &sy_infer_input(infer, 0)->shape;
    const sy_attr *value = sy_node_attr(infer->node, "value");
    sy_shape *y = &infer->shapes[0];
    size_t count;
    sy_list dims;

    infer->dtypes[0] = value && value->tensor ? value->tensor->dtype : SY_DTYPE_FLOAT;
    if (value && value->tensor && (!sy_shape_count(&value->tensor->shape, &count) || count != 1))
        return sy_fail(infer->ctx, SY_E_MODEL, "attribute value must hold one element");
    SY_TRY(sy_read_list(infer, shape_place, &dims));
    if (dims.state != SY_LIST_KNOWN &&
        (shape->rank != 1 || shape->dims[0] < 0 || shape->dims[0] > SY_MAX_RANK))
        return SY_OK;
    if (dims.count > SY_MAX_RANK)
        return sy_fail(infer->ctx, SY_E_UNSUPPORTED,
                       "the shape has %d dimensions, at most %d can be computed", dims.count, SY_MAX_RANK);
    y->rank = dims.state == SY_LIST_KNOWN ? dims.count : (int)shape->dims[0];
    for (int i = 0; i < y->rank; i++) {
        y->dims[i] = dims.state == SY_LIST_KNOWN ? dims.values[i] : SY_NONE;
        if (dims.state == SY_LIST_KNOWN && dims.values[i] < 0)
            return sy_fail(infer->ctx, SY_E_MODEL, "dimension %d of the shape is %lld", i,
                           (long long)dims.values[i]);
    }
    return SY_OK;
}

static sy_status lower_of_shape(sy_lowering *lowering, const sy_node *node)
{
    const sy_attr *value = sy_node_attr(node, "value");
    uint32_t word = 0;

    if (value && value->tensor)
        SY_TRY(tensor_words(lowering->ctx, value->tensor, &word, 1));
    sy_lower_fill(lowering, sy_lower_output(lowering, node, 0),
                  sy_known_count(&sy_lower_output_tensor(lowering, node, 0)->shape), word);
    return SY_OK;
}

/* start, limit and delta; *out_known false where one is not a constant. Both forms are set. */
typedef struct {
    bool known;
    double f[3];
    int64_t i[3];
} range_terms;

static sy_status read_range(const sy_infer *infer, range_terms *out)
{
    out->known = true;
    for (int k = 0; k < 3; k++) {
        const sy_tensor *tensor = sy_infer_input(infer, k);
        float value;
        size_t count;
        if (!tensor->data) {
            out->known = false;
            continue;
        }
        if (!sy_shape_count(&tensor->shape, &count) || count != 1)
            return sy_fail(infer->ctx, SY_E_MODEL, "input '%s' must be one number", tensor->name);
        SY_TRY(sy_tensor_to_f32(infer->ctx, tensor, &value, 1));
        SY_TRY(sy_tensor_to_i64(infer->ctx, tensor, &out->i[k], 1));
        out->f[k] = value;
    }
    return SY_OK;
}

/* max(0, ceil((limit - start) / delta)), or -1 for what makes no sense or is too long. */
static int64_t range_count(const range_terms *terms, bool is_float)
{
    if (is_float) {
        const double count = ceil((terms->f[1] - terms->f[0]) / terms->f[2]);
        return count > INT32_MAX || count != count ? -1 : count > 0 ? (int64_t)count : 0;
    }
    int64_t span;
    if (terms->i[2] == 0 || __builtin_sub_overflow(terms->i[1], terms->i[0], &span) || span == INT64_MIN)
        return -1;
    if (span == 0 || (span > 0) != (terms->i[2] > 0))
        return 0;
    const int64_t step = terms->i[2] > 0 ? terms->i[2] : terms->i[2] == INT64_MIN ? INT64_MAX : -terms->i[2];
    const int64_t count = (llabs(span) - 1) / step + 1;
    return count > INT32_MAX ? -1 : count;
}

static sy_status infer_range(sy_infer *infer)
{
    const bool is_float = sy_dtype_is_float(sy_infer_input(infer, 0)->dtype);
    range_terms terms;

    infer->shapes[0] = (sy_shape){.rank = 1, .dims = {SY_NONE}};
    SY_TRY(read_range(infer, &terms));
    if (!terms.known)
        return SY_OK;
    infer->shapes[0].dims[0] = range_count(&terms, is_float);
    if (infer->shapes[0].dims[0] < 0)
        return sy_fail(infer->ctx, SY_E_MODEL, "from %g to %g by %g is no range that can be computed",
                       terms.f[0], terms.f[1], terms.f[2]);
    return SY_OK;
}

static sy_status lower_range(sy_lowering *lowering, const sy_node *node)
{
    const sy_infer view = sy_lower_view(lowering, node);
    const bool is_float = sy_dtype_is_float(sy_lower_input_tensor(lowering, node, 0)->dtype);
    const size_t count = sy_known_count(&sy_lower_output_tensor(lowering, node, 0)->shape);
    range_terms terms;
    sy_status status;

    SY_TRY(read_range(&view, &terms));
    if (!terms.known)
        return sy_fail(lowering->ctx, SY_E_UNSUPPORTED, "start, limit and delta must be constants");
    uint32_t *words = calloc(count ? count : 1, sizeof *words);
    SY_TRY(sy_check_alloc(lowering->ctx, words));
    float *floats = (float *)words;
    int32_t *ints = (int32_t *)words;
    for (size_t i = 0; i < count; i++) {
        if (is_float)
            floats[i] = (float)(terms.f[0] + (double)i * terms.f[2]);
        else
            ints[i] = saturate(terms.i[0] + (int64_t)i * terms.i[2]);
    }
    status = sy_lower_words(lowering, node, 0, words, count);
    free(words);
    return status;
}

const sy_op sy_op_constant = {
    .type = "Constant",
    .domain = "",
    .inputs_min = 0,
    .inputs_max = 0,
    .outputs_max = 1,
    .note = "no strings, no sparse tensors",
    .quant = SY_QUANT_NEVER,
    .infer = infer_constant,
    .lower = lower_constant,
};

const sy_op sy_op_constant_of_shape = {
    .type = "ConstantOfShape",
    .domain = "",
    .inputs_min = 1,
    .inputs_max = 1,
    .outputs_max = 1,
    .since = 9,
    .quant = SY_QUANT_NEVER,
    .infer = infer_of_shape,
    .lower = lower_of_shape,
};

const sy_op sy_op_range = {
    .type = "Range",
    .domain = "",
    .inputs_min = 3,
    .inputs_max = 3,
    .outputs_max = 1,
    .since = 11,
    .note = "start, limit and delta are constants",
    .quant = SY_QUANT_NEVER,
    .infer = infer_range,
    .lower = lower_range,
};
