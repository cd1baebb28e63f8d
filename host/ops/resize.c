/* Resize, and Upsample that it replaced: one axis after the other. */
#include <math.h>
#include <string.h>

#include "ops/lowering.h"

/* What the attributes and the constant inputs of a node say. */
typedef struct {
    uint32_t mode, coordinate, nearest;
    bool known; /* scales or sizes are constants, and `in` is known */
    int rank;
    int64_t out[SY_MAX_RANK];
    float scale[SY_MAX_RANK]; /* 1 where an axis is left alone */
    float crop_start[SY_MAX_RANK], crop_end[SY_MAX_RANK];
} plan;

static bool find_word(const char *const *words, int count, const char *word, uint32_t *out)
{
    for (int i = 0; i < count; i++) {
        if (words[i] && strcmp(words[i], word) == 0) {
            *out = (uint32_t)i;
            return true;
        }
    }
    return false;
}

static sy_status read_words(sy_ctx *ctx, const sy_node *node, plan *out)
{
    static const char *const modes[] = {"nearest", "linear", "cubic"};
    static const char *const coordinates[] = {"half_pixel", "pytorch_half_pixel", "align_corners",
                                              "asymmetric", "tf_crop_and_resize", "half_pixel_symmetric"};
    static const char *const roundings[] = {"round_prefer_floor", "round_prefer_ceil", "floor", "ceil"};
    /* Before opset 11 there was no choice. */
    const bool simple = node->opset < 11;
    const char *mode = sy_node_string(node, "mode", "nearest");
    const char *coordinate =
        simple ? "asymmetric" : sy_node_string(node, "coordinate_transformation_mode", "half_pixel");
    const char *rounding = simple ? "floor" : sy_node_string(node, "nearest_mode", "round_prefer_floor");
    if (!find_word(modes, 3, mode, &out->mode))
        return sy_fail(ctx, SY_E_UNSUPPORTED, "mode '%s' is not supported, only nearest, linear and cubic",
                       mode);
    if (!find_word(coordinates, 6, coordinate, &out->coordinate))
        return sy_fail(ctx, SY_E_UNSUPPORTED, "coordinate_transformation_mode '%s' is not supported",
                       coordinate);
    if (!find_word(roundings, 4, rounding, &out->nearest))
        return sy_fail(ctx, SY_E_UNSUPPORTED, "nearest_mode '%s' is not supported", rounding);
    if (sy_node_int(node, "antialias", 0) != 0)
        return sy_fail(ctx, SY_E_UNSUPPORTED, "antialias 1 is not supported, only 0");
    return SY_OK;
}

/* The axes that scales, sizes and roi speak of, in their order. */
static sy_status read_axes(sy_ctx *ctx, const sy_node *node, int rank, int *axes, int *out_count)
{
    size_t given;
    const int64_t *named = sy_node_ints(node, "axes", &given);
    *out_count = named ? (int)given : rank;
    if (named && given > (size_t)rank)
        return sy_fail(ctx, SY_E_MODEL, "axes has %zu numbers for a tensor of rank %d", given, rank);
    for (int i = 0; i < *out_count; i++) {
        axes[i] = i;
        if (named)
            SY_TRY(sy_resolve_axis(ctx, named[i], rank, &axes[i]));
    }
    return SY_OK;
}

/* Constant floats of an input. *out_count: SY_NONE where it is not a constant, 0 where it is omitted or
 * empty. */
static sy_status read_floats(sy_ctx *ctx, const sy_graph *graph, const sy_node *node, int input, int capacity,
                             float *out, int *out_count)
{
    size_t count;
    *out_count = 0;
    if (input >= node->input_count || node->inputs[input] == SY_NONE)
        return SY_OK;
    const sy_tensor *tensor = &graph->tensors[node->inputs[input]];
    if (!tensor->data || !sy_shape_count(&tensor->shape, &count)) {
        *out_count = SY_NONE;
        return SY_OK;
    }
    if (count > (size_t)capacity)
        return sy_fail(ctx, SY_E_MODEL, "input '%s' holds %zu numbers, at most %d make sense here",
                       tensor->name, count, capacity);
    *out_count = (int)count;
    return sy_tensor_to_f32(ctx, tensor, out, count);
}

static sy_status check_count(sy_ctx *ctx, const char *what, int count, int wanted)
{
    if (count == wanted)
        return SY_OK;
    return sy_fail(ctx, SY_E_MODEL, "%d %s for %d axes", count, what, wanted);
}

