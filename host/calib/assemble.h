/* The last step of collecting: from what was accumulated to a value that does not show in which order. */
#ifndef SY_CALIB_ASSEMBLE_H
#define SY_CALIB_ASSEMBLE_H

#include <stdbool.h>

#include "calib/accumulate.h"
#include "calib/collect.h"

/* `accumulators` are those of spec->observed, and may be added to afterwards; `hashes` and `taken` those of
 * the samples. SY_E_DATA when no sample was taken or two have one name.
 */
sy_status sy_calib_assemble(sy_ctx *ctx, const sy_calib_spec *spec, sy_accumulator *accumulators,
                            const sy_hash *hashes, const bool *taken, sy_stats **out);

/* Warns about values that are not finite; SY_E_NUMERIC when a tensor had no other. */
sy_status sy_calib_check_finite(sy_ctx *ctx, const sy_stats *stats);

#endif
