#include <assert.h>
#include <math.h>

#include "cpu/ref.h"
#include "cpu/walk.h"
#include "kernels/math.h"

/* The partial results of one output. Element r belongs to lane r mod SY_REDUCE_LANES. */
typedef struct {
    sy_f32 lanes[SY_REDUCE_LANES];
    sy_f32 shift; /* LOG_SUM_EXP: what is taken from x before exp */
    sy_u32 at;    /* r */
} partials;

static sy_f32 larger(sy_f32 a, sy_f32 b)
{
    return b > a || b != b ? b : a;
}

static sy_f32 smaller(sy_f32 a, sy_f32 b)
{
    return b < a || b != b ? b : a;
}

static void begin(partials *sums, sy_f32 identity)
{
    for (int i = 0; i < SY_REDUCE_LANES; i++)
        sums->lanes[i] = identity;
    sums->at = 0;
}

/* Adds a row of elements; `value` is the lane's new value, of its old one `s` and of the element x. */
#define ROW(name, value)                                                                   \
    static void add_##name(partials *sums, const sy_f32 *row, sy_u32 stride, sy_u32 count) \
    {                                                                                      \
        for (sy_u32 i = 0; i < count; i++, sums->at++) {                                   \
            const sy_f32 x = row[(size_t)i * stride];                                      \
            const sy_f32 s = sums->lanes[sums->at % SY_REDUCE_LANES];                      \
            sums->lanes[sums->at % SY_REDUCE_LANES] = value;                               \
        }                                                                                  \
    }
ROW(plain, s + x)
ROW(magnitude, s + sy_math_abs(x))
ROW(square, sy_fma(x, x, s))
ROW(exponential, s + sy_math_expf(x - sums->shift))
ROW(product, s *x)
ROW(larger, larger(s, x))
ROW(smaller, smaller(s, x))

static sy_f32 add(sy_f32 a, sy_f32 b)
{
    return a + b;
}

static sy_f32 multiply(sy_f32 a, sy_f32 b)
{
    return a * b;
}

/* How a function begins, takes rows in, and joins its lanes. */
typedef struct {
    sy_f32 identity;
    void (*take)(partials *sums, const sy_f32 *row, sy_u32 stride, sy_u32 count);
    sy_f32 (*join)(sy_f32 a, sy_f32 b);
} scheme;

static const scheme schemes[SY_REDUCE_COUNT] = {
    [SY_REDUCE_SUM] = {0, add_plain, add},
    [SY_REDUCE_MEAN] = {0, add_plain, add},
    [SY_REDUCE_MAX] = {-INFINITY, add_larger, larger},
    [SY_REDUCE_MIN] = {INFINITY, add_smaller, smaller},
    [SY_REDUCE_PROD] = {1, add_product, multiply},
    [SY_REDUCE_SUM_SQUARE] = {0, add_square, add},
    [SY_REDUCE_L1] = {0, add_magnitude, add},
    [SY_REDUCE_L2] = {0, add_square, add},
    [SY_REDUCE_LOG_SUM] = {0, add_plain, add},
    [SY_REDUCE_LOG_SUM_EXP] = {0, add_exponential, add},
};

/* All reduced elements from x on, in row-major order, through the lanes and the tree of params.h. */
static sy_f32 reduce_floats(const sy_f32 *x, const sy_reduce_params *p, const scheme *how, sy_f32 shift)
{
    const sy_u32 row = sy_walk_row(p->reduced_rank, p->reduced_dims);
    const sy_u32 stride = p->reduced_rank ? p->reduced_strides[p->reduced_rank - 1] : 0;
    sy_u32 index[SY_KERNEL_RANK] = {0};
    partials sums = {.shift = shift};

    begin(&sums, how->identity);
    if (!sy_walk_empty(p->reduced_rank, p->reduced_dims)) {
        do
            how->take(&sums, x + sy_walk_offset(p->reduced_rank, p->reduced_strides, index), stride, row);
        while (sy_walk_next(p->reduced_rank, p->reduced_dims, index));
    }
    for (int half = SY_REDUCE_LANES / 2; half > 0; half /= 2) {
        for (int i = 0; i < half; i++)
            sums.lanes[i] = how->join(sums.lanes[i], sums.lanes[i + half]);
    }
    return sums.lanes[0];
}

static sy_f32 reduced_count(const sy_reduce_params *p)
{
    sy_u32 count = 1;

    for (sy_u32 i = 0; i < p->reduced_rank; i++)
        count *= p->reduced_dims[i];
    return (sy_f32)count;
}

