/* Operators with weights, and normalization. */
#include <string.h>

#include "import/mindir/translate.h"

/* A constant vector as [1, n, 1, 1], for the channels of a tensor of this rank; others by Reshape. */
static sy_status along_channels(sy_mind_translator *work, int vector, int rank, const char *ending, int *out)
{
    int64_t shape[SY_MAX_RANK];
    int inputs[2] = {vector, SY_NONE};
    for (int i = 0; i < rank; i++)
        shape[i] = i == 1 ? -1 : 1;
    SY_TRY(sy_mind_add_ints(work, shape, rank, "/shape", &inputs[1]));
    return sy_mind_add(work, "Reshape", inputs, 2, ending, out, NULL);
}

static sy_status bias_add(sy_mind_translator *work)
{
    int inputs[2];
    SY_TRY(sy_mind_require_nchw(work, 2));
    SY_TRY(sy_mind_tensor_input(work, 0, SY_NONE, &inputs[0]));
    SY_TRY(sy_mind_tensor_input(work, 1, inputs[0], &inputs[1]));
    const int rank = sy_mind_shape(work, inputs[0])->rank;
    if (rank == SY_NONE)
        return sy_fail(work->ctx, SY_E_UNSUPPORTED, "the rank of its input is not known");
    if (rank > 2)
        SY_TRY(along_channels(work, inputs[1], rank, "/bias", &inputs[1]));
    return sy_mind_result(work, "Add", inputs, 2);
}

/* A slope for each channel, or one. */
static sy_status prelu(sy_mind_translator *work)
{
    int inputs[2];
    SY_TRY(sy_mind_tensor_input(work, 0, SY_NONE, &inputs[0]));
    SY_TRY(sy_mind_tensor_input(work, 1, inputs[0], &inputs[1]));
    const int rank = sy_mind_shape(work, inputs[0])->rank;
    if (rank > 2)
        SY_TRY(along_channels(work, inputs[1], rank, "/slope", &inputs[1]));
    return sy_mind_result(work, "PRelu", inputs, 2);
}

/* Swaps the last two dimensions. */
static sy_status transposed(sy_mind_translator *work, int *tensor, const char *ending)
{
    int64_t perm[SY_MAX_RANK];
    int node, out;
    const int rank = sy_mind_shape(work, *tensor)->rank;
    if (rank < 2)
        return sy_fail(work->ctx, SY_E_UNSUPPORTED, "an operand of unknown rank is transposed");
    for (int i = 0; i < rank; i++)
        perm[i] = i == rank - 2 ? rank - 1 : i == rank - 1 ? rank - 2 : i;
    SY_TRY(sy_mind_add(work, "Transpose", tensor, 1, ending, &out, &node));
    SY_TRY(sy_graph_set_attr_ints(work->ctx, work->graph, node, "perm", perm, (size_t)rank));
    *tensor = out;
    return sy_mind_infer(work, node);
}

static sy_status gemm(sy_mind_translator *work, const int *inputs, int count, bool a, bool b)
{
    int tensor, node;
    SY_TRY(sy_mind_add(work, "Gemm", inputs, count, "", &tensor, &node));
    SY_TRY(sy_graph_set_attr_int(work->ctx, work->graph, node, "transA", a));
    SY_TRY(sy_graph_set_attr_int(work->ctx, work->graph, node, "transB", b));
    sy_mind_means(work, tensor);
    return sy_mind_infer(work, node);
}

static sy_status matmul(sy_mind_translator *work)
{
    const bool a = sy_mind_flag(work, 2, "transpose_a"), b = sy_mind_flag(work, 3, "transpose_b");
    int inputs[2];
    SY_TRY(sy_mind_tensor_input(work, 0, SY_NONE, &inputs[0]));
    SY_TRY(sy_mind_tensor_input(work, 1, SY_NONE, &inputs[1]));
    if (sy_mind_shape(work, inputs[0])->rank == 2 && sy_mind_shape(work, inputs[1])->rank == 2)
        return gemm(work, inputs, 2, a, b);
    if (a)
        SY_TRY(transposed(work, &inputs[0], "/a"));
    if (b)
        SY_TRY(transposed(work, &inputs[1], "/b"));
    return sy_mind_result(work, "MatMul", inputs, 2);
}

/* x * w' + b; b may be left out. */
static sy_status dense(sy_mind_translator *work)
{
    sy_mind_meaning bias = {.kind = SY_MIND_KIND_NOTHING};
    int inputs[3], product;
    SY_TRY(sy_mind_tensor_input(work, 0, SY_NONE, &inputs[0]));
    SY_TRY(sy_mind_tensor_input(work, 1, SY_NONE, &inputs[1]));
    if (work->node->input_count > 2)
        SY_TRY(sy_mind_input(work, 2, &bias));
    const bool biased = bias.kind == SY_MIND_KIND_TENSOR;
    inputs[2] = bias.tensor;
    if (sy_mind_shape(work, inputs[0])->rank == 2)
        return gemm(work, inputs, biased ? 3 : 2, false, true);
    SY_TRY(transposed(work, &inputs[1], "/weights"));
    if (!biased)
        return sy_mind_result(work, "MatMul", inputs, 2);
    SY_TRY(sy_mind_add(work, "MatMul", inputs, 2, "/product", &product, NULL));
    return sy_mind_result(work, "Add", (const int[]){product, inputs[2]}, 2);
}

