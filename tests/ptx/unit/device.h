/* The driver API for tests, opened by path as the CUDA backend opens it: SY_LIBCUDA, or the stand-in of this
 * build. With the real library the tests that ask nothing of the stand-in itself run on a GPU.
 */
#ifndef SY_TESTS_PTX_DEVICE_H
#define SY_TESTS_PTX_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "driver/cuda_abi.h"
#include "support/test.h"

#define DEVICE_CALLS(X)                                                                                  \
    X(cuInit, (unsigned))                                                                                \
    X(cuDriverGetVersion, (int *))                                                                       \
    X(cuDeviceGetCount, (int *))                                                                         \
    X(cuDeviceGet, (CUdevice *, int))                                                                    \
    X(cuDeviceGetName, (char *, int, CUdevice))                                                          \
    X(cuDeviceGetAttribute, (int *, int, CUdevice))                                                      \
    X(cuDeviceTotalMem_v2, (size_t *, CUdevice))                                                         \
    X(cuDevicePrimaryCtxRetain, (CUcontext *, CUdevice))                                                 \
    X(cuDevicePrimaryCtxRelease_v2, (CUdevice))                                                          \
    X(cuCtxSetCurrent, (CUcontext))                                                                      \
    X(cuCtxGetCurrent, (CUcontext *))                                                                    \
    X(cuCtxSynchronize, (void))                                                                          \
    X(cuMemAlloc_v2, (CUdeviceptr *, size_t))                                                            \
    X(cuMemFree_v2, (CUdeviceptr))                                                                       \
    X(cuMemGetInfo_v2, (size_t *, size_t *))                                                             \
    X(cuMemHostAlloc, (void **, size_t, unsigned))                                                       \
    X(cuMemFreeHost, (void *))                                                                           \
    X(cuMemcpyHtoD_v2, (CUdeviceptr, const void *, size_t))                                              \
    X(cuMemcpyDtoH_v2, (void *, CUdeviceptr, size_t))                                                    \
    X(cuMemcpyHtoDAsync_v2, (CUdeviceptr, const void *, size_t, CUstream))                               \
    X(cuMemcpyDtoHAsync_v2, (void *, CUdeviceptr, size_t, CUstream))                                     \
    X(cuMemcpyDtoDAsync_v2, (CUdeviceptr, CUdeviceptr, size_t, CUstream))                                \
    X(cuMemsetD8Async, (CUdeviceptr, unsigned char, size_t, CUstream))                                   \
    X(cuMemsetD32Async, (CUdeviceptr, unsigned, size_t, CUstream))                                       \
    X(cuStreamCreate, (CUstream *, unsigned))                                                            \
    X(cuStreamDestroy_v2, (CUstream))                                                                    \
    X(cuStreamSynchronize, (CUstream))                                                                   \
    X(cuStreamQuery, (CUstream))                                                                         \
    X(cuStreamWaitEvent, (CUstream, CUevent, unsigned))                                                  \
    X(cuEventCreate, (CUevent *, unsigned))                                                              \
    X(cuEventDestroy_v2, (CUevent))                                                                      \
    X(cuEventRecord, (CUevent, CUstream))                                                                \
    X(cuEventSynchronize, (CUevent))                                                                     \
    X(cuEventQuery, (CUevent))                                                                           \
    X(cuEventElapsedTime, (float *, CUevent, CUevent))                                                   \
    X(cuLaunchHostFunc, (CUstream, CUhostFn, void *))                                                    \
    X(cuModuleLoadData, (CUmodule *, const void *))                                                      \
    X(cuModuleLoadDataEx, (CUmodule *, const void *, unsigned, int *, void **))                          \
    X(cuModuleUnload, (CUmodule))                                                                        \
    X(cuModuleGetFunction, (CUfunction *, CUmodule, const char *))                                       \
    X(cuModuleGetGlobal_v2, (CUdeviceptr *, size_t *, CUmodule, const char *))                           \
    X(cuLaunchKernel, (CUfunction, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, \
                       CUstream, void **, void **))                                                      \
    X(cuGetErrorName, (CUresult, const char **))                                                         \
    X(cuGetErrorString, (CUresult, const char **))                                                       \
    X(cuGetProcAddress_v2, (const char *, void **, int, uint64_t, int *))

typedef struct {
#define X(name, arguments) CUresult(*name) arguments;
    DEVICE_CALLS(X)
#undef X
    const char *(*report)(void); /* of the stand-in; NULL for the real library */
} device_calls;

extern device_calls cu;

/* Opens the library and makes device 0's context current. `options` is a list of environment variables, such
 * as "SY_PTX_CHECK=1 SY_PTX_LAZY=1", for this process from now on; variables of earlier calls are taken back.
 */
void device_open(const char *options);

/* Takes the context back, and with it an error that broke the device. */
void device_close(void);

/* The call gives this status, or the test fails with its name. */
#define assert_cu(call, status)                                                                          \
    do {                                                                                                 \
        const CUresult device_status_ = (call);                                                          \
        if (device_status_ != (status))                                                                  \
            fail_msg("%s: %d, not %d: %s", #call, device_status_, status, cu.report ? cu.report() : ""); \
    } while (0)

CUmodule device_module(const char *ptx);
CUfunction device_kernel(CUmodule module, const char *name);
CUdeviceptr device_alloc(size_t bytes);
/* With these bytes in it. */
CUdeviceptr device_upload(const void *bytes, size_t size);
void device_download(void *bytes, CUdeviceptr from, size_t size);

/* The text of a file of tests/ptx, to be freed. */
char *device_fixture(const char *name);

/* A launch of one-dimensional grid and block; the parameters are pointers to the values. */
#define device_launch(kernel, blocks, threads, ...) \
    cu.cuLaunchKernel(kernel, blocks, 1, 1, threads, 1, 1, 0, NULL, (void *[]){__VA_ARGS__}, NULL)

/* The report contains each of the words, which are separated by '|'. */
void assert_report(const char *words);

#endif
