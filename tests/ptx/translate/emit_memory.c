/* ld, st, atom, red, mov and cvta. */
#include <stdio.h>
#include <string.h>

#include "translate/emit.h"
#include "translate/opcodes.h"

typedef struct {
    const char *space; /* of runtime/abi.h; NULL: parameters */
    uint32_t count;    /* of a vector */
    const char *operation;
    const ptx_type *type;
} access_form;

/* Memory order, scope and caching change nothing where blocks run one after the other. */
static const char *const ignored[] = {"nc",
                                      "volatile",
                                      "relaxed",
                                      "acquire",
                                      "release",
                                      "acq_rel",
                                      "weak",
                                      "cta",
                                      "gpu",
                                      "sys",
                                      "ca",
                                      "cg",
                                      "cs",
                                      "lu",
                                      "cv",
                                      "wb",
                                      "wt",
                                      "L1::no_allocate",
                                      "L1::evict_normal",
                                      "L1::evict_last",
                                      "L2::64B",
                                      "L1::evict_first",
                                      "L2::128B",
                                      "L2::256B",
                                      "L1::evict_unchanged"};
static const char *const operations[] = {"add", "min",  "max", "and", "or",
                                         "xor", "exch", "cas", "inc", "dec"};
static const struct {
    const char *word, *space;
} spaces[] = {{"global", "VM_GLOBAL"}, {"shared", "VM_SHARED"}, {"shared::cta", "VM_SHARED"},
              {"local", "VM_LOCAL"},   {"const", "VM_CONST"},   {"param", NULL},
              {"param::entry", NULL},  {"param::func", NULL}};

static bool is_one_of(const char *word, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(list[i], word) == 0)
            return true;
    return false;
}

static bool read_word(access_form *form, const char *word, bool is_atomic)
{
    for (size_t i = 0; i < sizeof spaces / sizeof spaces[0]; i++)
        if (strcmp(spaces[i].word, word) == 0) {
            form->space = spaces[i].space;
            return true;
        }
    if (is_atomic && is_one_of(word, operations, sizeof operations / sizeof operations[0])) {
        form->operation = word;
        return true;
    }
    if (!is_atomic && (strcmp(word, "v2") == 0 || strcmp(word, "v4") == 0)) {
        form->count = word[1] == '2' ? 2 : 4;
        return true;
    }
    return is_one_of(word, ignored, sizeof ignored / sizeof ignored[0]);
}

static bool read_form(emitter *e, access_form *form, bool is_atomic)
{
    const ptx_statement *s = e->s;
    *form = (access_form){.space = "VM_GENERIC", .count = 1};
    form->type = ptx_type_find(s->words[s->word_count - 1]);
    if (!form->type || form->type->bytes == 0) {
        ptx_fail(e->unit, s->line, "'%s': '%s' is not a type the executor can keep in memory", s->name,
                 s->words[s->word_count - 1]);
        return false;
    }
    for (uint32_t i = 1; i + 1 < s->word_count; i++)
        if (!read_word(form, s->words[i], is_atomic)) {
            ptx_fail(e->unit, s->line, "'%s': the executor does not know '.%s' here", s->name, s->words[i]);
            return false;
        }
    return true;
}

static void check_param(emitter *e, const ptx_operand *operand, uint64_t bytes)
{
    const ptx_symbol *symbol = operand->symbol;
    if (symbol && (symbol->kind == PTX_PARAM || symbol->kind == PTX_CALL_PARAM) &&
        (operand->offset < 0 || (uint64_t)operand->offset + bytes > symbol->bytes))
        ptx_fail(e->unit, e->s->line, "'%s' reaches outside parameter '%s' of %llu bytes", e->s->name,
                 symbol->name, (unsigned long long)symbol->bytes);
}

/* `{ const u64 at = ACCESS(...);` */
static void put_access(emitter *e, const access_form *form, const ptx_operand *operand, const char *access)
{
    const uint32_t bytes = form->count * form->type->bytes;
    ptx_put(e->out, "{ const u64 at = ");
    if (form->space) {
        ptx_put(e->out, "ACCESS(%s, ", form->space);
        ptx_put(e->out, strcmp(form->space, "VM_SHARED") == 0 ? "(u32)" : "");
        emit_address(e, operand);
        ptx_put(e->out, ", %u, %s, %d); ", bytes, access, e->s->line);
    } else {
        check_param(e, operand, bytes);
        emit_address(e, operand);
        ptx_put(e->out, "; ");
    }
}