static sy_status apply_scales(sy_ctx *ctx, const sy_shape *x, const int *axes, int count, const float *scales,
                              plan *out)
{
    for (int i = 0; i < count; i++) {
        const float size = floorf((float)x->dims[axes[i]] * scales[i]);
        if (!(scales[i] > 0) || !(size < 2147483648.0f))
            return sy_fail(ctx, SY_E_MODEL, "a scale of %g makes no sense for %lld elements",
                           (double)scales[i], (long long)x->dims[axes[i]]);
        out->scale[axes[i]] = scales[i];
        out->out[axes[i]] = (int64_t)size;
    }
    return SY_OK;
}

/* With a policy that keeps the aspect ratio, one scale serves all axes: the least or the greatest of what is
 * asked. */
static sy_status apply_sizes(sy_ctx *ctx, const sy_node *node, const sy_shape *x, const int *axes, int count,
                             const float *sizes, plan *out)
{
    static const char *const policies[] = {"stretch", "not_larger", "not_smaller"};
    const char *word = sy_node_string(node, "keep_aspect_ratio_policy", "stretch");
    uint32_t policy;
    float common = 0;
    if (!find_word(policies, 3, word, &policy))
        return sy_fail(ctx, SY_E_UNSUPPORTED, "keep_aspect_ratio_policy '%s' is not supported", word);
    for (int i = 0; i < count; i++) {
        const float in = (float)x->dims[axes[i]], scale = sizes[i] / in;
        if (!(sizes[i] >= 1) || !(sizes[i] < 2147483648.0f) || in < 1)
            return sy_fail(ctx, SY_E_MODEL, "%lld elements cannot become %g", (long long)x->dims[axes[i]],
                           (double)sizes[i]);
        out->scale[axes[i]] = scale;
        out->out[axes[i]] = (int64_t)sizes[i];
        if (i == 0 || (policy == 1 ? scale < common : scale > common))
            common = scale;
    }
    for (int i = 0; i < count && policy != 0; i++) {
        out->scale[axes[i]] = common;
        out->out[axes[i]] = (int64_t)floorf((float)x->dims[axes[i]] * common + 0.5f);
    }
    return SY_OK;
}

static sy_status apply_roi(sy_ctx *ctx, const sy_graph *graph, const sy_node *node, const int *axes,
                           int count, plan *out)
{
    float roi[2 * SY_MAX_RANK] = {0};
    int given;
    if (out->coordinate != SY_COORDINATE_CROP)
        return SY_OK;
    SY_TRY(read_floats(ctx, graph, node, 1, 2 * SY_MAX_RANK, roi, &given));
    if (given == SY_NONE)
        return sy_fail(ctx, SY_E_UNSUPPORTED, "roi must be a constant");
    SY_TRY(check_count(ctx, "bounds in roi", given, 2 * count));
    for (int i = 0; i < count; i++) {
        out->crop_start[axes[i]] = roi[i];
        out->crop_end[axes[i]] = roi[count + i];
    }
    return SY_OK;
}

/* Upsample 7 has its scales in an attribute; opset 9 and 10 in input 1; since 11 they are input 2, and sizes
 * input 3. */
static sy_status apply_target(sy_ctx *ctx, const sy_graph *graph, const sy_node *node, const sy_shape *x,
                              const int *axes, int count, plan *out)
{
    const sy_attr *attr = sy_node_attr(node, "scales");
    float scales[SY_MAX_RANK], sizes[SY_MAX_RANK];
    int scale_count, size_count = 0;
    if (attr && attr->kind == SY_ATTR_FLOATS) {
        SY_TRY(check_count(ctx, "scales", (int)attr->count, count));
        out->known = true;
        return apply_scales(ctx, x, axes, count, attr->floats, out);
    }
    SY_TRY(read_floats(ctx, graph, node, node->opset < 11 ? 1 : 2, SY_MAX_RANK, scales, &scale_count));
    if (node->opset >= 11)
        SY_TRY(read_floats(ctx, graph, node, 3, SY_MAX_RANK, sizes, &size_count));
    if (scale_count == 0 && size_count == 0)
        return sy_fail(ctx, SY_E_MODEL, "neither scales nor sizes are given");
    out->known = scale_count > 0 || size_count > 0;
    if (scale_count > 0) {
        SY_TRY(check_count(ctx, "scales", scale_count, count));
        return apply_scales(ctx, x, axes, count, scales, out);
    }
    if (size_count > 0) {
        SY_TRY(check_count(ctx, "sizes", size_count, count));
        return apply_sizes(ctx, node, x, axes, count, sizes, out);
    }
    return SY_OK;
}

