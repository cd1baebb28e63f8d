#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cpu/ref.h"
#include "places.h"
#include "support/test.h"
#include "variants.h"

static const unsigned counts[] = {0, 1, 2, 7, 9, 255, 257, 1023, 1025, 40001};

/* A sample: noise * 2^exponent, of one sign perhaps, perhaps with spikes, perhaps with what is not finite. */
typedef struct sample {
    const char *name;
    int exponent;
    float lowest, spike;
    bool special;
} sample;

static const sample samples[] = {
    {"ordinary", 3, -INFINITY, 0, false},
    {"after a ReLU", 0, 0, 0, false},
    {"after a ReLU6", 3, 0, 6, false},
    {"only zeros", 0, 0, 0, false},
    {"not finite ones too", 0, -INFINITY, 0, true},
    {"large", 127, -INFINITY, 0, false},
    {"small", -120, -INFINITY, 0, false},
    {"subnormal", -135, -INFINITY, 0, false},
    {"tiny", -149, -INFINITY, 0, false},
    {"negative", 1, -INFINITY, -1, false},
};

static float *make_sample(const sample *s, size_t count, unsigned seed)
{
    float *x = s->special ? special_floats(count, seed) : random_floats(count, seed);
    for (size_t i = 0; i < count && !s->special; i++) {
        x[i] = ldexpf(x[i], s->exponent);
        x[i] = x[i] < s->lowest ? s->lowest : x[i];
        if (s->spike > 0 && x[i] > s->spike)
            x[i] = s->spike;
        if (s->spike < 0 && x[i] > 0)
            x[i] = -x[i];
        if (strcmp(s->name, "only zeros") == 0)
            x[i] = i % 3 ? 0.0f : -0.0f;
    }
    return x;
}

/* A state that earlier samples have left behind. */
static void fill_state(uint32_t *state, int exponent, bool used)
{
    memset(state, 0, SY_HISTOGRAM_WORDS * sizeof *state);
    state[0] = (uint32_t)(exponent + SY_HISTOGRAM_BIAS);
    for (uint32_t i = 0; i < 2 * SY_HISTOGRAM_SIDE && used; i++)
        state[SY_HISTOGRAM_HEAD + i] = i * 7 % 11;
}

/* Both that are written, each in a run of its own. */
static void check_observe(float *x, const sy_observe_params *p, const uint32_t *before, bool cpu_only,
                          const char *name)
{
    static uint32_t bins[SY_HISTOGRAM_BINS], summary[SY_SUMMARY_WORDS], state[SY_HISTOGRAM_WORDS];
    memcpy(state, before, sizeof state);
    check_variants(&(check){.kernel = SY_KERNEL_observe,
                            .reference = sy_ref_observe,
                            .params = p,
                            .operands = {x, bins, NULL, state},
                            .sizes = {p->count, SY_HISTOGRAM_BINS, 0, SY_HISTOGRAM_WORDS},
                            .scratch = 1u << 1,
                            .written = 2,
                            .words = SY_SUMMARY_WORDS,
                            .cpu_only = cpu_only,
                            .name = name});
    check_variants(&(check){.kernel = SY_KERNEL_observe,
                            .reference = sy_ref_observe,
                            .params = p,
                            .operands = {x, bins, summary},
                            .sizes = {p->count, SY_HISTOGRAM_BINS, SY_SUMMARY_WORDS},
                            .scratch = 1u << 1,
                            .written = 3,
                            .words = SY_HISTOGRAM_WORDS,
                            .before = before,
                            .cpu_only = cpu_only,
                            .name = name});
}

static void what_is_observed_is_the_references(void **test)
{
    static const int exponents[] = {-127, -126, 0, 2, 5, 20, 128};
    uint32_t state[SY_HISTOGRAM_WORDS];
    (void)test;
    for (size_t s = 0; s < sizeof samples / sizeof samples[0]; s++)
        for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
            const sy_observe_params p = {.count = counts[i]};
            float *x = make_sample(&samples[s], p.count, (unsigned)i);
            const size_t states = i % 4 == 3 ? sizeof exponents / sizeof exponents[0] : 2;
            for (size_t e = 0; e < states; e++) {
                fill_state(state, exponents[e], exponents[e] != -127);
                check_observe(x, &p, state, (s + i) % 7 != e, samples[s].name);
            }
            free(x);
        }
}

static void sums_hold_when_every_element_is_the_largest(void **test)
{
    static const uint32_t state[SY_HISTOGRAM_WORDS];
    (void)test;
    const sy_observe_params p = {.count = 100000};
    float *x = malloc(p.count * sizeof *x);
    assert_non_null(x);
    for (int sign = -1; sign <= 1; sign += 2) {
        for (size_t i = 0; i < p.count; i++)
            x[i] = (float)sign * nextafterf(1, 0);
        check_observe(x, &p, state, false, "largest");
    }
    free(x);
}

static void channel_sums_are_the_references(void **state)
{
    static const sy_channel_sum_params sizes[] = {
        {1, 3, 16}, {1, 5, 49}, {1, 1, 1},   {3, 4, 7},  {2, 3, 33}, {5, 2, 100}, {1, 7, 3136},
        {1, 9, 1},  {3, 7, 1},  {40, 33, 1}, {17, 1, 1}, {4, 2, 15}, {0, 3, 4},   {3, 8, 9},
    };
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        const sy_channel_sum_params p = sizes[i];
        float *x = random_floats((size_t)p.outer * p.channels * p.inner, (unsigned)i);
        check_variants(&(check){.kernel = SY_KERNEL_channel_sum,
                                .reference = sy_ref_channel_sum,
                                .params = &p,
                                .operands = {x},
                                .sizes = {(size_t)p.outer * p.channels * p.inner},
                                .written = 1,
                                .words = p.channels,
                                .name = "channels"});
        free(x);
    }
}

/* Grids take all samples at once. The CPU, which takes one after the other, has no grid. */
static void samples_that_would_write_to_one_place_are_refused(void **test)
{
    static const sy_observe_params p = {.count = 100};
    static const size_t strides[4] = {100, SY_HISTOGRAM_BINS, SY_SUMMARY_WORDS, SY_HISTOGRAM_WORDS};
    int place_count = 0;
    const test_place *places = test_places(&place_count);
    (void)test;
    for (int i = 0; i < place_count; i++)
        for (int shared = 1; shared < 4 && places[i].device; shared++) {
            const test_place *at = &places[i];
            sy_launch launch = {.kernel = SY_KERNEL_observe, .params = &p, .batch = 2};
            sy_buffer *buffer = NULL;
            char message[160];
            if (at->backend == &sy_backend_cpu)
                continue;
            assert_ok(at->ctx, at->backend->alloc(at->ctx, at->device, 4, &buffer));
            for (int k = 0; k < 4; k++) {
                launch.operands[k].buffer = buffer;
                launch.batch_strides[k] = k == shared ? 0 : strides[k];
            }
            snprintf(message, sizeof message,
                     "kernel observe: it writes its operand %d, which is one for all 2 samples of a batch: "
                     "give each its own, or launch them one at a time",
                     shared);
            assert_fails(at->ctx, at->backend->launch(at->ctx, at->stream, &launch), SY_E_UNSUPPORTED,
                         message);
            at->backend->free(at->device, buffer);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_observed_is_the_references),
        cmocka_unit_test(sums_hold_when_every_element_is_the_largest),
        cmocka_unit_test(channel_sums_are_the_references),
        cmocka_unit_test(samples_that_would_write_to_one_place_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
