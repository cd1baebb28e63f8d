/* A rule of sy_fuse(): looks at one node at a time and changes the graph around it, or leaves it. */
#ifndef SY_FUSE_RULE_H
#define SY_FUSE_RULE_H

#include "graph/graph.h"

/* One run of sy_fuse(). */
typedef struct sy_fusing {
    sy_ctx *ctx;
    sy_graph *graph; /* a copy that may be edited */
    sy_text report;
    int changes;
} sy_fusing;

typedef struct sy_fuse_rule {
    const char *name;
    /* `node` is not removed. A change removes at least one node and is noted, so that repeating the rules
     * ends. Not to apply is not a failure.
     */
    sy_status (*apply)(sy_fusing *fusing, int node);
} sy_fuse_rule;

extern const sy_fuse_rule sy_fuse_fold_constants;
extern const sy_fuse_rule sy_fuse_remove_identities;
extern const sy_fuse_rule sy_fuse_fold_batchnorm;
extern const sy_fuse_rule sy_fuse_fold_affine;

/* fuse.c. Counts a change and adds a line about it to the report. */
void sy_fuse_note(sy_fusing *fusing, const char *format, ...) SY_PRINTF(2, 3);

/* fuse.c, for rules. Tensor of input i; NULL where it is omitted. */
const sy_tensor *sy_fuse_input(const sy_graph *graph, const sy_node *node, int i);
/* Whether nodes read the tensor, or the graph outputs it; false for SY_NONE. */
bool sy_fuse_is_read(const sy_graph *graph, int tensor);

#endif
