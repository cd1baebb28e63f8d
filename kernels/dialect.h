/* The words that kernels are written in: one text that is OpenCL C 1.2, CUDA C (nvcc and NVRTC) and C11.
 *
 *     SY_KERNEL(256, 1) void sy_k_negate(SY_GLOBAL const sy_f32 *x, SY_GLOBAL sy_f32 *y, sy_negate_params p,
 *                                        sy_places at)
 *     {
 *         const sy_index i = SY_GLOBAL_X;
 *         if (i < p.count)
 *             y[SY_AT(at, 1) + i] = -x[SY_AT(at, 0) + i];
 *     }
 *
 * A kernel takes the operands of kernels.def, in that order, its params struct and the places of the
 * operands; SY_AT is where an operand of the sample at hand begins. Its group has the size that SY_KERNEL and
 * device.def both say. The grid's third dimension counts samples.
 *
 * Only 32-bit scalars, and structs of them, are passed by value. Shared memory is declared at the top of a
 * kernel. Every item of a group comes to every SY_BARRIER. No vector types but behind a variant of their own.
 *
 * As C11 the text is checked by an ordinary compiler and may be run one item at a time, so only kernels
 * without barriers: whoever includes it defines sy_item.
 */
#ifndef SY_KERNELS_DIALECT_H
#define SY_KERNELS_DIALECT_H

#if defined(__OPENCL_VERSION__)
#pragma OPENCL FP_CONTRACT OFF
#endif

#include "kernels/math.h"

#if defined(__OPENCL_VERSION__)

#define SY_KERNEL(group_x, group_y)    __kernel __attribute__((reqd_work_group_size(group_x, group_y, 1)))
#define SY_GLOBAL                      __global
#define SY_LOCAL                       __local
#define SY_RESTRICT                    restrict
#define SY_SHARED(type, name, count)   __local type name[count]
#define SY_BARRIER()                   barrier(CLK_LOCAL_MEM_FENCE)
#define SY_GLOBAL_BARRIER()            barrier(CLK_GLOBAL_MEM_FENCE) /* for what a group shares in global memory */
#define SY_PRAGMA(text)                _Pragma(#text)
#define SY_UNROLL                      SY_PRAGMA(unroll)
#define SY_UNROLL_BY(times)            SY_PRAGMA(unroll times)
#define SY_ITEM_X                      ((sy_u32)get_local_id(0)) /* of the group */
#define SY_ITEM_Y                      ((sy_u32)get_local_id(1))
#define SY_GROUP_X                     ((sy_u32)get_group_id(0)) /* of the grid */
#define SY_GROUP_Y                     ((sy_u32)get_group_id(1))
#define SY_SAMPLE                      get_group_id(2)
#define SY_GROUPS_X                    ((sy_u32)get_num_groups(0))
#define SY_GROUPS_Y                    ((sy_u32)get_num_groups(1))
#define SY_GLOBAL_X                    get_global_id(0)
#define SY_ATOMIC_ADD(at, value)       atomic_add(at, value) /* of sy_u32 and sy_i32, global and shared */
#define SY_ATOMIC_FETCH_ADD(at, value) atomic_add(at, value) /* is what was there before */
#define SY_ATOMIC_MIN(at, value)       atomic_min(at, value)
#define SY_ATOMIC_MAX(at, value)       atomic_max(at, value)
typedef size_t sy_index; /* counts words of a buffer */
typedef ptrdiff_t sy_index_signed;

#elif defined(__CUDACC__)

/* Groups of 256 come to four on a multiprocessor, so an item has at most 64 registers. */
#define SY_KERNEL(group_x, group_y) \
    extern "C" __global__ __launch_bounds__((group_x) * (group_y), (group_x) * (group_y) < 256 ? 1 : 4)
#define SY_GLOBAL
#define SY_LOCAL
#define SY_RESTRICT                    __restrict__
#define SY_SHARED(type, name, count)   __shared__ __align__(16) type name[count]
#define SY_BARRIER()                   __syncthreads()
#define SY_GLOBAL_BARRIER()            __syncthreads()
#define SY_PRAGMA(text)                _Pragma(#text)
#define SY_UNROLL                      SY_PRAGMA(unroll)
#define SY_UNROLL_BY(times)            SY_PRAGMA(unroll times)
#define SY_ITEM_X                      threadIdx.x
#define SY_ITEM_Y                      threadIdx.y
#define SY_GROUP_X                     blockIdx.x
#define SY_GROUP_Y                     blockIdx.y
#define SY_SAMPLE                      blockIdx.z
#define SY_GROUPS_X                    gridDim.x
#define SY_GROUPS_Y                    gridDim.y
#define SY_GLOBAL_X                    ((sy_index)blockIdx.x * blockDim.x + threadIdx.x)
#define SY_ATOMIC_ADD(at, value)       atomicAdd(at, value)
#define SY_ATOMIC_FETCH_ADD(at, value) atomicAdd(at, value)
#define SY_ATOMIC_MIN(at, value)       atomicMin(at, value)
#define SY_ATOMIC_MAX(at, value)       atomicMax(at, value)
typedef sy_u64 sy_index;
typedef sy_i64 sy_index_signed;

#else

#include <stdbool.h>
#include <stddef.h>

/* The item that runs, of this thread. */
typedef struct {
    sy_u32 item_x, item_y, group_x, group_y, sample, groups_x, groups_y;
    sy_u32 group_size; /* along x */
} sy_item_ids;
extern _Thread_local sy_item_ids sy_item;

#define SY_KERNEL(group_x, group_y)
#define SY_GLOBAL
#define SY_LOCAL
#define SY_RESTRICT                  restrict
#define SY_SHARED(type, name, count) type name[count] = {0}
#define SY_BARRIER()                 ((void)0)
#define SY_GLOBAL_BARRIER()          ((void)0)
#define SY_UNROLL
#define SY_UNROLL_BY(times)
#define SY_ITEM_X                      sy_item.item_x
#define SY_ITEM_Y                      sy_item.item_y
#define SY_GROUP_X                     sy_item.group_x
#define SY_GROUP_Y                     sy_item.group_y
#define SY_SAMPLE                      sy_item.sample
#define SY_GROUPS_X                    sy_item.groups_x
#define SY_GROUPS_Y                    sy_item.groups_y
#define SY_GLOBAL_X                    ((sy_index)sy_item.group_x * sy_item.group_size + sy_item.item_x)
#define SY_ATOMIC_ADD(at, value)       (*(at) += (value), (void)0)
#define SY_ATOMIC_FETCH_ADD(at, value) ((*(at) += (value)) - (value))
#define SY_ATOMIC_MIN(at, value)       (*(at) = *(at) < (value) ? *(at) : (value), (void)0)
#define SY_ATOMIC_MAX(at, value)       (*(at) = *(at) > (value) ? *(at) : (value), (void)0)
typedef size_t sy_index;
typedef ptrdiff_t sy_index_signed;

#endif

/* The word at which operand i of this sample begins. */
#define SY_AT(at, i) ((sy_index)(at).offset[i] + (sy_index)(at).stride[i] * SY_SAMPLE)

#endif
