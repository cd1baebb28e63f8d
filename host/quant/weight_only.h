/* Weights alone as integers: with a zero point, and factors that keep the mean and the deviation of each
 * channel. */
#ifndef SY_QUANT_WEIGHT_ONLY_H
#define SY_QUANT_WEIGHT_ONLY_H

#include "quant/weights.h"

/* x = (q + zp) * scale. */
typedef struct sy_weight_factors {
    float scale, zp;
} sy_weight_factors;

/* Integers of `bits` bits, 1 to 16, of [-2^(bits-1), 2^(bits-1) - 1], and the factors of each channel. Scale
 * and zero point follow from the least and the largest weight of the channel, with 0 among them
 * (sy_scale_from_range). With `correct`, v = deviation(w) / deviation(w') and m = mean(w) - v * mean(w') of a
 * channel's floats w and what w' they became go into its factors: scale * v, and m / (scale * v) - zero
 * point; v stays 1 where it is not in (0, 10). As in MindSpore Lite. SY_E_NUMERIC where a weight is not
 * finite.
 */
sy_status sy_weight_only_quantize(sy_ctx *ctx, const float *values, const sy_channels *channels, int bits,
                                  bool correct, int16_t *out_integers, sy_weight_factors *out_factors);

/* 10 log10 of the weights' power over that of what the integers miss of them; INFINITY when nothing is lost.
 */
double sy_weight_only_snr(const float *values, const sy_channels *channels, const int16_t *integers,
                          const sy_weight_factors *factors);

#endif
