#include "nvgpu/ranges.h"
#include "support/plan.h"

static sy_status parse(sy_ctx *ctx, const char *text, sy_ranges *out)
{
    return sy_ranges_parse(ctx, "file", text, strlen(text), out);
}

static void a_cache_is_read_line_by_line(void **state)
{
    /* 3c010204 is the nearest float to 1/127. */
    static const char text[] = "TRT-8601-EntropyCalibration2\r\n"
                               "data: 3c010204\r\n"
                               "(Unnamed Layer* 3) [Convolution]_output: 3f800000\n"
                               "input:0: 00000000\n";
    sy_ranges ranges;
    assert_true(sy_ranges_recognise(text, sizeof text - 1));
    assert_ok(*state, parse(*state, text, &ranges));
    assert_int_equal(ranges.count, 3);
    assert_string_equal(ranges.rows[0].name, "(Unnamed Layer* 3) [Convolution]_output");
    assert_true(ranges.rows[0].range.max == 127 && ranges.rows[0].range.min == -127);
    assert_string_equal(ranges.rows[1].name, "data");
    assert_float_equal(ranges.rows[1].range.max, 1, 1e-6);
    assert_string_equal(ranges.rows[2].name, "input:0");
    assert_true(ranges.rows[2].range.max == 0);
    sy_ranges_release(&ranges);
}

static void json_has_ranges_or_single_numbers(void **state)
{
    sy_ranges ranges;
    assert_ok(*state,
              parse(*state, "{\"a\": 2.5, \"b\": {\"min\": -1, \"max\": 3}, \"c\": {\"min\": 1, \"max\": 2}}",
                    &ranges));
    assert_int_equal(ranges.count, 3);
    assert_true(ranges.rows[0].range.min == -2.5F && ranges.rows[0].range.max == 2.5F);
    assert_true(ranges.rows[1].range.min == -1 && ranges.rows[1].range.max == 3);
    assert_true(ranges.rows[2].range.min == 0 && ranges.rows[2].range.max == 2); /* with 0 among them */
    sy_ranges_release(&ranges);
}

