#include <stddef.h>

#include "cpu/ref.h"
#include "kernels/math.h"

static void multiply(const sy_gemm_params *p, const float *a, const float *b, const float *c, float *y)
{
    const size_t a_row = p->a_transposed ? 1 : p->k, a_column = p->a_transposed ? p->m : 1;
    const size_t b_row = p->b_transposed ? 1 : p->n, b_column = p->b_transposed ? p->k : 1;

    for (size_t i = 0; i < p->m; i++) {
        for (size_t j = 0; j < p->n; j++) {
            float sum = 0;
            for (size_t k = 0; k < p->k; k++)
                sum = fmaf(a[i * a_row + k * a_column], b[k * b_row + j * b_column], sum);
            if (p->alpha != 1)
                sum *= p->alpha;
            if (p->has_c) {
                const float term = c[i * p->c_row_stride + j * p->c_column_stride];
                sum += p->beta != 1 ? p->beta * term : term;
            }
            *y++ = sy_math_clamp(sum, p->clamp.lo, p->clamp.hi);
        }
    }
}

void sy_ref_gemm(void *const *operands, const void *params)
{
    const sy_gemm_params *p = params;
    const float *a = operands[0], *b = operands[1], *c = operands[2];
    float *y = operands[3];
    size_t batches = 1;
    for (size_t i = 0; i < p->batch_rank; i++)
        batches *= p->batch_dims[i];

    for (size_t batch = 0; batch < batches; batch++) {
        size_t rest = batch, a_at = 0, b_at = 0;
        for (size_t i = p->batch_rank; i-- > 0;) {
            const size_t index = rest % p->batch_dims[i];
            rest /= p->batch_dims[i];
            a_at += index * p->a_strides[i];
            b_at += index * p->b_strides[i];
        }
        multiply(p, a + a_at, b + b_at, c, y + batch * p->m * p->n);
    }
}
