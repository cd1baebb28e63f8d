/* Programs, and their cache on disk.
 *
 * An entry is a file opencl-<key>.bin: a head, then what clGetProgramInfo gave. The key is the hash of
 * all that the binary follows from; the head holds the hash of the binary, so that a driver never sees bytes
 * that it did not write. An entry that is not whole is built anew.
 */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/text.h"
#include "opencl/opencl.h"

typedef struct {
    char magic[8];
    unsigned char hash[SY_HASH_BYTES]; /* of what follows */
} entry_head;

static const char magic[8] = "SYCLBIN1";

/* The folder of the cache, or NULL when there is no place for one. */
static char *cache_folder(sy_arena *arena)
{
    const char *own = getenv("SY_CACHE_DIR"), *shared = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    if (own && *own)
        return sy_arena_text(arena, own);
    if (shared && *shared)
        return sy_arena_printf(arena, "%s/steelyard", shared);
    return home && *home ? sy_arena_printf(arena, "%s/.cache/steelyard", home) : NULL;
}

/* Every part ends with a NUL, so that no two lists of parts are the same bytes. */
static sy_status entry_name(sy_ctx *ctx, const sy_opencl_program_spec *spec, char out[SY_HASH_TEXT])
{
    const sy_opencl_device *device = spec->device;
    const char *const parts[] = {spec->options, device->platform_name, device->platform_version,
                                 device->name,  device->version,       device->driver};
    sy_text text = {0};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        sy_text_add(&text, parts[i], strlen(parts[i]) + 1);
    sy_text_add(&text, spec->source, spec->source_size);
    if (text.failed) {
        sy_text_release(&text);
        return sy_check_alloc(ctx, NULL);
    }
    const sy_hash hash = sy_hash_of(text.bytes, text.size);
    sy_hash_print(&hash, out);
    sy_text_release(&text);
    return SY_OK;
}

static sy_status build_failure(sy_ctx *ctx, const sy_opencl_program_spec *spec, cl_program program,
                               cl_int error)
{
    enum { LOG_SHOWN = 800 };
    size_t size = 0;
    char *log = NULL;
    if (spec->loader->clGetProgramBuildInfo(program, spec->device->id, CL_PROGRAM_BUILD_LOG, 0, NULL,
                                            &size) == CL_SUCCESS &&
        (log = calloc(size + 1, 1)))
        spec->loader->clGetProgramBuildInfo(program, spec->device->id, CL_PROGRAM_BUILD_LOG, size, log, NULL);
    sy_status status =
        sy_fail(ctx, SY_E_DEVICE,
                "the driver of %s does not build the kernels: %s (%d): %.*s: update the driver, "
                "or use --device cpu",
                spec->device->name, sy_opencl_error(error), error, LOG_SHOWN, log ? log : "");
    free(log);
    return status;
}

static cl_int build(const sy_opencl_program_spec *spec, cl_program program)
{
    return spec->loader->clBuildProgram(program, 1, &spec->device->id, spec->options, NULL, NULL);
}

static sy_status build_source(sy_ctx *ctx, const sy_opencl_program_spec *spec, cl_program *out)
{
    cl_int error = CL_SUCCESS;
    sy_log(ctx, spec->cached ? SY_LOG_INFO : SY_LOG_DEBUG, "building the kernels for %s%s",
           spec->device->name, spec->cached ? ", once" : "");
    cl_program program = spec->loader->clCreateProgramWithSource(
        spec->context, 1, (const char *[]){spec->source}, &spec->source_size, &error);
    if (!program)
        return sy_fail(ctx, SY_E_DEVICE, "%s takes no program: %s (%d): update its driver",
                       spec->device->name, sy_opencl_error(error), error);
    error = build(spec, program);
    if (error != CL_SUCCESS) {
        sy_status status = build_failure(ctx, spec, program, error);
        spec->loader->clReleaseProgram(program);
        return status;
    }
    *out = program;
    return SY_OK;
}

