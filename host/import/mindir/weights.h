/* Which parameters of a MindIR model are weights of matrix products, and where integers in their place would
 * be turned back.
 */
#ifndef SY_IMPORT_MINDIR_WEIGHTS_H
#define SY_IMPORT_MINDIR_WEIGHTS_H

#include "import/mindir/model.h"

/* A reading of a tensor. */
typedef struct sy_mind_reading {
    const char *name;
    int node, input;
} sy_mind_reading;

/* All readings of the main graph, sorted by name, and those of one name. */
typedef struct sy_mind_readings {
    sy_mind_reading *list;
    size_t count;
} sy_mind_readings;

typedef struct sy_mind_readers {
    const sy_mind_reading *at;
    size_t count;
} sy_mind_readers;

sy_status sy_mind_list_readings(sy_ctx *ctx, const sy_mind_model *model, sy_arena *arena,
                                sy_mind_readings *out);
sy_mind_readers sy_mind_find_readers(const sy_mind_readings *readings, const char *name);

/* Whether a node only keeps reads of parameters in order: UpdateState, and a MakeTuple for it. No value goes
 * through. */
bool sy_mind_keeps_order(const sy_mind_model *model, const sy_mind_readings *readings, int node);

/* A float parameter of rank 2 or more. */
typedef struct sy_mind_weight {
    int parameter;
    const char *refusal; /* why it cannot become integers; NULL: it can */
    int reader;          /* the node that decides about it: the first product, or the Gather; SY_NONE: none */
    int after;           /* where the integers are turned back, see sy_mind_edit */
    int axis;            /* of the output channels in the parameter */
    sy_shape factors;    /* of scales for each channel, at the place where they are applied */
    bool is_convolution;
    bool feeds_products; /* of a Gather: everything that reads what it picks is a matrix product */
} sy_mind_weight;

/* In the order of the parameters; in `arena`. */
sy_status sy_mind_find_weights(sy_ctx *ctx, const sy_mind_model *model, sy_arena *arena, sy_mind_weight **out,
                               int *out_count);

/* What messages and skip lists call a node: its scope, "Default/dense-Dense/MatMul-op0", else what it makes.
 */
const char *sy_mind_node_name(const sy_mind_node *node);

#endif
