#include <math.h>

#include "support/graph.h"
#include "weight/codes.h"

/* Per element, the unit it should belong to. */
static void check_units(const sy_weight_cut *cut, size_t elements, const size_t *units)
{
    size_t seen[64] = {0};
    assert_int_equal(sy_weight_cut_elements(cut), elements);
    for (size_t u = 0; u < cut->units; u++) {
        const sy_weight_unit unit = sy_weight_unit_at(cut, u);
        for (size_t k = 0; k < unit.count; k++) {
            const size_t element = sy_weight_element(&unit, k);
            assert_true(element < elements);
            assert_int_equal(units[element], u);
            assert_int_equal(sy_weight_unit_of(cut, element), u);
            seen[element]++;
        }
    }
    for (size_t i = 0; i < elements; i++)
        assert_int_equal(seen[i], 1);
}

static void a_channel_holds_what_has_its_index_on_the_axis(void **state)
{
    (void)state;
    static const size_t middle[12] = {0, 0, 1, 1, 2, 2, 0, 0, 1, 1, 2, 2};
    static const size_t last[12] = {0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1};
    static const size_t whole[12] = {0};
    sy_weight_cut cut;
    assert_true(sy_weight_cut_init(&SHAPE(2, 3, 2), 1, 0, &cut));
    check_units(&cut, 12, middle);
    assert_true(sy_weight_cut_init(&SHAPE(2, 3, 2), 2, 0, &cut));
    check_units(&cut, 12, last);
    assert_true(sy_weight_cut_init(&SHAPE(2, 3, 2), SY_NONE, 0, &cut));
    check_units(&cut, 12, whole);
}

static void a_block_holds_neighbours_along_the_axis_and_the_last_may_be_short(void **state)
{
    (void)state;
    /* [3,2] in blocks of 2 along axis 0: scales [2,2]; along axis 1 of [2,3]: scales [2,2] too. */
    static const size_t down[6] = {0, 1, 0, 1, 2, 3}, across[6] = {0, 0, 1, 2, 2, 3};
    /* [2,3,2] along axis 1: scales [2,2,2]. */
    static const size_t inside[12] = {0, 1, 0, 1, 2, 3, 4, 5, 4, 5, 6, 7};
    sy_weight_cut cut;
    assert_true(sy_weight_cut_init(&SHAPE(3, 2), 0, 2, &cut));
    check_units(&cut, 6, down);
    assert_true(sy_weight_cut_init(&SHAPE(2, 3), 1, 2, &cut));
    check_units(&cut, 6, across);
    assert_true(sy_weight_cut_init(&SHAPE(2, 3, 2), 1, 2, &cut));
    check_units(&cut, 12, inside);
}

static void shapes_that_cannot_be_cut_are_refused(void **state)
{
    (void)state;
    sy_weight_cut cut;
    assert_false(sy_weight_cut_init(&SHAPE(2, 3), 2, 0, &cut));
    assert_false(sy_weight_cut_init(&SHAPE(2, 0), 0, 0, &cut));
    assert_false(sy_weight_cut_init(&SHAPE(2, SY_NONE), 0, 0, &cut));
    assert_false(sy_weight_cut_init(&SHAPE(2, 3), SY_NONE, 2, &cut));
    assert_false(sy_weight_cut_init(&(sy_shape){.rank = SY_NONE}, 0, 0, &cut));
}

static void an_element_is_its_integer_less_zero_scaled_and_shifted(void **state)
{
    static const int16_t powers[4] = {-4, -1, 0, 2};
    float values[4];
    sy_arena arena = {0};
    sy_weight_cut cut;
    sy_weight_codes codes;
    assert_true(sy_weight_cut_init(&SHAPE(2, 2), 0, 0, &cut));
    assert_ok(*state, sy_weight_codes_create(*state, &arena, "w", &SHAPE(2, 2), &cut, 2, &codes));
    memcpy(codes.codes, (int16_t[]){-2, 1, -1, 0}, 4 * sizeof *codes.codes);
    codes.scales[0] = 0.5F, codes.zeros[0] = -1, codes.scales[1] = 2, codes.shifts[1] = 0.25F;
    assert_true(sy_weight_has_zeros(&codes) && sy_weight_has_shifts(&codes));
    sy_weight_codes_values(&codes, values);
    assert_memory_equal(values, ((float[]){-0.5F, 1, -1.75F, 0.25F}), sizeof values);
    codes.levels = powers, codes.zeros[0] = 0;
    sy_weight_codes_values(&codes, values);
    assert_memory_equal(values, ((float[]){-2, 1, -1.75F, 0.25F}), sizeof values);
    /* Of {-2, 1, -2, 0.25} the codes miss 0.25 in one: power 4 + 1 + 4 + 1/16, noise 1/16. */
    assert_true(fabs(sy_weight_codes_snr(&codes, (float[]){-2, 1, -2, 0.25F}) - 10 * log10(9.0625 * 16)) <
                1e-9);
    sy_arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_channel_holds_what_has_its_index_on_the_axis),
        cmocka_unit_test(a_block_holds_neighbours_along_the_axis_and_the_last_may_be_short),
        cmocka_unit_test(shapes_that_cannot_be_cut_are_refused),
        cmocka_unit_test_setup_teardown(an_element_is_its_integer_less_zero_scaled_and_shifted, open_ctx,
                                        close_ctx),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
