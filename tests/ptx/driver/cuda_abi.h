/* The part of the CUDA driver API that the stand-in has, as the binary interface of libcuda.so.1 defines it.
 */
#ifndef SY_TESTS_PTX_CUDA_ABI_H
#define SY_TESTS_PTX_CUDA_ABI_H

#include <stddef.h>
#include <stdint.h>

typedef int CUresult;
typedef int CUdevice;
typedef unsigned long long CUdeviceptr;
typedef struct drv_context *CUcontext;
typedef struct drv_module *CUmodule;
typedef struct drv_function *CUfunction;
typedef struct drv_stream *CUstream;
typedef struct drv_event *CUevent;
typedef void (*CUhostFn)(void *data);
typedef void (*CUstreamCallback)(CUstream stream, CUresult status, void *data);

typedef struct {
    char bytes[16];
} CUuuid;

/* CUresult, with the text cuGetErrorString gives. */
#define CUDA_RESULTS(X)                                                                              \
    X(CUDA_SUCCESS, 0, "no error")                                                                   \
    X(CUDA_ERROR_INVALID_VALUE, 1, "invalid argument")                                               \
    X(CUDA_ERROR_OUT_OF_MEMORY, 2, "out of memory")                                                  \
    X(CUDA_ERROR_NOT_INITIALIZED, 3, "initialization error")                                         \
    X(CUDA_ERROR_NO_DEVICE, 100, "no CUDA-capable device is detected")                               \
    X(CUDA_ERROR_INVALID_DEVICE, 101, "invalid device ordinal")                                      \
    X(CUDA_ERROR_INVALID_IMAGE, 200, "device kernel image is invalid")                               \
    X(CUDA_ERROR_INVALID_CONTEXT, 201, "invalid device context")                                     \
    X(CUDA_ERROR_NO_BINARY_FOR_GPU, 209, "no kernel image is available for execution on the device") \
    X(CUDA_ERROR_INVALID_PTX, 218, "a PTX JIT compilation failed")                                   \
    X(CUDA_ERROR_INVALID_HANDLE, 400, "invalid resource handle")                                     \
    X(CUDA_ERROR_NOT_FOUND, 500, "named symbol not found")                                           \
    X(CUDA_ERROR_NOT_READY, 600, "device not ready")                                                 \
    X(CUDA_ERROR_ILLEGAL_ADDRESS, 700, "an illegal memory access was encountered")                   \
    X(CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES, 701, "too many resources requested for launch")            \
    X(CUDA_ERROR_MISALIGNED_ADDRESS, 716, "misaligned address")                                      \
    X(CUDA_ERROR_LAUNCH_FAILED, 719, "unspecified launch failure")                                   \
    X(CUDA_ERROR_NOT_SUPPORTED, 801, "operation not supported")                                      \
    X(CUDA_ERROR_UNKNOWN, 999, "unknown error")

enum {
#define X(name, number, text) name = number,
    CUDA_RESULTS(X)
#undef X
};

enum { CU_STREAM_NON_BLOCKING = 1, CU_EVENT_DISABLE_TIMING = 2 };
enum { CU_JIT_INFO_LOG_BUFFER = 3, CU_JIT_ERROR_LOG_BUFFER = 5, CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES = 6 };

#define EXPORT __attribute__((visibility("default")))

#endif
