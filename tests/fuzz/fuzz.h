/* What a fuzz target defines; libFuzzer or replay.c calls it with the bytes of one file. */
#ifndef SY_TESTS_FUZZ_FUZZ_H
#define SY_TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* Unlike assert(), also checks where NDEBUG is defined. */
#define FUZZ_CHECK(condition) ((condition) ? (void)0 : __builtin_trap())

#endif
