#include "translate/emit.h"

#include <string.h>

static void put_declaration(emitter *e, const ptx_symbol *symbol)
{
    const char *name = symbol->name + (symbol->name[0] == '%');
    if (symbol->kind == PTX_REGISTER) {
        ptx_put(e->out, "%s ", symbol->type->c);
        for (uint32_t i = 0; i < symbol->range; i++)
            ptx_put(e->out, "%sR_%s%u = 0", i ? ", " : "", name, i);
        ptx_put(e->out, symbol->range ? ";\n" : "R_%s = 0;\n", name);
        return;
    }
    const bool local = symbol->kind == PTX_LOCAL;
    const unsigned long long bytes = symbol->bytes ? symbol->bytes : 1;
    ptx_put(e->out, "_Alignas(%u) u8 %s_%s[%llu];\n", symbol->align < 16 ? 16 : symbol->align,
            local ? "V" : "P", name, bytes);
    if (local)
        ptx_put(
            e->out,
            "#ifdef VM_CHECKED\nu8 W_%s[%llu]; memset(W_%s, 0, %llu);\n"
            "vm_frame frame_%s = {thread->frames, V_%s, W_%s, %llu}; thread->frames = &frame_%s;\n#endif\n",
            name, bytes, name, bytes, name, name, name, bytes, name);
}

static void put_guard(emitter *e)
{
    const ptx_operand *guard = &e->s->guard;
    if (guard->kind == PTX_NOTHING)
        return;
    ptx_put(e->out, "if (");
    emit_value(e, guard, ptx_type_find("pred"), false);
    ptx_put(e->out, ") ");
}

static void put_statement(emitter *e)
{
    switch (e->s->kind) {
    case PTX_LABEL: ptx_put(e->out, "L_%s:;\n", e->s->name); return;
    case PTX_OPEN: ptx_put(e->out, "{\n"); return;
    case PTX_CLOSE: ptx_put(e->out, "}\n"); return;
    case PTX_DECLARE: put_declaration(e, e->s->symbol); return;
    case PTX_INSTRUCTION:
        put_guard(e);
        if (!emit_memory(e) && !emit_control(e))
            emit_compute(e);
    }
}

static void put_head(emitter *e, const ptx_function *f)
{
    ptx_put(e->out, "static void %s_%s(vm_thread *thread", f->is_kernel ? "K" : "F", f->name);
    if (f->result)
        ptx_put(e->out, ", u8 *P_%s", f->result->name);
    for (uint32_t i = 0; i < f->param_count && !f->is_kernel; i++)
        ptx_put(e->out, ", u8 *P_%s", f->params[i]->name);
    ptx_put(e->out, ")");
}

static void put_function(emitter *e)
{
    const ptx_function *f = e->f;
    if (!f->is_kernel && f->shared_bytes)
        ptx_fail(e->unit, f->line, "function '%s' has shared variables of its own", f->name);
    e->bits = ptx_alloc(&e->unit->arena, f->register_count + 1);
    emit_find_bits(e);
    put_head(e, f);
    ptx_put(e->out, "\n{\nconst u8 *const param_base = thread->block->param;\n"
                    "u8 *const shared_base = thread->block->shared;\n"
                    "vm_frame *const caller_frames = thread->frames;\n"
                    "(void)param_base, (void)shared_base;\n");
    for (e->s = f->body; e->s && !ptx_failed(e->unit); e->s = e->s->next)
        put_statement(e);
    ptx_put(e->out, "thread->frames = caller_frames;\n}\n\n");
}

static void put_variable(emitter *e, const ptx_symbol *symbol)
{
    ptx_put(e->out, "static _Alignas(%u) u8 V_%s[%llu] = {", symbol->align < 16 ? 16 : symbol->align,
            symbol->name, (unsigned long long)symbol->bytes);
    for (uint64_t i = 0; i < symbol->bytes && symbol->initial; i++)
        ptx_put(e->out, "%u,", symbol->initial[i]);
    ptx_put(e->out, symbol->initial ? "};\n" : "0};\n");
}

static bool is_variable(const ptx_symbol *symbol)
{
    return symbol->kind == PTX_GLOBAL || symbol->kind == PTX_CONST;
}

static uint32_t variables(emitter *e, void (*put)(emitter *, const ptx_symbol *))
{
    uint32_t count = 0;
    for (const ptx_symbol *s = e->unit->symbols; s; s = s->outer)
        if (is_variable(s)) {
            put(e, s);
            count++;
        }
    return count;
}

bool ptx_has_variables(const ptx_unit *unit)
{
    const ptx_symbol *s = unit->symbols;
    while (s && !is_variable(s))
        s = s->outer;
    return s != NULL;
}

