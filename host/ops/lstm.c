/* LSTM: the inputs of all steps in one product, then a product and a cell for each step.
 * The gates of W, R and B stand in ONNX's order i, o, f, c.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "ops/lowering.h"

enum { INPUT_X, INPUT_W, INPUT_R, INPUT_B, INPUT_LENGTHS, INPUT_H, INPUT_C, INPUT_P };
enum { OUTPUT_Y, OUTPUT_H, OUTPUT_C };
enum { STEPS_MAX = 1 << 16 }; /* each becomes two launches */

static sy_status read_directions(sy_ctx *ctx, const sy_node *node, int *out, bool *out_reverse)
{
    const char *direction = sy_node_string(node, "direction", "forward");
    *out = strcmp(direction, "bidirectional") == 0 ? 2 : 1;
    *out_reverse = strcmp(direction, "reverse") == 0;
    if (*out == 1 && !*out_reverse && strcmp(direction, "forward") != 0)
        return sy_fail(ctx, SY_E_MODEL, "direction is '%s', not forward, reverse or bidirectional",
                       direction);
    return SY_OK;
}

/* The attribute's texts are the default activations, once per direction. The graph keeps a list of texts as
 * the bytes of ONNX's AttributeProto, in which they are field 9.
 */
static bool default_activations(const sy_attr *attr)
{
    static const char *const words[] = {"Sigmoid", "Tanh", "Tanh"};
    enum { STRINGS = 9, VARINT = 0, EIGHT_BYTES = 1, LENGTH_AND_BYTES = 2, FOUR_BYTES = 5 };
    if (!attr->raw)
        return false;
    sy_bytes bytes = {attr->raw, (const unsigned char *)attr->raw + attr->raw_bytes, false};
    int count = 0;
    while (bytes.at < bytes.end && !bytes.failed) {
        const uint64_t key = sy_bytes_varint(&bytes);
        size_t length = 0;
        switch (key & 7) {
        case VARINT: sy_bytes_varint(&bytes); break;
        case EIGHT_BYTES: sy_bytes_take(&bytes, 8); break;
        case FOUR_BYTES: sy_bytes_take(&bytes, 4); break;
        case LENGTH_AND_BYTES: {
            const char *text = sy_bytes_string(&bytes, &length);
            const char *want = words[count % 3];
            if (key >> 3 != STRINGS)
                break;
            if (!text || length != strlen(want) || memcmp(text, want, length) != 0)
                return false;
            count++;
            break;
        }
        default: return false;
        }
    }
    return !bytes.failed && count % 3 == 0;
}

static sy_status check_attributes(sy_ctx *ctx, const sy_node *node)
{
    const sy_attr *activations = sy_node_attr(node, "activations");
    if (sy_node_int(node, "layout", 0) != 0)
        return sy_fail(ctx, SY_E_UNSUPPORTED, "layout 1 (batch first) is not supported, only 0");
    if (activations && !default_activations(activations))
        return sy_fail(ctx, SY_E_UNSUPPORTED, "activations other than Sigmoid, Tanh, Tanh are not supported");
    return SY_OK;
}

/* The one use of sequence_lens that changes nothing: every sequence is whole. */
static sy_status check_lengths(sy_ctx *ctx, const sy_graph *graph, const sy_node *node, int64_t steps)
{
    if (node->input_count <= INPUT_LENGTHS || node->inputs[INPUT_LENGTHS] == SY_NONE)
        return SY_OK;
    const sy_tensor *tensor = &graph->tensors[node->inputs[INPUT_LENGTHS]];
    size_t count;
    if (!tensor->data || !sy_shape_count(&tensor->shape, &count))
        return sy_fail(ctx, SY_E_UNSUPPORTED, "sequence_lens '%s' is computed, only a constant is supported",
                       tensor->name);
    int64_t *lengths = malloc((count ? count : 1) * sizeof *lengths);
    sy_status status = sy_check_alloc(ctx, lengths);
    if (status == SY_OK)
        status = sy_tensor_to_i64(ctx, tensor, lengths, count);
    for (size_t i = 0; i < count && status == SY_OK; i++) {
        if (lengths[i] != steps)
            status = sy_fail(ctx, SY_E_UNSUPPORTED,
                             "sequence_lens has %lld among %lld steps, only whole sequences are supported",
                             (long long)lengths[i], (long long)steps);
    }
    free(lengths);
    return status;
}

/* Input i, where given, has this shape as far as both are known. */
static sy_status check_shape(const sy_infer *infer, int i, const char *what, sy_shape want)
{
    const sy_tensor *input = sy_infer_input(infer, i);
    if (!input || input->shape.rank == SY_NONE)
        return SY_OK;
    bool fits = input->shape.rank == want.rank;
    for (int k = 0; k < want.rank && fits; k++)
        fits = input->shape.dims[k] == want.dims[k] || input->shape.dims[k] == SY_NONE ||
               want.dims[k] == SY_NONE;
    if (fits)
        return SY_OK;
    char text[SY_SHAPE_TEXT], wanted[SY_SHAPE_TEXT];
    return sy_fail(infer->ctx, SY_E_MODEL, "%s '%s' has shape %s, %s fits", what, input->name,
                   sy_shape_print(&input->shape, text), sy_shape_print(&want, wanted));
}

