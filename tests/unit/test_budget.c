#include "device/budget.h"
#include "support/test.h"

static void what_is_beyond_the_limit_is_refused_and_not_counted(void **state)
{
    sy_budget budget;
    sy_budget_init(&budget);
    budget.limit = 100;
    assert_ok(*state, sy_budget_reserve(*state, &budget, 60, "cuda", 1, "card"));
    assert_fails(
        *state, sy_budget_reserve(*state, &budget, 41, "cuda", 1, "card"), SY_E_MEMORY,
        "device cuda:1 (card): 41 bytes more than the 60 in use are beyond the limit of 100: use a smaller "
        "--batch, fewer --workers or a larger --max-mem");
    assert_ok(*state, sy_budget_reserve(*state, &budget, 40, "cuda", 1, "card"));
    sy_budget_give_back(&budget, 60);
    assert_int_equal(sy_budget_left(&budget, 1000), 60);
    sy_budget_destroy(&budget);
}

static void what_is_left_is_of_the_lesser_of_limit_and_capacity(void **state)
{
    sy_budget budget;
    sy_budget_init(&budget);
    assert_ok(*state, sy_budget_reserve(*state, &budget, 30, "opencl", 0, "card"));
    assert_int_equal(sy_budget_left(&budget, 50), 20);
    assert_int_equal(sy_budget_left(&budget, 20), 0);
    budget.limit = 40;
    assert_int_equal(sy_budget_left(&budget, 50), 10);
    budget.limit = 25; /* set when more is in use */
    assert_int_equal(sy_budget_left(&budget, 50), 0);
    sy_budget_destroy(&budget);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_beyond_the_limit_is_refused_and_not_counted, open_ctx,
                                        close_ctx),
        cmocka_unit_test_setup_teardown(what_is_left_is_of_the_lesser_of_limit_and_capacity, open_ctx,
                                        close_ctx),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
