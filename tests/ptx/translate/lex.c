#include "translate/lex.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static void skip_blank(lexer *lex)
{
    for (;;) {
        if (*lex->at == '\n') {
            lex->line++;
            lex->at++;
        } else if (isspace((unsigned char)*lex->at)) {
            lex->at++;
        } else if (lex->at[0] == '/' && lex->at[1] == '/') {
            lex->at += strcspn(lex->at, "\n");
        } else if (lex->at[0] == '/' && lex->at[1] == '*') {
            const char *end = strstr(lex->at + 2, "*/");
            for (const char *p = lex->at; p < (end ? end : p); p++)
                lex->line += *p == '\n';
            lex->at = end ? end + 2 : lex->at + strlen(lex->at);
        } else {
            return;
        }
    }
}

static bool in_word(const char *at)
{
    return isalnum((unsigned char)*at) || *at == '_' || *at == '$' || *at == '.' || *at == '%' ||
           (at[0] == ':' && at[1] == ':') || (at[0] == ':' && at[-1] == ':');
}

static lex_token scan(lexer *lex)
{
    skip_blank(lex);
    const char *start = lex->at;
    lex_token token = {.line = lex->line};
    if (*start == '\0') {
        token.kind = LEX_END;
        token.text = "end of text";
        return token;
    }
    if (isdigit((unsigned char)*start)) {
        token.kind = LEX_NUMBER;
        while (isalnum((unsigned char)*lex->at) || *lex->at == '.')
            lex->at++;
    } else if (isalpha((unsigned char)*start) || strchr("_$.%", *start)) {
        token.kind = LEX_WORD;
        while (in_word(lex->at))
            lex->at++;
    } else if (*start == '"') {
        token.kind = LEX_STRING;
        lex->at++;
        lex->at += strcspn(lex->at, "\"\n");
        lex->at += *lex->at == '"';
    } else {
        token.kind = LEX_MARK;
        lex->at++;
    }
    token.text = ptx_copy(&lex->unit->arena, start, (size_t)(lex->at - start));
    return token;
}

void lex_open(lexer *lex, ptx_unit *unit, const char *text)
{
    *lex = (lexer){.unit = unit, .at = text, .line = 1};
    lex->now = scan(lex);
    lex->next = scan(lex);
}

lex_token lex_take(lexer *lex)
{
    const lex_token taken = lex->now;
    lex->now = lex->next;
    lex->next = scan(lex);
    return taken;
}

bool lex_is(const lexer *lex, const char *text)
{
    return lex->now.kind != LEX_END && lex->now.kind != LEX_STRING && strcmp(lex->now.text, text) == 0;
}

bool lex_accept(lexer *lex, const char *text)
{
    if (!lex_is(lex, text))
        return false;
    lex_take(lex);
    return true;
}

void lex_expect(lexer *lex, const char *text)
{
    if (!lex_accept(lex, text))
        ptx_fail(lex->unit, lex->now.line, "'%s' where '%s' should be", lex->now.text, text);
}

uint64_t lex_integer(lexer *lex)
{
    const lex_token token = lex_take(lex);
    const bool binary = token.text[0] == '0' && (token.text[1] == 'b' || token.text[1] == 'B');
    char *end = (char *)token.text;
    uint64_t value = 0;
    if (token.kind == LEX_NUMBER)
        value = strtoull(token.text + (binary ? 2 : 0), &end, binary ? 2 : 0);
    end += *end == 'U';
    if (token.kind != LEX_NUMBER || *end)
        ptx_fail(lex->unit, token.line, "'%s' where a whole number should be", token.text);
    return value;
}

const char *lex_word(lexer *lex)
{
    const lex_token token = lex_take(lex);
    if (token.kind == LEX_WORD)
        return token.text;
    ptx_fail(lex->unit, token.line, "'%s' where a name should be", token.text);
    return "";
}
