#include <math.h>
#include <stdio.h>

#include "support/collect.h"

static sy_status collect(sy_ctx *ctx, const net *n, const made_up *set, int workers, sy_stats **out)
{
    return collect_batches(ctx, n, set, workers, 1, out);
}

static void what_groups_store_is_observed(void **state)
{
    net n = net_create(*state);
    sy_arena arena = {0};
    int *observed, count;
    assert_ok(*state, sy_calib_choose(*state, n.graph, &arena, &observed, &count));
    const int want[] = {n.x, n.relu, n.pool, n.flat, n.y};
    assert_int_equal(count, 5);
    assert_memory_equal(observed, want, sizeof want);
    sy_arena_release(&arena);
    sy_graph_destroy(n.graph);
}

static void channels_are_those_of_linear_operators(void **state)
{
    net n = net_create(*state);
    const int tensors[] = {n.x, n.relu, n.pool, n.y};
    sy_channel_sum_params got[4];
    assert_ok(*state, sy_calib_channels(*state, n.graph, tensors, 4, got));
    assert_int_equal(got[0].channels, 0);
    assert_true(got[1].outer == 1 && got[1].channels == MAPS && got[1].inner == 16);
    assert_int_equal(got[2].channels, 0);
    assert_true(got[3].outer == 1 && got[3].channels == CLASSES && got[3].inner == 1);
    sy_graph_destroy(n.graph);
}

/* All values of `tensor` over the samples, by a program that only reads them out. */
static size_t all_values(sy_ctx *ctx, const net *n, int tensor, size_t samples, float *out)
{
    sy_device *device = NULL;
    sy_program *program = NULL;
    sy_runner *runner = NULL;
    size_t words;
    const sy_program_spec spec = {
        .graph = n->graph, .inputs = &n->x, .input_count = 1, .outputs = &tensor, .output_count = 1};
    assert_true(sy_shape_count(&n->graph->tensors[tensor].shape, &words));
    assert_ok(ctx, sy_backend_cpu.open(ctx, 0, &device));
    assert_ok(ctx, sy_program_create(ctx, &sy_backend_cpu, device, &spec, &program));
    assert_ok(ctx, sy_runner_create(ctx, program, 1, &runner));
    for (size_t s = 0; s < samples; s++) {
        float x[IN_WORDS];
        made_up_values(s, x);
        assert_ok(ctx, sy_runner_run(ctx, runner, 1, (const void *[]){x}, NULL, NULL));
        assert_ok(ctx, sy_runner_read(ctx, runner, 0, 0, out + s * words, words));
    }
    sy_runner_destroy(runner);
    sy_program_destroy(program);
    sy_backend_cpu.close(device);
    return words;
}

static void the_statistics_are_those_of_all_values(void **state)
{
    net n = net_create(*state);
    made_up *set = made_up_create(SAMPLES);
    sy_stats *stats = NULL;
    static float values[SAMPLES * IN_WORDS];
    static counted want;
    assert_ok(*state, collect(*state, &n, set, 2, &stats));
    const int tensors[] = {n.x, n.relu, n.pool, n.flat, n.y};
    assert_int_equal(stats->tensor_count, 5);
    for (size_t t = 0; t < 5; t++) {
        const sy_tensor_stats *got = &stats->tensors[t];
        const size_t words = all_values(*state, &n, tensors[t], SAMPLES, values);
        count_values(values, words * SAMPLES, &want);
        assert_string_equal(got->name, n.graph->tensors[tensors[t]].name);
        assert_true(got->elements == want.stats.elements && got->zeros == want.stats.zeros);
        assert_true(got->min == want.stats.min && got->max == want.stats.max);
        assert_int_equal(got->exponent, want.stats.exponent);
        assert_memory_equal(got->positive, want.positive, sizeof want.positive);
        assert_memory_equal(got->negative, want.negative, sizeof want.negative);
        assert_int_equal(got->record_count, SAMPLES);
        for (size_t s = 0; s < SAMPLES; s++) {
            count_values(values + s * words, words, &want);
            assert_true(got->records[s].min == want.stats.min && got->records[s].max == want.stats.max);
        }
    }
    sy_stats_destroy(stats);
    free(set);
    sy_graph_destroy(n.graph);
}

static void channel_means_are_taken_after_the_activation(void **state)
{
    net n = net_create(*state);
    made_up *set = made_up_create(SAMPLES);
    sy_stats *stats = NULL;
    static float values[SAMPLES * IN_WORDS];
    assert_ok(*state, collect(*state, &n, set, 1, &stats));
    const sy_tensor_stats *got = sy_stats_find(stats, "relu");
    const size_t words = all_values(*state, &n, n.relu, SAMPLES, values), inner = words / MAPS;
    assert_int_equal(got->channel_count, MAPS);
    for (size_t c = 0; c < MAPS; c++) {
        double sum = 0;
        for (size_t s = 0; s < SAMPLES; s++)
            for (size_t i = 0; i < inner; i++)
                sum += values[s * words + c * inner + i];
        assert_true(fabs(got->channel_means[c] - sum / (double)(SAMPLES * inner)) < 1e-5);
    }
    assert_int_equal(sy_stats_find(stats, "y")->channel_count, CLASSES);
    assert_int_equal(sy_stats_find(stats, "pool")->channel_count, 0);
    sy_stats_destroy(stats);
    free(set);
    sy_graph_destroy(n.graph);
}

