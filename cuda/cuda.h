/* Inside the CUDA backend: what a device, a buffer and a stream are.
 *
 * A context belongs to the calling thread, so every function that the backend exports begins with
 * sy_cuda_enter(). Once a kernel has failed, every later call of the driver fails with the same error: the
 * device is lost to this process, and the run ends.
 */
#ifndef SY_CUDA_CUDA_H
#define SY_CUDA_CUDA_H

#include <stdbool.h>

#include "cuda/driver.h"
#include "device/budget.h"
#include "device/grid.h"

struct sy_cuda_blas;

struct sy_device {
    sy_cuda_driver driver;
    int index;
    sy_cuda_ordinal ordinal;
    char name[96];
    sy_cuda_context context; /* the device's primary one */
    sy_cuda_module module;
    sy_cuda_function functions[SY_DEVICE_KERNEL_COUNT];
    sy_budget budget; /* of buffers */
    bool fast;
    struct sy_cuda_blas *blas; /* NULL unless fast */
};

struct sy_buffer {
    sy_cuda_address at;
    size_t words;
};

enum { SY_CUDA_SLOTS = 4, SY_CUDA_SLOT_BYTES = 1 << 20 };

/* Pinned memory that one transfer at a time goes through. */
typedef struct sy_cuda_slot {
    void *memory;
    sy_cuda_event moved; /* recorded behind the transfer */
} sy_cuda_slot;

/* Kernels run on one queue, uploads on another, so that the next inputs can be on their way while kernels
 * run; events keep the two in the order of the calls.
 */
struct sy_stream {
    sy_device *device;
    sy_cuda_stream compute, copy;
    sy_cuda_event computed; /* recorded where an upload must wait for kernels */
    bool busy;              /* kernels were queued since the last such record or wait */
    sy_cuda_slot slots[SY_CUDA_SLOTS];
    int next_slot;
};

/* The kernels for every architecture, as nvcc's fatbin; no bytes where the build had no nvcc. */
extern const unsigned char sy_cuda_image[];
extern const size_t sy_cuda_image_size;

sy_status sy_cuda_enter(sy_ctx *ctx, const sy_device *device);
/* The driver's words and a remedy; SY_E_MEMORY when memory is what is lacking. */
sy_status sy_cuda_fail(sy_ctx *ctx, const sy_device *device, const char *what, sy_cuda_result error);

/* In device.c. */
sy_status sy_cuda_list(sy_ctx *ctx, sy_device_info *out, int capacity, int *out_count);
sy_status sy_cuda_open(sy_ctx *ctx, int index, sy_device **out);
void sy_cuda_close(sy_device *device);
sy_status sy_cuda_limit(sy_ctx *ctx, sy_device *device, const sy_device_limits *limits);
bool sy_cuda_is_fast(const sy_device *device);

/* In memory.c. */
sy_status sy_cuda_alloc(sy_ctx *ctx, sy_device *device, size_t words, sy_buffer **out);
void sy_cuda_free(sy_device *device, sy_buffer *buffer);
size_t sy_cuda_buffer_words(const sy_buffer *buffer);
sy_status sy_cuda_memory(sy_ctx *ctx, sy_device *device, size_t *out_bytes);

/* In stream.c. */
sy_status sy_cuda_stream_create(sy_ctx *ctx, sy_device *device, sy_stream **out);
void sy_cuda_stream_destroy(sy_stream *stream);
sy_status sy_cuda_write(sy_ctx *ctx, sy_stream *stream, sy_view to, const void *from, size_t words);
sy_status sy_cuda_read(sy_ctx *ctx, sy_stream *stream, sy_view from, void *to, size_t words);
sy_status sy_cuda_sync(sy_ctx *ctx, sy_stream *stream);

/* In launch.c. */
sy_status sy_cuda_launch(sy_ctx *ctx, sy_stream *stream, const sy_launch *launch);

#endif
