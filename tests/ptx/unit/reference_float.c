#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "unit/reference.h"

__extension__ typedef __float128 quad;
__extension__ typedef __int128 wide;

typedef enum { TO_NEAREST, TO_ZERO, TO_MINUS, TO_PLUS } rounding;

/* A number known exactly: near + rest, or dividend / divisor, or the root of `square`. */
typedef struct {
    enum { SUM, QUOTIENT, ROOT } form;
    quad near, rest, dividend, divisor, square;
    double about; /* roughly where it is */
} exact;

static quad value_of(uint64_t bits, const char *type)
{
    if (strcmp(type, "f32") == 0) {
        const uint32_t low = (uint32_t)bits;
        float x;
        memcpy(&x, &low, sizeof x);
        return x;
    }
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static uint64_t bits_of(quad value, bool is_single)
{
    uint64_t bits = 0;
    if (is_single) {
        const float x = (float)value;
        memcpy(&bits, &x, sizeof x);
    } else {
        const double x = (double)value;
        memcpy(&bits, &x, sizeof x);
    }
    return bits;
}

static bool is_nan(quad x)
{
    return x != x;
}

static bool is_infinite(quad x)
{
    return x == (quad)INFINITY || x == -(quad)INFINITY;
}

static bool is_negative(quad x)
{
    return signbit((double)x) != 0;
}

static int sign(quad x)
{
    return (x > 0) - (x < 0);
}

/* The sign of x - t, for a t of at most 54 bits. */
static int compare(const exact *x, quad t)
{
    if (is_infinite(t))
        return t > 0 ? -1 : 1;
    if (x->form == QUOTIENT)
        return sign(x->dividend - t * x->divisor) * sign(x->divisor);
    if (x->form == ROOT)
        return t < 0 ? 1 : sign(x->square - t * t);
    return x->near != t ? sign(x->near - t) : sign(x->rest);
}

static quad next(quad x, bool is_single, double towards)
{
    return is_single ? (quad)nextafterf((float)x, (float)towards) : (quad)nextafter((double)x, towards);
}

static bool is_even(quad x, bool is_single)
{
    return (bits_of(x, is_single) & 1) == 0;
}

static quad to_nearest(const exact *x, quad down, quad up, bool is_single)
{
    const quad step = is_infinite(up) ? down - next(down, is_single, -INFINITY) : up - down;
    const quad middle = is_infinite(down) ? up - (next(up, is_single, INFINITY) - up) / 2 : down + step / 2;
    const int side = compare(x, middle);
    return side < 0 ? down : side > 0 ? up : is_even(down, is_single) ? down : up;
}

static quad rounded(const exact *x, bool is_single, rounding mode)
{
    quad down = is_single ? (quad)(float)x->about : (quad)x->about;
    while (compare(x, down) < 0)
        down = next(down, is_single, -INFINITY);
    for (quad up = next(down, is_single, INFINITY); compare(x, up) >= 0; up = next(down, is_single, INFINITY))
        down = up;
    if (compare(x, down) == 0)
        return down;
    const quad up = next(down, is_single, INFINITY);
    switch (mode) {
    case TO_MINUS: return down;
    case TO_PLUS: return up;
    case TO_ZERO: return compare(x, 0) > 0 ? down : up;
    default: return to_nearest(x, down, up, is_single);
    }
}

/* a + b without error as two numbers (Knuth). */
static exact sum(quad a, quad b)
{
    const quad near = a + b, part = near - a;
    return (exact){
        .form = SUM, .near = near, .rest = (a - (near - part)) + (b - part), .about = (double)near};
}

static rounding mode_of(const char *word)
{
    return word[1] == 'z' ? TO_ZERO : word[1] == 'm' ? TO_MINUS : word[1] == 'p' ? TO_PLUS : TO_NEAREST;
}

static reference_kind give(quad value, bool is_single, uint64_t *out)
{
    *out = bits_of(value, is_single);
    return is_nan(value) ? REFERENCE_NAN : REFERENCE_VALUE;
}

/* Of terms whose sum is exactly 0: -0 if both are, and +0 otherwise unless rounding down. */
static quad zero_sum(quad a, quad b, rounding mode)
{
    const bool both = is_negative(a) && is_negative(b), either = is_negative(a) || is_negative(b);
    return both || (either && mode == TO_MINUS) ? -(quad)0 : 0;
}

static reference_kind add(quad a, quad b, rounding mode, bool is_single, uint64_t *out)
{
    const quad near = a + b;
    if (is_nan(near) || is_infinite(near))
        return give(near, is_single, out);
    if (near == 0) /* nothing is lost when terms cancel */
        return give(zero_sum(a, b, mode), is_single, out);
    const exact x = sum(a, b);
    return give(rounded(&x, is_single, mode), is_single, out);
}

static quad with_sign(quad x, bool negative)
{
    const quad size = x < 0 || is_negative(x) ? -x : x;
    return negative ? -size : size;
}

static reference_kind multiply(quad a, quad b, rounding mode, bool is_single, uint64_t *out)
{
    const quad product = a * b;
    if (is_nan(product) || is_infinite(product) || product == 0)
        return give(product, is_single, out);
    const exact x = {.form = SUM, .near = product, .about = (double)product};
    return give(with_sign(rounded(&x, is_single, mode), product < 0), is_single, out);
}

static reference_kind divide(quad a, quad b, rounding mode, bool is_single, uint64_t *out)
{
    const quad quotient = a / b;
    if (is_nan(quotient) || is_infinite(quotient) || quotient == 0)
        return give(quotient, is_single, out);
    const exact x = {.form = QUOTIENT, .dividend = a, .divisor = b, .about = (double)quotient};
    return give(with_sign(rounded(&x, is_single, mode), quotient < 0), is_single, out);
}

static reference_kind root(quad a, bool is_single, uint64_t *out)
{
    if (is_nan(a) || a < 0)
        return REFERENCE_NAN;
    if (a == 0 || is_infinite(a))
        return give(a, is_single, out);
    const exact x = {.form = ROOT, .square = a, .about = sqrt((double)a)};
    return give(rounded(&x, is_single, TO_NEAREST), is_single, out);
}

static reference_kind arithmetic(const ptx_opcode *row, const quad v[3], uint64_t *out)
{
    static const struct {
        const char *name;
        reference_kind (*compute)(quad, quad, rounding, bool, uint64_t *);
    } rows[] = {{"add", add}, {"mul", multiply}, {"div", divide}};
    const bool is_single = strcmp(row->result, "f32") == 0;
    const char *word;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if ((word = reference_after(row->name, rows[i].name)) && !reference_after(word, "approx"))
            return rows[i].compute(v[0], v[1], mode_of(word), is_single, out);
    if ((word = reference_after(row->name, "sub")))
        return add(v[0], -v[1], mode_of(word), is_single, out);
    if ((word = reference_after(row->name, "fma")))
        return add(v[0] * v[1], v[2], mode_of(word), is_single, out);
    if (reference_after(row->name, "rcp_rn"))
        return divide(1, v[0], TO_NEAREST, is_single, out);
    if (reference_after(row->name, "sqrt_rn"))
        return root(v[0], is_single, out);
    return REFERENCE_MISSING;
}

/* Which of the two a minimum (or maximum) is; -0 is below +0. */
static quad extreme(quad a, quad b, bool largest, bool keeps_nan)
{
    if (is_nan(a) || is_nan(b))
        return is_nan(a) == keeps_nan ? a : b;
    const bool a_below = a < b || (a == b && is_negative(a));
    return a_below != largest ? a : b;
}

static reference_kind choose(const ptx_opcode *row, const quad v[3], uint64_t *out)
{
    const bool is_single = strcmp(row->result, "f32") == 0;
    const char *min = reference_after(row->name, "min"), *max = reference_after(row->name, "max");
    if (min || max)
        return give(extreme(v[0], v[1], max != NULL, strstr(row->name, "_NaN_") != NULL), is_single, out);
    return REFERENCE_MISSING;
}

static reference_kind sign_bits(const ptx_opcode *row, const uint64_t in[4], const quad v[3], uint64_t *out)
{
    const uint64_t top = strcmp(row->result, "f32") == 0 ? (uint64_t)1 << 31 : (uint64_t)1 << 63;
    if (reference_after(row->name, "copysign"))
        *out = (in[1] & ~top) | (in[0] & top);
    else if (reference_after(row->name, "abs"))
        *out = in[0] & ~top;
    else if (reference_after(row->name, "neg"))
        *out = in[0] ^ top;
    else
        return REFERENCE_MISSING;
    return is_nan(reference_after(row->name, "copysign") ? v[1] : v[0]) ? REFERENCE_NAN : REFERENCE_VALUE;
}

static reference_kind compare_floats(const ptx_opcode *row, const quad v[3], uint64_t *out)
{
    static const struct {
        const char *name;
        bool less, equal, greater, unordered;
    } rows[] = {{"eq", 0, 1, 0, 0},  {"ne", 1, 0, 1, 0},  {"lt", 1, 0, 0, 0},  {"le", 1, 1, 0, 0},
                {"gt", 0, 0, 1, 0},  {"ge", 0, 1, 1, 0},  {"equ", 0, 1, 0, 1}, {"neu", 1, 0, 1, 1},
                {"ltu", 1, 0, 0, 1}, {"leu", 1, 1, 0, 1}, {"gtu", 0, 0, 1, 1}, {"geu", 0, 1, 1, 1},
                {"num", 1, 1, 1, 0}, {"nan", 0, 0, 0, 1}};
    const char *word = reference_after(row->name, "setp");
    for (size_t i = 0; word && i < sizeof rows / sizeof rows[0]; i++)
        if (reference_after(word, rows[i].name)) {
            const bool nan = is_nan(v[0]) || is_nan(v[1]);
            *out = nan           ? rows[i].unordered
                   : v[0] < v[1] ? rows[i].less
                   : v[0] > v[1] ? rows[i].greater
                                 : rows[i].equal;
            return REFERENCE_VALUE;
        }
    return REFERENCE_MISSING;
}

static reference_kind classify(const ptx_opcode *row, const uint64_t in[4], uint64_t *out)
{
    const bool is_single = strcmp(row->operands[0], "f32") == 0;
    const unsigned digits = is_single ? 23 : 52, exponents = is_single ? 8 : 11;
    const uint64_t digit = in[0] & (((uint64_t)1 << digits) - 1);
    const uint64_t exponent = in[0] >> digits & (((uint64_t)1 << exponents) - 1),
                   all = ((uint64_t)1 << exponents) - 1;
    const char *word = reference_after(row->name, "testp");
    if (!word)
        return REFERENCE_MISSING;
    if (reference_after(word, "finite"))
        *out = exponent != all;
    else if (reference_after(word, "infinite"))
        *out = exponent == all && digit == 0;
    else if (reference_after(word, "number"))
        *out = exponent != all || digit == 0;
    else if (reference_after(word, "notanumber"))
        *out = exponent == all && digit != 0;
    else if (reference_after(word, "normal"))
        *out = exponent != 0 && exponent != all;
    else
        *out = exponent == 0 && digit != 0;
    return REFERENCE_VALUE;
}

/* To a whole number, for |x| < 2^112. */
static quad whole(quad x, const char *word)
{
    const quad truncated = (quad)(wide)x, below = truncated > x ? truncated - 1 : truncated;
    const quad part = x - below; /* in [0, 1) */
    if (word[1] == 'z')
        return truncated;
    if (word[1] == 'm' || part == 0)
        return below;
    if (word[1] == 'p')
        return below + 1;
    return part < 0.5 || (part == 0.5 && (wide)below % 2 == 0) ? below : below + 1;
}

static quad to_whole(quad x, const char *word)
{
    if (is_nan(x) || is_infinite(x) || x >= 0x1p100 || x <= -0x1p100)
        return x;
    return with_sign(whole(x, word), is_negative(x));
}

static reference_kind float_to_integer(const ptx_opcode *row, quad x, const char *word, uint64_t *out)
{
    const unsigned width = reference_width(row->result);
    const bool is_signed = reference_is_signed(row->result);
    const wide low = is_signed ? -((wide)1 << (width - 1)) : 0, high = ((wide)1 << (width - is_signed)) - 1;
    const uint64_t mask = width == 64 ? UINT64_MAX : ((uint64_t)1 << width) - 1;
    if (is_nan(x)) {
        const bool wide_type = width == 64 || strcmp(row->operands[0], "f64") == 0;
        *out = wide_type ? (uint64_t)1 << (width - 1) : 0;
        return REFERENCE_VALUE;
    }
    const quad rounded_x = to_whole(x, word);
    const wide value = rounded_x <= (quad)low ? low : rounded_x >= (quad)high ? high : (wide)rounded_x;
    *out = (uint64_t)value & mask;
    return REFERENCE_VALUE;
}

static quad integer_value(uint64_t bits, const char *type)
{
    const unsigned width = reference_width(type);
    const bool negative = reference_is_signed(type) && (bits >> (width - 1) & 1);
    return (quad)bits - (negative ? (quad)((wide)1 << width) : 0);
}

static reference_kind convert(const ptx_opcode *row, const uint64_t in[4], uint64_t *out)
{
    const char *word = reference_after(row->name, "cvt"), *from = row->operands[0];
    const bool is_single = strcmp(row->result, "f32") == 0;
    if (!word)
        return REFERENCE_MISSING;
    const quad x = from[0] == 'f' ? value_of(in[0], from) : integer_value(in[0], from);
    if (row->result[0] != 'f')
        return float_to_integer(row, x, word, out);
    if (reference_after(word, "sat"))
        return give(is_nan(x) || x <= 0 ? 0 : x > 1 ? 1 : x, is_single, out);
    if (word[0] == 'r' && word[2] == 'i')
        return give(to_whole(x, word), is_single, out);
    if (is_nan(x) || is_infinite(x) || x == 0)
        return give(x, is_single, out);
    const exact number = {.form = SUM, .near = x, .about = (double)x};
    return give(with_sign(rounded(&number, is_single, mode_of(word)), x < 0), is_single, out);
}

reference_kind reference_float(const ptx_opcode *row, const uint64_t in[4], uint64_t *out)
{
    quad v[3] = {0};
    for (uint32_t i = 0; i < row->operand_count && i < 3 && row->operands[0][0] == 'f'; i++)
        v[i] = value_of(in[i], row->operands[i]);
    *out = 0;
    reference_kind kind = convert(row, in, out);
    kind = kind == REFERENCE_MISSING ? arithmetic(row, v, out) : kind;
    kind = kind == REFERENCE_MISSING ? choose(row, v, out) : kind;
    kind = kind == REFERENCE_MISSING ? sign_bits(row, in, v, out) : kind;
    kind = kind == REFERENCE_MISSING ? compare_floats(row, v, out) : kind;
    kind = kind == REFERENCE_MISSING ? classify(row, in, out) : kind;
    return kind;
}
