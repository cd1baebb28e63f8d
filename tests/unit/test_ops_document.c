/* docs/OPS.md is what the operators say of themselves. */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "ops/op.h"
#include "support/test.h"

static void the_page_of_documentation_is_up_to_date(void **state)
{
    static const char path[] = SY_SOURCE_DIR "/docs/OPS.md";
    sy_text text = {0};
    sy_mapped file = {0};

    sy_op_print_markdown(&text);
    assert_false(text.failed);
    if (getenv("SY_UPDATE_GOLDEN"))
        assert_ok(*state, sy_file_save(*state, path, text.bytes, text.size));
    assert_ok(*state, sy_file_map(*state, path, &file));
    if (file.size != text.size || memcmp(file.bytes, text.bytes, text.size) != 0)
        fail_msg("docs/OPS.md differs from the operators: run SY_UPDATE_GOLDEN=1 unit.ops_document");
    sy_file_unmap(&file);
    sy_text_release(&text);
}

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
        cmocka_unit_test_setup_teardown(the_page_of_documentation_is_up_to_date, open_ctx, close_ctx),
        cmocka_unit_test(every_operator_is_whole_and_there_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
