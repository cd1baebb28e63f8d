/* Checking an emitted graph against a target's rules. Faults are collected, so that one message names them
 * all. */
#ifndef SY_TARGET_LINT_H
#define SY_TARGET_LINT_H

#include "graph/graph.h"

typedef struct sy_lint {
    sy_ctx *ctx;
    const sy_graph *graph;
    bool half;   /* scales may be float16, and have the type of the floats beside them */
    bool blocks; /* DequantizeLinear with block_size is left to the target's own rules */
    int fault_count;
    sy_text faults;
} sy_lint;

/* A broken rule at a node: "node 'conv1' (Conv): <what is wrong>". */
void sy_lint_fault(sy_lint *lint, const sy_node *node, const char *format, ...) SY_PRINTF(3, 4);
/* SY_E_INTERNAL with the faults, SY_OK when there are none; releases `lint`. */
sy_status sy_lint_finish(sy_lint *lint);

/* The node that computes a tensor, where it is of this type; NULL otherwise. */
const sy_node *sy_lint_producer(const sy_graph *graph, int tensor, const char *type);
/* The node that alone reads a tensor that is no output of the graph; NULL otherwise. */
const sy_node *sy_lint_only_reader(const sy_graph *graph, int tensor);

/* Scale and zero point of a Q or DQ node. */
typedef struct sy_lint_grid {
    sy_dtype dtype;   /* of the integers */
    int axis;         /* SY_NONE: one scale */
    size_t count;     /* of scales */
    float scale;      /* the first */
    int64_t zero;     /* the first; 0 when left out */
    bool zeros_equal; /* all zero points are the first */
} sy_lint_grid;

/* Checks what every target asks of a Q or DQ node: constant float32 (or float16) scales that are positive and
 * finite, constant zero points of the integers' type and as many, a written axis where there are several, and
 * their number that of the axis. False, with faults, when *out could not be filled.
 */
bool sy_lint_read_grid(sy_lint *lint, const sy_node *node, sy_lint_grid *out);
bool sy_lint_same_grid(const sy_lint_grid *a, const sy_lint_grid *b);

/* Whether it is a DequantizeLinear whose scales are of blocks. */
bool sy_lint_is_blocked(const sy_node *node);

/* Checks the above for every Q and DQ, and that each DQ behind a Q has the same grid. */
void sy_lint_pairs(sy_lint *lint);

/* Rules that several targets share; each adds a fault where it is broken. */

/* The grid a tensor is dequantized from; false when it is not. */
bool sy_lint_grid_of(sy_lint *lint, int tensor, sy_lint_grid *out);
/* The constant operand `input` of a product is symmetric, and its scales lie along output channels. */
void sy_lint_weight(sy_lint *lint, const sy_node *node, int input);
/* A product with integer operands has a bias, if any, of int32 of which every scale is exactly the float
 * product of those of what is multiplied, or kernels would add another value. */
sy_status sy_lint_bias(sy_lint *lint, const sy_node *node);
/* What alone reads the result of a product, behind a Relu or Clip in between; NULL where there is none. No
 * code of that result stands for a value outside the limits of the Relu or Clip. */
const sy_node *sy_lint_limits(sy_lint *lint, const sy_node *node);
/* A node that only moves values has a result on the grid of its input. */
void sy_lint_same_scale(sy_lint *lint, const sy_node *node);

#endif
