/* What each row of runtime/opcodes.def must give, computed in another way: whole numbers in 128 bits or bit
 * by bit, floats in quadruple precision with the rounding done by hand.
 */
#ifndef SY_TESTS_PTX_REFERENCE_H
#define SY_TESTS_PTX_REFERENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "translate/opcodes.h"

typedef enum {
    REFERENCE_MISSING, /* nothing here computes this instruction */
    REFERENCE_OPEN,    /* PTX leaves the result of these operands open */
    REFERENCE_VALUE,   /* *out holds the bits */
    REFERENCE_NAN      /* any NaN of the type */
} reference_kind;

/* Operands as bits, extended by zeros; predicates are 0 or 1. */
reference_kind reference_integer(const ptx_opcode *row, const uint64_t in[4], uint64_t *out);
reference_kind reference_float(const ptx_opcode *row, const uint64_t in[4], uint64_t *out);

/* Bits of a type: "u16" is 16, "pred" 1. */
unsigned reference_width(const char *type);
bool reference_is_signed(const char *type);
/* The rest of the name behind `prefix` and '_', or NULL. */
const char *reference_after(const char *name, const char *prefix);

#endif
