/* Scale, zero point and rounding. All rounding of values to integers on the host is in scale.c. */
#ifndef SY_QUANT_SCALE_H
#define SY_QUANT_SCALE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fail.h"

/* An integer grid: lo..hi, and whether 0 must stand for 0.0. */
typedef struct sy_number {
    int bits; /* 1 to 16 */
    bool is_signed;
    bool symmetric; /* the zero point is 0 (signed) or the middle (unsigned) */
    bool narrow;    /* drops the lowest code: -127..127 */
} sy_number;

int32_t sy_number_lo(const sy_number *number);
int32_t sy_number_hi(const sy_number *number);
/* The code of 0.0 in a symmetric grid: 0, or the middle of an unsigned one. */
int32_t sy_number_middle(const sy_number *number);

typedef struct sy_scale {
    float scale; /* > 0, finite, normal */
    int32_t zero;
} sy_scale;

/* Which integers there are, and what they stand for. */
typedef struct sy_form {
    sy_number number;
    sy_scale scale;
} sy_form;

bool sy_form_equal(const sy_form *a, const sy_form *b);

/* The grid that holds [min, max] (widened to include 0): asymmetric scale = (max - min) / (hi - lo), zero =
 * round(lo - min / scale) to half even, clamped; symmetric scale = max(|min|, |max|) / hi. A range of width
 * 0, or one so narrow that the scale would not be a normal float, gets scale 1. SY_E_NUMERIC when min or max
 * is not finite.
 */
sy_status sy_scale_from_range(sy_ctx *ctx, const sy_number *number, float min, float max, sy_scale *out);

/* The same scale made smaller, by as little as can be, until no code of an asymmetric grid stands for a value
 * outside [min, max] with min <= 0 <= max. Then a Clip to these limits does nothing to values of the grid and
 * runtimes drop it.
 */
sy_scale sy_scale_inside(const sy_number *number, sy_scale scale, float min, float max);

/* The least float16 that is no less than `scale`: positive, and infinity beyond 65504. */
float sy_scale_to_half(float scale);

/* q = clamp(rint(x / scale) + zero); a NaN gives zero. rint is half to even. */
int32_t sy_quantize_value(const sy_number *number, sy_scale scale, float x);
float sy_dequantize_value(sy_scale scale, int32_t q);

/* The int32 form of a bias at scale x_scale * w_scale, a float product as runtimes compute it. false when it
 * does not fit in 31 bits (one less than there are, so that the products have room to be added) or when that
 * scale is not a normal float.
 */
bool sy_quantize_bias(float bias, float x_scale, float w_scale, int32_t *out);

/* The least weight scale at which the bias fits: |bias| / (x_scale * 2^29), and never one whose product with
 * x_scale is close to the end of the floats. Weights of a channel that is all but dead take it.
 */
float sy_scale_floor(float bias, float x_scale);

/* The weight scale of a channel whose weights are all 0, so that only its bias is left: the bias has 24 bits
 * at it. 1 when there is no bias either.
 */
float sy_scale_of_bias(float bias, float x_scale);

#endif
