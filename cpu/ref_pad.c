#include <assert.h>
#include <string.h>

#include "cpu/ref.h"

/* The remainder that is never negative. */
static int64_t modulo(int64_t a, int64_t n)
{
    return (a % n + n) % n;
}

/* Which of `size` positions stands at `at`, which may be outside of them. */
static int64_t source(sy_u32 mode, int64_t at, int64_t size)
{
    switch (mode) {
    case SY_PAD_REFLECT: {
        const int64_t period = size > 1 ? 2 * (size - 1) : 1;
        const int64_t folded = modulo(at, period);
        return folded < size ? folded : period - folded;
    }
    case SY_PAD_EDGE: return at < 0 ? 0 : at >= size ? size - 1 : at;
    case SY_PAD_WRAP: return modulo(at, size);
    default: assert(0 && "a mode of sy_pad_params that copies"); return 0;
    }
}

/* Negative padding crops first; what is left is then padded. */
void sy_ref_pad(void *const *operands, const void *params)
{
    const sy_pad_params *p = params;
    const sy_u32 *x = operands[0];
    sy_u32 *y = operands[1];
    const int64_t first = p->before < 0 ? -(int64_t)p->before : 0;
    const int64_t end = p->after < 0 ? (int64_t)p->in + p->after : p->in;
    const int64_t out = (int64_t)p->in + p->before + p->after;

    if (end <= first)
        return; /* nothing is left to copy: the host has refused it unless y is empty too */
    for (sy_u32 outer = 0; outer < p->outer; outer++) {
        for (int64_t i = 0; i < out; i++) {
            const int64_t at = first + source(p->mode, i - (p->before > 0 ? p->before : 0), end - first);
            memcpy(y, x + (size_t)at * p->inner, p->inner * sizeof *y);
            y += p->inner;
        }
        x += (size_t)p->in * p->inner;
    }
}
