/* From int32 accumulators to int8 codes: the arithmetic of integer processors.
 *
 * A factor M > 0 (scale of x times scale of w over scale of y) becomes M = m * 2^(shift - 31) with m a 32-bit
 * integer in [2^30, 2^31). `acc` is multiplied by it in one of these ways; ties and the last bit are where
 * they differ.
 *
 * DOUBLE, as gemmlowp, TensorFlow Lite's reference kernels and CMSIS-NN by default:
 *     a = acc * 2^max(shift, 0), saturated
 *     h = (a * m + n) / 2^31 towards 0, with n = 2^30 for a * m >= 0, else 1 - 2^30
 *     result = h / 2^max(-shift, 0), halves away from 0
 * SINGLE, as CMSIS-NN and TensorFlow Lite built for single rounding:
 *     result = floor((acc * m + 2^(30 - shift)) / 2^(31 - shift))
 * FLOAT, as XNNPACK, onnxruntime, OpenVINO and TensorRT: the factor stays a float32,
 *     result = (float)acc * factor, rounded to float32, then to the nearest integer, halves to even
 */
#ifndef SY_DSP_FIXED_POINT_H
#define SY_DSP_FIXED_POINT_H

#include <stdint.h>

typedef enum sy_rounding {
    SY_ROUND_DOUBLE,
    SY_ROUND_SINGLE,
    SY_ROUND_FLOAT,
    SY_ROUNDINGS,
} sy_rounding;

const char *sy_rounding_name(sy_rounding rounding); /* "double rounding", ... */

typedef struct sy_factor_form {
    int32_t multiplier; /* in [2^30, 2^31); 0 for a factor of 0 */
    int shift;          /* -31 to 30 */
    float real;         /* what FLOAT multiplies by */
} sy_factor_form;

/* For 0 <= factor < 2^30; what is below 2^-32 becomes 0. */
sy_factor_form sy_factor_form_of(double factor, float real);

/* `acc` times the factor. Saturates at the ends of int32, as the processors' instructions do. */
int32_t sy_fixed_multiply(int32_t acc, const sy_factor_form *factor, sy_rounding rounding);

/* x / 2^bits, halves away from 0; the second step of DOUBLE. */
int32_t sy_fixed_shift(int32_t x, int bits);
/* The first step of DOUBLE: the high 32 bits of 2 * a * b, rounded; saturates where both are -2^31. */
int32_t sy_fixed_high_product(int32_t a, int32_t b);

#endif
