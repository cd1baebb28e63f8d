#include "device/product.h"

#include "device/grid_plan.h"

/* A convolution whose filters have one tap that meets every pixel once. */
static bool is_one_tap(const sy_conv2d_params *p)
{
    return p->kernel_h == 1 && p->kernel_w == 1 && p->stride_h == 1 && p->stride_w == 1 && p->pad_top == 0 &&
           p->pad_left == 0 && p->groups == 1 && p->out_h == p->in_h && p->out_w == p->in_w && p->batch == 1;
}

/* Libraries count rows and columns by int. */
static bool is_size(uint64_t size)
{
    return size > 0 && size <= INT32_MAX;
}

size_t sy_product_count(const sy_launch *launch)
{
    if (launch->kernel == SY_KERNEL_conv2d) {
        const sy_conv2d_params *c = launch->params;
        return is_one_tap(c) && is_size(c->filters) && is_size((uint64_t)c->out_h * c->out_w) &&
               is_size(c->channels);
    }
    const sy_gemm_params *g = launch->params;
    if (launch->kernel != SY_KERNEL_gemm || !is_size(g->m) || !is_size(g->n) || !is_size(g->k))
        return 0;
    return sy_grid_space(g->batch_rank, g->batch_dims);
}

/* Words from the operand's first matrix to number `number` of the batch. */
static size_t matrix_at(const sy_gemm_params *p, const uint32_t *strides, size_t number)
{
    size_t at = 0;
    for (uint32_t d = p->batch_rank; d-- > 0;) {
        at += number % p->batch_dims[d] * strides[d];
        number /= p->batch_dims[d];
    }
    return at;
}

static sy_view view_at(const sy_launch *launch, int operand, size_t words)
{
    const sy_view view = launch->operands[operand];
    return (sy_view){view.buffer, view.offset + words};
}

static size_t stride_of(const sy_launch *launch, int operand)
{
    return launch->batch > 1 ? launch->batch_strides[operand] : 0;
}

/* Filters times the channels of the pixels. */
static sy_product convolution(const sy_launch *launch)
{
    const sy_conv2d_params *p = launch->params;
    return (sy_product){.m = p->filters,
                        .n = p->out_h * p->out_w,
                        .k = p->channels,
                        .count = launch->batch,
                        .alpha = 1,
                        .a = view_at(launch, 1, 0),
                        .b = view_at(launch, 0, 0),
                        .y = view_at(launch, 3, 0),
                        .a_stride = stride_of(launch, 1),
                        .b_stride = stride_of(launch, 0),
                        .y_stride = stride_of(launch, 3)};
}

sy_product sy_product_at(const sy_launch *launch, size_t i)
{
    if (launch->kernel == SY_KERNEL_conv2d)
        return convolution(launch);
    const sy_gemm_params *p = launch->params;
    return (sy_product){.m = p->m,
                        .n = p->n,
                        .k = p->k,
                        .count = launch->batch,
                        .a_transposed = p->a_transposed,
                        .b_transposed = p->b_transposed,
                        .alpha = p->alpha,
                        .a = view_at(launch, 0, matrix_at(p, p->a_strides, i)),
                        .b = view_at(launch, 1, matrix_at(p, p->b_strides, i)),
                        .y = view_at(launch, 3, i * p->m * p->n),
                        .a_stride = stride_of(launch, 0),
                        .b_stride = stride_of(launch, 1),
                        .y_stride = stride_of(launch, 3)};
}

sy_status sy_grid_plan_finish(sy_ctx *ctx, const sy_launch *launch, sy_grid *out)
{
    const bool gemm = launch->kernel == SY_KERNEL_gemm;
    SY_TRY(sy_grid_plan(ctx, launch, SY_GRID_GPU, out));
    const sy_gemm_params *g = &out->params.gemm;
    const sy_conv2d_params *c = &out->params.conv2d;
    const uint64_t elements = gemm ? sy_grid_space(g->batch_rank, g->batch_dims) * g->m * g->n
                                   : (uint64_t)c->batch * c->filters * c->out_h * c->out_w;
    out->step_count = 0;
    sy_grid_add(out, gemm ? SY_DEVICE_KERNEL_gemm_finish : SY_DEVICE_KERNEL_conv2d_finish, elements);
    if (out->step_count)
        out->steps[0].groups[2] = launch->batch;
    return SY_OK;
}
