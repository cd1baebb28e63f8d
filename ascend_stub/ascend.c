/* ASCEND: the model that Ascend's offline compiler takes, with AscendQuant and AscendDequant. LAYOUT.md
 * beside this file specifies it.
 */
#include "ascend_stub/arguments.h"
#include "ascend_stub/deploy.h"
#include "ascend_stub/lint.h"
#include "ascend_stub/record.h"
#include "target/target.h"

/* What is not a product stays float: on this device only products compute on integers. */
static const sy_op_trait ops[] = {
    {.type = "Conv"},
    {.type = "ConvTranspose"},
    {.type = "Gemm", .whole_weight = true},
    {.type = "MatMul", .whole_weight = true},
};

static const sy_traits traits = {
    .activation = {.bits = 8, .is_signed = true},
    .weight = {.bits = 8, .is_signed = true, .symmetric = true, .narrow = true},
    .ops = ops,
    .op_count = sizeof ops / sizeof ops[0],
    .placement = SY_PLACE_INPUTS,
    .opset_min = 13,
    .int32_bias = true,
    .channels_min = 17, /* the matrix unit works on 16 channels at a time; its makers advise more than that */
    .outputs_min = true,
    .plain_weights = true,
};

static sy_status write_companions(sy_ctx *ctx, const sy_plan *plan, const sy_graph *emitted,
                                  const sy_emit_spec *spec)
{
    (void)plan;
    SY_TRY(sy_ascend_write_record(ctx, emitted, spec));
    return sy_ascend_write_arguments(ctx, emitted, spec);
}

const sy_target sy_target_ascend = {
    .name = "ASCEND",
    .summary = "Ascend: ONNX with AscendQuant and AscendDequant for its offline compiler",
    .suffix = "ascend",
    .traits = &traits,
    .check = sy_ascend_check_arguments,
    .emit = sy_ascend_emit,
    .lint = sy_ascend_lint,
    .companions = write_companions,
};
