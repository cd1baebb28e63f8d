/* NVIDIA cards, through the CUDA driver. */
#include "cuda/cuda.h"

const sy_backend sy_backend_cuda = {
    .name = "cuda",
    .list = sy_cuda_list,
    .open = sy_cuda_open,
    .close = sy_cuda_close,
    .limit = sy_cuda_limit,
    .is_fast = sy_cuda_is_fast,
    .memory = sy_cuda_memory,
    .alloc = sy_cuda_alloc,
    .free = sy_cuda_free,
    .buffer_words = sy_cuda_buffer_words,
    .stream_create = sy_cuda_stream_create,
    .stream_destroy = sy_cuda_stream_destroy,
    .write = sy_cuda_write,
    .read = sy_cuda_read,
    .launch = sy_cuda_launch,
    .sync = sy_cuda_sync,
};
