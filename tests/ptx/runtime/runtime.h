/* The instructions of PTX as C. Compiled with every translated module, after abi.h and before opcodes.def. */
#ifndef SY_TESTS_PTX_RUNTIME_H
#define SY_TESTS_PTX_RUNTIME_H

#include <fenv.h>
#include <stdint.h>
#include <string.h>

#include "abi.h"

#define is_nan(x)   __builtin_isnan(x)
#define is_minus(x) (__builtin_signbit(x) != 0)

enum { TO_ZERO = FE_TOWARDZERO, TO_MINUS = FE_DOWNWARD, TO_PLUS = FE_UPWARD };

/* Registers hold bits; instructions say what the bits mean. */
static inline f32 f32_of_bits(u32 bits)
{
    f32 x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static inline u32 bits_of_f32(f32 x)
{
    u32 bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static inline f64 f64_of_bits(u64 bits)
{
    f64 x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static inline u64 bits_of_f64(f64 x)
{
    u64 bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static inline f32 flushed(f32 x)
{
    return __builtin_fabsf(x) < 0x1p-126f ? __builtin_copysignf(0, x) : x;
}

/* x, or a neighbour `units` away, by the lowest bits of `seed`. */
static inline f32 off_by(f32 x, u32 units, u32 seed)
{
    if (!__builtin_isnormal(x) || seed % 3 == 0)
        return x;
    return f32_of_bits(seed % 3 == 1 ? bits_of_f32(x) + units : bits_of_f32(x) - units);
}

/* Arithmetic of single precision gives one NaN only. */
static inline f32 canonical(f32 x)
{
    return is_nan(x) ? f32_of_bits(0x7fffffff) : x;
}

#define MEMORY(T)                                  \
    static inline T load_##T(u64 address)          \
    {                                              \
        T x;                                       \
        memcpy(&x, (void *)address, sizeof x);     \
        return x;                                  \
    }                                              \
    static inline void store_##T(u64 address, T x) \
    {                                              \
        memcpy((void *)address, &x, sizeof x);     \
    }
MEMORY(u8)
MEMORY(s8)
MEMORY(u16)
MEMORY(s16)
MEMORY(u32)
MEMORY(s32)
MEMORY(u64)
MEMORY(s64)
MEMORY(f32)
MEMORY(f64)
#undef MEMORY

/* The low half of a product is the same for both signs; unsigned avoids the int of u16 * u16. */
#define low_product(a, b) ((u64)(a) * (u64)(b))
#define is_minus_one(b)   ((__typeof__(b))-1 < 0 && (b) == (__typeof__(b))-1)

static inline s64 clamp_s64(s64 x, s64 low, s64 high)
{
    return x < low ? low : x > high ? high : x;
}

static inline u64 reverse_bits(u64 x)
{
    u64 reversed = 0;
    for (int i = 0; i < 64; i++)
        reversed |= (x >> i & 1) << (63 - i);
    return reversed;
}

static inline u32 highest_bit(u64 x)
{
    return x ? (u32)(63 - __builtin_clzll(x)) : UINT32_MAX;
}

/* bfe: `length` bits of x from `start`; what lies above the width, or above the field, is a copy of its top
 * bit if the type is signed. */
static inline u64 field(u64 x, int sign, u32 start, u32 length, u32 width)
{
    const u32 at = start & 0xff, count = length & 0xff;
    if (count == 0)
        return 0;
    const u32 top = at + count - 1 < width - 1 ? at + count - 1 : width - 1;
    const u64 fill = sign && (x >> top & 1) ? ~(u64)0 : 0;
    const u64 shifted = at >= width ? fill : x >> at | (at && fill ? fill << (width - at) : 0);
    const u64 mask = count >= 64 ? ~(u64)0 : ((u64)1 << count) - 1;
    return (shifted & mask) | (fill & ~mask);
}

/* bfi: b with `length` bits of a at `start`. */
static inline u64 insert_field(u64 a, u64 b, u32 start, u32 length, u32 width)
{
    const u32 at = start & 0xff, count = length & 0xff;
    if (count == 0 || at >= width)
        return b;
    const u64 mask = (count >= 64 ? ~(u64)0 : ((u64)1 << count) - 1) << at;
    return (b & ~mask) | (a << at & mask);
}

static inline u32 permute(u32 a, u32 b, u32 selection)
{
    const u64 bytes = (u64)b << 32 | a;
    u32 out = 0;
    for (u32 i = 0; i < 4; i++) {
        const u32 select = selection >> 4 * i & 15;
        const u32 byte = (u32)(bytes >> 8 * (select & 7)) & 0xff;
        out |= (select & 8 ? (byte & 0x80 ? 0xffu : 0) : byte) << 8 * i;
    }
    return out;
}

static inline u32 look_up(u32 a, u32 b, u32 c, u32 table)
{
    u32 out = 0;
    for (u32 i = 0; i < 8; i++)
        if (table >> i & 1)
            out |= (i & 4 ? a : ~a) & (i & 2 ? b : ~b) & (i & 1 ? c : ~c);
    return out;
}

static inline u32 dot_bytes(u32 a, int a_signed, u32 b, int b_signed, u32 sum)
{
    for (u32 i = 0; i < 32; i += 8) {
        const s32 x = a_signed ? (s8)(a >> i) : (u8)(a >> i);
        const s32 y = b_signed ? (s8)(b >> i) : (u8)(b >> i);
        sum += (u32)(x * y);
    }
    return sum;
}

/* What is rounded by another rule than to nearest is computed under that rule of the processor; volatile
 * keeps the computation between the two changes of rule. */
#define ROUNDED_2(name, sign, T)                        \
    static T name##_rounded_##T(T a, T b, int rounding) \
    {                                                   \
        volatile T x = a, y = b;                        \
        fesetround(rounding);                           \
        volatile T result = x sign y;                   \
        fesetround(FE_TONEAREST);                       \
        return result;                                  \
    }
#define ROUNDED(T, fused)                                 \
    ROUNDED_2(add, +, T)                                  \
    ROUNDED_2(sub, -, T)                                  \
    ROUNDED_2(mul, *, T)                                  \
    ROUNDED_2(div, /, T)                                  \
    static T fma_rounded_##T(T a, T b, T c, int rounding) \
    {                                                     \
        volatile T x = a, y = b, z = c;                   \
        fesetround(rounding);                             \
        volatile T result = fused(x, y, z);               \
        fesetround(FE_TONEAREST);                         \
        return result;                                    \
    }
ROUNDED(f32, __builtin_fmaf)
ROUNDED(f64, __builtin_fma)
#undef ROUNDED
#undef ROUNDED_2

#define ROUNDED_CONVERSION(to, from)                                                            \
    static to to##_of_##from(from a, int rounding)                                              \
    {                                                                                           \
        volatile from x = a;                                                                    \
        fesetround(rounding);                                                                   \
        volatile to result = (to)x;                                                             \
        fesetround(FE_TONEAREST);                                                               \
        return a == 0 ? (to)a : result; /* compilers sum two parts, to -0 when rounding down */ \
    }
ROUNDED_CONVERSION(f32, u32)
ROUNDED_CONVERSION(f32, s32)
ROUNDED_CONVERSION(f32, u64)
ROUNDED_CONVERSION(f32, s64)
ROUNDED_CONVERSION(f64, u32)
ROUNDED_CONVERSION(f64, s32)
ROUNDED_CONVERSION(f64, u64)
ROUNDED_CONVERSION(f64, s64)
ROUNDED_CONVERSION(f32, f64)
#undef ROUNDED_CONVERSION

#define LIMITED(to, from, low, high, of_nan)                                                             \
    static inline to to##_of_##from(from x)                                                              \
    {                                                                                                    \
        return is_nan(x) ? (to)(of_nan) : x <= (from)(low) ? (low) : x >= (from)(high) ? (high) : (to)x; \
    }
LIMITED(u8, f32, 0, UINT8_MAX, 0)
LIMITED(s8, f32, INT8_MIN, INT8_MAX, 0)
LIMITED(u16, f32, 0, UINT16_MAX, 0)
LIMITED(s16, f32, INT16_MIN, INT16_MAX, 0)
LIMITED(u32, f32, 0, UINT32_MAX, 0)
LIMITED(s32, f32, INT32_MIN, INT32_MAX, 0)
LIMITED(u64, f32, 0, UINT64_MAX, (u64)1 << 63)
LIMITED(s64, f32, INT64_MIN, INT64_MAX, (u64)1 << 63)
LIMITED(u8, f64, 0, UINT8_MAX, 1u << 7)
LIMITED(s8, f64, INT8_MIN, INT8_MAX, 1u << 7)
LIMITED(u16, f64, 0, UINT16_MAX, 1u << 15)
LIMITED(s16, f64, INT16_MIN, INT16_MAX, 1u << 15)
LIMITED(u32, f64, 0, UINT32_MAX, 1u << 31)
LIMITED(s32, f64, INT32_MIN, INT32_MAX, 1u << 31)
LIMITED(u64, f64, 0, UINT64_MAX, (u64)1 << 63)
LIMITED(s64, f64, INT64_MIN, INT64_MAX, (u64)1 << 63)
#undef LIMITED

/* Memory. The translator writes ACCESS(...) for the address in this process. */
#ifdef VM_CHECKED
#define ACCESS(space, address, bytes, kind, line) \
    (thread->block->services->access(thread, space, address, bytes, kind, line))
#define DIVISOR(b, line) ((b) == 0 ? (thread->block->services->division_by_zero(thread, line), 1) : (b))
#else
#define ACCESS(space, address, bytes, kind, line) \
    ((space) == VM_SHARED ? (u64)(shared_base + (u32)(address)) : (u64)(address))
#define DIVISOR(b, line) (b)
#endif

#endif
