/* Inside the OpenCL backend: what a device, a buffer and a stream are. A stream is an in-order queue with
 * kernel objects of its own, as setting arguments is not safe from two threads; a context and its program
 * belong to the device.
 */
#ifndef SY_OPENCL_BACKEND_H
#define SY_OPENCL_BACKEND_H

#include "device/budget.h"
#include "opencl/opencl.h"

struct sy_opencl_blas;

struct sy_device {
    sy_opencl_loader loader;
    sy_opencl_device info;
    int index;
    cl_context context;
    cl_program program;
    sy_budget budget;            /* of buffers */
    struct sy_opencl_blas *blas; /* NULL: every product is exact */
};

struct sy_buffer {
    cl_mem memory;
    size_t words;
};

struct sy_stream {
    const sy_device *device;
    cl_command_queue queue;
    cl_kernel kernels[SY_DEVICE_KERNEL_COUNT]; /* NULL until first launched */
};

/* OpenCL's words and a remedy; SY_E_MEMORY when memory is what is lacking. */
sy_status sy_opencl_fail(sy_ctx *ctx, const sy_device *device, const char *what, cl_int error);

/* In device.c. */
sy_status sy_opencl_list(sy_ctx *ctx, sy_device_info *out, int capacity, int *out_count);
sy_status sy_opencl_open(sy_ctx *ctx, int index, sy_device **out);
void sy_opencl_close(sy_device *device);
bool sy_opencl_is_processor(const sy_device *device);
sy_status sy_opencl_limit(sy_ctx *ctx, sy_device *device, const sy_device_limits *limits);
bool sy_opencl_is_fast(const sy_device *device);

/* In memory.c. */
sy_status sy_opencl_alloc(sy_ctx *ctx, sy_device *device, size_t words, sy_buffer **out);
void sy_opencl_free(sy_device *device, sy_buffer *buffer);
size_t sy_opencl_buffer_words(const sy_buffer *buffer);
sy_status sy_opencl_memory(sy_ctx *ctx, sy_device *device, size_t *out_bytes);

/* In stream.c. */
sy_status sy_opencl_stream_create(sy_ctx *ctx, sy_device *device, sy_stream **out);
void sy_opencl_stream_destroy(sy_stream *stream);
sy_status sy_opencl_write(sy_ctx *ctx, sy_stream *stream, sy_view to, const void *from, size_t words);
sy_status sy_opencl_read(sy_ctx *ctx, sy_stream *stream, sy_view from, void *to, size_t words);
sy_status sy_opencl_sync(sy_ctx *ctx, sy_stream *stream);

/* In launch.c. */
sy_status sy_opencl_launch(sy_ctx *ctx, sy_stream *stream, const sy_launch *launch);

#endif
