/* An operator: which nodes it is, the shapes it gives, its lowering to launches, and how quantization
 * treats it. One file an operator, or a family that differs in a constant; ops.def lists them all.
 */
#ifndef SY_OPS_OP_H
#define SY_OPS_OP_H

#include "graph/graph.h"

typedef enum sy_quant_rule {
    SY_QUANT_WEIGHTED,   /* integer times integer into int32, then a new scale: Conv, Gemm, MatMul */
    SY_QUANT_SAME_SCALE, /* moves or picks values: MaxPool, Reshape, Transpose, Concat ...; output shares the
                            input's params */
    SY_QUANT_NEW_SCALE,  /* computes new values: Add, Sigmoid, AveragePool */
    SY_QUANT_ACTIVATION, /* merges into what produces its input where that is weighted: Relu, Clip */
    SY_QUANT_NEVER,      /* stays float: its output has no useful int8 form */
} sy_quant_rule;

struct sy_lowering;

/* What a shape rule sees and fills. */
typedef struct sy_infer {
    sy_ctx *ctx;
    const sy_graph *graph; /* dtypes and shapes of the node's inputs are as far known as they can be */
    const sy_node *node;
    sy_dtype *dtypes; /* out, one an output; preset to the first input's */
    sy_shape *shapes; /* out, one an output; preset to unknown */
} sy_infer;

typedef struct sy_op {
    const char *type;
    const char *domain;         /* "" is ONNX's own */
    int inputs_min, inputs_max; /* inputs_max SY_NONE: any number */
    int outputs_max;
    int since;        /* the opset that first has it; 0 for those that opset 7 has */
    const char *note; /* for docs/OPS.md: what of it is left out; NULL for nothing */
    sy_quant_rule quant;
    bool absorbs_clamp; /* its kernel applies the clamp of sy_lower_clamp() */
    /* Fills what follows from what is known; leaves the rest unknown. Fails with SY_E_MODEL on a
     * contradiction, with SY_E_UNSUPPORTED where the node asks for what we do not do; the message need not
     * name the node.
     */
    sy_status (*infer)(sy_infer *infer);
    /* Appends the launches that compute the outputs. Every shape is known, the node passed infer(). */
    sy_status (*lower)(struct sy_lowering *lowering, const sy_node *node);
} sy_op;

/* So that a rule can ask node->op == &sy_op_conv. */
#define OP(name) extern const sy_op sy_op_##name;
#include "ops/ops.def"
#undef OP

/* NULL when it is not one of ours. */
const sy_op *sy_op_find(const char *domain, const char *type);
/* Every operator, in the order of ops.def; for documentation. */
const sy_op *sy_op_at(int index); /* NULL past the end */
/* docs/OPS.md. */
void sy_op_print_markdown(sy_text *out);
/* The known operator nearest in name, or NULL. */
const char *sy_op_nearest(const char *type);

/* Shapes and types of every tensor of a graph, in place, as far as they follow from the inputs' shapes and
 * from constants. What does not follow, and the outputs of unknown operators, stay as the file declared them:
 * whoever changes the inputs' shapes forgets the declared ones first. The message of a failure names node,
 * operator and inputs.
 */
sy_status sy_infer_shapes(sy_ctx *ctx, sy_graph *graph);
/* The same for one node. */
sy_status sy_infer_node(sy_ctx *ctx, sy_graph *graph, int index);

/* Helpers for shape rules. Input i: NULL where it is omitted. */
const sy_tensor *sy_infer_input(const sy_infer *infer, int i);
/* SY_E_MODEL unless every input is a float of some width, or of a type not known yet. */
sy_status sy_infer_floats(const sy_infer *infer);
/* SY_E_MODEL unless input i is omitted or a list of `count` numbers; what is not known yet passes. */
sy_status sy_infer_vector(const sy_infer *infer, int i, int64_t count);
/* A whole shape rule: output 0 has the type and shape of input 0. */
sy_status sy_infer_same(sy_infer *infer);
/* The elements of a constant integer input, e.g. Reshape's shape: *out_count SY_NONE where it is not a
 * constant yet or is omitted. At most `capacity`, else SY_E_MODEL.
 */
sy_status sy_infer_ints(const sy_infer *infer, int i, int64_t *out, int capacity, int *out_count);
/* An axis in [-rank, rank) to [0, rank). */
sy_status sy_resolve_axis(sy_ctx *ctx, int64_t axis, int rank, int *out);
/* Multidirectional broadcasting; unknown dims stay unknown. SY_E_MODEL where they do not fit. */
sy_status sy_broadcast_shapes(sy_ctx *ctx, const sy_shape *a, const sy_shape *b, sy_shape *out);

#endif
