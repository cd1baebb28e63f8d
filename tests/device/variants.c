#include "variants.h"

#include <stdlib.h>
#include <string.h>

#include "backends.h"
#include "support/test.h"

enum { FENCE = 64 };

static const int operand_counts[] = {
#define KERNEL(name, count) [SY_KERNEL_##name] = count,
#include "kernels/kernels.def"
#undef KERNEL
};

/* Kernels that only tests have: they run on any processor. */
extern const sy_cpu_variant *const portable16_variants[], *const emulated_avx512_variants[];

static uint32_t next(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

static void *new_words(size_t count)
{
    void *words = malloc(count ? count * sizeof(uint32_t) : 1);
    assert_non_null(words);
    return words;
}

float *random_floats(size_t count, unsigned seed)
{
    float *x = new_words(count);
    uint32_t state = seed * 2654435761u + 12345;
    for (size_t i = 0; i < count; i++) {
        const uint32_t kind = next(&state) % 32;
        const float value = (float)((int32_t)next(&state) - (1 << 23)) * 0x1p-23f;
        x[i] = kind == 0 ? 0.0f : kind == 1 ? -0.0f : value;
    }
    return x;
}

float *special_floats(size_t count, unsigned seed)
{
    static const uint32_t special[] = {0x7f800000, 0xff800000, 0x7fc00000, 0xffc00000, 0x00000001, 0x80000001,
                                       0x007fffff, 0x00800000, 0x7f7fffff, 0xff7fffff, 0x3f800000, 0x3f7fffff,
                                       0x4b000001, 0x3f000000, 0xbf000000, 0x00000000};
    float *x = random_floats(count, seed);
    uint32_t state = seed + 99;
    for (size_t i = 0; i < count; i++)
        if (next(&state) % 8 == 0)
            memcpy(&x[i], &special[next(&state) % 16], sizeof x[i]);
    return x;
}

static sy_cpu_level processor_level(void)
{
    sy_ctx *ctx = NULL;
    sy_cpu_level level;
    assert_int_equal(sy_ctx_create(&ctx), SY_OK);
    assert_ok(ctx, sy_cpu_level_choose(ctx, &level));
    sy_ctx_destroy(ctx);
    return level;
}

/* The written operand, between two fences. */
static uint32_t *fenced_words(const check *c)
{
    uint32_t *words = new_words(c->words + 2 * FENCE);
    for (size_t i = 0; i < c->words + 2 * FENCE; i++)
        words[i] = 0xdeadbeefu ^ (uint32_t)i;
    if (c->before)
        memcpy(words + FENCE, c->before, c->words * sizeof *words);
    return words;
}

static void check_fences(const check *c, const uint32_t *words, const char *variant)
{
    for (size_t i = 0; i < 2 * FENCE; i++) {
        const size_t at = i < FENCE ? i : i + c->words;
        if (words[at] != (0xdeadbeefu ^ (uint32_t)at))
            fail_msg("%s: %s wrote word %ld of %zu", c->name, variant, (long)at - FENCE, c->words);
    }
}

static bool is_nan(uint32_t word)
{
    return (word & 0x7fffffffu) > 0x7f800000u;
}

static void check_words(const check *c, const uint32_t *expected, const uint32_t *words, const char *variant,
                        const char *how)
{
    for (size_t i = 0; i < c->words; i++)
        if (words[i] != expected[i] && !(c->any_nan && is_nan(words[i]) && is_nan(expected[i]))) {
            float a, b;
            memcpy(&a, &expected[i], sizeof a);
            memcpy(&b, &words[i], sizeof b);
            fail_msg("%s: %s (%s): word %zu of %zu is %08x (%g), must be %08x (%g)", c->name, variant, how, i,
                     c->words, words[i], (double)b, expected[i], (double)a);
        }
}

static void check_one(const check *c, const sy_cpu_variant *variant, bool pack, const uint32_t *expected)
{
    const int count = operand_counts[c->kernel];
    void *operands[SY_MAX_OPERANDS], *packed[SY_MAX_OPERANDS] = {NULL};
    sy_cpu_scratch scratch = {0};
    sy_cpu_call call = {.operands = operands, .params = c->params, .scratch = &scratch};
    uint32_t *words = fenced_words(c);
    memcpy(operands, c->operands, sizeof operands);
    operands[c->written] = words + FENCE;
    for (int i = 0; i < count && pack; i++) {
        const size_t size = i != c->written && operands[i] ? variant->pack_words(c->params, i) : 0;
        if (size == 0)
            continue;
        packed[i] = aligned_alloc(64, (size * sizeof(uint32_t) + 63) / 64 * 64);
        assert_non_null(packed[i]);
        variant->pack(c->params, i, operands[i], packed[i]);
        operands[i] = packed[i];
        call.packed |= 1u << i;
    }
    assert_int_equal(variant->launch(&call), SY_OK);
    check_words(c, expected, words + FENCE, variant->name, pack ? "packed" : "not packed");
    check_fences(c, words, variant->name);
    sy_cpu_scratch_release(&scratch);
    for (int i = 0; i < count; i++)
        free(packed[i]);
    free(words);
}

static int check_list(const check *c, const sy_cpu_variant *const *list, sy_cpu_level level,
                      const uint32_t *expected)
{
    int checked = 0;
    for (const sy_cpu_variant *const *at = list; *at; at++) {
        const sy_cpu_variant *variant = *at;
        if (variant->kernel != c->kernel || variant->level > level ||
            (variant->accepts && !variant->accepts(c->params)))
            continue;
        check_one(c, variant, false, expected);
        if (variant->pack_words)
            check_one(c, variant, true, expected);
        checked++;
    }
    return checked;
}

int check_variants(const check *c)
{
    uint32_t *expected = fenced_words(c);
    void *operands[SY_MAX_OPERANDS];
    memcpy(operands, c->operands, sizeof operands);
    operands[c->written] = expected + FENCE;
    c->reference(operands, c->params);
    check_fences(c, expected, "the reference");
    int checked = check_list(c, sy_cpu_variants, processor_level(), expected + FENCE);
    checked += check_list(c, portable16_variants, SY_CPU_LEVEL_AVX512, expected + FENCE);
    checked += check_list(c, emulated_avx512_variants, SY_CPU_LEVEL_AVX512, expected + FENCE);
    free(expected);
    check_backends(c);
    return checked;
}