/* The i-th part of a vector operand, or the operand itself. */
static const ptx_operand *part(emitter *e, const access_form *form, const ptx_operand *operand, uint32_t i)
{
    if (operand->kind != PTX_VECTOR && form->count == 1)
        return operand;
    if (operand->kind == PTX_VECTOR && operand->count == form->count)
        return &operand->list[i];
    ptx_fail(e->unit, e->s->line, "'%s' needs a list of %u registers", e->s->name, form->count);
    return NULL;
}

static void emit_load(emitter *e)
{
    access_form form;
    if (!emit_expects(e, 2) || !read_form(e, &form, false))
        return;
    put_access(e, &form, &e->s->operands[1], "VM_READ");
    for (uint32_t i = 0; i < form.count; i++) {
        const ptx_operand *to = part(e, &form, &e->s->operands[0], i);
        if (!to)
            return;
        if (to->kind == PTX_SINK)
            continue;
        emit_begin(e, to, form.type, false);
        ptx_put(e->out, "load_%s(at + %u)", form.type->c[0] == 's' ? form.type->name : form.type->c,
                i * form.type->bytes);
        emit_end(e, to, form.type, false);
    }
    ptx_put(e->out, " }\n");
}

static void emit_store(emitter *e)
{
    access_form form;
    if (!emit_expects(e, 2) || !read_form(e, &form, false))
        return;
    put_access(e, &form, &e->s->operands[0], "VM_WRITE");
    for (uint32_t i = 0; i < form.count; i++) {
        const ptx_operand *from = part(e, &form, &e->s->operands[1], i);
        if (!from)
            return;
        ptx_put(e->out, "store_%s(at + %u, ", form.type->c, i * form.type->bytes);
        emit_value(e, from, form.type, true);
        ptx_put(e->out, "); ");
    }
    ptx_put(e->out, "}\n");
}

static bool atomic_is_known(const char *operation, const char *type)
{
    char name[32];
    snprintf(name, sizeof name, "%s_%s", operation, type);
    for (uint32_t i = 0; i < ptx_atomic_count; i++)
        if (strcmp(ptx_atomics[i], name) == 0)
            return true;
    return false;
}

static void emit_atomic(emitter *e)
{
    access_form form;
    const bool returns = strcmp(e->s->words[0], "atom") == 0;
    const ptx_operand *operands = e->s->operands + returns;
    if (!read_form(e, &form, true))
        return;
    const bool swap = form.operation && strcmp(form.operation, "cas") == 0;
    const bool swaps_bits = strcmp(form.type->name, "b32") == 0 || strcmp(form.type->name, "b64") == 0;
    if (!form.operation || !form.space ||
        (swap ? !swaps_bits || !returns : !atomic_is_known(form.operation, form.type->name))) {
        ptx_fail(e->unit, e->s->line, "the executor does not know '%s'", e->s->name);
        return;
    }
    if (!emit_expects(e, 2 + returns + swap))
        return;
    put_access(e, &form, &operands[0], "VM_ATOMIC");
    ptx_put(e->out, "const %s old = load_%s(at); store_%s(at, ", form.type->c, form.type->c, form.type->c);
    if (swap)
        ptx_put(e->out, "old == ");
    else
        ptx_put(e->out, "atom_%s_%s(old, ", form.operation, form.type->name);
    emit_value(e, &operands[1], form.type, true);
    if (swap) {
        ptx_put(e->out, " ? ");
        emit_value(e, &operands[2], form.type, true);
        ptx_put(e->out, " : old");
    }
    ptx_put(e->out, swap ? "); " : ")); ");
    if (returns && e->s->operands[0].kind != PTX_SINK) {
        emit_begin(e, &e->s->operands[0], form.type, false);
        ptx_put(e->out, "old");
        emit_end(e, &e->s->operands[0], form.type, false);
    }
    ptx_put(e->out, " }\n");
}

static const ptx_type *part_type(emitter *e, const ptx_type *type, uint32_t count)
{
    const uint32_t bytes = count ? type->bytes / count : 0;
    if (bytes == 2 || bytes == 4 || bytes == 1)
        return ptx_type_find(bytes == 1 ? "b8" : bytes == 2 ? "b16" : "b32");
    ptx_fail(e->unit, e->s->line, "'%s' of a list of %u", e->s->name, count);
    return NULL;
}

