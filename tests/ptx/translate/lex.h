/* Words, numbers and marks of PTX. */
#ifndef SY_TESTS_PTX_LEX_H
#define SY_TESTS_PTX_LEX_H

#include "translate/unit.h"

typedef enum { LEX_END, LEX_WORD, LEX_NUMBER, LEX_STRING, LEX_MARK } lex_kind;

typedef struct {
    lex_kind kind;
    const char *text; /* NUL-terminated copy */
    int line;
} lex_token;

typedef struct {
    ptx_unit *unit;
    const char *at;
    int line;
    lex_token now, next;
} lexer;

void lex_open(lexer *lex, ptx_unit *unit, const char *text);
/* Returns the token at hand and moves on. */
lex_token lex_take(lexer *lex);
bool lex_is(const lexer *lex, const char *text);
/* Takes the token at hand if it is this one. */
bool lex_accept(lexer *lex, const char *text);
/* Fails the unit if the token at hand is another. */
void lex_expect(lexer *lex, const char *text);
/* A whole number without sign: decimal, octal, hexadecimal or binary. */
uint64_t lex_integer(lexer *lex);
/* A word; fails on anything else and returns "". */
const char *lex_word(lexer *lex);

#endif
