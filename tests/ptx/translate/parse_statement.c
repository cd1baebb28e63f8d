#include <stdlib.h>
#include <string.h>

#include "translate/parse.h"

static void parse_operand(parser *p, ptx_operand *operand);

bool ptx_has_word(const ptx_statement *s, const char *word)
{
    for (uint32_t i = 1; i < s->word_count; i++)
        if (strcmp(s->words[i], word) == 0)
            return true;
    return false;
}

static void parse_list(parser *p, ptx_operand *operand, const char *closing)
{
    ptx_operand items[PTX_MAX_ARGUMENTS];
    uint32_t count = 0;
    operand->kind = PTX_VECTOR;
    while (!ptx_failed(p->unit) && !lex_accept(&p->lex, closing)) {
        if (count == PTX_MAX_ARGUMENTS) {
            ptx_fail(p->unit, p->lex.now.line, "a list of more than %d operands", PTX_MAX_ARGUMENTS);
            return;
        }
        items[count] = (ptx_operand){0};
        if (lex_is(&p->lex, "{") || lex_is(&p->lex, "(") || lex_is(&p->lex, "[")) {
            ptx_fail(p->unit, p->lex.now.line, "a list in a list of operands");
            return;
        }
        parse_operand(p, &items[count++]);
        if (!lex_is(&p->lex, closing))
            lex_expect(&p->lex, ",");
    }
    operand->list = ptx_alloc(&p->unit->arena, (count + 1) * sizeof *items);
    memcpy(operand->list, items, count * sizeof *items);
    operand->count = count;
}

static void parse_number(parser *p, ptx_operand *operand)
{
    const bool negative = lex_accept(&p->lex, "-");
    const char *text = p->lex.now.text;
    if (p->lex.now.kind == LEX_NUMBER && text[0] == '0' && text[1] && strchr("fFdD", text[1])) {
        operand->kind = PTX_FLOAT;
        operand->is_double = text[1] == 'd' || text[1] == 'D';
        operand->bits = strtoull(lex_take(&p->lex).text + 2, NULL, 16);
        if (negative)
            operand->bits ^= (uint64_t)1 << (operand->is_double ? 63 : 31);
        return;
    }
    operand->kind = PTX_INTEGER;
    operand->bits = lex_integer(&p->lex);
    if (negative)
        operand->bits = 0 - operand->bits;
}

static void resolve(parser *p, ptx_operand *operand, const lex_token *token)
{
    operand->name = token->text;
    operand->symbol = parse_find(p, token->text);
    if (!operand->symbol) {
        operand->kind = token->text[0] == '%' ? PTX_SPECIAL : PTX_NAME;
        return;
    }
    operand->kind = operand->symbol->kind == PTX_REGISTER ? PTX_REG : PTX_NAME;
    if (operand->symbol->range) {
        operand->has_number = true;
        operand->number = (uint32_t)strtoul(token->text + strlen(operand->symbol->name), NULL, 10);
    }
}

static void parse_address(parser *p, ptx_operand *operand)
{
    ptx_operand base = {0};
    parse_operand(p, &base);
    const bool is_base =
        base.kind == PTX_REG || base.kind == PTX_INTEGER || (base.kind == PTX_NAME && base.symbol);
    if (!is_base)
        ptx_fail(p->unit, p->lex.now.line, "'%s' cannot be the base of an address",
                 base.name ? base.name : "this operand");
    *operand = base;
    operand->kind = PTX_ADDRESS;
    if (base.kind == PTX_INTEGER)
        operand->offset = (int64_t)base.bits;
    while (!ptx_failed(p->unit) && !lex_accept(&p->lex, "]")) {
        const bool minus = lex_accept(&p->lex, "-");
        if (!minus)
            lex_expect(&p->lex, "+");
        const bool negative = lex_accept(&p->lex, "-") != minus;
        const int64_t offset = (int64_t)lex_integer(&p->lex);
        operand->offset += negative ? -offset : offset;
    }
}

static void parse_operand(parser *p, ptx_operand *operand)
{
    if (lex_accept(&p->lex, "!")) {
        parse_operand(p, operand);
        operand->negated = true;
    } else if (lex_accept(&p->lex, "{")) {
        parse_list(p, operand, "}");
    } else if (lex_accept(&p->lex, "(")) {
        parse_list(p, operand, ")");
    } else if (lex_accept(&p->lex, "[")) {
        parse_address(p, operand);
    } else if (p->lex.now.kind == LEX_NUMBER || lex_is(&p->lex, "-")) {
        parse_number(p, operand);
    } else if (lex_accept(&p->lex, "_")) {
        operand->kind = PTX_SINK;
    } else if (p->lex.now.kind == LEX_WORD) {
        const lex_token token = lex_take(&p->lex);
        resolve(p, operand, &token);
        if (lex_accept(&p->lex, "|")) {
            operand->list = ptx_alloc(&p->unit->arena, sizeof *operand);
            operand->count = 1;
            parse_operand(p, operand->list);
        }
    } else {
        ptx_fail(p->unit, p->lex.now.line, "'%s' where an operand should be", p->lex.now.text);
    }
}

static ptx_statement *append(parser *p, ptx_statement_kind kind, int line)
{
    ptx_statement *s = ptx_alloc(&p->unit->arena, sizeof *s);
    s->kind = kind;
    s->line = line;
    *p->function->end = s;
    p->function->end = &s->next;
    return s;
}

static void split_opcode(parser *p, ptx_statement *s)
{
    char *rest = ptx_copy(&p->unit->arena, s->name, strlen(s->name));
    for (char *word = rest; word; word = rest) {
        rest = strchr(word, '.');
        if (rest)
            *rest++ = '\0';
        if (s->word_count == PTX_MAX_WORDS) {
            ptx_fail(p->unit, s->line, "'%s' has more than %d parts", s->name, PTX_MAX_WORDS);
            return;
        }
        s->words[s->word_count++] = word;
    }
}

