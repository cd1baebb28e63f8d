#include "weight/bias.h"

enum { BIAS = 2, OPSET_GEMM_WITHOUT = 11 }; /* the input; from where on Gemm may lack it */

/* The only reading of a weight, as input 1; NULL: there are others. */
static const sy_onnx_reading *only_reading(const sy_onnx_file *file, int constant)
{
    const sy_onnx_readers readers = sy_onnx_find_readers(file, file->constants[constant].name);
    return readers.count == 1 && readers.at[0].input == 1 ? readers.at : NULL;
}

static bool is_plain(const sy_onnx_file *file, const sy_onnx_node *node)
{
    if (sy_onnx_node_is(node, "Conv"))
        return true;
    return sy_onnx_node_is(node, "Gemm") && sy_onnx_node_float(node, "alpha", 1) == 1 &&
           sy_onnx_node_float(node, "beta", 1) == 1 &&
           (node->input_count > BIAS || file->opset >= OPSET_GEMM_WITHOUT);
}

static bool has_bias(const sy_onnx_node *node)
{
    return node->input_count > BIAS && *node->inputs[BIAS];
}

static bool is_output(const sy_onnx_file *file, const char *name)
{
    for (int o = 0; o < file->output_count; o++)
        if (strcmp(file->outputs[o], name) == 0)
            return true;
    return false;
}

/* Of a Conv or Gemm with this weight. */
static int64_t outputs_of(const sy_onnx_node *node, const sy_shape *weight)
{
    const bool rows = sy_onnx_node_is(node, "Conv") || sy_onnx_node_int(node, "transB", 0);
    return weight->rank > 1 ? weight->dims[rows ? 0 : 1] : 0;
}

/* A constant of so many float32 values that nothing else needs. */
static bool is_own_bias(const sy_onnx_file *file, const char *name, int64_t outputs)
{
    const int bias = sy_onnx_find_constant(file, name);
    if (bias == SY_NONE || is_output(file, name) || sy_onnx_find_readers(file, name).count != 1)
        return false;
    const sy_onnx_constant *held = &file->constants[bias];
    return held->data_type == SY_DTYPE_FLOAT && held->shape.rank == 1 && held->shape.dims[0] == outputs;
}

bool sy_weight_bias_is_free(const sy_onnx_file *file, int constant, size_t *out_outputs)
{
    const sy_onnx_reading *reading = only_reading(file, constant);
    if (!reading || !is_plain(file, &file->nodes[reading->node]))
        return false;
    const sy_onnx_node *node = &file->nodes[reading->node];
    const int64_t outputs = outputs_of(node, &file->constants[constant].shape);
    if (outputs <= 0 || (has_bias(node) && !is_own_bias(file, node->inputs[BIAS], outputs)))
        return false;
    if (out_outputs)
        *out_outputs = (size_t)outputs;
    return true;
}

sy_status sy_weight_move_bias(sy_ctx *ctx, sy_onnx_edit *edit, const sy_onnx_file *file, int constant,
                              const double *shift, size_t outputs, sy_arena *arena)
{
    const sy_onnx_reading *reading = only_reading(file, constant);
    if (!reading)
        return sy_fail(ctx, SY_E_INTERNAL, "constant '%s' has no reader of its own",
                       file->constants[constant].name);
    const sy_onnx_node *node = &file->nodes[reading->node];
    float *values = sy_arena_alloc(arena, outputs, sizeof *values);
    const char *name = has_bias(node) ? node->inputs[BIAS]
                                      : sy_onnx_edit_name(edit, file->constants[constant].name, "_bias");
    SY_TRY(sy_check_alloc(ctx, values && name ? values : NULL));
    if (has_bias(node)) {
        const int bias = sy_onnx_find_constant(file, name);
        SY_TRY(sy_onnx_constant_floats(ctx, file, &file->constants[bias], values, outputs));
        sy_onnx_edit_drop_constant(edit, bias);
    } else {
        SY_TRY(sy_onnx_edit_set_input(edit, reading->node, BIAS, name));
    }
    for (size_t i = 0; i < outputs; i++)
        values[i] = (float)((double)values[i] + shift[i]);
    const sy_tensor tensor = {.name = name,
                              .dtype = SY_DTYPE_FLOAT,
                              .shape = {.rank = 1, .dims = {(int64_t)outputs}},
                              .data = values,
                              .bytes = outputs * sizeof *values};
    return sy_onnx_edit_add_tensor(edit, &tensor);
}
