/* From the values of a weight to its codes. Every method is a row of sy_weight_methods. */
#ifndef SY_WEIGHT_METHOD_H
#define SY_WEIGHT_METHOD_H

#include "weight/codes.h"

/* What is asked of a tensor. */
typedef struct sy_weight_task {
    int bits;
    bool symmetric; /* no zero points, and the lowest code is not used: -127..127 */
    bool correct;   /* the mean and the deviation of each unit are kept, where the method lets them move */
} sy_weight_task;

/* The elements that share a scale, and what becomes of them. */
typedef struct sy_weight_group {
    const float *values;
    size_t count; /* > 0 */
    int16_t *codes;
    float scale;
    int16_t zero;
} sy_weight_group;

typedef struct sy_weight_method {
    const char *name; /* the word of quant_strategy */
    int bits_min, bits_max;
    bool keeps_mean; /* its codes are corrected for mean and deviation afterwards, where that is asked for */
    /* What codes of so many bits stand for, [2^bits]; NULL, or a NULL function: for themselves. */
    const int16_t *(*levels)(const sy_weight_task *task);
    /* Fills codes, scale and zero. Values are finite. SY_E_MEMORY. */
    sy_status (*solve)(sy_ctx *ctx, const sy_weight_task *task, sy_weight_group *group);
} sy_weight_method;

extern const sy_weight_method *const sy_weight_methods[];        /* NULL at the end */
const sy_weight_method *sy_weight_find_method(const char *name); /* NULL is an answer */

/* SY_E_CONFIG: the method is not for so many bits. */
sy_status sy_weight_check_bits(sy_ctx *ctx, const sy_weight_method *method, int bits);

/* Quantizes a weight, in `arena`. With task->correct, v = deviation(w) / deviation(w')
 * and m = mean(w) - v * mean(w') of a unit's values w and what w' they became go into scale * v and the shift
 * m; v stays 1 where it is not in (0, 10). As in MindSpore Lite. Blocks have no shift. SY_E_NUMERIC where a
 * value is not finite; SY_E_CONFIG as above.
 */
sy_status sy_weight_encode(sy_ctx *ctx, sy_arena *arena, const sy_weight_method *method,
                           const sy_weight_task *task, const sy_weight_floats *from, sy_weight_codes *out);

#endif
