/* The contract between the host and a compute backend: memory, in-order streams, kernels.
 *
 * A backend knows no operator. An operator is lowered to launches once, in host/ops, and runs on every
 * backend; so a new operator changes no backend, and a new backend changes no operator.
 * Matrix products and convolutions are kernels like the others: a backend that has a library for one
 * routes that launch to it.
 */
#ifndef SY_DEVICE_DEVICE_H
#define SY_DEVICE_DEVICE_H

#include <stdbool.h>

#include "base/fail.h"
#include "kernels/params.h"

typedef enum sy_kernel {
#define KERNEL(name, operands) SY_KERNEL_##name,
#include "kernels/kernels.def"
#undef KERNEL
    SY_KERNEL_COUNT
} sy_kernel;

enum { SY_MAX_OPERANDS = 6 };

const char *sy_kernel_name(sy_kernel kernel);
int sy_kernel_operands(sy_kernel kernel);
bool sy_kernel_writes(sy_kernel kernel, int operand);

typedef struct sy_device sy_device; /* an open device */
typedef struct sy_stream
    sy_stream; /* one in-order queue on it, with its scratch memory; one thread at a time */
typedef struct sy_buffer sy_buffer; /* memory on that device */

typedef struct sy_view {
    sy_buffer *buffer; /* NULL for an operand the params say is not read */
    size_t offset;     /* in words */
} sy_view;

/* One kernel over `batch` samples at once, each of the shapes that the params tell: operand i of sample s
 * begins batch_strides[i] * s words behind that of sample 0. What all samples read alike has stride 0. What a
 * kernel writes is each sample's own, the state that `observe` adds to as well, as samples run side by side:
 * grids refuse a stride of 0 there. A backend gives the bits that `batch` launches of one sample give.
 */
typedef struct sy_launch {
    sy_kernel kernel;
    sy_view operands[SY_MAX_OPERANDS];     /* as many as kernels.def says, in its order; of sample 0 */
    const void *params;                    /* the kernel's params struct, read before launch() returns */
    unsigned packed;                       /* bit i: operand i is what pack() made of it */
    uint32_t batch;                        /* at least 1 */
    size_t batch_strides[SY_MAX_OPERANDS]; /* in words; not read where batch is 1 */
} sy_launch;

typedef struct sy_device_info {
    char name[96];    /* the processor or card */
    char detail[160]; /* instruction set, driver, memory */
    bool automatic;   /* `auto` may take it: a processor only as the device cpu */
    double peak_gflops,
        peak_gigabytes; /* a second: what it can do in float32, and move; 0: it does not tell */
} sy_device_info;

/* What a device may use, and how it may compute. */
typedef struct sy_device_limits {
    size_t memory_bytes; /* of buffers; 0: all there is */
    bool fast; /* products by the vendor's library, in its order of sums: within a bound, not to the bit */
} sy_device_limits;

/* Every function but the close and free ones may fail and has then said why with sy_fail. The functions on a
 * device may be called from several threads at once; those on a stream from one.
 */
typedef struct sy_backend {
    const char *name; /* "cpu": as in the device name "cuda:0" */
    sy_status (*list)(sy_ctx *ctx, sy_device_info *out, int capacity, int *out_count);
    sy_status (*open)(sy_ctx *ctx, int index, sy_device **out);
    void (*close)(sy_device *device);
    /* Optional: before anything is allocated. Without it the device keeps to no limit, and is always exact.
     */
    sy_status (*limit)(sy_ctx *ctx, sy_device *device, const sy_device_limits *limits);
    /* Optional: whether limits asked for fast arithmetic and got it; without it the device is always exact. */
    bool (*is_fast)(const sy_device *device);
    /* Optional: bytes that may still be allocated; 0: it does not tell. */
    sy_status (*memory)(sy_ctx *ctx, sy_device *device, size_t *out_bytes);

    sy_status (*alloc)(sy_ctx *ctx, sy_device *device, size_t words,
                       sy_buffer **out);                /* contents undefined */
    void (*free)(sy_device *device, sy_buffer *buffer); /* NULL is fine */
    size_t (*buffer_words)(const sy_buffer *buffer);    /* that it has room for */
    sy_status (*stream_create)(sy_ctx *ctx, sy_device *device, sy_stream **out);
    void (*stream_destroy)(sy_stream *stream);

    /* Queued on the stream, in order. `from` may be reused on return; `to` is filled on return. */
    sy_status (*write)(sy_ctx *ctx, sy_stream *stream, sy_view to, const void *from, size_t words);
    sy_status (*read)(sy_ctx *ctx, sy_stream *stream, sy_view from, void *to, size_t words);
    sy_status (*launch)(sy_ctx *ctx, sy_stream *stream, const sy_launch *launch);
    /* Waits for all of it, and reports any failure since the last wait. */
    sy_status (*sync)(sy_ctx *ctx, sy_stream *stream);

    /* Optional. Lays a constant operand of `launch` out as this backend's kernel likes it best; *out stays
     * NULL when that is how it is already. The caller owns *out, and sets the bit in sy_launch.packed to use
     * it.
     */
    sy_status (*pack)(sy_ctx *ctx, sy_stream *stream, const sy_launch *launch, int operand, sy_buffer **out);
} sy_backend;

extern const sy_backend sy_backend_cpu;
#if defined(SY_HAS_CUDA)
extern const sy_backend sy_backend_cuda;
#endif
#if defined(SY_HAS_OPENCL)
extern const sy_backend sy_backend_opencl;
#endif

/* The backends of this build, in the order `auto` prefers them. NULL at the end. */
extern const sy_backend *const sy_backends[];
/* Names of the backends that exist and this build lacks. NULL at the end. */
extern const char *const sy_backends_absent[];

/* "auto", or the name of a backend, alone (its first device) or with the number of a device or a part of the
 * device's name behind a colon: "cpu", "cuda:1", "opencl:radeon". Logs which was chosen and why; an absent
 * driver never fails `auto`. *out_device goes back through close().
 */
sy_status sy_device_open(sy_ctx *ctx, const char *name, const sy_backend **out_backend,
                         sy_device **out_device);

#endif
