/* Integer arguments of a node: lists that are an attribute in one opset and a constant input in another. */
#ifndef SY_OPS_ARGUMENTS_H
#define SY_OPS_ARGUMENTS_H

#include "ops/lowering.h"

enum { SY_LIST_CAPACITY = 256 };

typedef enum sy_list_state {
    SY_LIST_ABSENT,  /* the node does not give it */
    SY_LIST_UNKNOWN, /* an input that is not a constant, or not yet */
    SY_LIST_KNOWN,
} sy_list_state;

typedef struct sy_list {
    sy_list_state state;
    int count; /* 0 unless known */
    int64_t values[SY_LIST_CAPACITY];
} sy_list;

/* Where a list is: attribute `name` before opset `since`, input `input` from then on. */
typedef struct sy_list_place {
    const char *name;
    int since, input;
} sy_list_place;

/* SY_E_MODEL for an input that holds no list of integers, SY_E_UNSUPPORTED for an attribute longer than the
 * capacity. */
sy_status sy_read_list(const sy_infer *infer, sy_list_place place, sy_list *out);
/* The same in lower(), where a list that is not known is SY_E_UNSUPPORTED: what is computed from the samples
 * cannot decide which words are moved where.
 */
sy_status sy_lower_list(const sy_lowering *lowering, const sy_node *node, sy_list_place place, sy_list *out);
/* A list of axes in [-rank, rank) to flags; SY_E_MODEL where one is outside or there twice. */
sy_status sy_resolve_axes(sy_ctx *ctx, const sy_list *axes, int rank, bool flags[SY_MAX_RANK]);

/* The view of a node that shape rules and lowerings share, for helpers that read its inputs and attributes.
 */
sy_infer sy_lower_view(const sy_lowering *lowering, const sy_node *node);
/* The tensor at input or output i, which must be there. */
const sy_tensor *sy_lower_input_tensor(const sy_lowering *lowering, const sy_node *node, int i);
const sy_tensor *sy_lower_output_tensor(const sy_lowering *lowering, const sy_node *node, int i);

#endif