static void workers_and_order_do_not_show(void **state)
{
    net n = net_create(*state);
    made_up *set = made_up_create(SAMPLES);
    sy_hash first, hash;
    for (int trial = 0; trial < 6; trial++) {
        sy_stats *stats = NULL;
        set->reversed = trial % 2;
        assert_ok(*state, collect(*state, &n, set, 1 + trial, &stats));
        assert_string_equal(stats->samples[0], "s000");
        assert_ok(*state, sy_stats_content_hash(*state, stats, trial ? &hash : &first));
        if (trial)
            assert_memory_equal(&first, &hash, sizeof hash);
        sy_stats_destroy(stats);
    }
    free(set);
    sy_graph_destroy(n.graph);
}

/* 13 samples: the last batch of 3 has one; of 8, five; all fit into 20. */
static void batches_do_not_show(void **state)
{
    static const uint32_t batches[] = {1, 0, 2, 3, 8, 13, 20};
    net n = net_create(*state);
    made_up *set = made_up_create(SAMPLES);
    sy_hash first, hash;
    set->unusable = 4;
    for (size_t i = 0; i < sizeof batches / sizeof batches[0]; i++) {
        for (int workers = 1; workers <= 2; workers++) {
            sy_stats *stats = NULL;
            assert_ok(*state, collect_batches(*state, &n, set, workers, batches[i], &stats));
            assert_int_equal(stats->sample_count, SAMPLES - 1);
            assert_ok(*state, sy_stats_content_hash(*state, stats, i || workers > 1 ? &hash : &first));
            if (i || workers > 1)
                assert_memory_equal(&first, &hash, sizeof hash);
            sy_stats_destroy(stats);
        }
    }
    free(set);
    sy_graph_destroy(n.graph);
}

static void values_that_are_not_finite_are_warned_about_by_tensor_and_sample(void **state)
{
    net n = net_create(*state);
    made_up *set = made_up_create(SAMPLES);
    sy_stats *stats = NULL;
    log_lines lines = {""};
    set->not_a_number = 3;
    sy_ctx_set_log(*state, SY_LOG_WARN, keep_line, &lines);
    assert_ok(*state, collect(*state, &n, set, 2, &stats));
    sy_ctx_set_log(*state, SY_LOG_WARN, NULL, NULL);
    assert_true(strstr(lines.text,
                       "tensor x: 1 values are not finite, in 1 samples, of which s003 is the first by "
                       "name; they are left out of its statistics\n") == lines.text);
    assert_int_equal(stats->tensors[0].not_finite, 1);
    assert_int_equal(stats->tensors[0].elements, SAMPLES * IN_WORDS - 1);
    sy_stats_destroy(stats);
    free(set);
    sy_graph_destroy(n.graph);
}

static void a_tensor_that_is_never_finite_fails_by_name(void **state)
{
    net n = net_create(*state);
    made_up *set = made_up_create(1);
    sy_stats *stats = NULL;
    set->not_a_number = 0;
    assert_fails(
        *state, collect(*state, &n, set, 1, &stats), SY_E_NUMERIC,
        "tensor pool had no finite value in any sample; check the samples and their preprocessing, and "
        "what computes it");
    assert_null(stats);
    free(set);
    sy_graph_destroy(n.graph);
}

static void unusable_samples_are_left_out(void **state)
{
    net n = net_create(*state);
    made_up *set = made_up_create(SAMPLES);
    sy_stats *stats = NULL;
    set->unusable = 0;
    assert_ok(*state, collect(*state, &n, set, 2, &stats));
    assert_int_equal(stats->sample_count, SAMPLES - 1);
    assert_string_equal(stats->samples[0], "s001");
    assert_int_equal(stats->tensors[0].elements, (SAMPLES - 1) * IN_WORDS);
    sy_stats_destroy(stats);
    stats = NULL;
    set->count = 1;
    assert_fails(*state, collect(*state, &n, set, 2, &stats), SY_E_DATA, "none of the 1 samples is usable");
    set->count = 0;
    assert_fails(*state, collect(*state, &n, set, 2, &stats), SY_E_DATA,
                 "there are no samples to calibrate with");
    free(set);
    sy_graph_destroy(n.graph);
}

static void failures_name_their_sample(void **state)
{
    net n = net_create(*state);
    made_up *set = made_up_create(SAMPLES);
    sy_stats *stats = NULL;
    set->broken = 5;
    assert_fails(*state, collect(*state, &n, set, 2, &stats), SY_E_DATA, "s005: is broken");
    set->broken = SY_NONE;
    memcpy(set->names[7], "s002", 5);
    assert_fails(*state, collect(*state, &n, set, 2, &stats), SY_E_DATA,
                 "two samples are named s002; list each only once");
    assert_null(stats);
    free(set);
    sy_graph_destroy(n.graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_groups_store_is_observed),
        cmocka_unit_test(channels_are_those_of_linear_operators),
        cmocka_unit_test(the_statistics_are_those_of_all_values),
        cmocka_unit_test(channel_means_are_taken_after_the_activation),
        cmocka_unit_test(workers_and_order_do_not_show),
        cmocka_unit_test(batches_do_not_show),
        cmocka_unit_test(values_that_are_not_finite_are_warned_about_by_tensor_and_sample),
        cmocka_unit_test(a_tensor_that_is_never_finite_fails_by_name),
        cmocka_unit_test(unusable_samples_are_left_out),
        cmocka_unit_test(failures_name_their_sample),
    };
    return cmocka_run_group_tests(tests, open_ctx, close_ctx);
}
