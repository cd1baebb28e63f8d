#include <string.h>

#include "translate/emit.h"

static const struct {
    const char *name, *c;
} specials[] = {
    {"%tid.x", "thread->tid[0]"},
    {"%tid.y", "thread->tid[1]"},
    {"%tid.z", "thread->tid[2]"},
    {"%ntid.x", "thread->block->ntid[0]"},
    {"%ntid.y", "thread->block->ntid[1]"},
    {"%ntid.z", "thread->block->ntid[2]"},
    {"%ctaid.x", "thread->block->ctaid[0]"},
    {"%ctaid.y", "thread->block->ctaid[1]"},
    {"%ctaid.z", "thread->block->ctaid[2]"},
    {"%nctaid.x", "thread->block->nctaid[0]"},
    {"%nctaid.y", "thread->block->nctaid[1]"},
    {"%nctaid.z", "thread->block->nctaid[2]"},
    {"%laneid", "(thread->index & 31)"},
    {"%dynamic_smem_size", "thread->block->dynamic_shared"},
};

static void put_register(emitter *e, const ptx_operand *operand)
{
    const char *name = operand->symbol->name;
    ptx_put(e->out, "R_%s", name + (*name == '%'));
    if (operand->has_number)
        ptx_put(e->out, "%u", operand->number);
}

static void mismatch(emitter *e, const char *what, const ptx_type *type)
{
    ptx_fail(e->unit, e->s->line, "'%s': %s cannot be an operand of type %s", e->s->name, what, type->name);
}

static uint8_t bits_of(const emitter *e, const ptx_operand *operand)
{
    return strcmp(operand->symbol->type->name, "f32") == 0 ? e->bits[operand->symbol->first + operand->number]
                                                           : 0;
}

static void put_register_as(emitter *e, const ptx_operand *operand, const ptx_type *type, bool exact)
{
    const ptx_type *held = operand->symbol->type;
    const bool differs = held->is_float != type->is_float;
    if ((held->bytes == 0) != (type->bytes == 0) ||
        ((differs || held->is_float) && held->bytes != type->bytes)) {
        mismatch(e, operand->name, type);
        return;
    }
    const bool lazy = (exact || differs) && bits_of(e, operand) == BITS_LAZY;
    if (differs)
        ptx_put(e->out, type->is_float ? "%s_of_bits(" : "bits_of_%s(", type->is_float ? type->c : held->c);
    ptx_put(e->out, lazy ? "canonical(" : "");
    ptx_put(e->out, operand->negated ? "!" : "");
    put_register(e, operand);
    ptx_put(e->out, "%s%s", lazy ? ")" : "", differs ? ")" : "");
}

static void put_special(emitter *e, const ptx_operand *operand)
{
    for (size_t i = 0; i < sizeof specials / sizeof specials[0]; i++)
        if (strcmp(specials[i].name, operand->name) == 0) {
            ptx_put(e->out, "%s", specials[i].c);
            return;
        }
    ptx_fail(e->unit, e->s->line, "'%s' is neither declared nor a special register the executor knows",
             operand->name);
}

static uint64_t aligned(uint64_t offset, uint32_t align)
{
    return (offset + align - 1) / align * align;
}

static bool calls_with_unit_shared(const emitter *e)
{
    bool used = e->f->uses_unit_shared;
    for (const ptx_function *f = e->unit->functions; f; f = f->next)
        used |= e->f->calls && !f->is_kernel && f->uses_unit_shared;
    return used;
}

/* Shared variables outside functions come first, then the kernel's own, then what the launch adds. */
static uint64_t shared_offset(const emitter *e, const ptx_symbol *symbol)
{
    const uint64_t own = calls_with_unit_shared(e) ? aligned(e->unit->shared_bytes, 128) : 0;
    if (symbol->external)
        return aligned(own + e->f->shared_bytes, 16);
    return symbol->offset + (symbol->function ? own : 0);
}

static void put_symbol(emitter *e, const ptx_operand *operand)
{
    const ptx_symbol *symbol = operand->symbol;
    if (!symbol) {
        ptx_fail(e->unit, e->s->line, "'%s' is not declared", operand->name);
        return;
    }
    switch (symbol->kind) {
    case PTX_GLOBAL:
    case PTX_CONST:
    case PTX_LOCAL: ptx_put(e->out, "((u64)V_%s)", symbol->name); return;
    case PTX_PARAM: ptx_put(e->out, "((u64)param_base + %llu)", (unsigned long long)symbol->offset); return;
    case PTX_CALL_PARAM: ptx_put(e->out, "((u64)P_%s)", symbol->name); return;
    case PTX_SHARED:
        if (symbol->external && !e->f->is_kernel)
            break;
        ptx_put(e->out, "%lluu", (unsigned long long)shared_offset(e, symbol));
        return;
    default: break;
    }
    ptx_fail(e->unit, e->s->line, "the executor cannot take the address of '%s' here", operand->name);
}

