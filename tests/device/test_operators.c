/* Every operator on every backend: an example of each is lowered, run there, and compared with the reference
 * kernels bit for bit. docs/OPS.md is written from what was launched.
 */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "ops/op.h"
#include "places.h"
#include "support/op_text.h"

typedef struct {
    const char *type;
    int opset;
    const char *inputs, *attrs;
    int outputs;
} example;

#define X3 "~float32[1,2,3,3]{1,-2,3,-4,5,-6,7,-8,9,0.5,1.5,-2.5,3.5,4.5,-5.5,6.5,7.5,-8.5}"
#define X6 "~float32[2,3]{0.25,-1.5,2,0.75,-0.125,3}"
#define Y6 "~float32[2,3]{0.5,1.5,-2,0.25,4,3}"
#define B6 "~bool[2,3]{1,0,1,1,0,0}"
#define C6 "~bool[2,3]{1,1,0,1,0,1}"

static const example examples[] = {
    {"Conv", 11, X3 " float32[2,2,2,2]{1,2,3,4,5,6,7,8,-1,-2,-3,-4,-5,-6,-7,-8} float32{0.5,-1}",
     "pads=[1,0,0,1] strides=[2,1]", 1},
    {"ConvTranspose", 11, X3 " float32[2,1,2,2]{1,2,3,4,5,6,7,8}", "strides=[2,2]", 1},
    {"Gemm", 13, X6 " float32[3,2]{1,2,3,4,5,6} float32{0.5,-0.5}", "alpha=0.5", 1},
    {"MatMul", 13, X6 " ~float32[3,2]{1,2,3,4,5,6}", "", 1},
    {"MaxPool", 12, X3, "kernel_shape=[2,2] pads=[1,1,0,0]", 1},
    {"AveragePool", 11, X3, "kernel_shape=[2,2] strides=[2,2] pads=[0,0,1,1]", 1},
    {"GlobalMaxPool", 1, X3, "", 1},
    {"GlobalAveragePool", 1, X3, "", 1},
    {"BatchNormalization", 15, X3 " float32{1,2} float32{0.5,-1} float32{0.25,3} float32{4,0.5}", "", 1},
    {"InstanceNormalization", 6, X3 " float32{1,2} float32{0.5,-1}", "", 1},
    {"LayerNormalization", 17, X6 " float32{1,2,3} float32{0.5,-1,0}", "", 1},
    {"Softmax", 13, X6, "axis=0", 1},
    {"LogSoftmax", 13, X6, "", 1},
    {"LSTM", 14,
     "~float32[2,1,2]{0.5,-1,2,0.25} "
     "float32[1,4,2]{0.1,0.2,0.3,0.4,0.5,-0.6,0.7,0.8} float32[1,4,1]{0.5,-0.25,0.125,1}",
     "hidden_size=1", 3},
    {"Resize", 13, X3 " - float32{1,1,2,1}", "mode='linear'", 1},
    {"Upsample", 9, X3 " float32{1,1,1,2}", "mode='nearest'", 1},
    {"QuantizeLinear", 13, X6 " float32[]{0.1} int8[]{3}", "", 1},
    {"DynamicQuantizeLinear", 11, "~float32[3,5]{-1,0.5,2,3,1.7,-2.5,0,1,4,4.2,0.1,0.2,0.3,0.4,-0.7}", "", 3},
    {"MatMulInteger", 10, "~uint8[2,3]{1,2,250,3,255,0} ~int8[3,2]{-128,127,5,-6,7,8} uint8[]{128}", "", 1},
    {"ConvInteger", 10,
     "~uint8[1,2,3]{2,3,4,5,255,0} uint8[2,2,2]{1,2,3,4,250,6,7,8} uint8[]{3} uint8[]{128}", "pads=[1,0]", 1},
    {"DequantizeLinear", 13, "~int8[3]{-5,0,7} float32[]{0.1} int8[]{3}", "", 1},
    {"Clip", 13, X6 " float32[]{-1} float32[]{1}", "", 1},
    {"Reshape", 13, X6 " int64{3,2}", "", 1},
    {"Flatten", 13, X3, "", 1},
    {"Squeeze", 13, "~float32[1,3]{1,2,3} int64{0}", "", 1},
    {"Unsqueeze", 13, X6 " int64{1}", "", 1},
    {"Transpose", 13, X6, "perm=[1,0]", 1},
    {"Slice", 13, X6 " int64{2} int64{-9} int64{1} int64{-1}", "", 1},
    {"Concat", 13, X6 " " Y6, "axis=1", 1},
    {"Split", 13, X6 " int64{1,2}", "axis=1", 2},
    {"Expand", 13, "~float32[3,1]{1,2,3} int64{2,3,4}", "", 1},
    {"Tile", 13, X6 " int64{2,1}", "", 1},
    {"Pad", 13, X6 " int64{0,1,0,2} float32[]{0.5}", "mode='constant'", 1},
    {"Pad", 13, X6 " int64{0,1,0,2}", "mode='reflect'", 1},
    {"DepthToSpace", 13, "~float32[1,4,1,2]{1,2,3,4,5,6,7,8}", "blocksize=2", 1},
    {"SpaceToDepth", 13, "~float32[1,1,2,2]{1,2,3,4}", "blocksize=2", 1},
    {"Gather", 13, X6 " ~int64{1,-2,0}", "axis=1", 1},
    {"GatherElements", 13, X6 " ~int64[2,2]{1,-1,0,2}", "axis=1", 1},
    {"OneHot", 11, "~int64{1,-1,5} int64[]{3} float32{0.5,2}", "", 1},
    {"Cast", 13, X6, "to=6", 1},
    {"CastLike", 15, X6 " ~int32{1}", "", 1},
    {"Where", 16, B6 " " X6 " " Y6, "", 1},
    {"Clip", 6, X6, "min=-1.0 max=1.0", 1},
    {"Mod", 13, "~int32{7,-7,7,-7} ~int32{3,3,-3,-3}", "", 1},
    {"Not", 1, B6, "", 1},
    {"And", 7, B6 " " C6, "", 1},
    {"Or", 7, B6 " " C6, "", 1},
    {"Xor", 7, B6 " " C6, "", 1},
    {"PRelu", 16, X6 " float32{0.5,0.25,2}", "", 1},
    {"Requantize", 13, "~float32[1,3]{-5,0,70} int32{1,-2,3} float32{0.1,0.2,0.3}", "", 1},
    {"AscendQuant", 13, X6, "scale=4.0 offset=3.0", 1},
    {"AscendDequant", 13, "~int32[2,3]{-5,0,70,8,9,10} uint64{1048576000,1056964608,1073741824}", "",
     1}, /* the bits of 0.25, 0.5 and 2 */
    {"AscendAntiQuant", 13, "~int8[3]{-5,0,70}", "scale=0.25 offset=3.0", 1},
    {"CumSum", 14, X6 " int32[]{1}", "reverse=1", 1},
};

