/* Every variant of a kernel that this processor runs, and the portable one with vectors of 16, against a
 * reference. */
#ifndef SY_TESTS_DEVICE_VARIANTS_H
#define SY_TESTS_DEVICE_VARIANTS_H

#include "cpu/kernels.h"

typedef void reference_fn(void *const *operands, const void *params);

/* Words from a fixed sequence, each case its own `seed`. Free with free(). Nothing lies behind the last word,
 * so that the address sanitizer sees every read too far.
 */
float *random_floats(size_t count, unsigned seed);  /* in (-1, 1), some 0 and some -0 */
float *special_floats(size_t count, unsigned seed); /* also infinities, NaN, subnormal and huge ones */

typedef struct check {
    sy_kernel kernel;
    reference_fn *reference;
    const void *params;
    void *operands[SY_MAX_OPERANDS]; /* NULL for what is written */
    size_t sizes[SY_MAX_OPERANDS];   /* words of each that is not NULL */
    unsigned shared;                 /* bit i: operand i is the same for all samples of a batch */
    bool cpu_only;                   /* not on other backends: one of many alike cases */
    unsigned scratch;   /* bit i: operand i is working memory; what is left there is not looked at */
    int written;        /* index of the operand that is */
    size_t words;       /* of it */
    const void *before; /* its contents before the kernel runs; NULL: anything */
    bool any_nan;       /* floats of which one NaN is as good as another */
    const char *name;   /* of the case, for messages */
} check;

/* Fails the test unless each variant that accepts the params writes the reference's bits, and nothing around
 * them, with constants packed and not; and so does every backend, see backends.h. Returns how many variants
 * did.
 */
int check_variants(const check *c);

#endif
