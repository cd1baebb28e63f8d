/* What computes values: the rows of opcodes.def, setp with a second condition, selp. */
#include <stdio.h>
#include <string.h>

#include "translate/emit.h"
#include "translate/opcodes.h"

static const char *hint(const ptx_statement *s)
{
    if (ptx_has_word(s, "approx"))
        return ": the bits of an approximation depend on the hardware";
    if (ptx_has_word(s, "ftz"))
        return ": compile with --ftz=false";
    if (s->word_count == 2 && s->words[1][0] == 'f' && strchr("asm", s->words[0][0]))
        return ": without .rn it may be contracted, so its bits are not defined; compile with --fmad=false";
    if (ptx_has_word(s, "sync") || strcmp(s->words[0], "activemask") == 0)
        return ": warps do not run in lockstep here";
    return "";
}

static void unknown(emitter *e)
{
    ptx_fail(e->unit, e->s->line, "the executor does not know '%s'%s", e->s->name, hint(e->s));
}

static bool divides_integers(const ptx_statement *s)
{
    return (strcmp(s->words[0], "div") == 0 || strcmp(s->words[0], "rem") == 0) &&
           s->words[s->word_count - 1][0] != 'f';
}

/* `name(a, b, c)` */
static void put_call(emitter *e, const ptx_opcode *row, const ptx_operand *operands)
{
    ptx_put(e->out, "%s(", row->name);
    for (uint32_t i = 0; i < row->operand_count; i++) {
        const bool divisor = i == 1 && divides_integers(e->s);
        ptx_put(e->out, "%s%s", i ? ", " : "", divisor ? "DIVISOR(" : "");
        emit_value(e, &operands[i], ptx_type_find(row->operands[i]), false);
        if (divisor)
            ptx_put(e->out, ", %d)", e->s->line);
    }
    ptx_put(e->out, ")");
}

static void emit_row(emitter *e, const ptx_opcode *row)
{
    const ptx_type *result = ptx_type_find(row->result);
    if (!emit_expects(e, row->operand_count + 1))
        return;
    emit_begin(e, &e->s->operands[0], result, true);
    put_call(e, row, &e->s->operands[1]);
    emit_end(e, &e->s->operands[0], result, true);
    ptx_put(e->out, "\n");
}

static void put_predicate(emitter *e, const ptx_operand *to, const char *value)
{
    const ptx_type *type = ptx_type_find("pred");
    if (to->kind == PTX_SINK)
        return;
    emit_begin(e, to, type, false);
    ptx_put(e->out, "%s", value);
    emit_end(e, to, type, false);
}

/* setp.lt.and.s32 p|q, a, b, c: p = (a < b) and c, q = not (a < b) and c. */
static void emit_set_predicate(emitter *e)
{
    static const struct {
        const char *word, *c;
    } joins[] = {{"and", "&"}, {"or", "|"}, {"xor", "^"}};
    const ptx_statement *s = e->s;
    const char *join = NULL;
    char name[64];
    for (size_t i = 0; i < 3 && s->word_count == 4; i++)
        join = strcmp(s->words[2], joins[i].word) == 0 ? joins[i].c : join;
    snprintf(name, sizeof name, "setp.%s.%s", s->word_count > 1 ? s->words[1] : "",
             s->words[s->word_count - 1]);
    const ptx_opcode *row = s->word_count == (join ? 4 : 3) ? ptx_opcode_find(name) : NULL;
    if (!row) {
        unknown(e);
        return;
    }
    if (!emit_expects(e, join ? 4 : 3))
        return;
    ptx_put(e->out, "{ const pred is = ");
    put_call(e, row, &s->operands[1]);
    ptx_put(e->out, ", also = ");
    if (join)
        emit_value(e, &s->operands[3], ptx_type_find("pred"), false);
    else
        ptx_put(e->out, "1");
    char both[32], other[32];
    snprintf(both, sizeof both, "is %s also", join ? join : "&");
    snprintf(other, sizeof other, "!is %s also", join ? join : "&");
    ptx_put(e->out, "; ");
    put_predicate(e, &s->operands[0], both);
    if (s->operands[0].list)
        put_predicate(e, s->operands[0].list, other);
    ptx_put(e->out, " }\n");
}

static void emit_select(emitter *e)
{
    const ptx_operand *to = &e->s->operands[0];
    const ptx_type *type = e->s->word_count == 2 ? ptx_type_find(e->s->words[1]) : NULL;
    if (!type || type->bytes < 2) {
        unknown(e);
        return;
    }
    if (!emit_expects(e, 4))
        return;
    const bool is_f32 = to->kind == PTX_REG && strcmp(to->symbol->type->name, "f32") == 0;
    const bool exact = !is_f32 || e->bits[to->symbol->first + to->number] != BITS_LAZY;
    emit_begin(e, to, type, false);
    emit_value(e, &e->s->operands[3], ptx_type_find("pred"), false);
    ptx_put(e->out, " ? ");
    emit_value(e, &e->s->operands[1], type, exact);
    ptx_put(e->out, " : ");
    emit_value(e, &e->s->operands[2], type, exact);
    emit_end(e, to, type, false);
    ptx_put(e->out, "\n");
}

bool emit_compute(emitter *e)
{
    if (strcmp(e->s->words[0], "setp") == 0) {
        emit_set_predicate(e);
    } else if (strcmp(e->s->words[0], "selp") == 0) {
        emit_select(e);
    } else {
        const ptx_opcode *row = ptx_opcode_find(e->s->name);
        if (row)
            emit_row(e, row);
        else
            unknown(e);
    }
    return true;
}
