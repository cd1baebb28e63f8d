#include <stdlib.h>
#include <string.h>

#include "unit/reference.h"

__extension__ typedef __int128 wide;
__extension__ typedef unsigned __int128 uwide;

typedef struct {
    unsigned width; /* of the first operand */
    wide a, b, c;
    uint64_t in[4];
} values;

unsigned reference_width(const char *type)
{
    return strcmp(type, "pred") == 0 ? 1 : (unsigned)atoi(type + 1);
}

bool reference_is_signed(const char *type)
{
    return type[0] == 's';
}

const char *reference_after(const char *name, const char *prefix)
{
    const size_t length = strlen(prefix);
    return strncmp(name, prefix, length) == 0 && name[length] == '_' ? name + length + 1 : NULL;
}

static wide extend(uint64_t bits, const char *type)
{
    const unsigned width = reference_width(type);
    wide value = 0;
    for (unsigned i = 0; i < width; i++)
        if (bits >> i & 1)
            value += (wide)1 << i;
    if (reference_is_signed(type) && (bits >> (width - 1) & 1))
        value -= (wide)1 << width;
    return value;
}

static bool bit(uint64_t bits, unsigned i)
{
    return i < 64 && (bits >> i & 1);
}

static wide clamp(wide x, wide low, wide high)
{
    return x < low ? low : x > high ? high : x;
}

static wide low_of(const char *type)
{
    return reference_is_signed(type) ? -((wide)1 << (reference_width(type) - 1)) : 0;
}

static wide high_of(const char *type)
{
    return ((wide)1 << (reference_width(type) - reference_is_signed(type))) - 1;
}

/* The product's bits above the width of the operands. */
static wide high_product(const ptx_opcode *row, const values *v)
{
    if (!reference_is_signed(row->operands[0]))
        return (wide)((uwide)v->a * (uwide)v->b >> v->width);
    return v->a * v->b >> v->width;
}

static reference_kind arithmetic(const ptx_opcode *row, const values *v, wide *out)
{
    const char *name = row->name;
    const bool divides = reference_after(name, "div") || reference_after(name, "rem");
    if (divides && (v->b == 0 || (v->b == -1 && v->a == low_of(row->operands[0]))))
        return REFERENCE_OPEN;
    if (reference_after(name, "add_sat"))
        *out = clamp(v->a + v->b, low_of(row->result), high_of(row->result));
    else if (reference_after(name, "sub_sat"))
        *out = clamp(v->a - v->b, low_of(row->result), high_of(row->result));
    else if (reference_after(name, "add"))
        *out = v->a + v->b;
    else if (reference_after(name, "sub"))
        *out = v->a - v->b;
    else if (reference_after(name, "mul_hi"))
        *out = high_product(row, v);
    else if (reference_after(name, "mad_hi"))
        *out = high_product(row, v) + v->c;
    else if (reference_after(name, "mul"))
        *out = (wide)((uwide)v->a * (uwide)v->b);
    else if (reference_after(name, "mad"))
        *out = (wide)((uwide)v->a * (uwide)v->b + (uwide)v->c);
    else if (reference_after(name, "div"))
        *out = v->a / v->b;
    else if (reference_after(name, "rem"))
        *out = v->a % v->b;
    else if (reference_after(name, "min"))
        *out = v->a < v->b ? v->a : v->b;
    else if (reference_after(name, "max"))
        *out = v->a > v->b ? v->a : v->b;
    else if (reference_after(name, "sad"))
        *out = v->c + (v->a > v->b ? v->a - v->b : v->b - v->a);
    else if (reference_after(name, "abs"))
        *out = v->a < 0 ? -v->a : v->a;
    else if (reference_after(name, "neg"))
        *out = -v->a;
    else
        return REFERENCE_MISSING;
    return REFERENCE_VALUE;
}

static reference_kind compare(const ptx_opcode *row, const values *v, wide *out)
{
    static const struct {
        const char *name;
        bool less, equal, greater;
    } rows[] = {{"eq", 0, 1, 0}, {"ne", 1, 0, 1}, {"lt", 1, 0, 0}, {"le", 1, 1, 0}, {"gt", 0, 0, 1},
                {"ge", 0, 1, 1}, {"lo", 1, 0, 0}, {"ls", 1, 1, 0}, {"hi", 0, 0, 1}, {"hs", 0, 1, 1}};
    const char *word = reference_after(row->name, "setp");
    for (size_t i = 0; word && i < sizeof rows / sizeof rows[0]; i++)
        if (reference_after(word, rows[i].name)) {
            *out = v->a < v->b ? rows[i].less : v->a == v->b ? rows[i].equal : rows[i].greater;
            return REFERENCE_VALUE;
        }
    return REFERENCE_MISSING;
}

static reference_kind convert(const ptx_opcode *row, const values *v, wide *out)
{
    if (!reference_after(row->name, "cvt"))
        return REFERENCE_MISSING;
    *out =
        reference_after(row->name, "cvt_sat") ? clamp(v->a, low_of(row->result), high_of(row->result)) : v->a;
    return REFERENCE_VALUE;
}

