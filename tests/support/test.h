/* What tests include instead of cmocka.h: cmocka 1.1 needs these headers before its own. */
#ifndef SY_TESTS_SUPPORT_TEST_H
#define SY_TESTS_SUPPORT_TEST_H
/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "steelyard/steelyard.h"

#ifdef __clang_analyzer__
/* An analyser does not see that these end a test that fails. */
#include <stdio.h>
#include <stdlib.h>
#undef assert_true
#undef assert_non_null
#undef fail_msg
#define assert_true(what) ((what) ? (void)0 : abort())
#define assert_non_null(what) ((what) ? (void)0 : abort())
#define fail_msg(...) (printf(__VA_ARGS__), abort())
#endif

/* cmocka set-up and tear-down for tests whose state is a sy_ctx. */
static inline int open_ctx(void **state)
{
    return sy_ctx_create((sy_ctx **)state);
}

static inline int close_ctx(void **state)
{
    sy_ctx_destroy(*state);
    return 0;
}

#define assert_ok(ctx, call)                                       \
    do {                                                           \
        sy_status test_status_ = (call);                           \
        if (test_status_ != SY_OK)                                 \
            fail_msg("%s: %s", #call, sy_ctx_error(ctx));          \
    } while (0)

/* The call fails with this status and exactly this message. */
#define assert_fails(ctx, call, status, message)                   \
    do {                                                           \
        assert_int_equal(call, status);                            \
        assert_string_equal(sy_ctx_error(ctx), message);           \
    } while (0)

#endif
