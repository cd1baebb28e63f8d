/* Tables of cases for one operator, as text (op_text.h), and what checks them. */
#ifndef SY_TESTS_SUPPORT_OP_CASES_H
#define SY_TESTS_SUPPORT_OP_CASES_H

#include "support/op_text.h"

/* What a node gives: types and shapes, or values too. */
typedef struct {
    const char *type;
    int opset;
    const char *inputs, *attrs;
    int outputs;
    const char *want;
} op_case;

static inline void check_shapes(sy_ctx *ctx, const op_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++)
        op_gives_shapes(ctx, cases[i].type, cases[i].opset, cases[i].inputs, cases[i].attrs, cases[i].outputs,
                        cases[i].want);
}
#define CHECK_SHAPES(state, cases) check_shapes(*(state), cases, sizeof(cases) / sizeof(cases)[0])

static inline void check_values(sy_ctx *ctx, const op_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++)
        op_gives_values(ctx, cases[i].type, cases[i].opset, cases[i].inputs, cases[i].attrs, cases[i].outputs,
                        cases[i].want);
}
#define CHECK_VALUES(state, cases) check_values(*(state), cases, sizeof(cases) / sizeof(cases)[0])

/* How a node is refused; the message goes without the node's part. */
typedef struct {
    const char *type;
    int opset;
    const char *inputs, *attrs;
    int outputs;
    sy_status want;
    const char *message;
} refusal;

static inline void check_refusals(sy_ctx *ctx, const refusal *cases, size_t count)
{
    for (size_t i = 0; i < count; i++)
        op_refuses(ctx, cases[i].type, cases[i].opset, cases[i].inputs, cases[i].attrs, cases[i].outputs,
                   cases[i].want, cases[i].message);
}
#define CHECK_REFUSALS(state, cases) check_refusals(*(state), cases, sizeof(cases) / sizeof(cases)[0])

#endif
