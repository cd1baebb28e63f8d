/* What decides how a graph is quantized: the numbers a target computes with, and where it wants them. A
 * target fills one of these; solve and quant read it and know no target by name.
 */
#ifndef SY_QUANT_TRAITS_H
#define SY_QUANT_TRAITS_H

#include "quant/scale.h"

/* Where quantized tensors are made. */
typedef enum sy_placement {
    SY_PLACE_AROUND, /* a quantized node reads and writes integers; every reader of such a tensor reads them
                      */
    SY_PLACE_INPUTS, /* a quantized node reads integers; what it writes is quantized where the next one reads
                        it */
} sy_placement;

/* An operator a target computes on integers. How it is treated follows from its sy_quant_rule. */
typedef struct sy_op_trait {
    const char *type;
    /* SY_PLACE_AROUND: there is an integer kernel only if the output is quantized too. A product without this
     * flag (MatMul) whose readers are all float writes floats, which saves a rounding.
     */
    bool needs_output;
    /* SY_PLACE_INPUTS: passes on the integers that what reads it asks for, and asks for none itself. */
    bool commutes;
    /* Of a product: its result, where no activation follows, passes a Clip to the ends of its grid before it
     * is quantized. QuantizeLinear alone goes on to the code that a narrow grid lacks.
     */
    bool clip_linear;
    /* Of an operator that only moves values and reads several of them, such as Concat: an input whose grid is
     * not that of the result is converted to it first. Else such inputs keep their grids.
     */
    bool converts_inputs;
    /* The output's values whatever the statistics say: from fixed_min up to but without fixed_max, which is
     * one code more than there are. Both 0: from the statistics. */
    float fixed_min, fixed_max;
    bool whole_weight; /* of a product: its weights have one scale, not one for each output channel */
} sy_op_trait;

typedef struct sy_traits {
    sy_number activation; /* per tensor */
    sy_number wide;       /* of activations for which more bits are asked; bits 0: the target has none */
    sy_number weight;
    const sy_op_trait *ops;
    int op_count;
    sy_placement placement;
    int opset_min;      /* older models are raised to it */
    int wide_opset_min; /* to this one where there are wide activations */
    int half_opset_min; /* to this one where the floats of the file are float16; 0: they cannot be */
    int block_opset_min; /* to this one where weights have 4 bits in blocks; 0: they cannot have */
    bool fixed_shapes;  /* the file has a number for every size */
    bool int32_bias;    /* at scale x * w; else biases stay float */
    /* Products of a channel reach the result through the factor x * w / y. Where that is below 2^-factor_bits
     * the channel's weights, nothing beside their bias, get a wider scale. 0: any factor will do. */
    int factor_bits;
    bool quantize_outputs; /* those of the network */
    /* An Add is quantized only to join a shortcut to what a product computes, and then only the shortcut is:
     * the other operand stays in the accumulator. Else both operands are, as of any operator.
     */
    bool residual_shortcut_only;
    int matrix_dim_min; /* Gemm and MatMul with fewer rows or columns in their weights stay float */
    bool float_vector;  /* so do those with one row of activations */
    int channels_min;   /* products that read fewer channels, all groups together, stay float */
    bool outputs_min;   /* so do convolutions with fewer output channels than sy_plan_options says */
    /* Products take their weights as they are read once: a constant on the right, of no other node, a matrix
     * where it is one of MatMul, and activations that are not transposed.
     */
    bool plain_weights;
} sy_traits;

/* NULL: the target does not compute this operator on integers. */
const sy_op_trait *sy_traits_find(const sy_traits *traits, const char *type);

#endif