static void what_is_wrong_is_said(void **state)
{
    static const struct {
        const char *text, *error;
    } cases[] = {
        {"TRT-1-X\nx 3c010204\n",
         "file: line 2: 'x 3c010204' is not a name, a colon and 8 hexadecimal digits"},
        {"TRT-1-X\nx: 3c010a1\n",
         "file: line 2: 'x: 3c010a1' is not a name, a colon and 8 hexadecimal digits"},
        {"TRT-1-X\nx: 3c010a1g\n",
         "file: line 2: 'x: 3c010a1g' is not a name, a colon and 8 hexadecimal digits"},
        {"TRT-1-X\nx: bf800000\n", "file: line 2: the scale bf800000 is -1: it must be positive and finite"},
        {"TRT-1-X\nx: 7f7fffff\n",
         "file: line 2: the scale 7f7fffff is 3.40282e+38: it must be positive and finite"},
        {"TRT-1-X\nx: 3c010204\nx: 3c010204\n", "file: tensor 'x' stands there twice"},
        {"TRT-1-X\n", "file: there is no range in it"},
        {"{", "file: is no JSON"},
        {"{}", "file: there is no range in it"},
        {"{\"x\": \"1\"}", "file: tensor 'x' has neither a number nor min and max of a range"},
        {"{\"x\": -1}", "file: tensor 'x' has neither a number nor min and max of a range"},
        {"{\"x\": 1e300}", "file: tensor 'x' has neither a number nor min and max of a range"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        sy_ranges ranges;
        assert_fails(*state, parse(*state, cases[i].text, &ranges), SY_E_DATA, cases[i].error);
    }
    assert_false(sy_ranges_recognise("SYQSTAT", 8));
    assert_false(sy_ranges_recognise("TR", 2));
}

static sy_plan *plan_with_all(sy_ctx *ctx, const sy_graph *graph, const sy_stats *stats)
{
    sy_plan *plan = NULL;
    const sy_plan_options options = {.all_ranges = true};
    assert_ok(ctx, sy_plan_create(ctx, graph, stats, traits_of("NVGPU"), &options, &plan));
    return plan;
}

static const sy_named_range *row_of(const sy_ranges *ranges, const char *name)
{
    for (size_t i = 0; i < ranges->count; i++)
        if (strcmp(ranges->rows[i].name, name) == 0)
            return &ranges->rows[i];
    fail_msg("no range of '%s'", name);
    return NULL;
}

static void what_is_written_lists_every_tensor_and_reads_back(void **state)
{
    network net = residual_network(*state);
    sy_plan *plan = plan_with_all(*state, net.graph, net.stats);
    sy_text cache = {0}, json = {0};
    sy_ranges from_cache, from_json;
    assert_ok(*state, sy_ranges_print_cache(*state, plan, 100300, &cache));
    assert_ok(*state, sy_ranges_print_json(*state, plan, &json));
    assert_memory_equal(cache.bytes, "TRT-100300-EntropyCalibration2\n", 31);
    assert_ok(*state, parse(*state, cache.bytes, &from_cache));
    assert_ok(*state, parse(*state, json.bytes, &from_json));
    assert_int_equal(from_cache.count, net.stats->tensor_count); /* also of what stays float, conv3 */
    assert_int_equal(from_json.count, net.stats->tensor_count);
    assert_true(row_of(&from_json, "conv3")->range.min == -4 && row_of(&from_json, "conv3")->range.max == 2);
    assert_float_equal(row_of(&from_cache, "conv3")->range.max, 4, 1e-5);
    /* The result of a MaxPool has the scale of its input. */
    assert_float_equal(row_of(&from_cache, "pool")->range.max, 8, 1e-5);
    sy_ranges_release(&from_cache);
    sy_ranges_release(&from_json);
    sy_text_release(&cache);
    sy_text_release(&json);
    sy_plan_destroy(plan);
    network_release(&net);
}

static void ranges_take_the_place_of_statistics(void **state)
{
    network net = residual_network(*state);
    sy_plan *plan = plan_with_all(*state, net.graph, net.stats), *again;
    sy_text json = {0};
    sy_ranges ranges;
    sy_stats *stats = NULL;
    assert_ok(*state, sy_ranges_print_json(*state, plan, &json));
    assert_ok(*state, parse(*state, json.bytes, &ranges));
    assert_ok(*state, sy_stats_from_ranges(*state, ranges.rows, ranges.count, &stats));
    again = plan_with_all(*state, net.graph, stats);
    for (int t = 0; t < net.graph->tensor_count; t++) {
        assert_int_equal(plan->tensors[t].role, again->tensors[t].role);
        if (plan->tensors[t].scales)
            assert_true(plan->tensors[t].scales[0].scale == again->tensors[t].scales[0].scale);
    }
    sy_plan_destroy(again);
    sy_stats_destroy(stats);
    sy_ranges_release(&ranges);
    sy_text_release(&json);
    sy_plan_destroy(plan);
    network_release(&net);
}

/* A calibration cache has one range each way also for what a Relu makes. */
static void a_range_is_held_to_the_limits_of_its_relu(void **state)
{
    network net = residual_network(*state);
    net.stats->tensors[2].min = -5; /* relu1 */
    sy_plan *plan = plan_of(*state, net.graph, net.stats, "GENERIC");
    assert_true(tensor_plan(plan, "relu1")->range.min == 0 && tensor_plan(plan, "relu1")->range.max == 5);
    assert_int_equal(tensor_plan(plan, "relu1")->scales[0].zero, 0);
    sy_plan_destroy(plan);
    network_release(&net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cache_is_read_line_by_line),
        cmocka_unit_test(json_has_ranges_or_single_numbers),
        cmocka_unit_test(what_is_wrong_is_said),
        cmocka_unit_test(what_is_written_lists_every_tensor_and_reads_back),
        cmocka_unit_test(ranges_take_the_place_of_statistics),
        cmocka_unit_test(a_range_is_held_to_the_limits_of_its_relu),
    };
    return cmocka_run_group_tests_name("ranges", tests, open_ctx, close_ctx);
}
