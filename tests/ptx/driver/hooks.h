#ifndef SY_TESTS_PTX_HOOKS_H
#define SY_TESTS_PTX_HOOKS_H

#include <stdbool.h>
#include <stdint.h>

/* True if all these bytes are in one allocation, which then count as written if `writes`. If not, the device
 * is broken with an illegal address. */
bool sy_ptx_can_touch(uint64_t address, uint64_t bytes, bool writes);

#endif
