/* What every operator says of itself. (That docs/OPS.md repeats it is tested in
 * tests/device/test_operators.c.) */
#include "ops/op.h"
#include "support/test.h"

static void every_operator_is_whole_and_there_once(void **state)
{
    (void)state;
    for (int i = 0; sy_op_at(i); i++) {
        const sy_op *op = sy_op_at(i);
        assert_non_null(op->infer);
        assert_non_null(op->lower);
        assert_true(op->outputs_max >= 1);
        assert_true(op->inputs_max == SY_NONE || op->inputs_max >= op->inputs_min);
        assert_true(op->since == 0 || (op->since > 7 && op->since <= 23));
        assert_ptr_equal(sy_op_find(op->domain, op->type), op); /* the first of that name */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_operator_is_whole_and_there_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
