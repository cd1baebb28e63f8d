/* Between the files of the emitter. */
#ifndef SY_TESTS_PTX_EMIT_H
#define SY_TESTS_PTX_EMIT_H

#include "translate/unit.h"

/* What the bits of a register of type f32 may be. LAZY: what arithmetic gave, where any NaN stands for the
 * canonical one, which is put in its place when the bits are looked at. RAW: as loaded. A register that is
 * both at different times is made canonical when arithmetic writes it. So a chain of fma pays for canonical
 * NaNs once, at its end.
 */
enum { BITS_LAZY = 1, BITS_RAW = 2 };

typedef struct {
    ptx_unit *unit;
    ptx_buffer *out;
    const ptx_function *f;
    uint8_t *bits;          /* one of BITS_* for each register */
    const ptx_statement *s; /* being written */
} emitter;

/* Fills e->bits for e->f. */
void emit_find_bits(emitter *e);

/* A value as the C type of `type`. Exact: its bits matter, so a NaN must be the right one. */
void emit_value(emitter *e, const ptx_operand *operand, const ptx_type *type, bool exact);

/* `register = `, and what turns a value of C type `type` into what the register holds; close it with
 * emit_end. `lazy`: a float computed by arithmetic. */
void emit_begin(emitter *e, const ptx_operand *to, const ptx_type *type, bool lazy);
void emit_end(emitter *e, const ptx_operand *to, const ptx_type *type, bool lazy);

/* The address an operand [base + offset] stands for in `space`: an offset for VM_SHARED, else of this
 * process. */
void emit_address(emitter *e, const ptx_operand *operand);

/* True if e->s began with this word and was written (or failed). */
bool emit_memory(emitter *e);
bool emit_control(emitter *e);
bool emit_compute(emitter *e);

/* Fails unless the statement has `count` operands. */
bool emit_expects(emitter *e, uint32_t count);

#endif