static void note_properties(parser *p, const ptx_statement *s)
{
    ptx_function *f = p->function;
    f->calls |= strcmp(s->words[0], "call") == 0;
    f->has_barrier |= strcmp(s->words[0], "bar") == 0 || strcmp(s->words[0], "barrier") == 0;
    for (uint32_t i = 0; i < s->operand_count; i++) {
        const ptx_symbol *symbol = s->operands[i].symbol;
        const bool outside = symbol && symbol->kind == PTX_SHARED && !symbol->function;
        f->uses_unit_shared |= outside && !symbol->external;
        f->uses_dynamic_shared |= outside && symbol->external;
    }
}

static void parse_instruction(parser *p)
{
    ptx_statement *s = append(p, PTX_INSTRUCTION, p->lex.now.line);
    if (lex_accept(&p->lex, "@"))
        parse_operand(p, &s->guard);
    s->line = p->lex.now.line;
    s->name = lex_word(&p->lex);
    split_opcode(p, s);
    while (!ptx_failed(p->unit) && !lex_accept(&p->lex, ";")) {
        if (s->operand_count == PTX_MAX_OPERANDS) {
            ptx_fail(p->unit, s->line, "'%s' with more than %d operands", s->name, PTX_MAX_OPERANDS);
            return;
        }
        parse_operand(p, &s->operands[s->operand_count++]);
        if (!lex_is(&p->lex, ";"))
            lex_expect(&p->lex, ",");
    }
    note_properties(p, s);
}

/* `name: .branchtargets L1, L2;` */
static void parse_table(parser *p, const char *name, int line)
{
    const char *labels[4096];
    ptx_symbol *table = parse_declare(p, PTX_TABLE, name, line);
    do {
        labels[table->label_count++] = lex_word(&p->lex);
    } while (!ptx_failed(p->unit) && table->label_count < 4096 && lex_accept(&p->lex, ","));
    lex_expect(&p->lex, ";");
    table->labels = ptx_alloc(&p->unit->arena, table->label_count * sizeof *labels);
    memcpy(table->labels, labels, table->label_count * sizeof *labels);
}

static void parse_label(parser *p)
{
    const lex_token label = lex_take(&p->lex);
    lex_expect(&p->lex, ":");
    if (lex_accept(&p->lex, ".branchtargets"))
        parse_table(p, label.text, label.line);
    else
        append(p, PTX_LABEL, label.line)->name = label.text;
}

static uint64_t aligned(uint64_t offset, uint32_t align)
{
    return (offset + align - 1) / align * align;
}

static void parse_inner_variable(parser *p, ptx_symbol_kind kind)
{
    ptx_function *f = p->function;
    ptx_symbol *symbol = parse_variable(p, kind);
    symbol->function = f;
    lex_expect(&p->lex, ";");
    if (kind == PTX_SHARED) {
        symbol->offset = aligned(f->shared_bytes, symbol->align);
        f->shared_bytes = (uint32_t)(symbol->offset + symbol->bytes);
    } else {
        f->local_bytes += kind == PTX_LOCAL ? (uint32_t)symbol->bytes : 0;
        append(p, PTX_DECLARE, symbol->line)->symbol = symbol;
    }
}

/* A directive, or false: an instruction. */
static bool parse_directive(parser *p)
{
    if (lex_accept(&p->lex, ".reg")) {
        ptx_symbol *before = p->scope;
        parse_registers(p);
        for (ptx_symbol *s = p->scope; s != before; s = s->outer)
            append(p, PTX_DECLARE, s->line)->symbol = s;
    } else if (lex_accept(&p->lex, ".local")) {
        parse_inner_variable(p, PTX_LOCAL);
    } else if (lex_accept(&p->lex, ".shared")) {
        parse_inner_variable(p, PTX_SHARED);
    } else if (lex_accept(&p->lex, ".param")) {
        parse_inner_variable(p, PTX_CALL_PARAM);
    } else if (lex_accept(&p->lex, ".loc")) {
        const int line = p->lex.now.line;
        while (p->lex.now.kind != LEX_END && p->lex.now.line == line)
            lex_take(&p->lex);
    } else if (lex_accept(&p->lex, ".pragma")) {
        lex_take(&p->lex);
        lex_expect(&p->lex, ";");
    } else if (p->lex.now.text[0] == '.') {
        ptx_fail(p->unit, p->lex.now.line, "the executor does not know the directive '%s'", p->lex.now.text);
    } else {
        return false;
    }
    return true;
}

void parse_body(parser *p)
{
    ptx_symbol *scopes[16];
    int depth = 0;
    scopes[0] = p->scope;
    while (!ptx_failed(p->unit)) {
        const int line = p->lex.now.line;
        if (p->lex.now.kind == LEX_END) {
            ptx_fail(p->unit, line, "the text ends within '%s'", p->function->name);
        } else if (lex_accept(&p->lex, "{")) {
            append(p, PTX_OPEN, line);
            if (++depth == 16)
                ptx_fail(p->unit, line, "more than 15 nested blocks");
            else
                scopes[depth] = p->scope;
        } else if (lex_accept(&p->lex, "}")) {
            p->scope = scopes[depth];
            if (depth-- == 0)
                return;
            append(p, PTX_CLOSE, line);
        } else if (p->lex.now.kind == LEX_WORD && strcmp(p->lex.next.text, ":") == 0) {
            parse_label(p);
        } else if (!parse_directive(p)) {
            parse_instruction(p);
        }
    }
}
