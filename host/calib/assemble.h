/* The last step of collecting: from what was accumulated to a value that does not show in which order. */
#ifndef SY_CALIB_ASSEMBLE_H
#define SY_CALIB_ASSEMBLE_H

#include <stdbool.h>

#include "calib/accumulate.h"
#include "calib/collect.h"

/* `accumulators` are those of spec->observed; `hashes` and `usable` those of the samples. Fails as
 * sy_calib_collect does. */
sy_status sy_calib_assemble(sy_ctx *ctx, const sy_calib_spec *spec, sy_accumulator *accumulators,
                            const sy_hash *hashes, const bool *usable, sy_stats **out);

#endif
