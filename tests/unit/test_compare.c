#include <math.h>

#include "compare/distance.h"
#include "compare/inputs.h"
#include "support/graph.h"
#include "verify/share.h"

static void the_ratio_of_energies_is_bounded_and_never_flatters(void **state)
{
    static const struct {
        float truth[3], other[3];
        double db, cosine, largest;
    } cases[] = {
        {{3, 0, 4}, {3, 0.5f, 4}, 20, 0.99503719, 0.5}, /* 25 / 0.25 */
        {{1, 2, 3}, {1, 2, 3}, SY_DB_MAX, 1, 0},          {{0, 0, 0}, {0, 0, 0}, SY_DB_MAX, 1, 0},
        {{0, 0, 0}, {1, 0, 0}, -SY_DB_MAX, 0, 1},         {{1, 0, 0}, {NAN, 0, 0}, -SY_DB_MAX, NAN, 0},
        {{1, 0, 0}, {1 + 1e-30f, 0, 0}, SY_DB_MAX, 1, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const sy_comparison got = sy_compare(cases[i].truth, cases[i].other, 3);
        const double cosine = sy_comparison_cosine(&got);
        assert_true(fabs(sy_comparison_db(&got) - cases[i].db) < 1e-9);
        assert_true(isnan(cases[i].cosine) ? isnan(cosine) : fabs(cosine - cases[i].cosine) < 1e-8);
        assert_true(got.largest_difference == cases[i].largest);
    }
}

/* Intervals by a calculator, from Wilson's formula. */
static void a_share_of_few_samples_has_a_wide_interval(void **state)
{
    static const struct {
        size_t hits, count;
        double low, high;
    } cases[] = {{85, 100, 0.76716, 0.90695}, {0, 10, 0, 0.27753}, {10, 10, 0.72247, 1}, {0, 0, 0, 1}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const sy_share got = sy_share_of(cases[i].hits, cases[i].count);
        assert_true(fabs(got.low - cases[i].low) < 1e-5 && fabs(got.high - cases[i].high) < 1e-5);
    }
}

static void the_class_is_the_first_of_the_largest(void **state)
{
    (void)state;
    assert_int_equal(sy_largest_index((const float[]){-1, 2, 2, 0}, 4), 1);
    assert_int_equal(sy_largest_index((const float[]){-1}, 1), 0);
}

static void inputs_match_by_name_in_any_order(void **state)
{
    sy_graph *first = graph_create(*state, 13), *second = graph_create(*state, 13);
    sy_arena arena = {0};
    int *positions = NULL;
    graph_input(*state, first, "a", SY_DTYPE_FLOAT, SHAPE(1));
    graph_input(*state, first, "b", SY_DTYPE_FLOAT, SHAPE(1));
    graph_input(*state, first, "c", SY_DTYPE_FLOAT, SHAPE(1));
    graph_input(*state, second, "c", SY_DTYPE_FLOAT, SHAPE(1));
    graph_input(*state, second, "a", SY_DTYPE_FLOAT, SHAPE(1));
    assert_ok(*state, sy_inputs_match(*state, first, second, &arena, &positions));
    assert_true(positions[0] == 2 && positions[1] == 0);
    assert_fails(*state, sy_inputs_match(*state, second, first, &arena, &positions), SY_E_DATA,
                 "the float model has no input 'b': is the other model made of it?");
    sy_arena_release(&arena);
    sy_graph_destroy(first);
    sy_graph_destroy(second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_ratio_of_energies_is_bounded_and_never_flatters),
        cmocka_unit_test(a_share_of_few_samples_has_a_wide_interval),
        cmocka_unit_test(the_class_is_the_first_of_the_largest),
        cmocka_unit_test_setup_teardown(inputs_match_by_name_in_any_order, open_ctx, close_ctx),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
