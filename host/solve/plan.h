/* What becomes of every tensor: integer form, or float, and why. */
#ifndef SY_SOLVE_PLAN_H
#define SY_SOLVE_PLAN_H

#include "graph/graph.h"
#include "quant/scale.h"
#include "solve/range.h"

typedef enum sy_tensor_role {
    SY_ROLE_FLOAT,      /* stays float */
    SY_ROLE_ACTIVATION, /* quantized per tensor */
    SY_ROLE_WEIGHT,     /* constant, per channel or per tensor */
    SY_ROLE_BIAS,       /* constant, int32 at input scale times weight scale */
} sy_tensor_role;

typedef struct sy_tensor_plan {
    sy_tensor_role role;
    sy_number number;
    sy_range range;  /* ACTIVATION */
    sy_scale *scales; /* [channels]; 1 for per tensor */
    int channels;
    int axis;              /* of the channels; SY_NONE for per tensor */
    const char *method;    /* what chose the range: "MAX_MIN", "KL", "shared with conv1", "fixed [0,1]" ... */
    double clipped;        /* share of values outside */
    double snr_db;         /* estimated from the histogram, or of the weights; NAN when not known */
} sy_tensor_plan;

typedef struct sy_node_plan {
    bool quantized;     /* runs on integers */
    const char *reason; /* why not, for those that compute on floats: "skip_quant_node", "no int8 form on this target" ... */
} sy_node_plan;

/* Parallel to the tensors and nodes of the fused graph it was made for. */
typedef struct sy_plan {
    const sy_graph *graph;
    const char *target;
    sy_tensor_plan *tensors;
    sy_node_plan *nodes;
    sy_arena arena;
} sy_plan;

void sy_plan_destroy(sy_plan *plan);
/* A line a tensor that is quantized, and one a node that is not. */
void sy_plan_print(const sy_plan *plan, sy_text *out);

#endif
