/* PTX as read: functions, variables, and lists of statements whose operands are resolved to what they name.
 */
#ifndef SY_TESTS_PTX_UNIT_H
#define SY_TESTS_PTX_UNIT_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/abi.h"
#include "translate/text.h"

typedef struct {
    const char *name; /* as in PTX, without the dot */
    const char *c;    /* the type that holds it: of a register, an operand, memory */
    uint32_t bytes;   /* 0: a predicate */
    bool is_float;
} ptx_type;

/* NULL if PTX has no such type, or the executor does not know it. */
const ptx_type *ptx_type_find(const char *name);

typedef enum {
    PTX_REGISTER,
    PTX_GLOBAL,
    PTX_CONST,
    PTX_SHARED,
    PTX_LOCAL,
    PTX_PARAM,      /* of a kernel: at `offset` of its parameters */
    PTX_CALL_PARAM, /* bytes of its own: a parameter of a function, or what a caller passes */
    PTX_FUNCTION,
    PTX_TABLE /* the labels of a brx.idx */
} ptx_symbol_kind;

typedef struct ptx_function ptx_function;

typedef struct ptx_symbol {
    struct ptx_symbol *outer; /* the one declared before it, in this scope or one around it */
    ptx_symbol_kind kind;
    const char *name;
    const ptx_type *type;
    int line;
    uint32_t range; /* registers: number of those called name0, name1 ...; 0: one called name */
    uint32_t first; /* registers: number of the first in its function, counting all */
    uint32_t align;
    uint64_t bytes;   /* variables */
    uint64_t offset;  /* shared variables, parameters */
    bool external;    /* shared: of a size given at launch */
    uint8_t *initial; /* variables: `bytes` bytes, or NULL for zeros */
    ptx_function *function;
    const char **labels; /* tables */
    uint32_t label_count;
} ptx_symbol;

typedef enum {
    PTX_NOTHING,
    PTX_SINK,    /* _ */
    PTX_REG,     /* symbol, number */
    PTX_SPECIAL, /* name: %tid.x ... */
    PTX_INTEGER, /* bits */
    PTX_FLOAT,   /* bits of 0f..., 0d... */
    PTX_ADDRESS, /* [register or symbol + offset] */
    PTX_NAME,    /* symbol if declared; a label otherwise */
    PTX_VECTOR   /* list, count */
} ptx_operand_kind;

typedef struct ptx_operand {
    ptx_operand_kind kind;
    const ptx_symbol *symbol;
    uint32_t number; /* of a register in its range */
    bool has_number;
    bool negated; /* !p */
    const char *name;
    uint64_t bits;
    bool is_double;
    int64_t offset;
    struct ptx_operand *list; /* vectors; for p|q a list of the one after | */
    uint32_t count;
} ptx_operand;

enum { PTX_MAX_WORDS = 12, PTX_MAX_OPERANDS = 6, PTX_MAX_ARGUMENTS = 64 };

typedef enum { PTX_INSTRUCTION, PTX_LABEL, PTX_OPEN, PTX_CLOSE, PTX_DECLARE } ptx_statement_kind;

typedef struct ptx_statement {
    struct ptx_statement *next;
    ptx_statement_kind kind;
    int line;
    const char *name;         /* whole opcode; label */
    const ptx_symbol *symbol; /* of a declaration */
    ptx_operand guard;        /* PTX_NOTHING: always */
    const char *words[PTX_MAX_WORDS];
    uint32_t word_count;
    ptx_operand operands[PTX_MAX_OPERANDS];
    uint32_t operand_count;
} ptx_statement;

struct ptx_function {
    ptx_function *next;
    const char *name;
    int line;
    bool is_kernel, is_defined;
    const ptx_symbol *result; /* functions; NULL without */
    const ptx_symbol *params[PTX_MAX_ARGUMENTS];
    uint32_t param_count;
    uint32_t param_bytes;
    uint32_t max_threads;  /* 0: not said */
    uint32_t shared_bytes; /* of its own variables */
    uint32_t local_bytes;
    uint32_t register_count;
    bool has_barrier, uses_unit_shared, uses_dynamic_shared, calls;
    ptx_statement *body, **end;
};

typedef struct {
    ptx_arena arena;
    ptx_function *functions, **functions_end;
    ptx_symbol *symbols;   /* of the module, newest first */
    uint32_t shared_bytes; /* of shared variables outside functions */
    char error[512];       /* the first; empty while all is well */
} ptx_unit;

/* Keeps the first error; `line` 0: none to name. */
void ptx_fail(ptx_unit *unit, int line, const char *format, ...) __attribute__((format(printf, 3, 4)));
static inline bool ptx_failed(const ptx_unit *unit)
{
    return unit->error[0] != '\0';
}

/* Reads PTX text; false with unit->error if it is not understood. The unit is to be released in both cases.
 */
bool ptx_parse(ptx_unit *unit, const char *text);
void ptx_unit_release(ptx_unit *unit);

/* Writes a unit as C that defines vm_translated of runtime/abi.h, with all its kernels or with this one only;
 * false with unit->error. */
bool ptx_emit(ptx_unit *unit, const ptx_function *only, ptx_buffer *c);

/* What is known of a kernel before it is compiled: all but `run`. Names and lists live as long as the unit.
 */
void ptx_describe(ptx_unit *unit, const ptx_function *kernel, vm_kernel *out);

/* True if the module has variables, which all its kernels must share. */
bool ptx_has_variables(const ptx_unit *unit);

/* True if the instruction's words after the first contain `word`. */
bool ptx_has_word(const ptx_statement *s, const char *word);

#endif