/* Operators whose outputs are known before anything runs: they launch nothing. */
static const char *const known_before[] = {"Constant", "ConstantOfShape", "Range", "Shape", "Size"};

enum { NEWEST_OPSET = 13, NAME_BYTES = 32 };

static bool is_known_before(const sy_op *op)
{
    for (size_t i = 0; i < sizeof known_before / sizeof known_before[0]; i++)
        if (strcmp(op->type, known_before[i]) == 0)
            return true;
    return false;
}

/* The example of the table; the others take one or two matrices. */
static example example_of(const sy_op *op)
{
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++)
        if (strcmp(op->type, examples[i].type) == 0)
            return examples[i];
    const int opset = op->since > NEWEST_OPSET ? op->since : NEWEST_OPSET;
    return (example){op->type, opset, op->inputs_min > 1 || op->inputs_max == SY_NONE ? X6 " " Y6 : X6, "",
                     1};
}

/* Where each slot of a lowering is in one buffer. */
static size_t place_slots(const sy_lowering *lowering, size_t *offsets)
{
    size_t words = 0;
    for (int s = 0; s < lowering->slot_count; s++) {
        offsets[s] = words;
        words += lowering->slots[s].words;
    }
    return words;
}

static void launch_steps(const test_place *place, const sy_lowering *lowering, sy_buffer *buffer,
                         const size_t *offsets)
{
    for (int i = 0; i < lowering->step_count; i++) {
        const sy_step *step = &lowering->steps[i];
        sy_launch launch = {.kernel = step->kernel, .params = step->params, .batch = 1};
        for (int k = 0; k < sy_kernel_operands(step->kernel); k++)
            if (step->operands[k].slot != SY_NONE)
                launch.operands[k] =
                    (sy_view){buffer, offsets[step->operands[k].slot] + step->operands[k].offset};
        assert_ok(place->ctx, place->backend->launch(place->ctx, place->stream, &launch));
    }
}

static bool same(uint32_t a, uint32_t b)
{
    const bool both_nan = (a & 0x7fffffffu) > 0x7f800000u && (b & 0x7fffffffu) > 0x7f800000u;
    return a == b || both_nan;
}

