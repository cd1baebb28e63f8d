#include "weight/choose.h"

/* Finding the axis of the output channels in input `input` of a node, and the one its products add up along;
 * SY_NONE where there is none. */
typedef void (*find_axes)(const sy_onnx_node *node, int input, const sy_shape *shape, int *out_channels,
                          int *out_sums);

typedef struct weight_role {
    const char *type;
    unsigned inputs; /* bit i: input i is a weight */
    bool is_convolution;
    find_axes find;
} weight_role;

static void axes_of_conv(const sy_onnx_node *node, int input, const sy_shape *shape, int *out_channels,
                         int *out_sums)
{
    (void)node;
    (void)input;
    (void)shape;
    *out_channels = 0;
    *out_sums = SY_NONE;
}

/* [in, out / groups, ...]: channels at the same place in each group share a scale, except where every group
 * makes one. */
static void axes_of_conv_transpose(const sy_onnx_node *node, int input, const sy_shape *shape,
                                   int *out_channels, int *out_sums)
{
    (void)input;
    *out_channels = shape->dims[1] == 1 && sy_onnx_node_int(node, "group", 1) > 1 ? 0 : 1;
    *out_sums = SY_NONE;
}

static void axes_of_gemm(const sy_onnx_node *node, int input, const sy_shape *shape, int *out_channels,
                         int *out_sums)
{
    (void)shape;
    const bool flipped = sy_onnx_node_int(node, input == 0 ? "transA" : "transB", 0) != 0;
    *out_channels = (input == 1) != flipped ? 1 : 0;
    *out_sums = 1 - *out_channels;
}

static void axes_of_matmul(const sy_onnx_node *node, int input, const sy_shape *shape, int *out_channels,
                           int *out_sums)
{
    (void)node;
    *out_channels = shape->rank - (input == 1 ? 1 : 2);
    *out_sums = shape->rank - (input == 1 ? 2 : 1);
}

/* What is picked together shares a scale. */
static void axes_of_gather(const sy_onnx_node *node, int input, const sy_shape *shape, int *out_channels,
                           int *out_sums)
{
    (void)input;
    const int64_t axis = sy_onnx_node_int(node, "axis", 0), resolved = axis < 0 ? axis + shape->rank : axis;
    *out_channels = resolved >= 0 && resolved < shape->rank ? (int)resolved : SY_NONE;
    *out_sums = SY_NONE;
}

/* [directions, gates * hidden, ...]: an output of a gate is a channel, for both directions. */
static void axes_of_recurrent(const sy_onnx_node *node, int input, const sy_shape *shape, int *out_channels,
                              int *out_sums)
{
    (void)node;
    (void)input;
    *out_channels = shape->rank == 3 ? 1 : 0;
    *out_sums = SY_NONE;
}

static const weight_role roles[] = {
    {"Conv", 1 << 1, true, axes_of_conv},
    {"ConvTranspose", 1 << 1, true, axes_of_conv_transpose},
    {"Gemm", 1 << 0 | 1 << 1, false, axes_of_gemm},
    {"MatMul", 1 << 0 | 1 << 1, false, axes_of_matmul},
    {"Gather", 1 << 0, false, axes_of_gather},
    {"LSTM", 1 << 1 | 1 << 2, false, axes_of_recurrent},
    {"GRU", 1 << 1 | 1 << 2, false, axes_of_recurrent},
    {"RNN", 1 << 1 | 1 << 2, false, axes_of_recurrent},
};

static const weight_role *find_role(const sy_onnx_node *node, int input)
{
    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++)
        if (sy_onnx_node_is(node, roles[i].type))
            return input >= 0 && input < 3 && roles[i].inputs >> input & 1 ? &roles[i] : NULL;
    return NULL;
}

const char *sy_weight_node_name(const sy_onnx_node *node)
{
    return *node->name || node->output_count == 0 ? node->name : node->outputs[0];
}

static bool has_name(const sy_onnx_node *node, const char *name)
{
    if (strcmp(node->name, name) == 0)
        return true;
    for (int o = 0; o < node->output_count; o++)
        if (*name && strcmp(node->outputs[o], name) == 0)
            return true;
    return false;
}

static bool is_skipped(const sy_onnx_node *node, const sy_weight_rules *rules)
{
    for (int i = 0; i < rules->skipped_count; i++)
        if (has_name(node, rules->skipped[i]))
            return true;
    return false;
}

static sy_status check_skipped(sy_ctx *ctx, const sy_onnx_file *file, const sy_weight_rules *rules)
{
    for (int i = 0; i < rules->skipped_count; i++) {
        bool found = false;
        for (int n = 0; n < file->node_count && !found; n++)
            found = has_name(&file->nodes[n], rules->skipped[i]);
        const char *nearest = found ? NULL
                                    : sy_text_nearest(rules->skipped[i], &file->nodes->name,
                                                      sizeof *file->nodes, (size_t)file->node_count);
        if (!found)
            return sy_fail(ctx, SY_E_CONFIG,
                           "skip_quant_node names '%s', which is no node of the model%s%s%s",
                           rules->skipped[i], nearest ? "; did you mean '" : "", nearest ? nearest : "",
                           nearest ? "'?" : "");
    }
    return SY_OK;
}

/* A choice while it is made. */
typedef struct chooser {
    sy_ctx *ctx;
    const sy_onnx_file *file;
    const sy_weight_rules *rules;
    sy_arena *arena;
    sy_weight_choice *choice;
    const sy_onnx_constant *constant;
} chooser;

