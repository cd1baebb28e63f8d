/* Index spaces with the strides at which operands are walked: what everything that is not a matrix product
 * reads and writes by.
 */
#ifndef SY_OPS_SPACE_H
#define SY_OPS_SPACE_H

#include "ops/lowering.h"

enum { SY_SPACE_OPERANDS = 4 };

typedef struct sy_space {
    int rank, operands;
    int64_t dims[SY_KERNEL_RANK];
    int64_t strides[SY_SPACE_OPERANDS][SY_KERNEL_RANK]; /* in words; 0 broadcasts, negative goes backwards */
} sy_space;

/* The space of `dims` without operands. */
sy_space sy_space_of(const sy_shape *dims);
/* Adds an operand of a known shape that broadcasts to the space; dense where its shape is the space's. */
void sy_space_add(sy_space *space, const sy_shape *shape);
/* Adds an operand with strides of its own, as many as the space has dimensions. */
void sy_space_add_strides(sy_space *space, const int64_t *strides);
/* Drops dimensions of 1 and merges neighbours that every operand walks as one, so that rows are as long as
 * can be. */
void sy_space_shrink(sy_space *space);
bool sy_space_empty(const sy_space *space);
/* Dimensions and the strides of one operand as kernels take them; no stride may be negative. */
void sy_space_dims(const sy_space *space, uint32_t out[SY_KERNEL_RANK]);
void sy_space_strides(const sy_space *space, int operand, uint32_t out[SY_KERNEL_RANK]);

/* Row-major strides of a known shape. */
void sy_dense_strides(const sy_shape *shape, int64_t strides[SY_KERNEL_RANK]);
/* Elements of a known shape that has been placed, so that they fit. */
uint32_t sy_known_count(const sy_shape *shape);
/* The product of dims [from, to). */
uint32_t sy_known_product(const sy_shape *shape, int from, int to);

/* Appends the move of a space with two operands, x and y, shrunk first; nothing where it is empty. The
 * offsets are in words, on top of those of the operands.
 */
void sy_lower_move(sy_lowering *lowering, sy_space space, sy_operand x, size_t x_offset, sy_operand y,
                   size_t y_offset);
/* Appends a fill of `count` words, or nothing for none. */
void sy_lower_fill(sy_lowering *lowering, sy_operand y, size_t count, uint32_t word);
/* Output i becomes `count` words known now. */
sy_status sy_lower_words(sy_lowering *lowering, const sy_node *node, int output, const void *words,
                         size_t count);

#endif
