/* Between the files of the parser. */
#ifndef SY_TESTS_PTX_PARSE_H
#define SY_TESTS_PTX_PARSE_H

#include "translate/lex.h"

typedef struct {
    ptx_unit *unit;
    lexer lex;
    ptx_symbol *scope;      /* newest symbol in sight */
    ptx_function *function; /* whose body is read; NULL outside */
} parser;

const ptx_symbol *parse_find(const parser *p, const char *name);

/* Puts a new symbol in sight. */
ptx_symbol *parse_declare(parser *p, ptx_symbol_kind kind, const char *name, int line);

/* `.reg .f32 %f<10>, %g;` from the word after .reg to the semicolon. */
void parse_registers(parser *p);

/* `.align 4 .b8 x[24] = {...};` from the word after the space to before the comma, bracket or semicolon. */
ptx_symbol *parse_variable(parser *p, ptx_symbol_kind kind);

/* The statements of a function, from behind its opening brace to behind its closing one. */
void parse_body(parser *p);

#endif
