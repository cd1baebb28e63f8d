/* The first table of docs/OPS.md, from the operators themselves; tests/device/test_operators.c adds the
 * second. */
#include "ops/op.h"

static const char *quant_text(sy_quant_rule rule)
{
    switch (rule) {
    case SY_QUANT_WEIGHTED: return "integer product";
    case SY_QUANT_SAME_SCALE: return "same scale";
    case SY_QUANT_NEW_SCALE: return "new scale";
    case SY_QUANT_ACTIVATION: return "merges";
    case SY_QUANT_NEVER: break;
    }
    return "float";
}

static const char introduction[] =
    "# Operators\n"
    "\n"
    "Written by `SY_UPDATE_GOLDEN=1 device.operators` from the operators in `host/ops`; do not edit.\n"
    "\n"
    "These are the operators of ONNX that a model may use, in opset 7 to 23. Every floating-point type is "
    "computed as float32,\n"
    "every integer type and bool as int32; integers of a model that do not fit are brought to the nearest "
    "that does. A tensor has\n"
    "at most 8 dimensions. Lists that decide shapes must be constants, or follow from the shapes of the "
    "inputs.\n"
    "\n"
    "Quantization: *integer product*: integers times integers, then a new scale; *new scale*: the output has "
    "a scale of\n"
    "its own; *same scale*: values are only moved or picked, so the output shares the input's; *merges*: "
    "done on the way out of\n"
    "what computes its input; *float*: stays float, as eight bits of it are of no use.\n"
    "\n";

static void print_inputs(const sy_op *op, sy_text *out)
{
    if (op->inputs_max == SY_NONE)
        sy_text_printf(out, "%d or more", op->inputs_min);
    else if (op->inputs_max != op->inputs_min)
        sy_text_printf(out, "%d to %d", op->inputs_min, op->inputs_max);
    else
        sy_text_printf(out, "%d", op->inputs_min);
}

void sy_op_print_markdown(sy_text *out)
{
    sy_text_printf(out,
                   "%s| operator | since opset | inputs | quantization | notes |\n|---|---|---|---|---|\n",
                   introduction);
    for (int i = 0; sy_op_at(i); i++) {
        const sy_op *op = sy_op_at(i);
        if (*op->domain) /* ours, and in no file */
            continue;
        sy_text_printf(out, "| %s | %d | ", op->type, op->since ? op->since : 7);
        print_inputs(op, out);
        sy_text_printf(out, " | %s | %s |\n", quant_text(op->quant), op->note ? op->note : "");
    }
}
