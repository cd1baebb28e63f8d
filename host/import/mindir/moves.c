/* What copies values to other places: pads, tiles, parts, larger images. */
#include <string.h>

#include "import/mindir/translate.h"

/* Pads of every dimension, in ONNX's order: all begins, then all ends. */
static sy_status add_pad(sy_mind_translator *work, int x, const int64_t *pads, int rank, const char *mode,
                         int value)
{
    int inputs[3] = {x, SY_NONE, value}, tensor, node;
    SY_TRY(sy_mind_add_ints(work, pads, 2 * rank, "/pads", &inputs[1]));
    SY_TRY(sy_mind_add(work, "Pad", inputs, value == SY_NONE ? 2 : 3, "", &tensor, &node));
    SY_TRY(sy_graph_set_attr_string(work->ctx, work->graph, node, "mode", mode));
    sy_mind_means(work, tensor);
    return sy_mind_infer(work, node);
}

/* Pad: ((begin, end), ...) of every dimension; zeros. */
static sy_status pad(sy_mind_translator *work)
{
    const sy_mind_attr *pairs = sy_mind_attr_of(work->node, "paddings");
    int64_t pads[2 * SY_MAX_RANK];
    int x;
    SY_TRY(sy_mind_tensor_input(work, 0, SY_NONE, &x));
    const int rank = sy_mind_shape(work, x)->rank;
    if (!pairs || rank == SY_NONE || pairs->int_count != 2 * (size_t)rank)
        return sy_fail(work->ctx, SY_E_UNSUPPORTED, "its paddings are no pair for each dimension");
    const int64_t *pair = pairs->ints;
    for (int i = 0; i < rank; i++, pair += 2) {
        pads[i] = pair[0];
        pads[rank + i] = pair[1];
    }
    return add_pad(work, x, pads, rank, "constant", SY_NONE);
}

/* PadV3: begin and end of the last dimension, then of the one before it, as far as the list goes. */
static sy_status pad_from_last(sy_mind_translator *work)
{
    const sy_mind_attr *mode = sy_mind_attr_of(work->node, "mode");
    int64_t list[2 * SY_MAX_RANK], pads[2 * SY_MAX_RANK] = {0};
    int x, count, value = SY_NONE;
    SY_TRY(sy_mind_tensor_input(work, 0, SY_NONE, &x));
    SY_TRY(sy_mind_ints(work, 1, "paddings", list, 2 * SY_MAX_RANK, &count));
    const int rank = sy_mind_shape(work, x)->rank;
    const char *word = mode && mode->s ? mode->s : "constant";
    if (rank == SY_NONE || count % 2 || count > 2 * rank ||
        !sy_mind_int(work, SY_MIND_NO_INPUT, "paddings_contiguous", 1))
        return sy_fail(work->ctx, SY_E_UNSUPPORTED, "its paddings are no pairs from the last dimension on");
    if (strcmp(word, "constant") != 0 && strcmp(word, "reflect") != 0 && strcmp(word, "edge") != 0)
        return sy_fail(work->ctx, SY_E_UNSUPPORTED,
                       "its mode is '%s', only constant, reflect and edge can be computed", word);
    const int64_t *pair = list;
    for (int axis = rank - 1; axis >= rank - count / 2; axis--, pair += 2) {
        pads[axis] = pair[0];
        pads[rank + axis] = pair[1];
    }
    if (strcmp(word, "constant") == 0 && work->node->input_count > 2)
        SY_TRY(sy_mind_tensor_input(work, 2, x, &value));
    return add_pad(work, x, pads, rank, word, value);
}

static sy_status tile(sy_mind_translator *work)
{
    int64_t repeats[SY_MAX_RANK];
    int inputs[2], count;
    SY_TRY(sy_mind_tensor_input(work, 0, SY_NONE, &inputs[0]));
    SY_TRY(sy_mind_ints(work, 1, "multiples", repeats, SY_MAX_RANK, &count));
    if (count != sy_mind_shape(work, inputs[0])->rank)
        return sy_fail(work->ctx, SY_E_UNSUPPORTED, "it repeats %d dimensions of %d", count,
                       sy_mind_shape(work, inputs[0])->rank);
    SY_TRY(sy_mind_add_ints(work, repeats, count, "/repeats", &inputs[1]));
    return sy_mind_result(work, "Tile", inputs, 2);
}