static void put_variable_row(emitter *e, const ptx_symbol *symbol)
{
    ptx_put(e->out, "{\"%s\", V_%s, %llu, %s},\n", symbol->name, symbol->name,
            (unsigned long long)symbol->bytes, symbol->kind == PTX_CONST ? "VM_CONST" : "VM_GLOBAL");
}

static void put_params(emitter *e, const vm_kernel *kernel)
{
    ptx_put(e->out, "static const vm_param params_%s[] = {", kernel->name);
    for (uint32_t i = 0; i < kernel->param_count; i++)
        ptx_put(e->out, "{%u, %u},", kernel->params[i].offset, kernel->params[i].bytes);
    ptx_put(e->out, "{0, 0}};\n");
}

/* What a kernel may reach through calls is taken to be all that functions of the module do. */
void ptx_describe(ptx_unit *unit, const ptx_function *kernel, vm_kernel *out)
{
    uint32_t local = kernel->local_bytes;
    bool barrier = kernel->has_barrier, unit_shared = kernel->uses_unit_shared;
    for (const ptx_function *f = unit->functions; f && kernel->calls; f = f->next)
        if (!f->is_kernel) {
            local += f->local_bytes;
            barrier |= f->has_barrier;
            unit_shared |= f->uses_unit_shared;
        }
    const uint32_t shared = kernel->shared_bytes + (unit_shared ? (unit->shared_bytes + 127) / 128 * 128 : 0);
    vm_param *params = ptx_alloc(&unit->arena, (kernel->param_count + 1) * sizeof *params);
    for (uint32_t i = 0; i < kernel->param_count; i++)
        params[i] = (vm_param){(uint32_t)kernel->params[i]->offset, (uint32_t)kernel->params[i]->bytes};
    *out = (vm_kernel){.name = kernel->name,
                       .params = params,
                       .param_count = kernel->param_count,
                       .param_bytes = kernel->param_bytes,
                       .shared_bytes = kernel->uses_dynamic_shared ? (shared + 15) / 16 * 16 : shared,
                       .local_bytes = local,
                       .max_threads = kernel->max_threads ? kernel->max_threads : VM_MAX_THREADS,
                       .has_barrier = barrier};
}

static void put_kernel_row(emitter *e, const vm_kernel *k)
{
    ptx_put(e->out, "{\"%s\", K_%s, params_%s, %u, %u, %u, %u, %u, %u},\n", k->name, k->name, k->name,
            k->param_count, k->param_bytes, k->shared_bytes, k->local_bytes, k->max_threads, k->has_barrier);
}

static bool is_wanted(const ptx_function *f, const ptx_function *only)
{
    return f->is_defined && (!f->is_kernel || !only || f == only);
}

static void for_each_kernel(emitter *e, const ptx_function *only, void (*put)(emitter *, const vm_kernel *))
{
    for (const ptx_function *f = e->unit->functions; f; f = f->next)
        if (f->is_kernel && is_wanted(f, only)) {
            vm_kernel kernel;
            ptx_describe(e->unit, f, &kernel);
            put(e, &kernel);
        }
}

static void put_tables(emitter *e, const ptx_function *only)
{
    for_each_kernel(e, only, put_params);
    ptx_put(e->out, "static const vm_kernel kernels[] = {\n");
    for_each_kernel(e, only, put_kernel_row);
    ptx_put(e->out, "{0}};\nstatic const vm_variable variables[] = {\n");
    const uint32_t count = variables(e, put_variable_row);
    ptx_put(
        e->out,
        "{0}};\n#ifdef VM_CHECKED\nenum { CHECKED = 1 };\n#else\nenum { CHECKED = 0 };\n#endif\n"
        "const vm_module vm_translated = {VM_ABI, CHECKED, kernels, sizeof kernels / sizeof kernels[0] - 1, "
        "variables, %u};\n",
        count);
}

bool ptx_emit(ptx_unit *unit, const ptx_function *only, ptx_buffer *c)
{
    emitter e = {.unit = unit, .out = c};
    ptx_put(c, "#include \"runtime.h\"\n#include \"functions.h\"\n\n");
    variables(&e, put_variable);
    for (const ptx_function *f = unit->functions; f; f = f->next)
        if (!f->is_kernel && f->is_defined) {
            put_head(&e, f);
            ptx_put(c, ";\n");
        }
    for (e.f = unit->functions; e.f && !ptx_failed(unit); e.f = e.f->next)
        if (is_wanted(e.f, only))
            put_function(&e);
    put_tables(&e, only);
    return !ptx_failed(unit);
}