/* The largest element is taken out first so that no exp overflows; an infinite one is left in, it is then the
 * result. */
static sy_f32 log_sum_exp(const sy_f32 *x, const sy_reduce_params *p)
{
    const sy_f32 most = reduce_floats(x, p, &schemes[SY_REDUCE_MAX], 0);
    const sy_f32 shift = most - most == 0 ? most : 0;

    return shift + sy_math_logf(reduce_floats(x, p, &schemes[SY_REDUCE_LOG_SUM_EXP], shift));
}

static sy_f32 float_result(const sy_f32 *x, const sy_reduce_params *p)
{
    if (p->function == SY_REDUCE_LOG_SUM_EXP)
        return log_sum_exp(x, p);
    const sy_f32 y = reduce_floats(x, p, &schemes[p->function], 0);
    switch (p->function) {
    case SY_REDUCE_MEAN: return y / reduced_count(p);
    case SY_REDUCE_L2: return sy_sqrt(y);
    case SY_REDUCE_LOG_SUM: return sy_math_logf(y);
    default: return y;
    }
}

/* Integers are exact in any order; 64 bits, wrapping, saturated when stored. */
static int64_t take_int(sy_u32 function, int64_t so_far, int64_t x)
{
    switch (function) {
    case SY_REDUCE_MAX: return x > so_far ? x : so_far;
    case SY_REDUCE_MIN: return x < so_far ? x : so_far;
    case SY_REDUCE_PROD: return (int64_t)((uint64_t)so_far * (uint64_t)x);
    case SY_REDUCE_SUM_SQUARE: return (int64_t)((uint64_t)so_far + (uint64_t)(x * x));
    case SY_REDUCE_L1: return so_far + (x < 0 ? -x : x);
    case SY_REDUCE_SUM:
    case SY_REDUCE_MEAN: return so_far + x;
    default: assert(0 && "a function of integers"); return 0;
    }
}

static int64_t int_identity(sy_u32 function)
{
    switch (function) {
    case SY_REDUCE_MAX: return INT32_MIN;
    case SY_REDUCE_MIN: return INT32_MAX;
    case SY_REDUCE_PROD: return 1;
    default: return 0;
    }
}

static sy_i32 int_result(const sy_i32 *x, const sy_reduce_params *p)
{
    const sy_u32 row = sy_walk_row(p->reduced_rank, p->reduced_dims);
    const sy_u32 stride = p->reduced_rank ? p->reduced_strides[p->reduced_rank - 1] : 0;
    sy_u32 index[SY_KERNEL_RANK] = {0};
    int64_t y = int_identity(p->function), count = 0;

    if (!sy_walk_empty(p->reduced_rank, p->reduced_dims)) {
        do {
            const sy_i32 *from = x + sy_walk_offset(p->reduced_rank, p->reduced_strides, index);
            for (sy_u32 i = 0; i < row; i++, count++)
                y = take_int(p->function, y, from[(size_t)i * stride]);
        } while (sy_walk_next(p->reduced_rank, p->reduced_dims, index));
    }
    if (p->function == SY_REDUCE_MEAN && count)
        y /= count;
    return y > INT32_MAX ? INT32_MAX : y < INT32_MIN ? INT32_MIN : (sy_i32)y;
}

void sy_ref_reduce(void *const *operands, const void *params)
{
    const sy_reduce_params *p = params;
    const sy_u32 *x = operands[0];
    sy_f32 *y_float = operands[1];
    sy_i32 *y_int = operands[1];
    const sy_u32 row = sy_walk_row(p->kept_rank, p->kept_dims);
    const sy_u32 stride = p->kept_rank ? p->kept_strides[p->kept_rank - 1] : 0;
    sy_u32 index[SY_KERNEL_RANK] = {0};

    if (sy_walk_empty(p->kept_rank, p->kept_dims))
        return;
    do {
        const sy_u32 *from = x + sy_walk_offset(p->kept_rank, p->kept_strides, index);
        for (sy_u32 i = 0; i < row; i++, from += stride) {
            if (p->kind == SY_KIND_FLOAT)
                *y_float++ = float_result((const sy_f32 *)from, p);
            else
                *y_int++ = int_result((const sy_i32 *)from, p);
        }
    } while (sy_walk_next(p->kept_rank, p->kept_dims, index));
}