static sy_status infer_lstm(sy_infer *infer)
{
    const sy_node *node = infer->node;
    const sy_shape *x = &sy_infer_input(infer, INPUT_X)->shape, *r = &sy_infer_input(infer, INPUT_R)->shape;
    int directions;
    bool reverse;
    SY_TRY(check_attributes(infer->ctx, node));
    SY_TRY(read_directions(infer->ctx, node, &directions, &reverse));
    if (x->rank == SY_NONE)
        return SY_OK;
    if (x->rank != 3)
        return sy_fail(infer->ctx, SY_E_MODEL, "the input must be [steps, batch, size], not of rank %d",
                       x->rank);
    int64_t hidden = r->rank == 3 ? r->dims[2] : sy_node_int(node, "hidden_size", SY_NONE);
    if (hidden != SY_NONE && (hidden < 1 || hidden > INT32_MAX / 8))
        return sy_fail(infer->ctx, SY_E_MODEL, "a hidden size of %lld makes no sense", (long long)hidden);
    const int64_t gates = hidden == SY_NONE ? SY_NONE : 4 * hidden,
                  both = hidden == SY_NONE ? SY_NONE : 8 * hidden;
    const int64_t peepholes = hidden == SY_NONE ? SY_NONE : 3 * hidden;
    const sy_shape state = {.rank = 3, .dims = {directions, x->dims[1], hidden}};
    SY_TRY(check_shape(infer, INPUT_W, "W", (sy_shape){.rank = 3, .dims = {directions, gates, x->dims[2]}}));
    SY_TRY(check_shape(infer, INPUT_R, "R", (sy_shape){.rank = 3, .dims = {directions, gates, hidden}}));
    SY_TRY(check_shape(infer, INPUT_B, "B", (sy_shape){.rank = 2, .dims = {directions, both}}));
    SY_TRY(check_shape(infer, INPUT_H, "initial_h", state));
    SY_TRY(check_shape(infer, INPUT_C, "initial_c", state));
    SY_TRY(check_shape(infer, INPUT_P, "P", (sy_shape){.rank = 2, .dims = {directions, peepholes}}));
    infer->shapes[OUTPUT_Y] = (sy_shape){.rank = 4, .dims = {x->dims[0], directions, x->dims[1], hidden}};
    for (int i = OUTPUT_H; i < node->output_count; i++)
        infer->shapes[i] = state;
    return SY_OK;
}

/* One direction being lowered. */
typedef struct {
    sy_lowering *lowering;
    const sy_node *node;
    uint32_t steps, batch, size, hidden, directions, direction;
    bool backwards;
    sy_operand y; /* all of output Y, or none */
} pass;

static sy_operand part(sy_operand whole, size_t offset)
{
    if (whole.slot != SY_NONE)
        whole.offset += offset;
    return whole;
}

/* Input i from this direction's part of it on. */
static sy_operand input_part(const pass *p, int i, size_t words)
{
    return part(sy_lower_input(p->lowering, p->node, i), p->direction * words);
}

static sy_operand output_part(const pass *p, int i)
{
    return part(sy_lower_output(p->lowering, p->node, i), (size_t)p->direction * p->batch * p->hidden);
}

static sy_gemm_params product(uint32_t m, uint32_t n, uint32_t k)
{
    return (sy_gemm_params){
        .m = m, .n = n, .k = k, .b_transposed = 1, .alpha = 1, .beta = 1, .clamp = {-INFINITY, INFINITY}};
}

/* Both halves of B added; no operand where there is no B. */
static sy_operand lower_bias(const pass *p)
{
    const uint32_t gates = 4 * p->hidden;
    const sy_operand b = input_part(p, INPUT_B, (size_t)2 * gates);
    if (b.slot == SY_NONE)
        return b;
    const sy_binary_params params = {.function = SY_BINARY_ADD,
                                     .kind = SY_KIND_FLOAT,
                                     .rank = 1,
                                     .dims = {gates},
                                     .a_strides = {1},
                                     .b_strides = {1},
                                     .clamp = {-INFINITY, INFINITY}};
    const sy_operand sum = sy_lower_scratch(p->lowering, gates);
    SY_LOWER(p->lowering, binary, &params, b, part(b, gates), sum);
    return sum;
}

/* x * W' + biases of every step: [steps][batch][4 * hidden]. */
static sy_operand lower_inputs(const pass *p)
{
    const uint32_t rows = p->steps * p->batch, gates = 4 * p->hidden;
    const sy_operand bias = lower_bias(p);
    sy_gemm_params params = product(rows, gates, p->size);
    params.has_c = bias.slot != SY_NONE;
    params.c_column_stride = 1;
    const sy_operand all = sy_lower_scratch(p->lowering, (size_t)rows * gates);
    SY_LOWER(p->lowering, gemm, &params, sy_lower_input(p->lowering, p->node, INPUT_X),
             input_part(p, INPUT_W, (size_t)gates * p->size), bias, all);
    return all;
}

