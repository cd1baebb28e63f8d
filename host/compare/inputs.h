/* The inputs of two models that are fed with the same samples. */
#ifndef SY_COMPARE_INPUTS_H
#define SY_COMPARE_INPUTS_H

#include "graph/graph.h"

/* For each input of `graph`, in its order, the position of the input of that name among those of `reference`:
 * models may list them in different orders, and one made of another may have lost some. SY_E_DATA names an
 * input that the reference does not have. In `arena`.
 */
sy_status sy_inputs_match(sy_ctx *ctx, const sy_graph *reference, const sy_graph *graph, sy_arena *arena,
                          int **out);

#endif
