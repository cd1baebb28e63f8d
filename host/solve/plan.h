/* What becomes of every tensor: integer form, or float, and why. */
#ifndef SY_SOLVE_PLAN_H
#define SY_SOLVE_PLAN_H

#include "graph/graph.h"
#include "quant/scale.h"
#include "quant/traits.h"
#include "solve/range.h"

typedef enum sy_tensor_role {
    SY_ROLE_FLOAT,      /* stays float */
    SY_ROLE_ACTIVATION, /* quantized per tensor */
    SY_ROLE_WEIGHT,     /* constant, per channel or per tensor */
    SY_ROLE_BIAS, /* constant that only biases read: int32 at the scales of the node that reads it, or float
                   */
} sy_tensor_role;

typedef struct sy_tensor_plan {
    sy_tensor_role role;
    bool stored; /* ACTIVATION: exists only as integers; also what computes on floats reads those */
    sy_number number;
    sy_range range;   /* ACTIVATION; with all_ranges of FLOAT ones too, which then have a method */
    sy_scale *scales; /* [channels]; 1 for per tensor; NULL for FLOAT and BIAS */
    int channels;
    int axis;           /* of the channels; SY_NONE for per tensor */
    const char *method; /* what chose the range: "MAX_MIN", "KL", "shared with conv1", "fixed [0,1]" ... */
    double clipped;     /* share of values outside */
    double snr_db;      /* estimated from the histogram, or of the weights; NAN when not known */
} sy_tensor_plan;

typedef struct sy_node_plan {
    bool quantized;     /* runs on integers */
    bool wide;          /* of a quantized node: on those of the target's wide activations */
    const char *reason; /* why not, for those that compute on floats: "skip_quant_node", "no int8 form on this
                           target" ... */
    int head;   /* of a bias Add or activation that another node computes with its own result: that node; else
                   SY_NONE */
    int output; /* of a quantized node: the tensor its group stores, after bias and activation */
    int float_input;  /* the operand of a residual Add that stays in the accumulator, read as float; else
                         SY_NONE */
    int weight_input; /* of a quantized product: which input is the constant one; SY_NONE where both are
                         computed */
    int bias_add;     /* of a MatMul: the Add of its bias; else SY_NONE */
    /* Replaces the bias of the node (which may have none): one value an output channel. NULL: as in the
     * graph. */
    const float *bias;
    int bias_count;
    int block; /* of a MatMul that computes on floats: its weights have 4 bits, and a scale for so many rows of a
                  column; 0: they stay float too */
    /* Per input: the grid it is converted to before the node reads it, bits 0 for one read as it is stored.
     * NULL: all are. */
    const sy_form *reads;
} sy_node_plan;

/* Parallel to the tensors and nodes of the fused graph it was made for. */
typedef struct sy_plan {
    const sy_graph *graph; /* must outlive the plan */
    const sy_traits *traits;
    bool half; /* the floats of the file are float16, and so are all scales */
    sy_tensor_plan *tensors;
    sy_node_plan *nodes;
    sy_arena arena;
} sy_plan;

typedef struct sy_plan_options {
    const char *method;            /* a range method's name, or "AUTO"; NULL: MAX_MIN */
    float percentile;              /* for PERCENTILE; 0: 0.99999 */
    bool per_layer;                /* one scale for all of a weight's channels */
    const sy_number *weight;       /* instead of the target's, e.g. with 7 bits; NULL: the target's */
    int outputs_min;               /* for targets that heed it, see sy_traits */
    const char *const *skip_nodes; /* these nodes stay float */
    int skip_count;
    bool wide;                     /* every activation has the target's wide form */
    const char *const *wide_nodes; /* else the results of these, and what has to be on their grids */
    int wide_count;
    bool half; /* the file's floats are float16, on targets that have it */
    int block;       /* plan->nodes[].block of every MatMul and Gemm that can have it, on targets that have such; 0: of none */
    bool all_ranges; /* ranges also of what stays float, where there are statistics */
} sy_plan_options;

/* Whether every node of skip_nodes and wide_nodes is in the graph; SY_E_CONFIG, naming the nearest, if not.
 * What sy_plan_create checks too, for callers with long work to do first. */
sy_status sy_plan_check_nodes(sy_ctx *ctx, const sy_graph *graph, const sy_plan_options *options);

/* Whether the target has the activations and floats the options ask for; SY_E_UNSUPPORTED if not. Also part of
 * sy_plan_create. */
sy_status sy_plan_check_widths(sy_ctx *ctx, const sy_traits *traits, const sy_plan_options *options);

/* Decides for a fused graph, bound or with symbolic dimensions. `stats` are of the same model, over samples.
 * SY_E_CONFIG for a method or a node of skip_nodes that does not exist, naming the nearest; SY_E_UNSUPPORTED
 * where wide activations are asked of a target that has none; SY_E_DATA when tensors that must be quantized
 * are not in the statistics, naming them; SY_E_NUMERIC where one held no finite value.
 */
sy_status sy_plan_create(sy_ctx *ctx, const sy_graph *graph, const sy_stats *stats, const sy_traits *traits,
                         const sy_plan_options *options, sy_plan **out);
void sy_plan_destroy(sy_plan *plan); /* takes NULL */

/* Gives a quantized Conv, ConvTranspose, Gemm or MatMul another bias: `count` is its output channels, values
 * are copied. Weight scales that the bias would overflow are widened. SY_E_ARGUMENT when the node takes no
 * bias of this size.
 */
sy_status sy_plan_set_bias(sy_ctx *ctx, sy_plan *plan, int node, const float *values, int count);

/* The bias of a quantized product as floats (from the plan, else from the graph): *out_count is 0 when there
 * is none yet; `out` has room for the node's output channels, see sy_plan_channels.
 */
sy_status sy_plan_bias(sy_ctx *ctx, const sy_plan *plan, int node, float *out, int *out_count);
/* The constant that is the bias of a product in the graph, also where an Add behind a MatMul reads it;
 * SY_NONE where there is none.
 */
int sy_plan_bias_tensor(const sy_plan *plan, int node);
/* Output channels of a quantized product with constant weights; 0 for any other node. */
int sy_plan_channels(const sy_plan *plan, int node);

/* Whether a node reads input i through DequantizeLinear: the rule that emission and simulation share. */
bool sy_plan_reads_integers(const sy_plan *plan, int node, int i);
/* The grid on which a quantized node reads activation i: as it is stored, or converted. */
sy_form sy_plan_read_form(const sy_plan *plan, int node, int i);
/* Whether an output of the network leaves through DequantizeLinear. */
bool sy_plan_output_is_quantized(const sy_plan *plan, int tensor);

/* A line a tensor that is quantized, and one a node that is not. */
void sy_plan_print(const sy_plan *plan, sy_text *out);

#endif
