#include "ops/space.h"

sy_space sy_space_of(const sy_shape *dims)
{
    sy_space space = {.rank = dims->rank};

    for (int i = 0; i < dims->rank; i++)
        space.dims[i] = dims->dims[i];
    return space;
}

void sy_dense_strides(const sy_shape *shape, int64_t strides[SY_KERNEL_RANK])
{
    int64_t stride = 1;

    for (int i = shape->rank - 1; i >= 0; i--) {
        strides[i] = stride;
        stride *= shape->dims[i];
    }
}

void sy_space_add_strides(sy_space *space, const int64_t *strides)
{
    for (int i = 0; i < space->rank; i++)
        space->strides[space->operands][i] = strides[i];
    space->operands++;
}

void sy_space_add(sy_space *space, const sy_shape *shape)
{
    int64_t dense[SY_KERNEL_RANK], strides[SY_KERNEL_RANK];
    const int missing = space->rank - shape->rank;

    sy_dense_strides(shape, dense);
    for (int i = 0; i < space->rank; i++)
        strides[i] = i < missing || shape->dims[i - missing] == 1 ? 0 : dense[i - missing];
    sy_space_add_strides(space, strides);
}

/* Whether every operand steps from row to row of dimension `at` as along `at` + 1. */
static bool mergeable(const sy_space *space, int at)
{
    for (int k = 0; k < space->operands; k++) {
        if (space->strides[k][at] != space->strides[k][at + 1] * space->dims[at + 1])
            return false;
    }
    return true;
}

static void set_dim(sy_space *space, int to, int from, int64_t dim)
{
    space->dims[to] = dim;
    for (int k = 0; k < space->operands; k++)
        space->strides[k][to] = space->strides[k][from];
}

void sy_space_shrink(sy_space *space)
{
    int kept = 0;

    for (int i = 0; i < space->rank; i++) {
        if (space->dims[i] != 1)
            set_dim(space, kept++, i, space->dims[i]);
    }
    space->rank = kept;
    kept = 0;
    for (int i = 0; i < space->rank; i++) {
        /* Moves i next to the last one kept, then asks whether the two are one. */
        set_dim(space, kept, i, space->dims[i]);
        if (kept > 0 && mergeable(space, kept - 1))
            set_dim(space, kept - 1, kept, space->dims[kept - 1] * space->dims[kept]);
        else
            kept++;
    }
    space->rank = kept;
}

bool sy_space_empty(const sy_space *space)
{
    for (int i = 0; i < space->rank; i++) {
        if (space->dims[i] == 0)
            return true;
    }
    return false;
}

void sy_space_dims(const sy_space *space, uint32_t out[SY_KERNEL_RANK])
{
    for (int i = 0; i < space->rank; i++)
        out[i] = (uint32_t)space->dims[i];
}

void sy_space_strides(const sy_space *space, int operand, uint32_t out[SY_KERNEL_RANK])
{
    for (int i = 0; i < space->rank; i++)
        out[i] = (uint32_t)space->strides[operand][i];
}

uint32_t sy_known_product(const sy_shape *shape, int from, int to)
{
    int64_t product = 1;

    for (int i = from; i < to; i++)
        product *= shape->dims[i];
    return (uint32_t)product;
}

uint32_t sy_known_count(const sy_shape *shape)
{
    return sy_known_product(shape, 0, shape->rank);
}

void sy_lower_move(sy_lowering *lowering, sy_space space, sy_operand x, size_t x_offset, sy_operand y,
                   size_t y_offset)
{
    sy_move_params params = {.x_offset = (uint32_t)x_offset, .y_offset = (uint32_t)y_offset};

    if (sy_space_empty(&space))
        return;
    sy_space_shrink(&space);
    params.rank = (uint32_t)space.rank;
    sy_space_dims(&space, params.dims);
    for (int i = 0; i < space.rank; i++) {
        params.x_strides[i] = (int32_t)space.strides[0][i];
        params.y_strides[i] = (int32_t)space.strides[1][i];
    }
    SY_LOWER(lowering, move, &params, x, y);
}

void sy_lower_fill(sy_lowering *lowering, sy_operand y, size_t count, uint32_t word)
{
    const sy_fill_params params = {.count = (uint32_t)count, .word = word};

    if (count)
        SY_LOWER(lowering, fill, &params, y);
}

sy_status sy_lower_words(sy_lowering *lowering, const sy_node *node, int output, const void *words,
                         size_t count)
{
    const sy_operand y = sy_lower_output(lowering, node, output);
    const sy_operand x = sy_lower_constant(lowering, words, count);
    const sy_shape line = {.rank = 1, .dims = {(int64_t)count}};
    sy_space space = sy_space_of(&line);

    sy_space_add(&space, &line);
    sy_space_add(&space, &line);
    sy_lower_move(lowering, space, x, 0, y, 0);
    return SY_OK;
}
