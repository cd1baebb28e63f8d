/* The ICD loader, opened at run time: the program starts, and runs on the CPU, where there is none. */
#ifndef SY_OPENCL_LOADER_H
#define SY_OPENCL_LOADER_H

#define CL_TARGET_OPENCL_VERSION 120
#include <CL/cl.h>

#include "base/fail.h"

typedef struct sy_opencl_loader {
    void *handle;
#define FUNCTION(result, name, arguments) result(CL_API_CALL *name) arguments;
#include "opencl/functions.def"
#undef FUNCTION
} sy_opencl_loader;

/* libOpenCL.so.1, or what SY_LIBOPENCL names. SY_E_DEVICE with the remedy when it cannot be opened or lacks a
 * function. It is never unloaded: the threads that drivers start outlive every release.
 */
sy_status sy_opencl_load(sy_ctx *ctx, sy_opencl_loader *out);

/* "CL_OUT_OF_RESOURCES" for -5; "an unknown error" for what no version defines. */
const char *sy_opencl_error(cl_int error);

#endif
