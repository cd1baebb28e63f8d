/* Operators that move codes, or pick among them. */
#include <string.h>

#include "dsp/integer.h"

static const int32_t *ints_of(const sy_integer *run, const sy_tflite_operator *op, int input)
{
    return run->model->tensors[op->inputs[input]].data;
}

static const sy_tflite_tensor *input_of(const sy_integer *run, const sy_tflite_operator *op, int input)
{
    return &run->model->tensors[op->inputs[input]];
}

static const sy_tflite_tensor *output_of(const sy_integer *run, const sy_tflite_operator *op)
{
    return &run->model->tensors[op->outputs[0]];
}

/* The index in each dimension of element i. */
static void split_index(const sy_tflite_tensor *tensor, size_t i, int64_t out[SY_MAX_RANK])
{
    for (int d = tensor->rank; d-- > 0; i /= (size_t)tensor->dims[d])
        out[d] = (int64_t)(i % (size_t)tensor->dims[d]);
}

/* And back; -1 where it is outside. */
static int64_t join_index(const sy_tflite_tensor *tensor, const int64_t index[SY_MAX_RANK])
{
    int64_t at = 0;
    for (int d = 0; d < tensor->rank; d++) {
        if (index[d] < 0 || index[d] >= tensor->dims[d])
            return -1;
        at = at * tensor->dims[d] + index[d];
    }
    return at;
}

sy_status sy_integer_copy(sy_integer *run, const sy_tflite_operator *op, sy_integer_finding *finding)
{
    (void)finding;
    memcpy(run->codes[op->outputs[0]], run->codes[op->inputs[0]], sy_integer_elements(output_of(run, op)));
    return SY_OK;
}

sy_status sy_integer_transpose(sy_integer *run, const sy_tflite_operator *op, sy_integer_finding *finding)
{
    const sy_tflite_tensor *x = input_of(run, op, 0), *y = output_of(run, op);
    const int32_t *order = ints_of(run, op, 1);
    (void)finding;
    for (size_t i = 0; i < sy_integer_elements(y); i++) {
        int64_t index[SY_MAX_RANK], from[SY_MAX_RANK];
        split_index(y, i, index);
        for (int d = 0; d < y->rank; d++)
            from[order[d]] = index[d];
        run->codes[op->outputs[0]][i] = run->codes[op->inputs[0]][join_index(x, from)];
    }
    return SY_OK;
}

sy_status sy_integer_concat(sy_integer *run, const sy_tflite_operator *op, sy_integer_finding *finding)
{
    const sy_tflite_tensor *y = output_of(run, op);
    const int axis = sy_integer_option(op, 0, 0);
    int64_t offset = 0;
    (void)finding;
    for (int k = 0; k < op->input_count; k++) {
        const sy_tflite_tensor *x = input_of(run, op, k);
        for (size_t i = 0; i < sy_integer_elements(x); i++) {
            int64_t index[SY_MAX_RANK];
            split_index(x, i, index);
            index[axis] += offset;
            run->codes[op->outputs[0]][join_index(y, index)] = run->codes[op->inputs[k]][i];
        }
        offset += x->dims[axis];
    }
    return SY_OK;
}

sy_status sy_integer_slice(sy_integer *run, const sy_tflite_operator *op, sy_integer_finding *finding)
{
    const sy_tflite_tensor *x = input_of(run, op, 0), *y = output_of(run, op);
    const int32_t *begin = ints_of(run, op, 1), *step = ints_of(run, op, 3);
    (void)finding;
    for (size_t i = 0; i < sy_integer_elements(y); i++) {
        int64_t index[SY_MAX_RANK];
        split_index(y, i, index);
        for (int d = 0; d < y->rank; d++)
            index[d] = begin[d] + index[d] * step[d];
        run->codes[op->outputs[0]][i] = run->codes[op->inputs[0]][join_index(x, index)];
    }
    return SY_OK;
}

/* With the code of 0.0, or with that of a third input. */
sy_status sy_integer_pad(sy_integer *run, const sy_tflite_operator *op, sy_integer_finding *finding)
{
    const sy_tflite_tensor *x = input_of(run, op, 0), *y = output_of(run, op);
    const int32_t *pads = ints_of(run, op, 1);
    const int8_t filler = op->input_count > 2 ? run->codes[op->inputs[2]][0] : (int8_t)x->zero;
    (void)finding;
    for (size_t i = 0; i < sy_integer_elements(y); i++) {
        int64_t index[SY_MAX_RANK];
        split_index(y, i, index);
        for (int d = 0; d < y->rank; d++)
            index[d] -= pads[2 * (size_t)d];
        const int64_t at = join_index(x, index);
        run->codes[op->outputs[0]][i] = at < 0 ? filler : run->codes[op->inputs[0]][at];
    }
    return SY_OK;
}

/* Channel (by, bx, c) of a block's pixel is channel c of pixel (by, bx) in the block. */
sy_status sy_integer_blocks(sy_integer *run, const sy_tflite_operator *op, sy_integer_finding *finding)
{
    const sy_tflite_tensor *x = input_of(run, op, 0), *y = output_of(run, op);
    const bool to_space = op->code == SY_TFLITE_DEPTH_TO_SPACE;
    const sy_tflite_tensor *wide = to_space ? y : x, *deep = to_space ? x : y;
    const int64_t block = sy_integer_option(op, 0, 1), channels = wide->dims[3];
    (void)finding;
    for (size_t i = 0; i < sy_integer_elements(wide); i++) {
        int64_t index[SY_MAX_RANK];
        split_index(wide, i, index);
        const int64_t within = index[1] % block * block + index[2] % block;
        const int64_t other[SY_MAX_RANK] = {index[0], index[1] / block, index[2] / block,
                                            within * channels + index[3]};
        const int64_t at = join_index(deep, other);
        if (to_space)
            run->codes[op->outputs[0]][i] = run->codes[op->inputs[0]][at];
        else
            run->codes[op->outputs[0]][at] = run->codes[op->inputs[0]][i];
    }
    return SY_OK;
}

sy_status sy_integer_max_pool(sy_integer *run, const sy_tflite_operator *op, sy_integer_finding *finding)
{
    const sy_tflite_tensor *x = input_of(run, op, 0), *y = output_of(run, op);
    const int stride[] = {sy_integer_option(op, 2, 1), sy_integer_option(op, 1, 1)};
    const int kernel[] = {sy_integer_option(op, 4, 1), sy_integer_option(op, 3, 1)};
    int before[2] = {0, 0};
    (void)finding;
    for (int i = 0; i < 2; i++) {
        const int reach = (y->dims[1 + i] - 1) * stride[i] + kernel[i];
        const int total = reach > x->dims[1 + i] ? reach - x->dims[1 + i] : 0;
        before[i] = sy_integer_option(op, 0, SY_TFLITE_SAME) == SY_TFLITE_SAME ? total / 2 : 0;
    }
    for (size_t i = 0; i < sy_integer_elements(y); i++) {
        int64_t index[SY_MAX_RANK] = {0};
        int8_t largest = INT8_MIN;
        split_index(y, i, index);
        for (int k = 0; k < kernel[0] * kernel[1]; k++) {
            const int64_t from[SY_MAX_RANK] = {index[0], index[1] * stride[0] + k / kernel[1] - before[0],
                                               index[2] * stride[1] + k % kernel[1] - before[1], index[3]};
            const int64_t at = join_index(x, from);
            if (at >= 0 && run->codes[op->inputs[0]][at] > largest)
                largest = run->codes[op->inputs[0]][at];
        }
        run->codes[op->outputs[0]][i] = largest;
    }
    return SY_OK;
}