/* The program from an entry, or NULL when there is none, or none that is whole and that the driver takes. */
static cl_program load_entry(const sy_opencl_program_spec *spec, const char *path)
{
    sy_mapped file = {0};
    entry_head head;
    cl_program program = NULL;
    if (!sy_path_exists(path) || sy_file_map(NULL, path, &file) != SY_OK)
        return NULL;
    if (file.size > sizeof head) {
        const unsigned char *binary = file.bytes + sizeof head;
        const size_t size = file.size - sizeof head;
        const sy_hash hash = sy_hash_of(binary, size);
        memcpy(&head, file.bytes, sizeof head);
        cl_int error = CL_SUCCESS;
        if (memcmp(head.magic, magic, sizeof magic) == 0 &&
            memcmp(head.hash, hash.bytes, sizeof head.hash) == 0)
            program = spec->loader->clCreateProgramWithBinary(spec->context, 1, &spec->device->id, &size,
                                                              &binary, NULL, &error);
    }
    sy_file_unmap(&file);
    if (program && build(spec, program) != CL_SUCCESS) {
        spec->loader->clReleaseProgram(program);
        return NULL;
    }
    return program;
}

static sy_status save_entry(sy_ctx *ctx, const sy_opencl_program_spec *spec, cl_program program,
                            const char *folder, const char *path)
{
    size_t size = 0;
    if (spec->loader->clGetProgramInfo(program, CL_PROGRAM_BINARY_SIZES, sizeof size, &size, NULL) !=
            CL_SUCCESS ||
        size == 0)
        return sy_fail(ctx, SY_E_DEVICE, "the driver of %s gives no binary", spec->device->name);
    unsigned char *bytes = malloc(sizeof(entry_head) + size);
    SY_TRY(sy_check_alloc(ctx, bytes));
    unsigned char *binary = bytes + sizeof(entry_head);
    entry_head head;
    sy_status status = SY_OK;
    if (spec->loader->clGetProgramInfo(program, CL_PROGRAM_BINARIES, sizeof binary, &binary, NULL) !=
        CL_SUCCESS)
        status = sy_fail(ctx, SY_E_DEVICE, "the driver of %s gives no binary", spec->device->name);
    if (status == SY_OK) {
        const sy_hash hash = sy_hash_of(binary, size);
        memcpy(head.magic, magic, sizeof magic);
        memcpy(head.hash, hash.bytes, sizeof head.hash);
        memcpy(bytes, &head, sizeof head);
        status = sy_folder_make(ctx, folder);
    }
    if (status == SY_OK)
        status = sy_file_save(ctx, path, bytes, sizeof head + size);
    free(bytes);
    return status;
}

/* Through the entry at `path`. What keeps it from being saved is no failure of the caller's, so it has a
 * context of its own. */
static sy_status open_cached(sy_ctx *ctx, const sy_opencl_program_spec *spec, const char *folder,
                             const char *path, cl_program *out)
{
    *out = load_entry(spec, path);
    if (*out) {
        sy_log(ctx, SY_LOG_DEBUG, "kernels for %s: from %s", spec->device->name, path);
        return SY_OK;
    }
    SY_TRY(build_source(ctx, spec, out));
    sy_ctx *saving = NULL;
    if (sy_ctx_create(&saving) == SY_OK && save_entry(saving, spec, *out, folder, path) != SY_OK)
        sy_log(ctx, SY_LOG_INFO, "the kernels are not cached and will be built again: %s",
               sy_ctx_error(saving));
    sy_ctx_destroy(saving);
    return SY_OK;
}

sy_status sy_opencl_program_open(sy_ctx *ctx, const sy_opencl_program_spec *spec, cl_program *out)
{
    sy_arena arena = {0};
    char name[SY_HASH_TEXT];
    const char *folder = spec->cached ? cache_folder(&arena) : NULL;
    if (!folder)
        return build_source(ctx, spec, out);
    sy_status status = entry_name(ctx, spec, name);
    const char *path = sy_arena_printf(&arena, "%s/opencl-%s.bin", folder, name);
    if (status == SY_OK)
        status = sy_check_alloc(ctx, path);
    if (status == SY_OK)
        status = open_cached(ctx, spec, folder, path, out);
    sy_arena_release(&arena);
    return status;
}
