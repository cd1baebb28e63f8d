/* Jumps, calls, barriers and returns. */
#include <string.h>

#include "translate/emit.h"

static void put_label(emitter *e, const char *name)
{
    ptx_put(e->out, "L_%s", name);
}

static bool is_target(const ptx_operand *operand)
{
    return operand->kind == PTX_NAME && !operand->symbol;
}

static void emit_branch(emitter *e)
{
    if (!emit_expects(e, 1))
        return;
    if (!is_target(&e->s->operands[0])) {
        ptx_fail(e->unit, e->s->line, "'%s' needs a label", e->s->name);
        return;
    }
    ptx_put(e->out, "goto ");
    put_label(e, e->s->operands[0].name);
    ptx_put(e->out, ";\n");
}

static void emit_indexed_branch(emitter *e)
{
    const ptx_symbol *table = e->s->operand_count == 2 ? e->s->operands[1].symbol : NULL;
    if (!table || table->kind != PTX_TABLE || !ptx_has_word(e->s, "idx")) {
        ptx_fail(e->unit, e->s->line, "'%s' needs an index and a table of labels", e->s->name);
        return;
    }
    ptx_put(e->out, "switch (");
    emit_value(e, &e->s->operands[0], ptx_type_find("u32"), true);
    ptx_put(e->out, ") {");
    for (uint32_t i = 0; i < table->label_count; i++)
        ptx_put(e->out, " case %u: goto L_%s;", i, table->labels[i]);
    ptx_put(e->out,
            " default: thread->block->services->trap(thread, \"brx.idx with an index outside its table\", "
            "%d); }\n",
            e->s->line);
}

static void emit_barrier(emitter *e)
{
    static const char *const known[] = {"bar.sync",     "barrier.sync",     "barrier.sync.aligned",
                                        "bar.cta.sync", "barrier.cta.sync", "barrier.cta.sync.aligned"};
    const ptx_operand *id = &e->s->operands[0];
    bool found = false;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        found |= strcmp(known[i], e->s->name) == 0;
    if (!found || e->s->operand_count != 1 || id->kind != PTX_INTEGER || id->bits != 0) {
        ptx_fail(e->unit, e->s->line, "'%s': the executor knows only barrier 0 of all threads of a block",
                 e->s->name);
        return;
    }
    ptx_put(e->out, "thread->block->services->barrier(thread, %d);\n", e->s->line);
}

static const ptx_function *definition(const emitter *e, const ptx_symbol *symbol)
{
    for (const ptx_function *f = e->unit->functions; f; f = f->next)
        if (symbol && symbol->kind == PTX_FUNCTION && strcmp(f->name, symbol->name) == 0 && f->is_defined)
            return f;
    return NULL;
}

static void put_arguments(emitter *e, const ptx_operand *list)
{
    for (uint32_t i = 0; i < list->count; i++) {
        const ptx_operand *argument = &list->list[i];
        if (!argument->symbol || argument->symbol->kind != PTX_CALL_PARAM) {
            ptx_fail(e->unit, e->s->line, "'%s': arguments must be variables of .param", e->s->name);
            return;
        }
        ptx_put(e->out, ", P_%s", argument->symbol->name);
    }
}

/* call (result), name, (arguments); the first and the last may be missing. */
static void emit_call(emitter *e)
{
    const ptx_operand none = {.kind = PTX_VECTOR}, *operands = e->s->operands;
    const uint32_t at = e->s->operand_count && operands[0].kind == PTX_VECTOR;
    const ptx_operand *result = at ? &operands[0] : &none;
    const ptx_operand *arguments = e->s->operand_count > at + 1 ? &operands[at + 1] : &none;
    const ptx_function *f = e->s->operand_count > at ? definition(e, operands[at].symbol) : NULL;
    if (!f) {
        ptx_fail(e->unit, e->s->line, "'%s' of '%s': the executor calls only functions this module defines",
                 e->s->name, e->s->operand_count > at && operands[at].name ? operands[at].name : "?");
        return;
    }
    if (arguments->kind != PTX_VECTOR || result->count != (f->result != NULL) ||
        arguments->count != f->param_count) {
        ptx_fail(e->unit, e->s->line, "'%s' of '%s' with %u arguments, not %u", e->s->name, f->name,
                 arguments->count, f->param_count);
        return;
    }
    ptx_put(e->out, "F_%s(thread", f->name);
    put_arguments(e, result);
    put_arguments(e, arguments);
    ptx_put(e->out, ");\n");
}

static void emit_return(emitter *e)
{
    if (strcmp(e->s->words[0], "exit") == 0 && !e->f->is_kernel)
        ptx_fail(e->unit, e->s->line, "the executor does not know 'exit' inside a function");
    if (emit_expects(e, 0))
        ptx_put(e->out, "{ thread->frames = caller_frames; return; }\n");
}

static void emit_trap(emitter *e)
{
    ptx_put(e->out, "thread->block->services->trap(thread, \"trap\", %d);\n", e->s->line);
}

/* Orders memory, of which there is only one order here. */
static void emit_nothing(emitter *e)
{
    ptx_put(e->out, ";\n");
}

bool emit_control(emitter *e)
{
    static const struct {
        const char *word;
        void (*emit)(emitter *e);
    } forms[] = {{"bra", emit_branch},      {"brx", emit_indexed_branch}, {"bar", emit_barrier},
                 {"barrier", emit_barrier}, {"call", emit_call},          {"ret", emit_return},
                 {"exit", emit_return},     {"trap", emit_trap},          {"membar", emit_nothing},
                 {"fence", emit_nothing},   {"prefetch", emit_nothing},   {"prefetchu", emit_nothing}};
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++)
        if (strcmp(e->s->words[0], forms[i].word) == 0) {
            forms[i].emit(e);
            return true;
        }
    return false;
}
