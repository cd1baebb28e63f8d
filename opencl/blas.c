#include "opencl/blas.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include "device/product.h"

/* Numbers of its interface, of a version 1 of any kind. */
enum { ROW_MAJOR = 101, AS_STORED = 111, TRANSPOSED = 112, NO_MEMORY = -4, NO_HOST_MEMORY = -6 };

struct sy_opencl_blas {
    pthread_mutex_t lock; /* CLBlast 1.5 builds what its routines share without one, in their first calls */
#define FUNCTION(name, symbol, arguments) int(*name) arguments;
#include "opencl/blas_functions.def"
#undef FUNCTION
};

/* A function pointer from a data pointer, which POSIX promises but C does not. */
static sy_status find_function(sy_ctx *ctx, void *library, const char *path, const char *symbol, void *out)
{
    void *found = dlsym(library, symbol);
    if (!found)
        return sy_fail(ctx, SY_E_DEVICE, "%s has no function %s: install CLBlast 1.5 or newer", path, symbol);
    memcpy(out, &found, sizeof found);
    return SY_OK;
}

sy_status sy_opencl_blas_create(sy_ctx *ctx, sy_opencl_blas **out)
{
    const char *named = getenv("SY_LIBCLBLAST");
    const char *path = named && *named ? named : "libclblast.so.1";
    sy_opencl_blas blas = {0};
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (!library)
        return sy_fail(ctx, SY_E_DEVICE, "%s: install libclblast1", dlerror());
#define FUNCTION(name, symbol, arguments) SY_TRY(find_function(ctx, library, path, #symbol, &blas.name));
#include "opencl/blas_functions.def"
#undef FUNCTION
    sy_opencl_blas *opened = malloc(sizeof *opened);
    SY_TRY(sy_check_alloc(ctx, opened));
    *opened = blas;
    pthread_mutex_init(&opened->lock, NULL);
    *out = opened;
    return SY_OK;
}

/* CLBlast keeps programs by their context, whose address may soon be that of another. */
void sy_opencl_blas_destroy(sy_opencl_blas *blas)
{
    if (!blas)
        return;
    blas->clear_cache();
    pthread_mutex_destroy(&blas->lock);
    free(blas);
}

static int multiply(sy_stream *stream, const sy_product *p)
{
    const size_t y_stride = p->count > 1 ? p->y_stride : (size_t)p->m * p->n; /* CLBlast refuses 0 */
    const size_t a_line = p->a_transposed ? p->m : p->k, b_line = p->b_transposed ? p->k : p->n;
    return stream->device->blas->sgemm(
        ROW_MAJOR, p->a_transposed ? TRANSPOSED : AS_STORED, p->b_transposed ? TRANSPOSED : AS_STORED, p->m,
        p->n, p->k, p->alpha, p->a.buffer->memory, p->a.offset, a_line, p->a_stride, p->b.buffer->memory,
        p->b.offset, b_line, p->b_stride, 0, p->y.buffer->memory, p->y.offset, p->n, y_stride, p->count,
        &stream->queue, NULL);
}

sy_status sy_opencl_blas_launch(sy_ctx *ctx, sy_stream *stream, const sy_launch *launch)
{
    const sy_device *device = stream->device;
    const size_t count = sy_product_count(launch);
    int error = 0;
    pthread_mutex_lock(&device->blas->lock);
    for (size_t i = 0; i < count && error == 0; i++) {
        const sy_product product = sy_product_at(launch, i);
        error = multiply(stream, &product);
    }
    pthread_mutex_unlock(&device->blas->lock);
    if (error == 0)
        return SY_OK;
    return sy_fail(
        ctx, error == NO_MEMORY || error == NO_HOST_MEMORY ? SY_E_MEMORY : SY_E_DEVICE,
        "device opencl:%d (%s): CLBlast: %s: status %d: use a smaller --batch, or arithmetic = EXACT",
        device->index, device->info.name, sy_kernel_name(launch->kernel), error);
}
