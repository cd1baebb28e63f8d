#include <string.h>

#include "translate/emit.h"

static uint8_t *bits_of(emitter *e, const ptx_operand *operand)
{
    if (operand->kind != PTX_REG || strcmp(operand->symbol->type->name, "f32") != 0)
        return NULL;
    return &e->bits[operand->symbol->first + operand->number];
}

static void add(emitter *e, const ptx_operand *to, uint8_t what, bool *changed)
{
    uint8_t *bits = bits_of(e, to);
    if (bits && (*bits | what) != *bits) {
        *bits |= what;
        *changed = true;
    }
}

/* What a copy of `from` is: raw unless it is lazy and nothing else. */
static uint8_t copied(emitter *e, const ptx_operand *from)
{
    const uint8_t *bits = bits_of(e, from);
    if (from->kind == PTX_FLOAT)
        return 0; /* a constant is no NaN of arithmetic, and fits both */
    return bits ? (*bits == BITS_LAZY || *bits == 0 ? *bits : BITS_RAW) : BITS_RAW;
}

static void visit(emitter *e, const ptx_statement *s, bool *changed)
{
    static const char *const raw[] = {"ld", "ldu", "atom", "call"};
    const ptx_operand *to = &s->operands[0];
    const char *word = s->words[0];
    for (size_t i = 0; i < sizeof raw / sizeof raw[0]; i++) {
        if (strcmp(word, raw[i]) != 0)
            continue;
        add(e, to, BITS_RAW, changed);
        for (uint32_t v = 0; v < to->count; v++)
            add(e, &to->list[v], BITS_RAW, changed);
        return;
    }
    if (strcmp(word, "mov") == 0 || strcmp(word, "selp") == 0) {
        for (uint32_t i = 1; i < s->operand_count && i < 3; i++)
            add(e, to, copied(e, &s->operands[i]), changed);
    } else {
        add(e, to, BITS_LAZY, changed);
    }
}

void emit_find_bits(emitter *e)
{
    for (bool changed = true; changed;) {
        changed = false;
        for (const ptx_statement *s = e->f->body; s; s = s->next)
            if (s->kind == PTX_INSTRUCTION)
                visit(e, s, &changed);
    }
}