/* Parts of one index each, without the axis. */
static sy_status unstack(sy_mind_translator *work)
{
    int inputs[2], x;
    int64_t axis = sy_mind_int(work, SY_MIND_NO_INPUT, "axis", 0);
    SY_TRY(sy_mind_tensor_input(work, 0, SY_NONE, &x));
    const sy_shape *shape = sy_mind_shape(work, x);
    axis += axis < 0 ? shape->rank : 0;
    const int64_t count = axis >= 0 && axis < shape->rank ? shape->dims[axis] : SY_NONE;
    if (count < 1 || count > 256)
        return sy_fail(work->ctx, SY_E_UNSUPPORTED, "the number of its parts is not known, or above 256");
    sy_mind_meaning *elements = sy_arena_alloc(&work->arena, (size_t)count, sizeof *elements);
    SY_TRY(sy_check_alloc(work->ctx, elements));
    for (int64_t i = 0; i < count; i++) {
        const sy_shape scalar = {.rank = 0};
        int node;
        SY_TRY(sy_graph_add_constant(work->ctx, work->graph, "part", SY_DTYPE_INT64, &scalar, &i, sizeof i,
                                     &inputs[1]));
        inputs[0] = x;
        SY_TRY(sy_mind_add(work, "Gather", inputs, 2, "/part", &elements[i].tensor, &node));
        SY_TRY(sy_graph_set_attr_int(work->ctx, work->graph, node, "axis", axis));
        SY_TRY(sy_mind_infer(work, node));
        elements[i].kind = SY_MIND_KIND_TENSOR;
    }
    work->meanings[work->index] =
        (sy_mind_meaning){.kind = SY_MIND_KIND_TUPLE, .elements = elements, .element_count = (int)count};
    return SY_OK;
}

/* An image of another size, which is a constant; each value is the one whose place is the rounded-down share.
 */
static sy_status resize_nearest(sy_mind_translator *work)
{
    int64_t size[2];
    int inputs[3] = {SY_NONE, SY_NONE, SY_NONE}, tensor, node, count;
    SY_TRY(sy_mind_tensor_input(work, 0, SY_NONE, &inputs[0]));
    SY_TRY(sy_mind_ints(work, 1, "size", size, 2, &count));
    const sy_shape *x = sy_mind_shape(work, inputs[0]);
    const sy_shape scales = {.rank = 1, .dims = {4}};
    if (sy_mind_flag(work, 2, "align_corners") || sy_mind_flag(work, 3, "half_pixel_centers"))
        return sy_fail(work->ctx, SY_E_UNSUPPORTED, "align_corners or half_pixel_centers is set");
    if (count != 2 || x->rank != 4 || x->dims[2] < 1 || x->dims[3] < 1)
        return sy_fail(work->ctx, SY_E_UNSUPPORTED, "its size, or that of its image, is not known");
    const float values[] = {1, 1, (float)size[0] / (float)x->dims[2], (float)size[1] / (float)x->dims[3]};
    SY_TRY(sy_graph_add_constant(work->ctx, work->graph, "scales", SY_DTYPE_FLOAT, &scales, values,
                                 sizeof values, &inputs[2]));
    SY_TRY(sy_mind_add(work, "Resize", inputs, 3, "", &tensor, &node));
    SY_TRY(sy_graph_set_attr_string(work->ctx, work->graph, node, "mode", "nearest"));
    SY_TRY(sy_graph_set_attr_string(work->ctx, work->graph, node, "coordinate_transformation_mode",
                                    "asymmetric"));
    SY_TRY(sy_graph_set_attr_string(work->ctx, work->graph, node, "nearest_mode", "floor"));
    sy_mind_means(work, tensor);
    return sy_mind_infer(work, node);
}

const sy_mind_row sy_mind_moves[] = {
    {"Pad", pad},
    {"PadV3", pad_from_last},
    {"Tile", tile},
    {"Unstack", unstack},
    {"ResizeNearestNeighborV2", resize_nearest},
    {NULL, NULL},
};
