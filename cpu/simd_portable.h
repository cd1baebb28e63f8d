/* Vectors in plain C, and what each function of every simd_<set>.h means.
 *
 * A kernel for several instruction sets is one header, cpu/fast_<kernel>.h, over these functions; a file for
 * each instruction set includes one simd_<set>.h, then the kernel. This form is for processors that have no
 * form of their own, and lets the tests run the logic of wider vectors anywhere. SY_SIMD_WIDTH is 8 unless it
 * is set before.
 */
#ifndef SY_CPU_SIMD_PORTABLE_H
#define SY_CPU_SIMD_PORTABLE_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#ifndef SY_SIMD_WIDTH
#define SY_SIMD_WIDTH 8
#endif

/* The names of what a kernel exports, and of its variant. */
#if SY_SIMD_WIDTH == 8
#define SY_SIMD(name)     name##_portable
#define SY_SIMD_SUFFIX    ".portable"
#define SY_SIMD_TILE_ROWS 6
#else
#define SY_SIMD(name)     name##_portable16
#define SY_SIMD_SUFFIX    ".portable16"
#define SY_SIMD_TILE_ROWS 8
#endif
#define SY_SIMD_LEVEL SY_CPU_LEVEL_PORTABLE

enum {
    VW = SY_SIMD_WIDTH,            /* floats in a vector */
    TILE_ROWS = SY_SIMD_TILE_ROWS, /* of the tile of sums that the registers hold; see simd_tile.h */
};

#define V_EACH(i) for (int i = 0; i < VW; i++)

typedef struct vf {
    float x[VW];
} vf;

typedef struct vi {
    uint32_t x[VW];
} vi;

typedef struct vmask {
    int first, end;
} vmask;

static inline vf v_set(float x)
{
    vf r;
    V_EACH(i) r.x[i] = x;
    return r;
}

static inline vf v_zero(void)
{
    return v_set(0.0f);
}

/* Of any alignment. */
static inline vf v_load(const float *p)
{
    vf r;
    memcpy(r.x, p, sizeof r.x);
    return r;
}

static inline void v_store(float *p, vf x)
{
    memcpy(p, x.x, sizeof x.x);
}

/* a * b + c, rounded once. */
static inline vf v_fma(vf a, vf b, vf c)
{
    V_EACH(i) c.x[i] = fmaf(a.x[i], b.x[i], c.x[i]);
    return c;
}

static inline vf v_add(vf a, vf b)
{
    V_EACH(i) a.x[i] += b.x[i];
    return a;
}

static inline vf v_sub(vf a, vf b)
{
    V_EACH(i) a.x[i] -= b.x[i];
    return a;
}

static inline vf v_mul(vf a, vf b)
{
    V_EACH(i) a.x[i] *= b.x[i];
    return a;
}

static inline vf v_div(vf a, vf b)
{
    V_EACH(i) a.x[i] /= b.x[i];
    return a;
}

/* a > b ? a : b, so b when they are equal or one is a NaN. */
static inline vf v_max(vf a, vf b)
{
    V_EACH(i) b.x[i] = a.x[i] > b.x[i] ? a.x[i] : b.x[i];
    return b;
}

/* a < b ? a : b, so b when they are equal or one is a NaN. */
static inline vf v_min(vf a, vf b)
{
    V_EACH(i) b.x[i] = a.x[i] < b.x[i] ? a.x[i] : b.x[i];
    return b;
}

/* The lanes first to end-1; none or all is fine, and so are bounds outside the vector. */
static inline vmask v_mask_range(int first, int end)
{
    return (vmask){first, end};
}

/* 0 in the other lanes, whose memory is not touched. */
static inline vf v_load_masked(const float *p, vmask mask)
{
    vf r = v_zero();
    V_EACH(i) if (i >= mask.first && i < mask.end) r.x[i] = p[i];
    return r;
}

/* The first `count` lanes, all if there are more; the memory of the others is not touched. */
static inline void v_store_part(float *p, vf x, int count)
{
    V_EACH(i) if (i < count) p[i] = x.x[i];
}

/* The elements of a, then b, of even and of odd index. */
static inline void v_split(vf a, vf b, vf *even, vf *odd)
{
    for (int i = 0; i < VW / 2; i++) {
        even->x[i] = a.x[2 * i];
        even->x[VW / 2 + i] = b.x[2 * i];
        odd->x[i] = a.x[2 * i + 1];
        odd->x[VW / 2 + i] = b.x[2 * i + 1];
    }
}

/* Lane j of vector i becomes lane i of vector j. */
static inline void v_transpose(vf r[VW])
{
    V_EACH(i)
    for (int j = 0; j < i; j++) {
        const float x = r[i].x[j];
        r[i].x[j] = r[j].x[i];
        r[j].x[i] = x;
    }
}

static inline vi v_int_zero(void)
{
    return (vi){{0}};
}

/* Wraps. */
static inline vi v_int_add(vi a, vi b)
{
    V_EACH(i) a.x[i] += b.x[i];
    return a;
}

static inline vi v_bits(vf x)
{
    vi r;
    memcpy(r.x, x.x, sizeof r.x);
    return r;
}

/* To whole numbers, towards 0; for |x| < 2^31. */
static inline vi v_truncate(vf x)
{
    vi r;
    V_EACH(i) r.x[i] = (uint32_t)(int32_t)x.x[i];
    return r;
}

static inline vf v_abs(vf x)
{
    V_EACH(i) x.x[i] = fabsf(x.x[i]);
    return x;
}

/* `value` where the sign bit is set, else 0. */
static inline vi v_if_negative(vf x, int32_t value)
{
    vi r;
    V_EACH(i) r.x[i] = signbit(x.x[i]) ? (uint32_t)value : 0;
    return r;
}

/* counts, and 1 more where x is 0. */
static inline vi v_count_zeros(vi counts, vf x)
{
    V_EACH(i) counts.x[i] += x.x[i] == 0;
    return counts;
}

static inline void v_int_store(uint32_t *p, vi x)
{
    memcpy(p, x.x, sizeof x.x);
}

/* The words of the lanes in which x is not 0, one after the other; returns how many. A whole vector is
 * written. */
static inline int v_store_unless_zero(uint32_t *p, vi words, vf x)
{
    int count = 0;
    V_EACH(i) p[i] = 0;
    V_EACH(i) if (x.x[i] != 0) p[count++] = words.x[i];
    return count;
}

#endif
