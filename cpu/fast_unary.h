/* The float functions of unary, as loops for the compiler to vectorise. Included once by the file of each instruction set. */
#include "cpu/fast_loop.h"
#include "cpu/kernels.h"
#include "kernels/elementwise.h"

typedef void unary_pass(const float *from, float *y, const sy_unary_params *p);

#define PASS(name, value)                                                             \
    static void unary_##name(const float *from, float *y, const sy_unary_params *p)   \
    {                                                                                 \
        const sy_f32 alpha = p->alpha, beta = p->beta;                                \
        const size_t count = p->count;                                                \
        (void)alpha;                                                                  \
        (void)beta;                                                                   \
        SY_INDEPENDENT                                                                \
        for (size_t i = 0; i < count; i++) {                                          \
            const sy_f32 x = from[i];                                                 \
            y[i] = value;                                                             \
        }                                                                             \
    }
SY_UNARY_FLOAT_MAP(PASS)
#undef PASS

static unary_pass *const unary_passes[SY_UNARY_COUNT] = {
#define ENTRY(name, value) [SY_UNARY_##name] = unary_##name,
    SY_UNARY_FLOAT_MAP(ENTRY)
#undef ENTRY
};

static bool unary_accepts(const void *params)
{
    const sy_unary_params *p = params;
    return p->kind == SY_KIND_FLOAT && unary_passes[p->function];
}

static sy_status unary_launch(const sy_cpu_call *call)
{
    const sy_unary_params *p = call->params;
    unary_passes[p->function](call->operands[0], call->operands[1], p);
    return SY_OK;
}

const sy_cpu_variant SY_LOOPS(sy_cpu_unary) = {.kernel = SY_KERNEL_unary,
                                               .level = SY_LOOPS_LEVEL,
                                               .name = "unary" SY_LOOPS_SUFFIX,
                                               .accepts = unary_accepts,
                                               .launch = unary_launch};
