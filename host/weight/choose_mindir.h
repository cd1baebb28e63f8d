/* Which parameters of a MindIR model become integers. */
#ifndef SY_WEIGHT_CHOOSE_MINDIR_H
#define SY_WEIGHT_CHOOSE_MINDIR_H

#include "import/mindir/weights.h"
#include "weight/choose.h"

/* What the configuration says about the choice. Blocks have no form in MindIR. */
typedef struct sy_weight_mindir_rules {
    sy_weight_rules shared; /* nodes to be skipped are named by scope, or by what they make */
    bool is_corrected; /* a channel then needs more than 256 / (32 - bits) weights, as in MindSpore Lite */
    bool is_ascend;    /* only matrix products take integers */
} sy_weight_mindir_rules;

/* Finds the float matrices, in the order of the parameters, in `arena`; those that the rules leave out have a
 * refusal. SY_E_CONFIG: a node to be skipped is not in the model. */
sy_status sy_weight_choose_mindir(sy_ctx *ctx, const sy_mind_model *model,
                                  const sy_weight_mindir_rules *rules, sy_arena *arena, sy_mind_weight **out,
                                  int *out_count);

#endif
