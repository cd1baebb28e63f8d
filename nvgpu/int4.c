#include "nvgpu/int4.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "ops/op.h"

static const sy_number nibble = {.bits = 4, .is_signed = true, .symmetric = true, .narrow = true};

/* A matrix [rows, columns] on its way to blocks of `block` rows. */
typedef struct matrix {
    size_t rows, columns, block;
    bool half;        /* scales are float16 */
    float *values;    /* [rows, columns] */
    float *scales;    /* [rows / block, columns] */
    uint8_t *codes;   /* two a byte, the first in the low half */
    uint16_t *halves; /* the scales in float16 */
} matrix;

static void matrix_release(matrix *m)
{
    free(m->values);
    free(m->scales);
    free(m->codes);
    free(m->halves);
}

/* From [columns, rows] to [rows, columns]. */
static sy_status matrix_transpose(sy_ctx *ctx, matrix *m)
{
    float *values = calloc(m->rows * m->columns, sizeof *values);
    SY_TRY(sy_check_alloc(ctx, values));
    for (size_t r = 0; r < m->rows; r++)
        for (size_t c = 0; c < m->columns; c++)
            values[r * m->columns + c] = m->values[c * m->rows + r];
    free(m->values);
    m->values = values;
    return SY_OK;
}

static sy_status matrix_read(sy_ctx *ctx, const sy_tensor *from, bool transposed, int block, matrix *out)
{
    const size_t rows = (size_t)from->shape.dims[transposed], columns = (size_t)from->shape.dims[!transposed];
    const size_t count = rows * columns, scales = count / (size_t)block;
    *out = (matrix){.rows = rows, .columns = columns, .block = (size_t)block};
    out->half = from->dtype == SY_DTYPE_FLOAT16;
    out->values = calloc(count, sizeof *out->values);
    out->codes = calloc(count / 2, 1);
    out->scales = calloc(scales, sizeof *out->scales);
    out->halves = calloc(scales, sizeof *out->halves);
    SY_TRY(sy_check_alloc(ctx, out->values && out->codes && out->scales && out->halves ? out : NULL));
    SY_TRY(sy_tensor_to_f32(ctx, from, out->values, count));
    return transposed ? matrix_transpose(ctx, out) : SY_OK;
}

static sy_status scale_block(sy_ctx *ctx, matrix *m, size_t block, size_t column, sy_scale *out)
{
    float largest = 0;
    for (size_t r = block * m->block; r < (block + 1) * m->block; r++)
        largest = fmaxf(largest, fabsf(m->values[r * m->columns + column]));
    SY_TRY(sy_scale_from_range(ctx, &nibble, -largest, largest, out));
    if (m->half)
        out->scale = sy_scale_to_half(out->scale);
    m->scales[block * m->columns + column] = out->scale;
    m->halves[block * m->columns + column] = sy_float_to_half(out->scale);
    return SY_OK;
}

static sy_status matrix_quantize(sy_ctx *ctx, matrix *m)
{
    assert(m->block > 0);
    const size_t blocks = m->rows / m->block;
    for (size_t b = 0; b < blocks; b++)
        for (size_t c = 0; c < m->columns; c++) {
            sy_scale scale;
            SY_TRY(scale_block(ctx, m, b, c, &scale));
            for (size_t r = b * m->block; r < (b + 1) * m->block; r++) {
                const size_t at = r * m->columns + c;
                const unsigned code = (unsigned)sy_quantize_value(&nibble, scale, m->values[at]) & 15;
                m->codes[at / 2] = (uint8_t)(m->codes[at / 2] | code << (at % 2 * 4));
            }
        }
    return SY_OK;
}

