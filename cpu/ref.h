/* The reference kernels, one for each row of kernels.def: the plainest loop that is right. operands[i] points
 * at the 32-bit words of operand i, in the order of kernels.def, and is NULL where the params say it is not
 * read; params is the kernel's struct. What a kernel computes, and in which order it adds, is written at its
 * struct in kernels/params.h.
 */
#ifndef SY_CPU_REF_H
#define SY_CPU_REF_H

#include "kernels/params.h"

#define KERNEL(name, count) void sy_ref_##name(void *const *operands, const void *params);
#include "kernels/kernels.def"
#undef KERNEL

#endif
