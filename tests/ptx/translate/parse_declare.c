#include <stdlib.h>
#include <string.h>

#include "translate/parse.h"

static const ptx_type types[] = {
    {"pred", "pred", 0, false}, {"b8", "u8", 1, false},   {"u8", "u8", 1, false},   {"s8", "s8", 1, false},
    {"b16", "u16", 2, false},   {"u16", "u16", 2, false}, {"s16", "s16", 2, false}, {"b32", "u32", 4, false},
    {"u32", "u32", 4, false},   {"s32", "s32", 4, false}, {"b64", "u64", 8, false}, {"u64", "u64", 8, false},
    {"s64", "s64", 8, false},   {"f32", "f32", 4, true},  {"f64", "f64", 8, true},
};

const ptx_type *ptx_type_find(const char *name)
{
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (strcmp(types[i].name, name) == 0)
            return &types[i];
    return NULL;
}

/* The number at the end of %r12, and the length of what is before it. */
static bool split_number(const char *name, size_t *stem, uint32_t *number)
{
    size_t length = strlen(name);
    while (length > 0 && name[length - 1] >= '0' && name[length - 1] <= '9')
        length--;
    *stem = length;
    *number = (uint32_t)strtoul(name + length, NULL, 10);
    return name[length] != '\0';
}

const ptx_symbol *parse_find(const parser *p, const char *name)
{
    size_t stem;
    uint32_t number;
    const bool numbered = split_number(name, &stem, &number);
    for (const ptx_symbol *s = p->scope; s; s = s->outer) {
        if (!s->range && strcmp(s->name, name) == 0)
            return s;
        if (s->range && numbered && number < s->range && strlen(s->name) == stem &&
            strncmp(s->name, name, stem) == 0)
            return s;
    }
    return NULL;
}

ptx_symbol *parse_declare(parser *p, ptx_symbol_kind kind, const char *name, int line)
{
    ptx_symbol *symbol = ptx_alloc(&p->unit->arena, sizeof *symbol);
    symbol->kind = kind;
    symbol->name = name;
    symbol->line = line;
    symbol->outer = p->scope;
    p->scope = symbol;
    return symbol;
}

static const ptx_type *parse_type(parser *p)
{
    const int line = p->lex.now.line;
    const char *word = lex_word(&p->lex);
    const ptx_type *type = *word == '.' ? ptx_type_find(word + 1) : NULL;
    if (!type) {
        ptx_fail(p->unit, line, "'%s' is not a type the executor knows", word);
        return &types[0];
    }
    return type;
}

void parse_registers(parser *p)
{
    const ptx_type *type = parse_type(p);
    do {
        const int line = p->lex.now.line;
        const char *name = lex_word(&p->lex);
        ptx_symbol *symbol = parse_declare(p, PTX_REGISTER, name, line);
        symbol->type = type;
        symbol->first = p->function->register_count;
        if (lex_accept(&p->lex, "<")) {
            const uint64_t range = lex_integer(&p->lex);
            if (range == 0 || range > 1000000)
                ptx_fail(p->unit, line, "%s<%llu>: 1 to 1000000 registers", name, (unsigned long long)range);
            symbol->range = (uint32_t)range;
            lex_expect(&p->lex, ">");
        }
        p->function->register_count += symbol->range ? symbol->range : 1;
    } while (!ptx_failed(p->unit) && lex_accept(&p->lex, ","));
    lex_expect(&p->lex, ";");
}

static uint64_t initial_bits(parser *p, const ptx_type *type)
{
    const lex_token token = p->lex.now;
    if (token.kind == LEX_NUMBER && token.text[0] == '0' && strchr("fFdD", token.text[1]) && type->is_float) {
        lex_take(&p->lex);
        return strtoull(token.text + 2, NULL, 16);
    }
    const bool negative = lex_accept(&p->lex, "-");
    const uint64_t value = lex_integer(&p->lex);
    return negative ? 0 - value : value;
}

/* A number, or a list of them between braces; what is not given is 0. */
static void parse_initial(parser *p, ptx_symbol *symbol)
{
    const uint32_t size = symbol->type->bytes;
    uint64_t at = 0;
    symbol->initial = ptx_alloc(&p->unit->arena, symbol->bytes + 8);
    const bool list = lex_accept(&p->lex, "{");
    do {
        if (lex_is(&p->lex, "}"))
            break;
        const uint64_t bits = initial_bits(p, symbol->type);
        if (at + size > symbol->bytes) {
            ptx_fail(p->unit, symbol->line, "'%s' has more initial values than elements", symbol->name);
            return;
        }
        memcpy(symbol->initial + at, &bits, size);
        at += size;
    } while (!ptx_failed(p->unit) && list && lex_accept(&p->lex, ","));
    if (list)
        lex_expect(&p->lex, "}");
}

static void parse_dimensions(parser *p, ptx_symbol *symbol)
{
    while (lex_accept(&p->lex, "[")) {
        if (lex_accept(&p->lex, "]")) {
            symbol->bytes = 0;
            continue;
        }
        const uint64_t count = lex_integer(&p->lex);
        if (symbol->bytes && count > ((uint64_t)1 << 31) / symbol->bytes) {
            ptx_fail(p->unit, symbol->line, "'%s' is larger than 2 GiB", symbol->name);
            return;
        }
        symbol->bytes *= count;
        lex_expect(&p->lex, "]");
    }
}

ptx_symbol *parse_variable(parser *p, ptx_symbol_kind kind)
{
    uint32_t align = 0, vector = 1;
    bool pointer = false;
    const ptx_type *type = NULL;
    for (;;) {
        if (lex_accept(&p->lex, ".align")) {
            const uint32_t said = (uint32_t)lex_integer(&p->lex);
            align = pointer ? align : said; /* behind .ptr: of what the parameter points to */
        } else if (lex_accept(&p->lex, ".ptr")) {
            pointer = true;
        } else if (lex_accept(&p->lex, ".v2"))
            vector = 2;
        else if (lex_accept(&p->lex, ".v4"))
            vector = 4;
        else if (pointer && (lex_accept(&p->lex, ".global") || lex_accept(&p->lex, ".const") ||
                             lex_accept(&p->lex, ".shared") || lex_accept(&p->lex, ".local")))
            continue;
        else if (p->lex.now.text[0] == '.' && !type)
            type = parse_type(p);
        else
            break;
        if (ptx_failed(p->unit))
            break;
    }
    const int line = p->lex.now.line;
    ptx_symbol *symbol = parse_declare(p, kind, lex_word(&p->lex), line);
    symbol->type = type ? type : &types[1];
    symbol->bytes = (uint64_t)vector * symbol->type->bytes;
    symbol->align = align ? align : (uint32_t)symbol->bytes;
    if (!type || symbol->bytes == 0 || symbol->align == 0 || (symbol->align & (symbol->align - 1)) ||
        symbol->align > 4096)
        ptx_fail(p->unit, line, "'%s': a variable needs a type of a size and an alignment", symbol->name);
    parse_dimensions(p, symbol);
    if (!ptx_failed(p->unit) && lex_accept(&p->lex, "="))
        parse_initial(p, symbol);
    return symbol;
}