/* The outputs on this backend have the bits that the reference kernels have left in `memory`. */
static void check_place(const test_place *place, const op_test *test, const sy_lowering *lowering,
                        void *const *begin, void *const *memory)
{
    const sy_backend *backend = place->backend;
    const sy_node *node = &test->graph->nodes[0];
    size_t *offsets = calloc((size_t)lowering->slot_count + 1, sizeof *offsets);
    sy_buffer *buffer = NULL;
    assert_non_null(offsets);
    assert_ok(place->ctx,
              backend->alloc(place->ctx, place->device, place_slots(lowering, offsets) + 1, &buffer));
    for (int s = 0; s < lowering->slot_count; s++)
        assert_ok(place->ctx, backend->write(place->ctx, place->stream, (sy_view){buffer, offsets[s]},
                                             begin[s], lowering->slots[s].words));
    launch_steps(place, lowering, buffer, offsets);
    for (int i = 0; i < node->output_count; i++) {
        const sy_operand at = lowering->tensors[node->outputs[i]];
        const uint32_t *want = (const uint32_t *)memory[at.slot] + at.offset;
        uint32_t got[OP_VALUES];
        size_t count = 0;
        assert_true(sy_shape_count(&test->graph->tensors[node->outputs[i]].shape, &count) &&
                    count <= OP_VALUES);
        assert_ok(place->ctx, backend->read(place->ctx, place->stream,
                                            (sy_view){buffer, offsets[at.slot] + at.offset}, got, count));
        for (size_t k = 0; k < count; k++)
            if (!same(got[k], want[k]))
                fail_msg("%s on %s: output %d[%zu] is %08x, must be %08x", node->op->type, backend->name, i,
                         k, got[k], want[k]);
    }
    backend->free(place->device, buffer);
    free(offsets);
}

static void release_memory(void **memory, const sy_lowering *lowering)
{
    for (int s = 0; s < lowering->slot_count; s++)
        free(memory[s]);
    free(memory);
}

/* The kernels of the steps, each once. */
static void print_kernels(const sy_lowering *lowering, sy_text *out)
{
    bool seen[SY_KERNEL_COUNT] = {false};
    const char *comma = "";
    if (lowering->step_count == 0)
        sy_text_printf(out, "none: another shape for the same words");
    for (int i = 0; i < lowering->step_count; i++) {
        const sy_kernel kernel = lowering->steps[i].kernel;
        if (!seen[kernel])
            sy_text_printf(out, "%s%s", comma, sy_kernel_name(kernel));
        seen[kernel] = true;
        comma = ", ";
    }
}

/* Runs the operator everywhere; adds its row. */
static void check_operator(sy_ctx *ctx, const sy_op *op, sy_text *rows)
{
    const example e = example_of(op);
    op_test test = op_create(ctx, e.type, e.opset, e.inputs, e.attrs, e.outputs);
    sy_lowering lowering;
    int place_count = 0;
    if (sy_infer_shapes(ctx, test.graph) != SY_OK || op_lower(&test, &lowering) != SY_OK)
        fail_msg("%s needs an example in test_operators.c: %s", op->type, sy_ctx_error(ctx));
    void **begin = op_fill_memory(&test, &lowering), **memory = op_fill_memory(&test, &lowering);
    op_run_steps(&lowering, memory);
    const test_place *places = test_places(&place_count);
    for (int i = 0; i < place_count; i++)
        if (places[i].device)
            check_place(&places[i], &test, &lowering, begin, memory);
    if (!*op->domain) { /* else ours, and in no file */
        sy_text_printf(rows, "| %s | ", op->type);
        print_kernels(&lowering, rows);
        sy_text_printf(rows, " | same bits | same bits | same bits |\n");
    }
    release_memory(begin, &lowering);
    release_memory(memory, &lowering);
    sy_lowering_release(&lowering);
    sy_graph_destroy(test.graph);
}

static const char introduction[] = "\n## Devices\n"
                                   "\n"
                                   "What an example of each operator launches, and on which backends that "
                                   "gives the bits of the reference kernels: "
                                   "`device.operators`\n"
                                   "runs each example on every backend that the machine has. All run the "
                                   "same kernels; `device.<kernel family>` "
                                   "compares each kernel over\n"
                                   "awkward shapes.\n"
                                   "\n"
                                   "| operator | kernels | cpu | opencl | cuda |\n|---|---|---|---|---|\n";

static void every_operator_gives_the_same_bits_on_every_backend(void **state)
{
    static const char path[] = SY_SOURCE_DIR "/docs/OPS.md";
    sy_text text = {0};
    sy_mapped file = {0};
    sy_op_print_markdown(&text);
    sy_text_printf(&text, "%s", introduction);
    for (int i = 0; sy_op_at(i); i++) {
        if (is_known_before(sy_op_at(i)))
            sy_text_printf(&text, "| %s | none: known before the run | | | |\n", sy_op_at(i)->type);
        else
            check_operator(*state, sy_op_at(i), &text);
    }
    assert_false(text.failed);
    if (getenv("SY_UPDATE_GOLDEN"))
        assert_ok(*state, sy_file_save(*state, path, text.bytes, text.size));
    assert_ok(*state, sy_file_map(*state, path, &file));
    if (file.size != text.size || memcmp(file.bytes, text.bytes, text.size) != 0)
        fail_msg("docs/OPS.md differs from the operators: run SY_UPDATE_GOLDEN=1 device.operators");
    sy_file_unmap(&file);
    sy_text_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_operator_gives_the_same_bits_on_every_backend, open_ctx,
                                        close_ctx),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
