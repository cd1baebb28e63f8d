#include "translate/parse.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void ptx_fail(ptx_unit *unit, int line, const char *format, ...)
{
    va_list values;
    if (ptx_failed(unit))
        return;
    const int used = line ? snprintf(unit->error, sizeof unit->error, "line %d: ", line) : 0;
    va_start(values, format);
    vsnprintf(unit->error + used, sizeof unit->error - (size_t)used, format, values);
    va_end(values);
}

static uint64_t aligned(uint64_t offset, uint32_t align)
{
    return (offset + align - 1) / align * align;
}

/* Parameters of a kernel lie in one block of bytes; those of a function are byte arrays of their own. */
static void parse_params(parser *p, ptx_function *f)
{
    lex_expect(&p->lex, "(");
    while (!ptx_failed(p->unit) && !lex_accept(&p->lex, ")")) {
        const int line = p->lex.now.line;
        lex_expect(&p->lex, ".param");
        ptx_symbol *param = parse_variable(p, f->is_kernel ? PTX_PARAM : PTX_CALL_PARAM);
        if (f->param_count == PTX_MAX_ARGUMENTS) {
            ptx_fail(p->unit, line, "'%s' has more than %d parameters", f->name, PTX_MAX_ARGUMENTS);
            return;
        }
        param->offset = aligned(f->param_bytes, param->align);
        param->function = f;
        f->param_bytes = (uint32_t)(param->offset + param->bytes);
        f->params[f->param_count++] = param;
        if (!lex_is(&p->lex, ")"))
            lex_expect(&p->lex, ",");
    }
    if (f->is_kernel && f->param_bytes > 4096)
        ptx_fail(p->unit, f->line, "kernel '%s' has %u bytes of parameters, more than 4096", f->name,
                 f->param_bytes);
}

static uint32_t parse_threads(parser *p)
{
    uint64_t threads = 1;
    do {
        const uint64_t extent = lex_integer(&p->lex);
        threads = extent > 1024 ? 1025 : threads * extent;
    } while (!ptx_failed(p->unit) && lex_accept(&p->lex, ","));
    return threads > 1024 ? 1024 : (uint32_t)threads;
}

static void parse_tuning(parser *p, ptx_function *f)
{
    while (!ptx_failed(p->unit) && !lex_is(&p->lex, "{") && !lex_is(&p->lex, ";")) {
        if (lex_accept(&p->lex, ".maxntid") || lex_accept(&p->lex, ".reqntid"))
            f->max_threads = parse_threads(p);
        else if (lex_accept(&p->lex, ".minnctapersm") || lex_accept(&p->lex, ".maxnreg"))
            lex_integer(&p->lex);
        else if (lex_accept(&p->lex, ".pragma")) {
            lex_take(&p->lex);
            lex_expect(&p->lex, ";");
        } else if (!lex_accept(&p->lex, ".noreturn"))
            ptx_fail(p->unit, p->lex.now.line, "the executor does not know the directive '%s'",
                     p->lex.now.text);
    }
}

static ptx_function *add_function(parser *p, bool is_kernel)
{
    ptx_function *f = ptx_alloc(&p->unit->arena, sizeof *f);
    f->is_kernel = is_kernel;
    f->end = &f->body;
    f->line = p->lex.now.line;
    *p->unit->functions_end = f;
    p->unit->functions_end = &f->next;
    return f;
}

static void parse_function(parser *p, bool is_kernel)
{
    ptx_function *f = add_function(p, is_kernel);
    ptx_symbol *before = p->scope;
    if (!is_kernel && lex_accept(&p->lex, "(")) {
        lex_expect(&p->lex, ".param");
        f->result = parse_variable(p, PTX_CALL_PARAM);
        lex_expect(&p->lex, ")");
    }
    f->name = lex_word(&p->lex);
    if (lex_is(&p->lex, "("))
        parse_params(p, f);
    parse_tuning(p, f);
    if (!lex_accept(&p->lex, ";")) {
        lex_expect(&p->lex, "{");
        f->is_defined = true;
        p->function = f;
        parse_body(p);
        p->function = NULL;
    }
    p->scope = before;
    if (!is_kernel)
        parse_declare(p, PTX_FUNCTION, f->name, f->line)->function = f;
}

static void parse_unit_variable(parser *p, ptx_symbol_kind kind, bool external)
{
    ptx_symbol *symbol = parse_variable(p, kind);
    lex_expect(&p->lex, ";");
    symbol->external = external;
    if (external && kind != PTX_SHARED)
        ptx_fail(p->unit, symbol->line, "'%s' is defined in another module: the executor links nothing",
                 symbol->name);
    if (kind == PTX_SHARED && !external) {
        symbol->offset = aligned(p->unit->shared_bytes, symbol->align);
        p->unit->shared_bytes = (uint32_t)(symbol->offset + symbol->bytes);
    }
}

static void skip_line(parser *p)
{
    const int line = p->lex.now.line;
    while (p->lex.now.kind != LEX_END && p->lex.now.line == line)
        lex_take(&p->lex);
}

/* .section .debug_... { ... }: what debuggers read. */
static void skip_section(parser *p)
{
    while (p->lex.now.kind != LEX_END && !lex_accept(&p->lex, "}"))
        lex_take(&p->lex);
}

static void parse_item(parser *p)
{
    bool external = false;
    for (;;) {
        if (lex_accept(&p->lex, ".extern"))
            external = true;
        else if (!lex_accept(&p->lex, ".visible") && !lex_accept(&p->lex, ".weak") &&
                 !lex_accept(&p->lex, ".common"))
            break;
    }
    if (lex_accept(&p->lex, ".entry"))
        parse_function(p, true);
    else if (lex_accept(&p->lex, ".func"))
        parse_function(p, false);
    else if (lex_accept(&p->lex, ".global"))
        parse_unit_variable(p, PTX_GLOBAL, external);
    else if (lex_accept(&p->lex, ".const"))
        parse_unit_variable(p, PTX_CONST, external);
    else if (lex_accept(&p->lex, ".shared"))
        parse_unit_variable(p, PTX_SHARED, external);
    else if (lex_is(&p->lex, ".version") || lex_is(&p->lex, ".target") || lex_is(&p->lex, ".file"))
        skip_line(p);
    else if (lex_accept(&p->lex, ".section"))
        skip_section(p);
    else if (lex_accept(&p->lex, ".address_size")) {
        if (lex_integer(&p->lex) != 64)
            ptx_fail(p->unit, p->lex.now.line, "addresses must be of 64 bits");
    } else
        ptx_fail(p->unit, p->lex.now.line, "the executor does not know '%s'", p->lex.now.text);
}

bool ptx_parse(ptx_unit *unit, const char *text)
{
    parser p = {.unit = unit};
    *unit = (ptx_unit){0};
    unit->functions_end = &unit->functions;
    lex_open(&p.lex, unit, text);
    if (!lex_is(&p.lex, ".version"))
        ptx_fail(unit, p.lex.now.line, "this is not PTX: it does not begin with .version");
    while (!ptx_failed(unit) && p.lex.now.kind != LEX_END)
        parse_item(&p);
    unit->symbols = p.scope;
    return !ptx_failed(unit);
}

void ptx_unit_release(ptx_unit *unit)
{
    ptx_arena_release(&unit->arena);
}
