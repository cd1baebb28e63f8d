/* From nodes to launches on numbered slots of memory, not yet placed on any device: plain data that can be
 * printed. host/run places the slots and runs the steps.
 */
#ifndef SY_OPS_LOWERING_H
#define SY_OPS_LOWERING_H

#include "device/device.h"
#include "ops/op.h"

/* Where an operand is: a slot, and words into it. */
typedef struct sy_operand {
    int slot; /* SY_NONE: not read */
    size_t offset;
} sy_operand;

static const sy_operand sy_no_operand = {SY_NONE, 0};

typedef enum sy_slot_kind {
    SY_SLOT_VALUE,    /* computed by steps */
    SY_SLOT_INPUT,    /* supplied for every run */
    SY_SLOT_CONSTANT, /* its words never change */
} sy_slot_kind;

typedef struct sy_slot {
    sy_slot_kind kind;
    size_t words;
    int tensor; /* of the graph, or SY_NONE for scratch */
    /* CONSTANT: as the device holds them; of any alignment, and perhaps the graph's own bytes. */
    const void *words_data;
} sy_slot;

typedef struct sy_step {
    sy_kernel kernel;
    sy_operand operands[SY_MAX_OPERANDS];
    const void *params;
    size_t params_bytes;
    int node; /* whose work this is, for messages and timings */
} sy_step;

typedef struct sy_lowering {
    sy_ctx *ctx;
    const sy_graph *graph;
    sy_arena arena; /* params, constants as words */
    sy_slot *slots;
    int slot_count, slot_capacity;
    sy_step *steps;
    int step_count, step_capacity;
    sy_operand *tensors; /* where each tensor of the graph is; slot SY_NONE: not placed */
    int *clamp_node;     /* per node: the Relu or Clip whose work this node does, or SY_NONE */
    bool *needed;        /* per node: takes part */
    int current;         /* node being lowered */
    sy_status status;    /* of the first helper that failed; fails the lowering at the node's end */
} sy_lowering;

/* Lowers the nodes needed for `outputs`, taking the tensors in `inputs` as given (they may be inner tensors
 * of the graph: then what produces them does not run). `kept` marks, per tensor, those that must exist in
 * memory: a Relu or Clip is merged into the node before it only where the tensor between them is not kept and
 * has no other reader. `kept` may be NULL. Release with sy_lowering_release, also after a failure.
 */
sy_status sy_lower_graph(sy_ctx *ctx, const sy_graph *graph, const int *inputs, int input_count,
                         const int *outputs, int output_count, const bool *kept, sy_lowering *out);
void sy_lowering_release(sy_lowering *lowering);
/* A line a slot and a step. */
void sy_lowering_print(const sy_lowering *lowering, sy_text *out);

/* The clamp that a Relu or a Clip of floats with constant bounds is; false for any other node. */
bool sy_clamp_of_node(const sy_graph *graph, const sy_node *node, sy_clamp *out);

/* For sy_lower_graph: places a tensor that is supplied for every run; where a tensor is that is read.
 * Failures stick. */
void sy_lower_supply(sy_lowering *lowering, int tensor);
sy_operand sy_lower_locate(sy_lowering *lowering, int index);

/* For the lower() of operators. */

/* Input i of the node; constants become words (see params.h) on their first use. No slot where omitted. */
sy_operand sy_lower_input(sy_lowering *lowering, const sy_node *node, int i);
/* Output i; its slot is made on the first call. With a clamp absorbed, output 0 is that of the clamp. */
sy_operand sy_lower_output(sy_lowering *lowering, const sy_node *node, int i);
/* The clamp this node must apply; {-infinity, infinity} where none is merged into it. */
sy_clamp sy_lower_clamp(const sy_lowering *lowering, const sy_node *node);
/* Scratch memory that lives while steps use it. */
sy_operand sy_lower_scratch(sy_lowering *lowering, size_t words);
sy_operand sy_lower_constant(sy_lowering *lowering, const void *words, size_t count); /* copied */
/* Output i is the same words as input `input`: Reshape, Flatten, Identity. Costs nothing. */
sy_status sy_lower_alias(sy_lowering *lowering, const sy_node *node, int output, int input);
/* Appends a step. The arrays are copied; running out of memory sticks and fails the lowering at its end. */
void sy_lower_step(sy_lowering *lowering, sy_kernel kernel, const sy_operand *operands, const void *params,
                   size_t params_bytes);
#define SY_LOWER(lowering, name, params, ...) \
    sy_lower_step(lowering, SY_KERNEL_##name, (const sy_operand[]){__VA_ARGS__}, params, sizeof *(params))
/* Row-major strides of a known shape, in words. */
void sy_lower_strides(const sy_shape *shape, uint32_t strides[SY_KERNEL_RANK]);
/* Strides to read `from` over the index space of `to`: 0 along broadcast dimensions. */
void sy_lower_broadcast(const sy_shape *from, const sy_shape *to, uint32_t strides[SY_KERNEL_RANK]);
/* SY_KIND_FLOAT or SY_KIND_INT: how words of this type are read. */
uint32_t sy_lower_kind(sy_dtype dtype);

#endif
