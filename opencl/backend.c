/* OpenCL devices. A stream is an in-order queue with kernel objects of its own, as setting arguments is not
 * safe from two threads; a context and its program belong to the device.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "opencl/opencl.h"

enum { DEVICES_MAX = 64 };

/* The text of kernels/kernels.cl and all it includes; the build makes it. */
extern const unsigned char sy_opencl_source[];
extern const size_t sy_opencl_source_size;

struct sy_device {
    sy_opencl_loader loader;
    sy_opencl_device info;
    int index;
    cl_context context;
    cl_program program;
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

/* What to do about an error, in words. */
static const char *remedy(cl_int error)
{
    switch (error) {
    case CL_MEM_OBJECT_ALLOCATION_FAILURE:
    case CL_OUT_OF_RESOURCES:
    case CL_OUT_OF_HOST_MEMORY: return "use a smaller batch, fewer workers, or --device cpu";
    default: return "update its driver, or use --device cpu";
    }
}

static sy_status fail_on(sy_ctx *ctx, const sy_device *device, const char *what, cl_int error)
{
    const bool memory = error == CL_MEM_OBJECT_ALLOCATION_FAILURE || error == CL_OUT_OF_HOST_MEMORY;
    return sy_fail(ctx, memory ? SY_E_MEMORY : SY_E_DEVICE, "device opencl:%d (%s): %s: %s (%d): %s",
                   device->index, device->info.name, what, sy_opencl_error(error), error, remedy(error));
}

/* ---- devices ---- */

static const char *type_name(cl_device_type type)
{
    return type & CL_DEVICE_TYPE_GPU ? "GPU" : type & CL_DEVICE_TYPE_CPU ? "processor" : "accelerator";
}

static sy_status list(sy_ctx *ctx, sy_device_info *out, int capacity, int *out_count)
{
    sy_opencl_loader loader;
    sy_opencl_device found[DEVICES_MAX];
    int count = 0;
    SY_TRY(sy_opencl_load(ctx, &loader));
    SY_TRY(sy_opencl_find_devices(ctx, &loader, found, DEVICES_MAX, &count));
    count = count < DEVICES_MAX ? count : DEVICES_MAX;
    for (int i = 0; i < count && i < capacity; i++) {
        const char *lack = sy_opencl_inexact(&found[i]);
        snprintf(out[i].name, sizeof out[i].name, "%s", found[i].name);
        snprintf(out[i].detail, sizeof out[i].detail, "%s, %.1f GiB, %.48s %.48s%s%.60s",
                 type_name(found[i].type), (double)found[i].memory_bytes / (1 << 30), found[i].platform_name,
                 found[i].driver, lack ? "; not exact: " : "", lack ? lack : "");
        out[i].automatic = (found[i].type & CL_DEVICE_TYPE_GPU) != 0;
    }
    *out_count = count;
    return SY_OK;
}

/* The device can run the kernels and gives the bits that every other device gives. */
static sy_status check_device(sy_ctx *ctx, int index, const sy_opencl_device *device)
{
    const char *lack = sy_opencl_inexact(device);
    if (!device->usable)
        return sy_fail(
            ctx, SY_E_DEVICE,
            "device opencl:%d (%s) is not available, or its driver has no compiler: use another device",
            index, device->name);
    if (device->group_items < SY_GROUP)
        return sy_fail(ctx, SY_E_DEVICE,
                       "device opencl:%d (%s) runs groups of %zu items, the kernels need %d: use "
                       "another device",
                       index, device->name, device->group_items, SY_GROUP);
    if (lack)
        return sy_fail(ctx, SY_E_DEVICE,
                       "device opencl:%d (%s) %s, so its results would not have the bits of other devices: "
                       "use another device",
                       index, device->name, lack);
    return SY_OK;
}

static void close_device(sy_device *device)
{
    if (!device)
        return;
    if (device->program)
        device->loader.clReleaseProgram(device->program);
    if (device->context)
        device->loader.clReleaseContext(device->context);
    free(device);
}

static sy_status find_device(sy_ctx *ctx, sy_device *device)
{
    sy_opencl_device found[DEVICES_MAX];
    int count = 0;
    SY_TRY(sy_opencl_load(ctx, &device->loader));
    SY_TRY(sy_opencl_find_devices(ctx, &device->loader, found, DEVICES_MAX, &count));
    if (device->index < 0 || device->index >= count || device->index >= DEVICES_MAX)
        return sy_fail(ctx, SY_E_DEVICE,
                       "device opencl:%d: there are %d, from opencl:0 on: see 'steelyard devices'",
                       device->index, count);
    device->info = found[device->index];
    return check_device(ctx, device->index, &device->info);
}

/* PoCL has a cache of its own, and where it is asked for a program's binary it first compiles every kernel in
 * it, which takes half a minute.
 */
static bool keeps_programs(const sy_opencl_device *device)
{
    return strcmp(device->platform_name, "Portable Computing Language") == 0;
}

static sy_status open_program(sy_ctx *ctx, sy_device *device)
{
    cl_int error = CL_SUCCESS;
    device->context = device->loader.clCreateContext(NULL, 1, &device->info.id, NULL, NULL, &error);
    if (!device->context)
        return fail_on(ctx, device, "it cannot be opened", error);
    const sy_opencl_program_spec spec = {
        .loader = &device->loader,
        .device = &device->info,
        .context = device->context,
        .options = "-w -cl-std=CL1.2 -cl-fp32-correctly-rounded-divide-sqrt",
        .source = (const char *)sy_opencl_source,
        .source_size = sy_opencl_source_size,
        .cached = !keeps_programs(&device->info),
    };
    return sy_opencl_program_open(ctx, &spec, &device->program);
}

static sy_status open_device(sy_ctx *ctx, int index, sy_device **out)
{
    sy_device *device = calloc(1, sizeof *device);
    SY_TRY(sy_check_alloc(ctx, device));
    device->index = index;
    sy_status status = find_device(ctx, device);
    if (status == SY_OK)
        status = open_program(ctx, device);
    if (status != SY_OK) {
        close_device(device);
        return status;
    }
    *out = device;
    return SY_OK;
}

/* ---- memory ---- */

static sy_status alloc_buffer(sy_ctx *ctx, sy_device *device, size_t words, sy_buffer **out)
{
    const cl_ulong limit = device->info.buffer_bytes;
    cl_int error = CL_SUCCESS;
    if (words > limit / sizeof(uint32_t))
        return sy_fail(
            ctx, SY_E_MEMORY,
            "device opencl:%d (%s): a buffer of %zu words is more than the %llu bytes it allows: use a "
            "smaller batch",
            device->index, device->info.name, words, (unsigned long long)limit);
    sy_buffer *buffer = calloc(1, sizeof *buffer);
    SY_TRY(sy_check_alloc(ctx, buffer));
    *buffer = (sy_buffer){.words = words};
    buffer->memory = device->loader.clCreateBuffer(device->context, CL_MEM_READ_WRITE,
                                                   (words ? words : 1) * sizeof(uint32_t), NULL, &error);
    if (!buffer->memory) {
        free(buffer);
        return fail_on(ctx, device, "no memory for a buffer", error);
    }
    *out = buffer;
    return SY_OK;
}

static void free_buffer(sy_device *device, sy_buffer *buffer)
{
    if (!buffer)
        return;
    device->loader.clReleaseMemObject(buffer->memory);
    free(buffer);
}

static size_t buffer_words(const sy_buffer *buffer)
{
    return buffer->words;
}

/* ---- streams ---- */

static sy_status create_stream(sy_ctx *ctx, sy_device *device, sy_stream **out)
{
    cl_int error = CL_SUCCESS;
    sy_stream *stream = calloc(1, sizeof *stream);
    SY_TRY(sy_check_alloc(ctx, stream));
    stream->device = device;
    stream->queue = device->loader.clCreateCommandQueue(device->context, device->info.id, 0, &error);
    if (!stream->queue) {
        free(stream);
        return fail_on(ctx, device, "it has no queue left", error);
    }
    *out = stream;
    return SY_OK;
}

static void destroy_stream(sy_stream *stream)
{
    if (!stream)
        return;
    const sy_opencl_loader *loader = &stream->device->loader;
    loader->clFinish(stream->queue);
    for (int i = 0; i < SY_DEVICE_KERNEL_COUNT; i++)
        if (stream->kernels[i])
            loader->clReleaseKernel(stream->kernels[i]);
    loader->clReleaseCommandQueue(stream->queue);
    free(stream);
}

static void check_view(sy_view view, size_t words)
{
    assert(view.buffer && view.offset <= view.buffer->words && words <= view.buffer->words - view.offset);
    (void)view;
    (void)words;
}

static sy_status write_words(sy_ctx *ctx, sy_stream *stream, sy_view to, const void *from, size_t words)
{
    if (words == 0)
        return SY_OK;
    check_view(to, words);
    cl_int error = stream->device->loader.clEnqueueWriteBuffer(stream->queue, to.buffer->memory, CL_TRUE,
                                                               to.offset * sizeof(uint32_t),
                                                               words * sizeof(uint32_t), from, 0, NULL, NULL);
    return error == CL_SUCCESS ? SY_OK : fail_on(ctx, stream->device, "writing to its memory", error);
}

static sy_status read_words(sy_ctx *ctx, sy_stream *stream, sy_view from, void *to, size_t words)
{
    if (words == 0)
        return SY_OK;
    check_view(from, words);
    cl_int error = stream->device->loader.clEnqueueReadBuffer(stream->queue, from.buffer->memory, CL_TRUE,
                                                              from.offset * sizeof(uint32_t),
                                                              words * sizeof(uint32_t), to, 0, NULL, NULL);
    return error == CL_SUCCESS ? SY_OK : fail_on(ctx, stream->device, "reading its memory", error);
}

static sy_status wait_for_stream(sy_ctx *ctx, sy_stream *stream)
{
    cl_int error = stream->device->loader.clFinish(stream->queue);
    return error == CL_SUCCESS ? SY_OK : fail_on(ctx, stream->device, "waiting for its kernels", error);
}

/* ---- kernels ---- */

static sy_status fail_kernel(sy_ctx *ctx, const sy_stream *stream, sy_device_kernel kernel, cl_int error)
{
    char what[96];
    snprintf(what, sizeof what, "kernel %s", sy_device_kernel_at(kernel)->name);
    return fail_on(ctx, stream->device, what, error);
}

static sy_status find_kernel(sy_ctx *ctx, sy_stream *stream, sy_device_kernel kernel, cl_kernel *out)
{
    cl_int error = CL_SUCCESS;
    if (!stream->kernels[kernel])
        stream->kernels[kernel] = stream->device->loader.clCreateKernel(
            stream->device->program, sy_device_kernel_at(kernel)->name, &error);
    *out = stream->kernels[kernel];
    return *out ? SY_OK : fail_kernel(ctx, stream, kernel, error);
}

/* Operands that are not read are NULL. */
static cl_int set_arguments(const sy_stream *stream, cl_kernel kernel, const sy_launch *launch,
                            const sy_grid *grid)
{
    const sy_opencl_loader *loader = &stream->device->loader;
    const cl_uint count = (cl_uint)sy_kernel_operands(launch->kernel);
    cl_int error = CL_SUCCESS;
    for (cl_uint i = 0; i < count && error == CL_SUCCESS; i++) {
        const sy_buffer *buffer = launch->operands[i].buffer;
        const cl_mem memory = buffer ? buffer->memory : NULL;
        error = loader->clSetKernelArg(kernel, i, sizeof memory, &memory);
    }
    if (error == CL_SUCCESS)
        error = loader->clSetKernelArg(kernel, count, grid->params_bytes, &grid->params);
    if (error == CL_SUCCESS)
        error = loader->clSetKernelArg(kernel, count + 1, sizeof grid->places, &grid->places);
    return error;
}

static sy_status launch_step(sy_ctx *ctx, sy_stream *stream, const sy_launch *launch, const sy_grid *grid,
                             const sy_grid_step *step)
{
    const sy_device_kernel_info *info = sy_device_kernel_at(step->kernel);
    const size_t group[] = {info->group[0], info->group[1], 1};
    const size_t items[] = {group[0] * step->groups[0], group[1] * step->groups[1], step->groups[2]};
    cl_kernel kernel;
    SY_TRY(find_kernel(ctx, stream, step->kernel, &kernel));
    cl_int error = set_arguments(stream, kernel, launch, grid);
    if (error == CL_SUCCESS)
        error = stream->device->loader.clEnqueueNDRangeKernel(stream->queue, kernel, 3, NULL, items, group, 0,
                                                              NULL, NULL);
    return error == CL_SUCCESS ? SY_OK : fail_kernel(ctx, stream, step->kernel, error);
}

static sy_status launch_kernel(sy_ctx *ctx, sy_stream *stream, const sy_launch *launch)
{
    const bool processor = (stream->device->info.type & CL_DEVICE_TYPE_CPU) != 0;
    sy_grid grid;
    assert(!launch->packed);
    SY_TRY(sy_grid_plan(ctx, launch, processor ? SY_GRID_PROCESSOR : SY_GRID_GPU, &grid));
    for (int s = 0; s < grid.step_count; s++)
        SY_TRY(launch_step(ctx, stream, launch, &grid, &grid.steps[s]));
    return SY_OK;
}

const sy_backend sy_backend_opencl = {
    .name = "opencl",
    .list = list,
    .open = open_device,
    .close = close_device,
    .alloc = alloc_buffer,
    .free = free_buffer,
    .buffer_words = buffer_words,
    .stream_create = create_stream,
    .stream_destroy = destroy_stream,
    .write = write_words,
    .read = read_words,
    .launch = launch_kernel,
    .sync = wait_for_stream,
};