static sy_status refuse(chooser *work, const char *reason)
{
    work->choice->refusal = reason;
    return sy_check_alloc(work->ctx, reason);
}

static void take_reader(chooser *work, const sy_onnx_reading *reading, const weight_role *role)
{
    const sy_onnx_node *node = &work->file->nodes[reading->node];
    sy_weight_choice *choice = work->choice;
    int channels, sums;
    role->find(node, reading->input, &work->constant->shape, &channels, &sums);
    if (choice->reader == SY_NONE) {
        choice->reader = reading->node;
        choice->axis = channels;
        choice->block_axis = sums;
        choice->is_convolution = role->is_convolution;
        return;
    }
    choice->axes_differ |= choice->axis != channels;
    choice->is_convolution &= role->is_convolution;
    if (choice->block_axis != sums)
        choice->block_axis = SY_NONE;
}

/* Its readers, first to last. */
static sy_status read_readers(chooser *work)
{
    const sy_onnx_readers readers = sy_onnx_find_readers(work->file, work->constant->name);
    const sy_onnx_node *other = NULL, *skipped = NULL;
    bool in_body = false;
    for (size_t i = 0; i < readers.count; i++) {
        const sy_onnx_node *node = &work->file->nodes[readers.at[i].node];
        const weight_role *role = find_role(node, readers.at[i].input);
        if (i == 0)
            work->choice->first_node = readers.at[i].node;
        in_body |= readers.at[i].input == SY_NONE;
        if (role && is_skipped(node, work->rules))
            skipped = node;
        else if (role)
            take_reader(work, &readers.at[i], role);
        else if (!other)
            other = node;
    }
    if (work->choice->reader != SY_NONE)
        return SY_OK;
    if (skipped)
        return refuse(work, "skip_quant_node");
    if (readers.count == 0)
        return refuse(work, "nothing reads it");
    return refuse(work, sy_arena_printf(work->arena, "read by %s '%s'%s, which takes no weights", other->type,
                                        sy_weight_node_name(other), in_body ? " or in it" : ""));
}

static bool is_output(const sy_onnx_file *file, const char *name)
{
    for (int o = 0; o < file->output_count; o++)
        if (strcmp(file->outputs[o], name) == 0)
            return true;
    return false;
}

static sy_status check_sizes(chooser *work)
{
    const sy_weight_choice *choice = work->choice;
    const sy_shape *shape = &work->constant->shape;
    size_t count;
    sy_shape_count(shape, &count);
    if (count == 0)
        return refuse(work, "it has no elements");
    if ((int64_t)count <= work->rules->size_min)
        return refuse(work, sy_arena_printf(work->arena,
                                            "%zu elements are not more than min_quant_weight_size = %lld",
                                            count, (long long)work->rules->size_min));
    const int64_t channels = choice->axis == SY_NONE ? 1 : shape->dims[choice->axis];
    if (choice->is_convolution && channels <= work->rules->channels_min)
        return refuse(
            work, sy_arena_printf(work->arena,
                                  "%lld output channels are not more than min_quant_weight_channel = %lld",
                                  (long long)channels, (long long)work->rules->channels_min));
    return SY_OK;
}

static void choose_cut(chooser *work)
{
    sy_weight_choice *choice = work->choice;
    const sy_shape *shape = &work->constant->shape;
    if (choice->axes_differ || !work->rules->per_channel)
        choice->axis = SY_NONE;
    if (work->rules->block == 0 || choice->block_axis == SY_NONE ||
        (size_t)shape->dims[choice->block_axis] <= work->rules->block) {
        choice->block_axis = SY_NONE;
        return;
    }
    choice->axis = choice->block_axis;
    choice->block = work->rules->block;
}

static sy_status choose_one(chooser *work)
{
    const sy_onnx_constant *constant = work->constant;
    if (is_output(work->file, constant->name))
        return refuse(work, "it is an output of the model");
    SY_TRY(read_readers(work));
    if (!work->choice->refusal)
        SY_TRY(check_sizes(work));
    if (!work->choice->refusal)
        choose_cut(work);
    return SY_OK;
}

static bool is_candidate(const sy_onnx_constant *constant)
{
    return constant->shape.rank >= 2 &&
           (constant->data_type == SY_DTYPE_FLOAT || constant->data_type == SY_DTYPE_FLOAT16);
}

sy_status sy_weight_choose(sy_ctx *ctx, const sy_onnx_file *file, const sy_weight_rules *rules,
                           sy_arena *arena, sy_weight_choice **out, int *out_count)
{
    sy_weight_choice *list = sy_arena_alloc(arena, (size_t)file->constant_count, sizeof *list);
    int count = 0;
    SY_TRY(sy_check_alloc(ctx, list));
    SY_TRY(check_skipped(ctx, file, rules));
    for (int c = 0; c < file->constant_count; c++) {
        if (!is_candidate(&file->constants[c]))
            continue;
        sy_weight_choice *choice = &list[count++];
        *choice = (sy_weight_choice){
            .constant = c, .reader = SY_NONE, .first_node = SY_NONE, .axis = SY_NONE, .block_axis = SY_NONE};
        chooser work = {ctx, file, rules, arena, choice, &file->constants[c]};
        SY_TRY(choose_one(&work));
    }
    *out = list;
    *out_count = count;
    return SY_OK;
}
