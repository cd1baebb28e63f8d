/* Inside the OpenCL backend: devices, the program, and what a stream holds. */
#ifndef SY_OPENCL_OPENCL_H
#define SY_OPENCL_OPENCL_H

#include <stdbool.h>

#include "device/grid.h"
#include "opencl/loader.h"

/* What is asked of a device before it is opened. */
typedef struct sy_opencl_device {
    cl_platform_id platform;
    cl_device_id id;
    cl_device_type type;
    cl_device_fp_config floats;
    size_t group_items;                  /* that a group may have */
    cl_ulong memory_bytes, buffer_bytes; /* in all; of the largest buffer */
    bool usable;                         /* available, with a compiler */
    char name[96], driver[96], version[96], platform_name[96], platform_version[160];
} sy_opencl_device;

/* Devices of all platforms, in the loader's order: `index` of a device's name counts them. SY_E_DEVICE when
 * there are none, with the remedy. *out_count may exceed capacity, which then bounds what is written.
 */
sy_status sy_opencl_find_devices(sy_ctx *ctx, const sy_opencl_loader *loader, sy_opencl_device *out,
                                 int capacity, int *out_count);

/* What keeps the device from giving the bits of every other device; NULL: nothing. */
const char *sy_opencl_inexact(const sy_opencl_device *device);

typedef struct sy_opencl_program_spec {
    const sy_opencl_loader *loader;
    const sy_opencl_device *device;
    cl_context context;
    const char *options; /* of the compiler */
    const char *source;
    size_t source_size;
    bool cached; /* on disk */
} sy_opencl_program_spec;

/* Builds the program, or takes it from the cache; then it is put there. A cache that cannot be read or
 * written costs time and is told by the log, as is every build.
 */
sy_status sy_opencl_program_open(sy_ctx *ctx, const sy_opencl_program_spec *spec, cl_program *out);

#endif
