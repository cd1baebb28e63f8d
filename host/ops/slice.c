/* Slice: part of the positions of some axes, every step-th of them, forwards or backwards. */
#include "ops/arguments.h"
#include "ops/space.h"

static const sy_list_place starts_place = {"starts", 10, 1};
static const sy_list_place ends_place = {"ends", 10, 2};
static const sy_list_place axes_place = {"axes", 10, 3};
static const sy_list_place steps_place = {"steps", 10, 4}; /* no such attribute: always 1 before opset 10 */

/* What is taken of each axis. */
typedef struct {
    bool known; /* false: one of the lists is computed, so nothing below is set */
    int64_t start[SY_MAX_RANK], step[SY_MAX_RANK], count[SY_MAX_RANK];
} ranges;

static int64_t clamp(int64_t x, int64_t lo, int64_t hi)
{
    return x < lo ? lo : x > hi ? hi : x;
}

/* One axis of `size`, by the rules of the specification: negative positions count from the end, then both are
 * clamped to where a step in that direction can begin and stop.
 */
static void set_range(ranges *out, int axis, int64_t size, int64_t start, int64_t end, int64_t step)
{
    start += start < 0 ? size : 0;
    end += end < 0 ? size : 0;
    start = step > 0 ? clamp(start, 0, size) : clamp(start, 0, size - 1);
    end = step > 0 ? clamp(end, 0, size) : clamp(end, -1, size - 1);
    out->start[axis] = start;
    out->step[axis] = step;
    /* A step as large as int64 allows must not overflow here: it takes one position, as any step past the end
     * does. */
    const int64_t span = step > 0 ? end - start : start - end;
    const int64_t stride = step > 0 ? step : step == INT64_MIN ? INT64_MAX : -step;
    out->count[axis] = span <= 0 ? 0 : (span - 1) / stride + 1;
}

static sy_status check_lists(const sy_infer *infer, int rank, const sy_list *starts, const sy_list *ends,
                             const sy_list *axes, const sy_list *steps)
{
    if (starts->state == SY_LIST_ABSENT || ends->state == SY_LIST_ABSENT)
        return sy_fail(infer->ctx, SY_E_MODEL, "it needs starts and ends");
    if (ends->count != starts->count || (axes->state == SY_LIST_KNOWN && axes->count != starts->count) ||
        (steps->state == SY_LIST_KNOWN && steps->count != starts->count) || starts->count > rank)
        return sy_fail(infer->ctx, SY_E_MODEL,
                       "%d starts, %d ends, %d axes and %d steps for a tensor of rank %d: the lists must be "
                       "equally long",
                       starts->count, ends->count, axes->count, steps->count, rank);
    return SY_OK;
}

static void take_everything(const sy_shape *x, ranges *out)
{
    for (int i = 0; i < x->rank; i++) {
        out->start[i] = 0;
        out->step[i] = 1;
        out->count[i] = x->dims[i];
    }
}

static sy_status read_ranges(const sy_infer *infer, const sy_shape *x, ranges *out)
{
    sy_list starts, ends, axes, steps;
    bool used[SY_MAX_RANK] = {false};

    SY_TRY(sy_read_list(infer, starts_place, &starts));
    SY_TRY(sy_read_list(infer, ends_place, &ends));
    SY_TRY(sy_read_list(infer, axes_place, &axes));
    SY_TRY(sy_read_list(infer, steps_place, &steps));
    out->known = starts.state != SY_LIST_UNKNOWN && ends.state != SY_LIST_UNKNOWN &&
                 axes.state != SY_LIST_UNKNOWN && steps.state != SY_LIST_UNKNOWN;
    if (!out->known)
        return SY_OK;
    SY_TRY(check_lists(infer, x->rank, &starts, &ends, &axes, &steps));
    take_everything(x, out);
    for (int i = 0; i < starts.count; i++) {
        int axis;
        const int64_t step = steps.state == SY_LIST_KNOWN ? steps.values[i] : 1;
        SY_TRY(sy_resolve_axis(infer->ctx, axes.state == SY_LIST_KNOWN ? axes.values[i] : i, x->rank, &axis));
        if (step == 0 || used[axis])
            return sy_fail(infer->ctx, SY_E_MODEL, "axis %d: %s", axis,
                           step ? "it is there twice" : "the step is 0");
        used[axis] = true;
        if (x->dims[axis] == SY_NONE)
            out->count[axis] = SY_NONE;
        else
            set_range(out, axis, x->dims[axis], starts.values[i], ends.values[i], step);
    }
    return SY_OK;
}

static sy_status infer(sy_infer *infer)
{
    const sy_shape *x = &sy_infer_input(infer, 0)->shape;
    ranges taken;

    if (x->rank == SY_NONE)
        return SY_OK;
    SY_TRY(read_ranges(infer, x, &taken));
    infer->shapes[0].rank = x->rank;
    for (int i = 0; i < x->rank; i++)
        infer->shapes[0].dims[i] = taken.known ? taken.count[i] : SY_NONE;
    return SY_OK;
}

static sy_status lower(sy_lowering *lowering, const sy_node *node)
{
    const sy_infer view = sy_lower_view(lowering, node);
    const sy_shape *x = &sy_lower_input_tensor(lowering, node, 0)->shape;
    const sy_shape *y = &sy_lower_output_tensor(lowering, node, 0)->shape;
    const sy_operand from = sy_lower_input(lowering, node, 0), to = sy_lower_output(lowering, node, 0);
    int64_t strides[SY_KERNEL_RANK], offset = 0;
    sy_space space = sy_space_of(y);
    ranges taken;

    SY_TRY(read_ranges(&view, x, &taken));
    if (!taken.known)
        return sy_fail(lowering->ctx, SY_E_UNSUPPORTED, "starts, ends, axes and steps must be constants");
    if (sy_space_empty(&space))
        return SY_OK;
    sy_dense_strides(x, strides);
    for (int i = 0; i < x->rank; i++) {
        offset += taken.start[i] * strides[i];
        strides[i] *=
            taken.count[i] > 1 ? taken.step[i] : 1; /* a lone position has no step, and its size no bound */
    }
    sy_space_add_strides(&space, strides);
    sy_space_add(&space, y);
    sy_lower_move(lowering, space, from, (size_t)offset, to, 0);
    return SY_OK;
}

const sy_op sy_op_slice = {
    .type = "Slice",
    .domain = "",
    .inputs_min = 1,
    .inputs_max = 5,
    .outputs_max = 1,
    .note = "starts, ends, axes and steps are constants",
    .quant = SY_QUANT_SAME_SCALE,
    .infer = infer,
    .lower = lower,
};
