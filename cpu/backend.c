/* The CPU as a device: memory is memory, a queued operation is done before the call returns, and a stream is
 * only the scratch memory of one thread.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cpu/kernels.h"
#include "cpu/ref.h"

enum { ALIGNMENT = 64 };

struct sy_device {
    sy_cpu_level level;
};

struct sy_buffer {
    uint32_t *memory;
    size_t words;
};

struct sy_stream {
    const sy_device *device;
    sy_cpu_scratch scratch;
};

static void (*const references[SY_KERNEL_COUNT])(void *const *operands, const void *params) = {
#define KERNEL(name, operands) [SY_KERNEL_##name] = sy_ref_##name,
#include "kernels/kernels.def"
#undef KERNEL
};

/* The processor's own name, as Linux tells it; "CPU" where it does not. */
static void read_processor_name(char *out, size_t capacity)
{
    static const char key[] = "model name";
    char line[256];
    snprintf(out, capacity, "CPU");
    FILE *file = fopen("/proc/cpuinfo", "r");
    if (!file)
        return;
    while (fgets(line, sizeof line, file)) {
        const char *colon = strchr(line, ':');
        if (strncmp(line, key, sizeof key - 1) != 0 || !colon)
            continue;
        line[strcspn(line, "\n")] = '\0';
        snprintf(out, capacity, "%.*s", (int)capacity - 1, colon + 1 + strspn(colon + 1, " "));
        break;
    }
    fclose(file);
}

static sy_status list(sy_ctx *ctx, sy_device_info *out, int capacity, int *out_count)
{
    sy_cpu_level level;
    SY_TRY(sy_cpu_level_choose(ctx, &level));
    *out_count = 1;
    if (capacity < 1)
        return SY_OK;
    read_processor_name(out->name, sizeof out->name);
    snprintf(out->detail, sizeof out->detail, "%ld processors, %s kernels", sysconf(_SC_NPROCESSORS_ONLN),
             sy_cpu_level_name(level));
    out->automatic = true;
    return SY_OK;
}

static sy_status open_device(sy_ctx *ctx, int index, sy_device **out)
{
    if (index != 0)
        return sy_fail(
            ctx, SY_E_DEVICE,
            "device cpu:%d: the processors are one device, cpu:0; --workers says how many are used", index);
    sy_cpu_level level;
    SY_TRY(sy_cpu_level_choose(ctx, &level));
    sy_device *device = calloc(1, sizeof *device);
    SY_TRY(sy_check_alloc(ctx, device));
    *device = (sy_device){level};
    *out = device;
    return SY_OK;
}

static void close_device(sy_device *device)
{
    free(device);
}

static sy_status alloc_buffer(sy_ctx *ctx, sy_device *device, size_t words, sy_buffer **out)
{
    (void)device;
    if (words > (SIZE_MAX - ALIGNMENT) / sizeof(uint32_t))
        return sy_fail(ctx, SY_E_MEMORY, "a buffer of %zu words does not fit in memory", words);
    const size_t bytes = (words * sizeof(uint32_t) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    sy_buffer *buffer = malloc(sizeof *buffer);
    uint32_t *memory = aligned_alloc(ALIGNMENT, bytes ? bytes : ALIGNMENT);
    if (!buffer || !memory) {
        free(memory);
        free(buffer);
        return sy_fail(ctx, SY_E_MEMORY, "out of memory: %zu bytes on device cpu", bytes);
    }
    *buffer = (sy_buffer){memory, words};
    *out = buffer;
    return SY_OK;
}

static void free_buffer(sy_device *device, sy_buffer *buffer)
{
    (void)device;
    if (!buffer)
        return;
    free(buffer->memory);
    free(buffer);
}

static size_t buffer_words(const sy_buffer *buffer)
{
    return buffer->words;
}

static sy_status create_stream(sy_ctx *ctx, sy_device *device, sy_stream **out)
{
    sy_stream *stream = calloc(1, sizeof *stream);
    SY_TRY(sy_check_alloc(ctx, stream));
    *stream = (sy_stream){.device = device};
    *out = stream;
    return SY_OK;
}

static void destroy_stream(sy_stream *stream)
{
    if (!stream)
        return;
    sy_cpu_scratch_release(&stream->scratch);
    free(stream);
}

static uint32_t *words_at(sy_view view, size_t words)
{
    assert(view.buffer && view.offset <= view.buffer->words && words <= view.buffer->words - view.offset);
    (void)words;
    return view.buffer->memory + view.offset;
}

static sy_status write_words(sy_ctx *ctx, sy_stream *stream, sy_view to, const void *from, size_t words)
{
    (void)ctx;
    (void)stream;
    if (words)
        memcpy(words_at(to, words), from, words * sizeof(uint32_t));
    return SY_OK;
}

static sy_status read_words(sy_ctx *ctx, sy_stream *stream, sy_view from, void *to, size_t words)
{
    (void)ctx;
    (void)stream;
    if (words)
        memcpy(to, words_at(from, words), words * sizeof(uint32_t));
    return SY_OK;
}

static void find_operands(const sy_launch *launch, uint32_t sample, void *out[SY_MAX_OPERANDS])
{
    for (int i = 0; i < sy_kernel_operands(launch->kernel); i++) {
        sy_view view = launch->operands[i];
        view.offset += sample * launch->batch_strides[i];
        out[i] = view.buffer ? words_at(view, 0) : NULL;
    }
}

/* Sample by sample: a batch would only push one sample's words out of the caches. */
static sy_status launch_kernel(sy_ctx *ctx, sy_stream *stream, const sy_launch *launch)
{
    const sy_cpu_variant *variant =
        sy_cpu_variant_find(launch->kernel, launch->params, stream->device->level);
    assert(launch->batch >= 1 && (variant || !launch->packed));
    for (uint32_t sample = 0; sample < launch->batch; sample++) {
        void *operands[SY_MAX_OPERANDS] = {NULL};
        find_operands(launch, sample, operands);
        if (!variant) {
            references[launch->kernel](operands, launch->params);
            continue;
        }
        const sy_cpu_call call = {operands, launch->params, launch->packed, &stream->scratch};
        sy_status status = variant->launch(&call);
        if (status != SY_OK)
            return sy_fail(ctx, status, "kernel %s: out of memory", variant->name);
    }
    return SY_OK;
}

/* Done already: every call returns when its work is. */
static sy_status wait_for_stream(sy_ctx *ctx, sy_stream *stream)
{
    (void)ctx;
    (void)stream;
    return SY_OK;
}

static sy_status pack_operand(sy_ctx *ctx, sy_stream *stream, const sy_launch *launch, int operand,
                              sy_buffer **out)
{
    const sy_cpu_variant *variant =
        sy_cpu_variant_find(launch->kernel, launch->params, stream->device->level);
    const size_t words = variant && variant->pack_words ? variant->pack_words(launch->params, operand) : 0;
    sy_buffer *packed = NULL;
    if (words == 0) {
        *out = NULL;
        return SY_OK;
    }
    SY_TRY(alloc_buffer(ctx, NULL, words, &packed));
    variant->pack(launch->params, operand, words_at(launch->operands[operand], 0), packed->memory);
    *out = packed;
    return SY_OK;
}

const sy_backend sy_backend_cpu = {
    .name = "cpu",
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
    .pack = pack_operand,
};
