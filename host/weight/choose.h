/* Which constants of an ONNX file are weights, and how they are cut into channels. */
#ifndef SY_WEIGHT_CHOOSE_H
#define SY_WEIGHT_CHOOSE_H

#include "import/onnx/file.h"

/* What the configuration says about the choice. */
typedef struct sy_weight_rules {
    int bits;
    bool per_channel;
    int64_t size_min, channels_min; /* a weight, a convolution has more elements, output channels than this */
    size_t block;                   /* along the rows of matrix products; 0: no blocks */
    const char *const *skipped;     /* nodes by name, or by what they make */
    int skipped_count;
} sy_weight_rules;

/* A float constant of rank 2 or more. */
typedef struct sy_weight_choice {
    int constant;        /* of the file */
    const char *refusal; /* why it stays float; NULL: it becomes integers */
    int reader;          /* the node that decides about it; SY_NONE: none does */
    int first_node;      /* the first node of the file that reads it, bodies included */
    int axis;            /* of output channels; SY_NONE: one scale for all */
    int block_axis;      /* that products add up along; SY_NONE: no blocks */
    size_t block;        /* 0: a scale for each channel; then axis is block_axis */
    bool axes_differ;    /* its readers' channels lie on different axes, so it has one scale */
    bool is_convolution;
} sy_weight_choice;

/* Finds all of them, in the order of the file's constants; in `arena`. SY_E_CONFIG: a node to be skipped is
 * not in the model. */
sy_status sy_weight_choose(sy_ctx *ctx, const sy_onnx_file *file, const sy_weight_rules *rules,
                           sy_arena *arena, sy_weight_choice **out, int *out_count);

/* What messages call a node: its name, else what it makes. */
const char *sy_weight_node_name(const sy_onnx_node *node);

#endif