static void put_integer(emitter *e, const ptx_operand *operand, const ptx_type *type)
{
    if (type->is_float)
        mismatch(e, "a whole number", type);
    else if (type->bytes == 0)
        ptx_put(e->out, "%d", operand->bits != 0);
    else
        ptx_put(e->out, "((%s)0x%llxull)", type->c, (unsigned long long)operand->bits);
}

static void put_float(emitter *e, const ptx_operand *operand, const ptx_type *type)
{
    const uint32_t bytes = operand->is_double ? 8 : 4;
    if (type->bytes != bytes)
        mismatch(e, operand->is_double ? "a double" : "a float", type);
    else if (type->is_float)
        ptx_put(e->out, "%s_of_bits(0x%llxull)", type->c, (unsigned long long)operand->bits);
    else
        ptx_put(e->out, "((%s)0x%llxull)", type->c, (unsigned long long)operand->bits);
}

void emit_value(emitter *e, const ptx_operand *operand, const ptx_type *type, bool exact)
{
    switch (operand->kind) {
    case PTX_REG: put_register_as(e, operand, type, exact); return;
    case PTX_INTEGER: put_integer(e, operand, type); return;
    case PTX_FLOAT: put_float(e, operand, type); return;
    case PTX_SPECIAL: put_special(e, operand); return;
    case PTX_NAME: put_symbol(e, operand); return;
    default: ptx_fail(e->unit, e->s->line, "'%s' with an operand of an unexpected form", e->s->name);
    }
}

static bool is_mixed(const emitter *e, const ptx_operand *to)
{
    return bits_of(e, to) == (BITS_LAZY | BITS_RAW);
}

void emit_begin(emitter *e, const ptx_operand *to, const ptx_type *type, bool lazy)
{
    if (to->kind != PTX_REG || to->negated) {
        ptx_fail(e->unit, e->s->line, "'%s': the result must go to a register", e->s->name);
        return;
    }
    const ptx_type *held = to->symbol->type;
    const bool differs = held->is_float != type->is_float;
    if ((held->bytes == 0) != (type->bytes == 0) || held->bytes < type->bytes ||
        ((differs || held->is_float) && held->bytes != type->bytes)) {
        mismatch(e, to->name, type);
        return;
    }
    put_register(e, to);
    ptx_put(e->out, " = ");
    if (differs)
        ptx_put(e->out, type->is_float ? "bits_of_%s(" : "%s_of_bits(", type->is_float ? type->c : held->c);
    if (lazy && type->is_float && type->bytes == 4 && (differs || is_mixed(e, to)))
        ptx_put(e->out, "canonical(");
}

void emit_end(emitter *e, const ptx_operand *to, const ptx_type *type, bool lazy)
{
    if (ptx_failed(e->unit))
        return;
    const bool differs = to->symbol->type->is_float != type->is_float;
    if (lazy && type->is_float && type->bytes == 4 && (differs || is_mixed(e, to)))
        ptx_put(e->out, ")");
    ptx_put(e->out, differs ? ");" : ";");
}

void emit_address(emitter *e, const ptx_operand *operand)
{
    const ptx_type *address = ptx_type_find("u64");
    ptx_operand base = *operand;
    base.kind = base.symbol ? (base.symbol->kind == PTX_REGISTER ? PTX_REG : PTX_NAME) : PTX_NOTHING;
    if (operand->kind != PTX_ADDRESS) {
        ptx_fail(e->unit, e->s->line, "'%s': an operand must be an address in brackets", e->s->name);
        return;
    }
    ptx_put(e->out, "(");
    if (base.symbol)
        emit_value(e, &base, address, true);
    else
        ptx_put(e->out, "(u64)0");
    if (operand->offset)
        ptx_put(e->out, " + (u64)%lldll", (long long)operand->offset);
    ptx_put(e->out, ")");
}

bool emit_expects(emitter *e, uint32_t count)
{
    if (e->s->operand_count == count)
        return true;
    ptx_fail(e->unit, e->s->line, "'%s' has %u operands, not %u", e->s->name, e->s->operand_count, count);
    return false;
}