static sy_status read_plan(sy_ctx *ctx, const sy_graph *graph, const sy_node *node, plan *out)
{
    const sy_shape *x = &graph->tensors[node->inputs[0]].shape;
    int axes[SY_MAX_RANK], count;
    *out = (plan){.rank = x->rank};
    SY_TRY(read_words(ctx, node, out));
    if (!sy_shape_known(x))
        return SY_OK;
    for (int i = 0; i < x->rank; i++) {
        out->out[i] = x->dims[i];
        out->scale[i] = 1;
        out->crop_end[i] = 1;
    }
    SY_TRY(read_axes(ctx, node, x->rank, axes, &count));
    SY_TRY(apply_target(ctx, graph, node, x, axes, count, out));
    return out->known ? apply_roi(ctx, graph, node, axes, count, out) : SY_OK;
}

static sy_status infer_resize(sy_infer *infer)
{
    const sy_tensor *x = sy_infer_input(infer, 0);
    plan resize;
    SY_TRY(read_plan(infer->ctx, infer->graph, infer->node, &resize));
    if (resize.mode != SY_RESIZE_NEAREST && !sy_dtype_is_float(x->dtype) && x->dtype != SY_DTYPE_UNDEFINED)
        return sy_fail(infer->ctx, SY_E_UNSUPPORTED, "resizing %s is supported in mode nearest only",
                       sy_dtype_name(x->dtype));
    infer->shapes[0].rank = x->shape.rank;
    for (int i = 0; i < x->shape.rank; i++)
        infer->shapes[0].dims[i] = resize.known ? resize.out[i] : SY_NONE;
    return SY_OK;
}

static bool axis_changes(const plan *resize, const sy_shape *x, int axis)
{
    const bool cropped = resize->coordinate == SY_COORDINATE_CROP &&
                         (resize->crop_start[axis] != 0 || resize->crop_end[axis] != 1);
    return resize->out[axis] != x->dims[axis] || resize->scale[axis] != 1 || cropped;
}

static sy_resize_params axis_params(const sy_node *node, const plan *resize, const sy_shape *x, int axis)
{
    sy_resize_params params = {
        .mode = resize->mode,
        .coordinate = resize->coordinate,
        .nearest = resize->nearest,
        .outer = 1,
        .in = (uint32_t)x->dims[axis],
        .out = (uint32_t)resize->out[axis],
        .inner = 1,
        .exclude_outside = sy_node_int(node, "exclude_outside", 0) != 0,
        .scale = resize->scale[axis],
        .cubic_a = sy_node_float(node, "cubic_coeff_a", -0.75f),
        .crop_start = resize->crop_start[axis],
        .crop_end = resize->crop_end[axis],
        .extrapolation = sy_node_float(node, "extrapolation_value", 0),
    };
    for (int i = 0; i < axis; i++)
        params.outer *= (uint32_t)resize->out[i]; /* those before are resized already */
    for (int i = axis + 1; i < x->rank; i++)
        params.inner *= (uint32_t)x->dims[i];
    return params;
}

static sy_status lower_resize(sy_lowering *lowering, const sy_node *node)
{
    const sy_shape *x = &lowering->graph->tensors[node->inputs[0]].shape;
    plan resize;
    int last = SY_NONE;
    SY_TRY(read_plan(lowering->ctx, lowering->graph, node, &resize));
    for (int i = 0; i < x->rank; i++) {
        if (axis_changes(&resize, x, i))
            last = i;
    }
    if (last == SY_NONE)
        return sy_lower_alias(lowering, node, 0, 0);
    sy_operand from = sy_lower_input(lowering, node, 0);
    for (int i = 0; i <= last; i++) {
        if (!axis_changes(&resize, x, i))
            continue;
        const sy_resize_params params = axis_params(node, &resize, x, i);
        const size_t words = (size_t)params.outer * params.out * params.inner;
        const sy_operand to =
            i == last ? sy_lower_output(lowering, node, 0) : sy_lower_scratch(lowering, words);
        SY_LOWER(lowering, resize, &params, from, to);
        from = to;
    }
    return SY_OK;
}

const sy_op sy_op_resize = {
    .type = "Resize",
    .domain = "",
    .inputs_min = 1,
    .inputs_max = 4,
    .outputs_max = 1,
    .since = 10,
    .quant = SY_QUANT_SAME_SCALE,
    .infer = infer_resize,
    .lower = lower_resize,
};

const sy_op sy_op_upsample = {
    .type = "Upsample",
    .domain = "",
    .inputs_min = 1,
    .inputs_max = 2,
    .outputs_max = 1,
    .note = "opset 7 to 9",
    .quant = SY_QUANT_SAME_SCALE,
    .infer = infer_resize,
    .lower = lower_resize,
};
