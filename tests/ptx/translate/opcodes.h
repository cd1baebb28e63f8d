/* The rows of runtime/opcodes.def for the translator and the tests. */
#ifndef SY_TESTS_PTX_OPCODES_H
#define SY_TESTS_PTX_OPCODES_H

#include "translate/unit.h"

typedef struct {
    const char *name; /* with '_' for '.' */
    const char *result;
    const char *operands[4];
    uint32_t operand_count;
} ptx_opcode;

extern const ptx_opcode ptx_opcodes[];
extern const uint32_t ptx_opcode_count;

/* Names after atom_; each works on the type behind the last '_'. */
extern const char *const ptx_atomics[];
extern const uint32_t ptx_atomic_count;

/* By the opcode as PTX writes it; NULL if there is no such row. */
const ptx_opcode *ptx_opcode_find(const char *opcode);

#endif