/* mov.b64 {%r1, %r2}, %rd1: the low part first. */
static void emit_unpack(emitter *e, const ptx_type *type)
{
    const ptx_operand *to = &e->s->operands[0];
    const ptx_type *piece = part_type(e, type, to->count);
    if (!piece)
        return;
    ptx_put(e->out, "{ const %s whole = ", type->c);
    emit_value(e, &e->s->operands[1], type, true);
    ptx_put(e->out, "; ");
    for (uint32_t i = 0; i < to->count; i++) {
        if (to->list[i].kind == PTX_SINK)
            continue;
        emit_begin(e, &to->list[i], piece, false);
        ptx_put(e->out, "(%s)(whole >> %u)", piece->c, 8 * i * piece->bytes);
        emit_end(e, &to->list[i], piece, false);
    }
    ptx_put(e->out, " }\n");
}

static void emit_pack(emitter *e, const ptx_type *type)
{
    const ptx_operand *from = &e->s->operands[1];
    const ptx_type *piece = part_type(e, type, from->count);
    if (!piece)
        return;
    emit_begin(e, &e->s->operands[0], type, false);
    for (uint32_t i = 0; i < from->count; i++) {
        ptx_put(e->out, "%s(%s)(", i ? " | " : "", type->c);
        emit_value(e, &from->list[i], piece, true);
        ptx_put(e->out, ") << %u", 8 * i * piece->bytes);
    }
    emit_end(e, &e->s->operands[0], type, false);
    ptx_put(e->out, "\n");
}

static void emit_move(emitter *e)
{
    const ptx_type *type = e->s->word_count == 2 ? ptx_type_find(e->s->words[1]) : NULL;
    if (!type || type->bytes == 1) {
        ptx_fail(e->unit, e->s->line, "the executor does not know '%s'", e->s->name);
        return;
    }
    if (!emit_expects(e, 2))
        return;
    if (e->s->operands[0].kind == PTX_VECTOR) {
        emit_unpack(e, type);
        return;
    }
    if (e->s->operands[1].kind == PTX_VECTOR) {
        emit_pack(e, type);
        return;
    }
    const ptx_operand *to = &e->s->operands[0];
    const bool is_f32 = to->kind == PTX_REG && strcmp(to->symbol->type->name, "f32") == 0;
    const bool exact = !is_f32 || e->bits[to->symbol->first + to->number] != BITS_LAZY;
    emit_begin(e, to, type, false);
    emit_value(e, &e->s->operands[1], type, exact);
    emit_end(e, to, type, false);
    ptx_put(e->out, "\n");
}

/* Only shared addresses differ between their space and generic addressing. */
static void emit_convert_address(emitter *e)
{
    const ptx_statement *s = e->s;
    const ptx_type *type = ptx_type_find("u64");
    const bool to_space = s->word_count == 4 && strcmp(s->words[1], "to") == 0;
    const char *space = s->word_count >= 3 ? s->words[s->word_count - 2] : "";
    const bool shared = strcmp(space, "shared") == 0;
    const bool known = shared || strcmp(space, "global") == 0 || strcmp(space, "local") == 0 ||
                       strcmp(space, "const") == 0 || strcmp(space, "param") == 0;
    if (!known || s->word_count != (to_space ? 4 : 3) || strcmp(s->words[s->word_count - 1], "u64") != 0) {
        ptx_fail(e->unit, s->line, "the executor does not know '%s'", s->name);
        return;
    }
    if (!emit_expects(e, 2))
        return;
    emit_begin(e, &s->operands[0], type, false);
    ptx_put(e->out, shared && !to_space ? "(u64)shared_base + (u32)" : "");
    emit_value(e, &s->operands[1], type, true);
    ptx_put(e->out, shared && to_space ? " - (u64)shared_base" : "");
    emit_end(e, &s->operands[0], type, false);
    ptx_put(e->out, "\n");
}

bool emit_memory(emitter *e)
{
    static const struct {
        const char *word;
        void (*emit)(emitter *e);
    } forms[] = {{"ld", emit_load},
                 {"ldu", emit_load},
                 {"st", emit_store},
                 {"atom", emit_atomic},
                 {"red", emit_atomic},
                 {"mov", emit_move},
                 {"cvta", emit_convert_address}};
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++)
        if (strcmp(e->s->words[0], forms[i].word) == 0) {
            forms[i].emit(e);
            return true;
        }
    return false;
}