/* Bit i of the result of instructions that move or combine bits. */
static int result_bit(const ptx_opcode *row, const values *v, unsigned i)
{
    const char *name = row->name;
    const uint64_t a = v->in[0], b = v->in[1], c = v->in[2];
    const unsigned w = v->width, top = (unsigned)(b > w ? w : b);
    if (reference_after(name, "and"))
        return bit(a, i) && bit(b, i);
    if (reference_after(name, "or"))
        return bit(a, i) || bit(b, i);
    if (reference_after(name, "xor"))
        return bit(a, i) != bit(b, i);
    if (reference_after(name, "not"))
        return !bit(a, i);
    if (reference_after(name, "shl"))
        return i >= top && bit(a, i - top);
    if (reference_after(name, "shr"))
        return i + top < w ? bit(a, i + top) : reference_is_signed(row->result) && bit(a, w - 1);
    if (reference_after(name, "brev"))
        return bit(a, w - 1 - i);
    if (reference_after(name, "lop3"))
        return bit(v->in[3], 4u * bit(a, i) + 2u * bit(b, i) + bit(c, i));
    if (strncmp(name, "shf_", 4) == 0) {
        const unsigned n = strstr(name, "wrap") ? (unsigned)(c % 32) : (unsigned)(c > 32 ? 32 : c);
        const unsigned from = name[4] == 'l' ? 32 + i - n : i + n; /* in b:a */
        return from < 32 ? bit(a, from) : bit(b, from - 32);
    }
    return -1;
}

static reference_kind by_bits(const ptx_opcode *row, const values *v, wide *out)
{
    *out = 0;
    for (unsigned i = 0; i < reference_width(row->result); i++) {
        const int value = result_bit(row, v, i);
        if (value < 0)
            return REFERENCE_MISSING;
        *out |= (wide)value << i;
    }
    return REFERENCE_VALUE;
}

/* bfe and bfi as the manual's loops have them. */
static reference_kind fields(const ptx_opcode *row, const values *v, wide *out)
{
    const bool extracts = reference_after(row->name, "bfe") != NULL;
    const uint64_t *in = v->in;
    const unsigned w = reference_width(row->result), msb = w - 1;
    const unsigned position = (extracts ? in[1] : in[2]) & 0xff, length = (extracts ? in[2] : in[3]) & 0xff;
    if (!extracts && !reference_after(row->name, "bfi"))
        return REFERENCE_MISSING;
    uint64_t result = extracts ? 0 : in[1];
    if (extracts) {
        const unsigned end = position + length - 1;
        const bool is_signed = strstr(row->name, "_s") != NULL;
        const bool sign = is_signed && length && bit(in[0], end < msb ? end : msb);
        for (unsigned i = 0; i <= msb; i++)
            result |= (uint64_t)(i < length && position + i <= msb ? bit(in[0], position + i) : sign) << i;
    } else {
        for (unsigned i = 0; i < length && position + i <= msb; i++) {
            result &= ~((uint64_t)1 << (position + i));
            result |= (uint64_t)bit(in[0], i) << (position + i);
        }
    }
    *out = (wide)result;
    return REFERENCE_VALUE;
}

static reference_kind counts(const ptx_opcode *row, const values *v, wide *out)
{
    const uint64_t a = v->in[0];
    unsigned ones = 0, leading = 0;
    int highest = -1; /* that differs from the sign */
    for (unsigned i = 0; i < v->width; i++) {
        const bool sign = reference_is_signed(row->operands[0]) && bit(a, v->width - 1);
        ones += bit(a, i);
        leading = bit(a, i) ? 0 : leading + 1;
        highest = bit(a, i) != sign ? (int)i : highest;
    }
    if (reference_after(row->name, "popc"))
        *out = ones;
    else if (reference_after(row->name, "clz"))
        *out = leading;
    else if (reference_after(row->name, "cnot"))
        *out = ones == 0;
    else if (reference_after(row->name, "bfind_shiftamt"))
        *out = highest < 0 ? -1 : (int)v->width - 1 - highest;
    else if (reference_after(row->name, "bfind"))
        *out = highest;
    else
        return REFERENCE_MISSING;
    return REFERENCE_VALUE;
}

static reference_kind bytes(const ptx_opcode *row, const values *v, wide *out)
{
    uint8_t a[4], pool[8];
    memcpy(a, &v->in[0], 4);
    memcpy(pool, &v->in[0], 4);
    memcpy(pool + 4, &v->in[1], 4);
    *out = 0;
    if (reference_after(row->name, "prmt")) {
        for (int i = 0; i < 4; i++) {
            const unsigned select = v->in[2] >> 4 * i & 15;
            const uint8_t byte = pool[select & 7];
            *out |= (wide)(select < 8 ? byte : byte > 127 ? 255 : 0) << 8 * i;
        }
        return REFERENCE_VALUE;
    }
    const char *types = reference_after(row->name, "dp4a");
    if (!types)
        return REFERENCE_MISSING;
    *out = v->c;
    for (int i = 0; i < 4; i++)
        *out += extend(pool[i], types[0] == 's' ? "s8" : "u8") *
                extend(pool[4 + i], types[4] == 's' ? "s8" : "u8");
    return REFERENCE_VALUE;
}

reference_kind reference_integer(const ptx_opcode *row, const uint64_t in[4], uint64_t *out)
{
    static reference_kind (*const families[])(const ptx_opcode *, const values *, wide *) = {
        by_bits, fields, counts, bytes, arithmetic, compare, convert};
    values v = {.width = reference_width(row->operands[0])};
    memcpy(v.in, in, sizeof v.in);
    v.a = extend(in[0], row->operands[0]);
    v.b = row->operand_count > 1 ? extend(in[1], row->operands[1]) : 0;
    v.c = row->operand_count > 2 ? extend(in[2], row->operands[2]) : 0;
    for (size_t i = 0; i < sizeof families / sizeof families[0]; i++) {
        wide value = 0;
        const reference_kind kind = families[i](row, &v, &value);
        if (kind == REFERENCE_MISSING)
            continue;
        const unsigned width = reference_width(row->result);
        *out = (uint64_t)value & (width == 64 ? UINT64_MAX : ((uint64_t)1 << width) - 1);
        return kind;
    }
    return REFERENCE_MISSING;
}
