/* A weight tensor as integers: what every method makes, and what files are written from. */
#ifndef SY_WEIGHT_CODES_H
#define SY_WEIGHT_CODES_H

#include "graph/graph.h"

/* Which elements of a tensor share a scale: a unit is a channel, a block of neighbours along an axis, or the
 * whole tensor. Seen as [outer, count, inner] with `count` along `axis`, element (o, c, i) belongs to unit
 *   c                                   where block is 0: channels, or everything where axis is SY_NONE;
 *   (o * blocks + c / block) * inner + i   otherwise, with blocks = ceil(count / block): the order of the
 *                                       elements of a scale of ONNX's blocked DequantizeLinear.
 */
typedef struct sy_weight_cut {
    int axis;     /* of the channels or along the blocks; SY_NONE: one unit */
    size_t block; /* elements of a block, the last one may have fewer; 0: no blocks */
    size_t outer, count, inner;
    size_t units;
} sy_weight_cut;

/* false where the shape is not known, holds no element, or lacks the axis; a block needs an axis. */
bool sy_weight_cut_init(const sy_shape *shape, int axis, size_t block, sy_weight_cut *out);
/* Elements of the tensor. */
size_t sy_weight_cut_elements(const sy_weight_cut *cut);

/* The unit of an element. */
size_t sy_weight_unit_of(const sy_weight_cut *cut, size_t element);

/* The elements of one unit, in ascending order. */
typedef struct sy_weight_unit {
    size_t count;
    size_t first, run, stride, step; /* for sy_weight_element() */
} sy_weight_unit;

sy_weight_unit sy_weight_unit_at(const sy_weight_cut *cut, size_t unit);

/* The index in the tensor of element k of a unit, k < count. */
static inline size_t sy_weight_element(const sy_weight_unit *unit, size_t k)
{
    return unit->first + k / unit->run * unit->stride + k % unit->run * unit->step;
}

/* An element is (integer - zero) * scale + shift of its unit, in float32 and in this order; a shift of 0 is
 * not added. The integer is the code itself, or where levels are not evenly spaced what the code stands for.
 */
typedef struct sy_weight_codes {
    const char *name; /* of the tensor in its model */
    sy_shape shape;
    sy_weight_cut cut;
    int bits;              /* 1 to 16 */
    int16_t *codes;        /* an element, in the tensor's order: in [-2^(bits-1), 2^(bits-1) - 1] */
    const int16_t *levels; /* [2^bits]: code c stands for levels[c + 2^(bits-1)]; NULL: for c */
    float *scales;         /* a unit: > 0, finite, normal */
    int16_t *zeros;        /* a unit: among the codes; all 0 with levels */
    float *shifts;         /* a unit */
} sy_weight_codes;

/* Codes and zero points of 0, scales of 1, no shifts, for a tensor of this shape; in `arena`, the name
 * copied. */
sy_status sy_weight_codes_create(sy_ctx *ctx, sy_arena *arena, const char *name, const sy_shape *shape,
                                 const sy_weight_cut *cut, int bits, sy_weight_codes *out);

static inline int sy_weight_lowest(int bits)
{
    return -(1 << (bits - 1));
}

static inline int sy_weight_highest(int bits)
{
    return (1 << (bits - 1)) - 1;
}

/* What a code stands for, before zero and scale. */
static inline int sy_weight_integer(const sy_weight_codes *codes, int16_t code)
{
    return codes->levels ? codes->levels[code - sy_weight_lowest(codes->bits)] : code;
}

/* The least and the largest integer that a code can stand for, and the type that holds both: int8, or int16.
 */
void sy_weight_integer_range(const sy_weight_codes *codes, int *out_lo, int *out_hi);
sy_dtype sy_weight_integer_type(const sy_weight_codes *codes);

bool sy_weight_has_zeros(const sy_weight_codes *codes);  /* a zero point that is not 0 */
bool sy_weight_has_shifts(const sy_weight_codes *codes); /* a shift that is not 0 */

/* A weight in floats. */
typedef struct sy_weight_floats {
    const char *name; /* for messages; stays where it is as long as its codes */
    const sy_shape *shape;
    const sy_weight_cut *cut; /* of the shape */
    const float *values;      /* in the tensor's order */
} sy_weight_floats;

/* The weight that files made of the codes hold. */
void sy_weight_codes_values(const sy_weight_codes *codes, float *out);
/* 10 log10 of the power of `values` over that of what the codes miss of them; INFINITY when nothing is lost,
 * NAN for no values but 0. */
double sy_weight_codes_snr(const sy_weight_codes *codes, const float *values);

#endif
