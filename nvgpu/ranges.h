/* Ranges of tensors as files beside the model: the calibration cache of TensorRT up to version 10, and JSON.
 * LAYOUT.md says what is in them. Both are read back, ours and those that TensorRT wrote.
 */
#ifndef SY_NVGPU_RANGES_H
#define SY_NVGPU_RANGES_H

#include "solve/given.h"
#include "solve/plan.h"

typedef struct sy_ranges {
    sy_named_range *rows; /* sorted by name */
    size_t count;
    sy_arena arena;
} sy_ranges;

void sy_ranges_release(sy_ranges *ranges); /* takes a zeroed one */

/* The lines of a cache: those of all tensors of the plan that have a range, with the scale of their int8
 * form. `version` is what the TensorRT that will read it calls itself: 8601, 100300.
 */
sy_status sy_ranges_print_cache(sy_ctx *ctx, const sy_plan *plan, int version, sy_text *out);

/* The same as JSON: name, and the ends of its range. */
sy_status sy_ranges_print_json(sy_ctx *ctx, const sy_plan *plan, sy_text *out);

/* Whether the file begins as one of the two does. */
bool sy_ranges_recognise(const void *bytes, size_t size);

/* Reads either; `name` is for messages. A scale of a cache stands for the range of 127 of it each way. In
 * JSON a lone number x stands for the range from -x to x. SY_E_DATA says which line or tensor is wrong.
 */
sy_status sy_ranges_parse(sy_ctx *ctx, const char *name, const void *bytes, size_t size, sy_ranges *out);

#endif
