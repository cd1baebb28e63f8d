/* The table of functions; what they do is in device.c, memory.c, stream.c and launch.c. */
#include "opencl/backend.h"

const sy_backend sy_backend_opencl = {
    .name = "opencl",
    .list = sy_opencl_list,
    .open = sy_opencl_open,
    .close = sy_opencl_close,
    .limit = sy_opencl_limit,
    .is_fast = sy_opencl_is_fast,
    .memory = sy_opencl_memory,
    .alloc = sy_opencl_alloc,
    .free = sy_opencl_free,
    .buffer_words = sy_opencl_buffer_words,
    .stream_create = sy_opencl_stream_create,
    .stream_destroy = sy_opencl_stream_destroy,
    .write = sy_opencl_write,
    .read = sy_opencl_read,
    .launch = sy_opencl_launch,
    .sync = sy_opencl_sync,
};