static sy_status batch_norm(sy_mind_translator *work)
{
    int inputs[5], tensor, node;
    if (sy_mind_flag(work, 5, "is_training"))
        return sy_fail(work->ctx, SY_E_UNSUPPORTED,
                       "it is in training mode: export the network for inference");
    SY_TRY(sy_mind_require_nchw(work, 8));
    for (int i = 0; i < 5; i++)
        SY_TRY(sy_mind_tensor_input(work, i, SY_NONE, &inputs[i]));
    SY_TRY(sy_mind_add(work, "BatchNormalization", inputs, 5, "", &tensor, &node));
    SY_TRY(sy_graph_set_attr_float(work->ctx, work->graph, node, "epsilon",
                                   (float)sy_mind_float(work, 6, "epsilon", 1e-5)));
    SY_TRY(sy_mind_infer(work, node));
    return sy_mind_means_first_of(work, tensor, 5);
}

static sy_status layer_norm(sy_mind_translator *work)
{
    int inputs[3], tensor, node;
    for (int i = 0; i < 3; i++)
        SY_TRY(sy_mind_tensor_input(work, i, SY_NONE, &inputs[i]));
    SY_TRY(sy_mind_add(work, "LayerNormalization", inputs, 3, "", &tensor, &node));
    SY_TRY(sy_graph_set_attr_int(work->ctx, work->graph, node, "axis",
                                 sy_mind_int(work, 3, "begin_norm_axis", -1)));
    SY_TRY(sy_graph_set_attr_float(work->ctx, work->graph, node, "epsilon",
                                   (float)sy_mind_float(work, 5, "epsilon", 1e-7)));
    SY_TRY(sy_mind_infer(work, node));
    return sy_mind_means_first_of(work, tensor, 3);
}

/* The channels of each group as one vector, of mean 0 and deviation 1. */
static sy_status normalize_groups(sy_mind_translator *work, int x, int64_t groups, int *out)
{
    const sy_shape shape = {.rank = 1, .dims = {groups}};
    int inputs[3] = {x}, grouped, node;
    float *numbers = sy_arena_alloc(&work->arena, (size_t)groups, sizeof *numbers);
    SY_TRY(sy_check_alloc(work->ctx, numbers));
    SY_TRY(sy_mind_add_ints(work, (const int64_t[]){0, groups, -1}, 3, "/groups", &inputs[1]));
    SY_TRY(sy_mind_add(work, "Reshape", inputs, 2, "/grouped", &grouped, NULL));
    for (int i = 2; i >= 1; i--) { /* zeros, then ones in their place */
        SY_TRY(sy_graph_add_constant(work->ctx, work->graph, i == 1 ? "group_ones" : "group_zeros",
                                     SY_DTYPE_FLOAT, &shape, numbers, (size_t)groups * sizeof *numbers,
                                     &inputs[i]));
        for (int64_t g = 0; g < groups; g++)
            numbers[g] = 1;
    }
    inputs[0] = grouped;
    SY_TRY(sy_mind_add(work, "InstanceNormalization", inputs, 3, "/normal", out, &node));
    SY_TRY(sy_graph_set_attr_float(work->ctx, work->graph, node, "epsilon",
                                   (float)sy_mind_float(work, 4, "eps", 1e-5)));
    return sy_mind_infer(work, node);
}

/* The sizes of x for a Reshape of what has its batch: numbers where they are known. */
static sy_status add_sizes(sy_mind_translator *work, int x, int *out)
{
    int64_t sizes[SY_MAX_RANK] = {0};
    const sy_shape *shape = sy_mind_shape(work, x);
    bool known = true;
    for (int i = 1; i < shape->rank; i++) {
        sizes[i] = shape->dims[i];
        known &= sizes[i] > 0;
    }
    if (known)
        return sy_mind_add_ints(work, sizes, shape->rank, "/sizes", out);
    return sy_mind_add(work, "Shape", &x, 1, "/sizes", out, NULL);
}

static sy_status group_norm(sy_mind_translator *work)
{
    int x, inputs[2], factors[2], value;
    const int64_t groups = sy_mind_int(work, 1, "num_groups", 0);
    SY_TRY(sy_mind_tensor_input(work, 0, SY_NONE, &x));
    for (int i = 0; i < 2; i++)
        SY_TRY(sy_mind_tensor_input(work, 2 + i, x, &factors[i]));
    const sy_shape shape = *sy_mind_shape(work, x);
    if (shape.rank < 3 || groups < 1 || shape.dims[1] == SY_NONE || shape.dims[1] % groups)
        return sy_fail(work->ctx, SY_E_UNSUPPORTED, "its channels are not known, or not in equal groups");
    SY_TRY(normalize_groups(work, x, groups, &inputs[0]));
    SY_TRY(add_sizes(work, x, &inputs[1]));
    SY_TRY(sy_mind_add(work, "Reshape", inputs, 2, "/apart", &value, NULL));
    for (int i = 0; i < 2; i++)
        SY_TRY(along_channels(work, factors[i], shape.rank, i ? "/beta" : "/gamma", &factors[i]));
    SY_TRY(sy_mind_add(work, "Mul", (const int[]){value, factors[0]}, 2, "/scaled", &value, NULL));
    SY_TRY(sy_mind_add(work, "Add", (const int[]){value, factors[1]}, 2, "", &value, NULL));
    return sy_mind_means_first_of(work, value, 3);
}

const sy_mind_row sy_mind_layers[] = {
    {"PReLU", prelu},          {"GroupNorm", group_norm}, {"BiasAdd", bias_add},
    {"MatMul", matmul},        {"BatchMatMul", matmul},   {"Dense", dense},
    {"BatchNorm", batch_norm}, {"LayerNorm", layer_norm}, {NULL, NULL},
};
