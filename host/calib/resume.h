/* Going on from the statistics of an earlier run over part of the same samples. */
#ifndef SY_CALIB_RESUME_H
#define SY_CALIB_RESUME_H

#include <stdbool.h>

#include "calib/accumulate.h"
#include "calib/collect.h"

/* Fills the accumulators of spec->observed from spec->resumed, and hashes[i] and taken[i] of the samples that
 * are in it. SY_E_DATA where it is of another model, other shapes, other preprocessing or other tensors,
 * where a sample of it is none of spec->samples, or holds other bytes now.
 */
sy_status sy_calib_resume(sy_ctx *ctx, const sy_calib_spec *spec, sy_accumulator *accumulators,
                          sy_hash *hashes, bool *taken);

#endif