static sy_operand lower_zeros(const pass *p)
{
    const size_t words = (size_t)p->batch * p->hidden;
    float *zeros = calloc(words ? words : 1, sizeof *zeros);
    if (!zeros)
        return sy_no_operand; /* the caller checks */
    const sy_operand operand = sy_lower_constant(p->lowering, zeros, words);
    free(zeros);
    return operand;
}

static void lower_copy(const pass *p, sy_operand from, sy_operand to)
{
    const sy_move_params params = {
        .rank = 1, .dims = {p->batch * p->hidden}, .x_strides = {1}, .y_strides = {1}};
    SY_LOWER(p->lowering, move, &params, from, to);
}

/* The gates of a step: x's part, and h * R' where there is an h. */
static sy_operand lower_gates(const pass *p, sy_operand inputs, sy_operand h, sy_operand scratch)
{
    const uint32_t gates = 4 * p->hidden;
    if (h.slot == SY_NONE)
        return inputs;
    sy_gemm_params params = product(p->batch, gates, p->hidden);
    params.has_c = 1;
    params.c_row_stride = gates;
    params.c_column_stride = 1;
    SY_LOWER(p->lowering, gemm, &params, h, input_part(p, INPUT_R, (size_t)gates * p->hidden), inputs,
             scratch);
    return scratch;
}

static sy_status lower_pass(const pass *p)
{
    const size_t state = (size_t)p->batch * p->hidden;
    const sy_operand inputs = lower_inputs(p), gates = sy_lower_scratch(p->lowering, 4 * state);
    const sy_operand peephole = input_part(p, INPUT_P, 3 * (size_t)p->hidden);
    const sy_operand last_h = output_part(p, OUTPUT_H), last_c = output_part(p, OUTPUT_C);
    const sy_operand own_h = last_h.slot == SY_NONE ? sy_lower_scratch(p->lowering, state) : last_h;
    const sy_operand c = last_c.slot == SY_NONE ? sy_lower_scratch(p->lowering, state) : last_c;
    const sy_lstm_cell_params cell = {
        .batch = p->batch,
        .hidden = p->hidden,
        .has_peephole = peephole.slot != SY_NONE,
        .input_forget = sy_node_int(p->node, "input_forget", 0) != 0,
        .cell_clip = sy_node_float(p->node, "clip", 0),
    };
    sy_operand h = input_part(p, INPUT_H, state), c_before = input_part(p, INPUT_C, state);
    if (c_before.slot == SY_NONE)
        c_before = lower_zeros(p);
    SY_TRY(c_before.slot == SY_NONE ? sy_check_alloc(p->lowering->ctx, NULL) : SY_OK);
    for (uint32_t i = 0; i < p->steps; i++) {
        const size_t step = p->backwards ? p->steps - 1 - i : i;
        const sy_operand to =
            p->y.slot == SY_NONE ? own_h : part(p->y, (step * p->directions + p->direction) * state);
        const sy_operand now = lower_gates(p, part(inputs, step * 4 * state), h, gates);
        SY_LOWER(p->lowering, lstm_cell, &cell, now, c_before, peephole, to, c);
        h = to;
        c_before = c;
    }
    if (p->y.slot != SY_NONE && last_h.slot != SY_NONE)
        lower_copy(p, h, last_h);
    return SY_OK;
}

static sy_status lower_lstm(sy_lowering *lowering, const sy_node *node)
{
    const sy_tensor *tensors = lowering->graph->tensors;
    const sy_shape *x = &tensors[node->inputs[INPUT_X]].shape, *r = &tensors[node->inputs[INPUT_R]].shape;
    int directions;
    bool reverse;
    SY_TRY(read_directions(lowering->ctx, node, &directions, &reverse));
    SY_TRY(check_lengths(lowering->ctx, lowering->graph, node, x->dims[0]));
    if (x->dims[0] < 1 || x->dims[0] > STEPS_MAX)
        return sy_fail(lowering->ctx, SY_E_UNSUPPORTED,
                       "a sequence of %lld steps is not supported, only 1 to %d", (long long)x->dims[0],
                       STEPS_MAX);
    const sy_operand y = sy_lower_output(lowering, node, OUTPUT_Y);
    for (int i = 0; i < directions; i++) {
        const pass one = {
            .lowering = lowering,
            .node = node,
            .steps = (uint32_t)x->dims[0],
            .batch = (uint32_t)x->dims[1],
            .size = (uint32_t)x->dims[2],
            .hidden = (uint32_t)r->dims[2],
            .directions = (uint32_t)directions,
            .direction = (uint32_t)i,
            .backwards = reverse || i == 1,
            .y = y,
        };
        SY_TRY(lower_pass(&one));
    }
    return SY_OK;
}

const sy_op sy_op_lstm = {
    .type = "LSTM",
    .domain = "",
    .inputs_min = 3,
    .inputs_max = 8,
    .outputs_max = 3,
    .quant = SY_QUANT_NEVER,
    .infer = infer_lstm,
    .lower = lower_lstm,
};
