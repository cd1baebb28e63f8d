/* The third reading of the kernels: as C11, where every compiler and sanitizer at hand looks at them. Kernels
 * without barriers run one item after the other.
 */
#include <string.h>

#include "kernels/kernels.cl"
#include "support/test.h"

_Thread_local sy_item_ids sy_item;

enum { COUNT = 300, SAMPLES = 2 };

/* For every item of groups of SY_GROUP that cover `count` elements of every sample. */
#define FOR_EVERY_ITEM(count)                                                                              \
    for (sy_item = (sy_item_ids){.group_size = SY_GROUP, .groups_x = ((count) + SY_GROUP - 1) / SY_GROUP}; \
         sy_item.sample < SAMPLES; sy_item.sample++)                                                       \
        for (sy_item.group_x = 0; sy_item.group_x < sy_item.groups_x; sy_item.group_x++)                   \
            for (sy_item.item_x = 0; sy_item.item_x < SY_GROUP; sy_item.item_x++)

static void an_item_takes_the_element_of_its_number_and_no_item_is_beyond(void **state)
{
    float x[SAMPLES * COUNT], y[SAMPLES * COUNT + 1];
    const sy_unary_params p = {.function = SY_UNARY_NEG, .kind = SY_KIND_FLOAT, .count = COUNT};
    const sy_places at = {.offset = {0, 0}, .stride = {COUNT, COUNT}};
    (void)state;
    for (int i = 0; i < SAMPLES * COUNT; i++)
        x[i] = (float)(i + 1);
    y[SAMPLES * COUNT] = 7;
    FOR_EVERY_ITEM(COUNT)
    sy_k_unary_float_NEG(x, y, p, at);
    for (int i = 0; i < SAMPLES * COUNT; i++)
        assert_true(y[i] == -(float)(i + 1));
    assert_true(y[SAMPLES * COUNT] == 7);
}

static void places_say_where_each_sample_of_each_operand_begins(void **state)
{
    sy_u32 x[40], y[40];
    const sy_move_params p = {.rank = 2, .dims = {2, 3}, .x_strides = {1, 2}, .y_strides = {3, 1}};
    const sy_places at = {.offset = {4, 1}, .stride = {6, 8}};
    (void)state;
    for (sy_u32 i = 0; i < 40; i++)
        x[i] = i;
    memset(y, 0xff, sizeof y);
    FOR_EVERY_ITEM(6)
    sy_k_move(x, y, p, at);
    static const sy_u32 expected[] = {4, 6, 8, 5, 7, 9, 0xffffffffu, 0xffffffffu, 10, 12, 14, 11, 13, 15};
    assert_true(y[0] == 0xffffffffu);
    assert_memory_equal(y + 1, expected, sizeof expected);
    assert_true(y[15] == 0xffffffffu);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_item_takes_the_element_of_its_number_and_no_item_is_beyond),
        cmocka_unit_test(places_say_where_each_sample_of_each_operand_begins),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