/* The constants and the DequantizeLinear of a quantized matrix; *out is what that writes. */
static sy_status add_nodes(sy_ctx *ctx, sy_graph *graph, const sy_tensor *from, const matrix *m, int *out)
{
    const size_t count = m->rows * m->columns, scales = count / m->block;
    const sy_shape whole = {.rank = 2, .dims = {(int64_t)m->rows, (int64_t)m->columns}};
    const sy_shape grid = {.rank = 2, .dims = {(int64_t)(m->rows / m->block), (int64_t)m->columns}};
    const char *codes = sy_arena_printf(&graph->arena, "%s_quantized", from->name);
    const char *scale = sy_arena_printf(&graph->arena, "%s_scale", from->name);
    const char *name = sy_arena_printf(&graph->arena, "%s_DequantizeLinear", from->name);
    const char *floats = sy_arena_printf(&graph->arena, "%s_DequantizeLinear_Output", from->name);
    int inputs[2], node;
    SY_TRY(sy_check_alloc(ctx, codes && scale && name && floats ? floats : NULL));
    SY_TRY(sy_graph_add_constant(ctx, graph, codes, SY_DTYPE_INT4, &whole, m->codes, count / 2, &inputs[0]));
    SY_TRY(sy_graph_add_constant(ctx, graph, scale, from->dtype, &grid,
                                 m->half ? (const void *)m->halves : m->scales,
                                 scales * (m->half ? sizeof *m->halves : sizeof *m->scales), &inputs[1]));
    SY_TRY(sy_graph_add_tensor(ctx, graph, floats, from->dtype, &whole, out));
    SY_TRY(sy_graph_add_node(ctx, graph, "DequantizeLinear", name, inputs, 2, out, 1, &node));
    graph->nodes[node].op = sy_op_find("", "DequantizeLinear");
    SY_TRY(sy_graph_set_attr_int(ctx, graph, node, "axis", 0));
    return sy_graph_set_attr_int(ctx, graph, node, "block_size", (int64_t)m->block);
}

static sy_status add_weight(sy_ctx *ctx, sy_graph *graph, int weight, bool transposed, int block, int *out)
{
    const sy_tensor from = graph->tensors[weight];
    matrix m = {0};
    sy_status status = matrix_read(ctx, &from, transposed, block, &m);
    if (status == SY_OK)
        status = matrix_quantize(ctx, &m);
    if (status == SY_OK)
        status = add_nodes(ctx, graph, &from, &m, out);
    matrix_release(&m);
    return sy_while(ctx, status, "weight '%s'", from.name);
}

/* A Gemm without factors is a MatMul, which is the form that weights in blocks are read in, and an Add. */
static sy_status split_gemm(sy_ctx *ctx, sy_graph *graph, int index)
{
    sy_node *node = &graph->nodes[index];
    const int bias = node->input_count > 2 ? node->inputs[2] : SY_NONE, result = node->outputs[0];
    node->type = "MatMul";
    node->op = sy_op_find("", "MatMul");
    node->attr_count = 0;
    node->input_count = 2;
    if (bias == SY_NONE)
        return SY_OK;
    const sy_tensor to = graph->tensors[result];
    const char *product = sy_arena_printf(&graph->arena, "%s_product", to.name);
    const char *name = sy_arena_printf(&graph->arena, "%s_bias", node->name);
    int sum, tensor;
    SY_TRY(sy_check_alloc(ctx, product && name ? name : NULL));
    SY_TRY(sy_graph_add_tensor(ctx, graph, product, to.dtype, &to.shape, &tensor));
    graph->nodes[index].outputs[0] = tensor;
    graph->tensors[tensor].producer = index;
    SY_TRY(sy_graph_add_node(ctx, graph, "Add", name, (const int[]){tensor, bias}, 2, &result, 1, &sum));
    graph->nodes[sum].op = sy_op_find("", "Add");
    return SY_OK;
}

/* Gives a product its weights in blocks; made[tensor][transposed] is what became of a weight, 0: nothing yet.
 */
static sy_status add_block(sy_ctx *ctx, sy_graph *graph, int index, int block, int (*made)[2])
{
    const sy_node *node = &graph->nodes[index];
    const bool is_gemm = sy_node_is(node, "Gemm"), transposed = is_gemm && sy_node_int(node, "transB", 0);
    const int weight = node->inputs[1];
    if (!made[weight][transposed])
        SY_TRY(add_weight(ctx, graph, weight, transposed, block, &made[weight][transposed]));
    graph->nodes[index].inputs[1] = made[weight][transposed];
    return is_gemm ? split_gemm(ctx, graph, index) : SY_OK;
}

sy_status sy_nvgpu_add_blocks(sy_ctx *ctx, const sy_plan *plan, sy_graph *graph)
{
    int(*made)[2] = calloc((size_t)graph->tensor_count + 1, sizeof *made);
    sy_status status = sy_check_alloc(ctx, made);
    bool any = false;
    for (int n = 0; n < plan->graph->node_count && status == SY_OK; n++) {
        const int node =
            plan->nodes[n].block ? sy_graph_find_node(graph, plan->graph->nodes[n].name) : SY_NONE;
        if (node == SY_NONE)
            continue; /* it has none, or nothing needs it */
        status = add_block(ctx, graph, node, plan->nodes[n].block, made);
        any = true;
    }
    free(made);
    if (status == SY_OK && any)
        status = sy_graph_compact(ctx, graph);
    return status;
}
