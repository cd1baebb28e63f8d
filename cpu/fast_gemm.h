/* Products of matrices. Included once by the file of each instruction set.
 *
 * a is packed into panels. b is read in rows, packed block by block; where it is constant, or stored
 * transposed, it is packed as a whole into slices. Both are done ahead for a constant that is not batched.
 */
#include <math.h>

#include "cpu/kernels.h"
#include "cpu/simd_product.h"
#include "kernels/math.h"

static bool gemm_accepts(const void *params)
{
    const sy_gemm_params *p = params;
    return p->m > 0 && p->n > 0 && p->k > 0;
}

static bool is_batched(const sy_gemm_params *p, const sy_u32 *strides)
{
    for (sy_u32 i = 0; i < p->batch_rank; i++)
        if (p->batch_dims[i] > 1 && strides[i] > 0)
            return true;
    return false;
}

static size_t gemm_pack_words(const void *params, int operand)
{
    const sy_gemm_params *p = params;
    if (operand == 0 && p->m > 1 && !is_batched(p, p->a_strides))
        return (size_t)p->m * p->k;
    if (operand == 1 && !is_batched(p, p->b_strides))
        return slices_words(p->n, p->k);
    return 0;
}

static void gemm_pack_a(const sy_gemm_params *p, const float *from, float *to)
{
    pack_rows(from, p->a_transposed ? 1 : p->k, p->a_transposed ? p->m : 1, p->m, p->k, to);
}

static void gemm_pack_b(const sy_gemm_params *p, const float *from, float *to)
{
    pack_slices(from, p->b_transposed ? p->k : 1, p->b_transposed ? 1 : p->n, p->n, p->k, to);
}

static void gemm_pack(const void *params, int operand, const void *from, void *to)
{
    if (operand == 0)
        gemm_pack_a(params, from, to);
    else
        gemm_pack_b(params, from, to);
}

/* What c adds that the product can add itself: one element a row, or one a column. */
typedef enum addend { ADDEND_NONE, ADDEND_ROW, ADDEND_COLUMN, ADDEND_LATER } addend;

static addend addend_of(const sy_gemm_params *p)
{
    if (p->alpha != 1 || (p->has_c && p->beta != 1))
        return ADDEND_LATER;
    if (!p->has_c)
        return ADDEND_NONE;
    if (p->c_column_stride == 0 && (p->c_row_stride == 1 || p->m == 1))
        return ADDEND_ROW;
    if (p->c_row_stride == 0 && p->c_column_stride == 1)
        return ADDEND_COLUMN;
    return ADDEND_LATER;
}

static void finish_rows(const sy_gemm_params *p, const float *c, float *y)
{
    for (size_t i = 0; i < p->m; i++)
        for (size_t j = 0; j < p->n; j++, y++) {
            float sum = *y;
            if (p->alpha != 1)
                sum *= p->alpha;
            if (p->has_c) {
                const float term = c[i * p->c_row_stride + j * p->c_column_stride];
                sum += p->beta != 1 ? p->beta * term : term;
            }
            *y = sy_math_clamp(sum, p->clamp.lo, p->clamp.hi);
        }
}

/* Where the operands of batch `batch` begin. */
static void batch_offsets(const sy_gemm_params *p, size_t batch, size_t *a, size_t *b)
{
    *a = *b = 0;
    for (sy_u32 i = p->batch_rank; i-- > 0;) {
        const size_t index = batch % p->batch_dims[i];
        batch /= p->batch_dims[i];
        *a += index * p->a_strides[i];
        *b += index * p->b_strides[i];
    }
}

typedef struct gemm {
    const sy_gemm_params *params;
    bool a_packed, b_packed, b_slices; /* by pack(); and b as slices, whoever packs it */
    float *a, *b, *bias;               /* scratch: packed a, slices or a block of b, c in whole tiles */
} gemm;

static void multiply_one(const gemm *g, matrix_product *p, const float *a, const float *b)
{
    const sy_gemm_params *params = g->params;
    p->a = a;
    if (!g->a_packed && params->m > 1) {
        gemm_pack_a(params, a, g->a);
        p->a = g->a;
    }
    if (!g->b_slices) {
        product_of_rows(p, b, params->n, g->b);
    } else if (g->b_packed) {
        product_of_slices(p, b);
    } else {
        gemm_pack_b(params, b, g->b);
        product_of_slices(p, g->b);
    }
}

static sy_status gemm_launch(const sy_cpu_call *call)
{
    const sy_gemm_params *params = call->params;
    gemm g = {.params = params, .a_packed = call->packed & 1, .b_packed = call->packed & 2};
    g.b_slices = g.b_packed || params->b_transposed;
    const size_t a_part = whole_lines((size_t)params->m * params->k),
                 bias_part = whole_lines(params->n + TILE_COLUMNS),
                 b_part = whole_lines(g.b_slices ? slices_words(params->n, params->k)
                                                 : rows_work_words(params->m, params->n, params->k));
    g.a = sy_cpu_scratch_take(call->scratch, a_part + bias_part + b_part);
    if (!g.a)
        return SY_E_MEMORY;
    g.bias = g.a + a_part;
    g.b = g.bias + bias_part;

    const addend adds = addend_of(params);
    const float *c = call->operands[2];
    for (size_t i = 0; i < params->n && adds == ADDEND_COLUMN; i++)
        g.bias[i] = c[i];
    matrix_product p = {.rows = params->m,
                        .columns = params->n,
                        .k = params->k,
                        .c_step = params->n,
                        .row_bias = adds == ADDEND_ROW ? c : NULL,
                        .column_bias = adds == ADDEND_COLUMN ? g.bias : NULL,
                        .lo = adds == ADDEND_LATER ? -INFINITY : params->clamp.lo,
                        .hi = adds == ADDEND_LATER ? INFINITY : params->clamp.hi};
    size_t batches = 1;
    for (sy_u32 i = 0; i < params->batch_rank; i++)
        batches *= params->batch_dims[i];
    for (size_t batch = 0; batch < batches; batch++) {
        size_t a, b;
        batch_offsets(params, batch, &a, &b);
        p.c = (float *)call->operands[3] + batch * params->m * params->n;
        multiply_one(&g, &p, (const float *)call->operands[0] + a, (const float *)call->operands[1] + b);
        if (adds == ADDEND_LATER)
            finish_rows(params, c, p.c);
    }
    return SY_OK;
}

const sy_cpu_variant SY_SIMD(sy_cpu_gemm) = {.kernel = SY_KERNEL_gemm,
                                             .level = SY_SIMD_LEVEL,
                                             .name = "gemm" SY_SIMD_SUFFIX,
                                             .accepts = gemm_accepts,
                                             .launch = gemm_launch,
                                             .pack_words = gemm_pack_words,
                                             .pack = gemm_pack};
