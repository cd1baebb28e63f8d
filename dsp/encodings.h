/* Quantization encodings: scales and offsets by tensor name as JSON, which Qualcomm's converter and AIMET
 * read beside the float model. */
#ifndef SY_DSP_ENCODINGS_H
#define SY_DSP_ENCODINGS_H

#include "graph/graph.h"

typedef enum sy_encodings_version {
    SY_ENCODINGS_1_0_0, /* lists of named entries */
    SY_ENCODINGS_0_6_1, /* objects by name, with the ends of the range */
} sy_encodings_version;

/* Appends the encodings of an emitted DSP graph to `out`, one JSON object and a newline. Names are those of
 * the float model; biases are left out, readers derive them. Real value = scale * (code + offset), where
 * codes count from 0: offset is -zero_point, and -2^(bits-1) for symmetric weights.
 */
sy_status sy_encodings_print(sy_ctx *ctx, const sy_graph *emitted, sy_encodings_version version,
                             sy_text *out);

#endif
