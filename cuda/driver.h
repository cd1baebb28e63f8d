/* The CUDA driver, opened at run time: the program starts, and runs on the CPU, where there is none. */
#ifndef SY_CUDA_DRIVER_H
#define SY_CUDA_DRIVER_H

#include <stdint.h>

#include "base/fail.h"

/* The driver's types, as its binary interface has them. */
typedef int sy_cuda_result, sy_cuda_ordinal;
typedef unsigned long long sy_cuda_address;
typedef struct sy_cuda_context_object *sy_cuda_context;
typedef struct sy_cuda_module_object *sy_cuda_module;
typedef struct sy_cuda_function_object *sy_cuda_function;
typedef struct sy_cuda_stream_object *sy_cuda_stream;
typedef struct sy_cuda_event_object *sy_cuda_event;

/* Numbers of the interface. */
enum {
    SY_CUDA_SUCCESS = 0,
    SY_CUDA_OUT_OF_MEMORY = 2,
    SY_CUDA_NO_DEVICE = 100,
    SY_CUDA_NO_BINARY = 209,
    SY_CUDA_UNSUPPORTED_PTX = 222,
    SY_CUDA_STREAM_NON_BLOCKING = 1,
    SY_CUDA_EVENT_DISABLE_TIMING = 2,
    SY_CUDA_CAPABILITY_MAJOR = 75,
    SY_CUDA_CAPABILITY_MINOR = 76,
    SY_CUDA_MULTIPROCESSORS = 16,
    SY_CUDA_CLOCK_KHZ = 13,
    SY_CUDA_MEMORY_CLOCK_KHZ = 36,
    SY_CUDA_MEMORY_BUS_BITS = 37,
};

typedef struct sy_cuda_driver {
    void *handle;
#define FUNCTION(name, symbol, arguments) sy_cuda_result(*name) arguments;
#include "cuda/functions.def"
#undef FUNCTION
} sy_cuda_driver;

/* A library's handle, and one function of it. SY_E_DEVICE naming what is missing. Libraries are never
 * unloaded: their threads outlive every release.
 */
sy_status sy_cuda_open_library(sy_ctx *ctx, const char *path, const char *remedy, void **out);
sy_status sy_cuda_find_function(sy_ctx *ctx, void *handle, const char *path, const char *symbol, void *out);

/* libcuda.so.1, or what SY_LIBCUDA names, initialised. SY_E_DEVICE with the remedy when it cannot be opened,
 * lacks a function or finds no device.
 */
sy_status sy_cuda_load(sy_ctx *ctx, sy_cuda_driver *out);

/* "CUDA_ERROR_OUT_OF_MEMORY: out of memory" in `out`. */
void sy_cuda_describe(const sy_cuda_driver *driver, sy_cuda_result error, char *out, size_t capacity);

#endif
