#include "weight/choose.h"

#include "weight/roles.h"

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

static sy_status refuse_skipped(sy_ctx *ctx, const sy_onnx_file *file, const char *name, sy_arena *arena)
{
    const char **names = sy_arena_alloc(arena, (size_t)file->node_count, sizeof *names);
    SY_TRY(sy_check_alloc(ctx, names));
    for (int n = 0; n < file->node_count; n++)
        names[n] = sy_weight_node_name(&file->nodes[n]);
    const char *nearest = sy_text_nearest(name, names, sizeof *names, (size_t)file->node_count);
    return sy_fail(ctx, SY_E_CONFIG, "skip_quant_node names '%s', which is no node of the model%s%s%s", name,
                   nearest ? "; did you mean '" : "", nearest ? nearest : "", nearest ? "'?" : "");
}

static sy_status check_skipped(sy_ctx *ctx, const sy_onnx_file *file, const sy_weight_rules *rules,
                               sy_arena *arena)
{
    for (int i = 0; i < rules->skipped_count; i++) {
        bool found = false;
        for (int n = 0; n < file->node_count && !found; n++)
            found = has_name(&file->nodes[n], rules->skipped[i]);
        if (!found)
            return refuse_skipped(ctx, file, rules->skipped[i], arena);
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

/* A weight's axes: those of the constant that the reader's input was moved from. */
static void take_reader(chooser *work, const sy_weight_moved *moved, const sy_onnx_reading *reading,
                        const sy_weight_role *role)
{
    const sy_onnx_node *node = &work->file->nodes[reading->node];
    sy_weight_choice *choice = work->choice;
    int channels, sums;
    role->find(node, reading->input, &moved->shape, &channels, &sums);
    channels = channels == SY_NONE ? SY_NONE : moved->from[channels];
    sums = sums == SY_NONE ? SY_NONE : moved->from[sums];
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

/* What still has to be followed, and what was found on the way. */
typedef struct search {
    sy_weight_moved list[64];
    int count;
    const sy_onnx_node *other, *skipped; /* a reader that takes no weights, one that is to be skipped */
} search;

static sy_status read_reader(chooser *work, search *found, const sy_weight_moved *moved,
                             const sy_onnx_reading *reading)
{
    enum { CAPACITY = sizeof found->list / sizeof found->list[0] };
    const sy_onnx_node *node = &work->file->nodes[reading->node];
    const sy_weight_role *role = sy_weight_find_role(node, reading->input);
    sy_weight_moved next;
    bool moves = false;
    if (role && is_skipped(node, work->rules)) {
        found->skipped = node;
        return SY_OK;
    }
    if (role) {
        take_reader(work, moved, reading, role);
        return SY_OK;
    }
    if (found->count < CAPACITY)
        SY_TRY(sy_weight_follow(work->ctx, work->file, node, reading->input, moved, &next, &moves));
    if (moves)
        found->list[found->count++] = next;
    else if (!found->other)
        found->other = node;
    return SY_OK;
}

/* Its readers, and those of what only moves its elements, first to last. */
static sy_status read_readers(chooser *work)
{
    search found = {.list = {{.name = work->constant->name, .shape = work->constant->shape}}, .count = 1};
    for (int i = 0; i < work->constant->shape.rank; i++)
        found.list[0].from[i] = i;
    for (int k = 0; k < found.count; k++) {
        const sy_weight_moved moved = found.list[k];
        const sy_onnx_readers readers = sy_onnx_find_readers(work->file, moved.name);
        if (k == 0 && readers.count == 0)
            return refuse(work, "nothing reads it");
        if (k == 0)
            work->choice->first_node = readers.at[0].node;
        for (size_t i = 0; i < readers.count; i++)
            SY_TRY(read_reader(work, &found, &moved, &readers.at[i]));
    }
    if (work->choice->reader != SY_NONE)
        return SY_OK;
    if (found.skipped)
        return refuse(work, "skip_quant_node");
    if (!found.other)
        return refuse(work, "nothing reads it");
    return refuse(work, sy_arena_printf(work->arena, "read by %s '%s', which takes no weights",
                                        found.other->type, sy_weight_node_name(found.other)));
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
    SY_TRY(check_skipped(ctx, file, rules, arena));
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
