#include "backends.h"

#include <stdlib.h>
#include <string.h>

#include "places.h"
#include "support/test.h"

enum { GAP = 37, BATCH = 3 };

static const int operand_counts[] = {
#define KERNEL(name, count) [SY_KERNEL_##name] = count,
#include "kernels/kernels.def"
#undef KERNEL
};

/* All operands of all samples in one buffer, apart from each other. */
typedef struct {
    uint32_t *words;
    size_t count, offsets[SY_MAX_OPERANDS], stride;
    bool shared[SY_MAX_OPERANDS];
} layout;

static size_t operand_words(const check *c, int operand)
{
    return operand == c->written ? c->words : c->operands[operand] ? c->sizes[operand] : 0;
}

static bool is_read(const check *c, int operand)
{
    return operand == c->written || c->operands[operand];
}

/* Offsets, of what samples share first, then of what each sample has. */
static layout lay_out(const check *c, size_t batch)
{
    layout all = {.count = GAP};
    for (int i = 0; i < operand_counts[c->kernel]; i++) {
        all.shared[i] = !is_read(c, i) || (i != c->written && (c->shared >> i & 1));
        if (!all.shared[i] || !is_read(c, i))
            continue;
        all.offsets[i] = all.count;
        all.count += operand_words(c, i) + GAP;
    }
    const size_t samples_at = all.count;
    for (int i = 0; i < operand_counts[c->kernel]; i++) {
        if (all.shared[i])
            continue;
        all.offsets[i] = all.count;
        all.count += operand_words(c, i) + GAP;
    }
    all.stride = all.count - samples_at;
    all.count = samples_at + batch * all.stride + GAP;
    all.words = malloc(all.count * sizeof *all.words);
    assert_non_null(all.words);
    return all;
}

/* Every sample has its own data: the case's, turned round. */
static void fill(const check *c, layout *all, size_t batch)
{
    for (size_t i = 0; i < all->count; i++)
        all->words[i] = 0xdeadbeefu ^ (uint32_t)i;
    for (int i = 0; i < operand_counts[c->kernel]; i++) {
        const uint32_t *from = i == c->written ? c->before : c->operands[i];
        const size_t words = operand_words(c, i);
        for (size_t s = 0; s < (all->shared[i] ? 1 : batch) && from; s++)
            for (size_t k = 0; k < words; k++)
                all->words[all->offsets[i] + s * all->stride + k] =
                    from[i == c->written ? k : (k + s * 5) % words];
    }
}

/* The same words after the reference has run on each sample. */
static uint32_t *expect(const check *c, const layout *all, size_t batch)
{
    uint32_t *words = malloc(all->count * sizeof *words);
    assert_non_null(words);
    memcpy(words, all->words, all->count * sizeof *words);
    for (size_t s = 0; s < batch; s++) {
        void *operands[SY_MAX_OPERANDS] = {NULL};
        for (int i = 0; i < operand_counts[c->kernel]; i++)
            if (is_read(c, i))
                operands[i] = words + all->offsets[i] + (all->shared[i] ? 0 : s * all->stride);
        c->reference(operands, c->params);
    }
    return words;
}

/* The reference has changed nothing but what sy_kernel_writes() tells. */
static void check_written(const check *c, const layout *all, const uint32_t *expected, size_t batch)
{
    for (int i = 0; i < operand_counts[c->kernel]; i++)
        for (size_t s = 0; s < batch && is_read(c, i) && !sy_kernel_writes(c->kernel, i); s++) {
            const size_t at = all->offsets[i] + (all->shared[i] ? 0 : s * all->stride);
            assert_memory_equal(all->words + at, expected + at, operand_words(c, i) * sizeof *expected);
        }
}

static sy_launch launch_of(const check *c, const layout *all, size_t batch, sy_buffer *buffer)
{
    sy_launch launch = {.kernel = c->kernel, .params = c->params, .batch = (uint32_t)batch};
    for (int i = 0; i < operand_counts[c->kernel]; i++) {
        if (is_read(c, i))
            launch.operands[i] = (sy_view){buffer, all->offsets[i]};
        launch.batch_strides[i] = all->shared[i] ? 0 : all->stride;
    }
    return launch;
}

static bool is_nan(uint32_t word)
{
    return (word & 0x7fffffffu) > 0x7f800000u;
}

/* What is left in working memory is as good as the reference's. */
static void forget_scratch(const check *c, layout *all, const uint32_t *expected, size_t batch)
{
    for (int i = 0; i < operand_counts[c->kernel]; i++)
        for (size_t s = 0; s < batch && (c->scratch >> i & 1); s++) {
            const size_t at = all->offsets[i] + s * all->stride;
            memcpy(all->words + at, expected + at, operand_words(c, i) * sizeof *expected);
        }
}

static void compare(const check *c, const test_place *p, const layout *all, const uint32_t *expected,
                    size_t batch)
{
    const size_t first = all->offsets[c->written];
    for (size_t i = 0; i < all->count; i++)
        if (all->words[i] != expected[i] && !(c->any_nan && is_nan(all->words[i]) && is_nan(expected[i]))) {
            float is, must;
            memcpy(&is, &all->words[i], sizeof is);
            memcpy(&must, &expected[i], sizeof must);
            fail_msg(
                "%s: %s on %s, batch %zu: word %ld of %zu (%zu a sample) is %08x (%g), must be %08x (%g)",
                c->name, sy_kernel_name(c->kernel), p->backend->name, batch, (long)i - (long)first, c->words,
                all->stride, all->words[i], (double)is, expected[i], (double)must);
        }
}

static void check_batch(const check *c, const test_place *p, size_t batch)
{
    layout all = lay_out(c, batch);
    fill(c, &all, batch);
    uint32_t *expected = expect(c, &all, batch);
    check_written(c, &all, expected, batch);
    sy_buffer *buffer = NULL;
    assert_ok(p->ctx, p->backend->alloc(p->ctx, p->device, all.count, &buffer));
    const sy_launch launch = launch_of(c, &all, batch, buffer);
    assert_ok(p->ctx, p->backend->write(p->ctx, p->stream, (sy_view){buffer, 0}, all.words, all.count));
    const sy_status status = p->backend->launch(p->ctx, p->stream, &launch);
    if (status != SY_OK)
        fail_msg("%s: %s on %s: %s", c->name, sy_kernel_name(c->kernel), p->backend->name,
                 sy_ctx_error(p->ctx));
    assert_ok(p->ctx, p->backend->sync(p->ctx, p->stream));
    assert_ok(p->ctx, p->backend->read(p->ctx, p->stream, (sy_view){buffer, 0}, all.words, all.count));
    forget_scratch(c, &all, expected, batch);
    compare(c, p, &all, expected, batch);
    p->backend->free(p->device, buffer);
    free(expected);
    free(all.words);
}

int check_backends(const check *c)
{
    int compared = 0, place_count = 0;
    const test_place *places = test_places(&place_count);
    for (int i = 0; i < place_count; i++) {
        if (!places[i].device || (c->cpu_only && places[i].backend != &sy_backend_cpu))
            continue;
        check_batch(c, &places[i], 1);
        check_batch(c, &places[i], BATCH);
        compared += 2;
    }
    return compared;
}
