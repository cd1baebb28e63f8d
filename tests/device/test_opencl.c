/* The OpenCL backend itself: devices, memory, and the cache of programs. Skipped with the reason where there
 * is no OpenCL device.
 */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "device/device.h"
#include "support/folder.h"
#include "support/log.h"
#include "support/test.h"

#if defined(SY_HAS_OPENCL)

#include "opencl/opencl.h"

static sy_device *open_first(sy_ctx *ctx)
{
    sy_device *device = NULL;
    if (sy_backend_opencl.open(ctx, 0, &device) != SY_OK) {
        print_message("skipped: %s\n", sy_ctx_error(ctx));
        skip();
    }
    return device;
}

/* Runs fill on 5 words; the device's kernels work. */
static void check_works(sy_ctx *ctx, sy_device *device)
{
    const sy_backend *backend = &sy_backend_opencl;
    const sy_fill_params params = {.count = 5, .word = 42};
    sy_stream *stream = NULL;
    sy_buffer *buffer = NULL;
    uint32_t words[7] = {1, 1, 1, 1, 1, 1, 1};
    static const uint32_t expected[7] = {1, 42, 42, 42, 42, 42, 1};
    assert_ok(ctx, backend->stream_create(ctx, device, &stream));
    assert_ok(ctx, backend->alloc(ctx, device, 7, &buffer));
    assert_int_equal(backend->buffer_words(buffer), 7);
    const sy_launch launch = {
        .kernel = SY_KERNEL_fill, .operands = {{buffer, 1}}, .params = &params, .batch = 1};
    assert_ok(ctx, backend->write(ctx, stream, (sy_view){buffer, 0}, words, 7));
    assert_ok(ctx, backend->launch(ctx, stream, &launch));
    assert_ok(ctx, backend->read(ctx, stream, (sy_view){buffer, 0}, words, 7));
    assert_ok(ctx, backend->sync(ctx, stream));
    assert_memory_equal(words, expected, sizeof expected);
    backend->free(device, buffer);
    backend->free(device, NULL);
    backend->stream_destroy(stream);
}

/* A program of one kernel, opened through the cache. */
typedef struct {
    sy_opencl_loader loader;
    sy_opencl_device device;
    cl_context context;
} opened;

static opened open_context(sy_ctx *ctx)
{
    opened o;
    int count = 0;
    cl_int error = CL_SUCCESS;
    if (sy_opencl_load(ctx, &o.loader) != SY_OK ||
        sy_opencl_find_devices(ctx, &o.loader, &o.device, 1, &count) != SY_OK) {
        print_message("skipped: %s\n", sy_ctx_error(ctx));
        skip();
    }
    o.context = o.loader.clCreateContext(NULL, 1, &o.device.id, NULL, NULL, &error);
    assert_int_equal(error, CL_SUCCESS);
    return o;
}

static void open_logged(sy_ctx *ctx, const opened *o, test_log *log)
{
    static const char source[] = "__kernel void answer(__global int *x) { *x = 42; }";
    const sy_opencl_program_spec spec = {&o->loader, &o->device,        o->context, "-w",
                                         source,     sizeof source - 1, true};
    cl_program program = NULL;
    cl_int error = CL_SUCCESS;
    test_log_open(ctx, SY_LOG_DEBUG, log);
    assert_ok(ctx, sy_opencl_program_open(ctx, &spec, &program));
    sy_ctx_set_log(ctx, SY_LOG_INFO, NULL, NULL);
    cl_kernel kernel = o->loader.clCreateKernel(program, "answer", &error);
    assert_int_equal(error, CL_SUCCESS);
    o->loader.clReleaseKernel(kernel);
    o->loader.clReleaseProgram(program);
}

/* SY_CACHE_DIR as the tests are run with. */
static char *usual_cache;

static void cache_in(const char *folder)
{
    if (folder)
        setenv("SY_CACHE_DIR", folder, 1);
    else
        unsetenv("SY_CACHE_DIR");
}

/* The path of the only file in the folder, in `arena`. */
static char *only_entry(sy_ctx *ctx, const char *folder, sy_arena *arena)
{
    char **names = NULL;
    size_t count = 0;
    assert_ok(ctx, sy_folder_list(ctx, folder, arena, &names, &count));
    assert_int_equal(count, 1);
    assert_ptr_equal(strstr(names[0], "opencl-"), names[0]);
    return sy_arena_printf(arena, "%s/%s", folder, names[0]);
}

static void programs_are_built_once_and_a_damaged_entry_is_built_again(void **state)
{
    test_folder folder;
    sy_arena arena = {0};
    test_log log;
    const opened o = open_context(*state);
    folder_open(&folder);
    cache_in(folder.path);

    open_logged(*state, &o, &log);
    assert_non_null(strstr(log.text, "building the kernels for "));
    char *path = only_entry(*state, folder.path, &arena);
    open_logged(*state, &o, &log);
    assert_null(strstr(log.text, "building"));
    assert_non_null(strstr(log.text, path));

    sy_mapped file = {0};
    assert_ok(*state, sy_file_map(*state, path, &file));
    unsigned char *bytes = sy_arena_copy(&arena, file.bytes, file.size);
    assert_non_null(bytes);
    const size_t size = file.size;
    sy_file_unmap(&file);
    static const struct {
        const char *name;
        size_t flip, keep; /* a byte that is changed, thousandths of the bytes that stay */
    } damages[] = {
        {"another magic", 3, 1000}, {"a changed byte", 500, 1000}, {"cut off", 0, 600}, {"empty", 0, 0}};
    for (size_t i = 0; i < sizeof damages / sizeof damages[0]; i++) {
        bytes[damages[i].flip] ^= 0x40;
        assert_ok(*state, sy_file_save(*state, path, bytes, size * damages[i].keep / 1000));
        bytes[damages[i].flip] ^= 0x40;
        open_logged(*state, &o, &log);
        if (!strstr(log.text, "building"))
            fail_msg("%s: an entry like this was used", damages[i].name);
        open_logged(*state, &o, &log);
        assert_null(strstr(log.text, "building")); /* it was put in order */
    }
    folder_close(&folder);
    cache_in(usual_cache);
    o.loader.clReleaseContext(o.context);
    sy_arena_release(&arena);
}

static void a_cache_that_cannot_be_written_costs_only_time(void **state)
{
    test_log log;
    const opened o = open_context(*state);
    cache_in("/dev/null/cache");
    open_logged(*state, &o, &log);
    cache_in(usual_cache);
    o.loader.clReleaseContext(o.context);
    assert_non_null(strstr(log.text, "the kernels are not cached and will be built again: "));
}

static void kernels_that_do_not_compile_are_told_with_the_compilers_words(void **state)
{
    static const char source[] = "__kernel void wrong(__global int *x) { *x = nothing_like_that; }";
    const opened o = open_context(*state);
    const sy_opencl_program_spec spec = {&o.loader, &o.device,         o.context, "-w",
                                         source,    sizeof source - 1, false};
    cl_program program = NULL;
    assert_int_equal(sy_opencl_program_open(*state, &spec, &program), SY_E_DEVICE);
    assert_null(program);
    assert_non_null(strstr(sy_ctx_error(*state), "does not build the kernels: "));
    assert_non_null(strstr(sy_ctx_error(*state), "nothing_like_that"));
    o.loader.clReleaseContext(o.context);
}

static void a_device_works_from_the_first_launch(void **state)
{
    sy_device *device = open_first(*state);
    check_works(*state, device);
    sy_backend_opencl.close(device);
}

static void a_device_number_that_is_not_there_is_an_error(void **state)
{
    sy_device *device = NULL;
    sy_backend_opencl.close(open_first(*state));
    assert_int_equal(sy_backend_opencl.open(*state, 63, &device), SY_E_DEVICE);
    assert_non_null(strstr(sy_ctx_error(*state), "device opencl:63: there are "));
    assert_non_null(strstr(sy_ctx_error(*state), "see 'steelyard devices'"));
    assert_null(device);
}

static void a_device_is_found_by_a_part_of_its_name(void **state)
{
    const sy_backend *backend = NULL;
    sy_device_info info[16];
    char name[64];
    int count = 0;
    sy_device *device = open_first(*state);
    sy_backend_opencl.close(device);
    assert_ok(*state, sy_backend_opencl.list(*state, info, 16, &count));
    if (count != 1)
        skip(); /* a part of a name may be in several */
    snprintf(name, sizeof name, "opencl:%.6s", info[0].name);
    assert_ok(*state, sy_device_open(*state, name, &backend, &device));
    assert_ptr_equal(backend, &sy_backend_opencl);
    backend->close(device);
}

static void buffers_beyond_the_device_are_refused_with_the_remedy(void **state)
{
    sy_device *device = open_first(*state);
    sy_buffer *buffer = NULL;
    assert_int_equal(sy_backend_opencl.alloc(*state, device, SIZE_MAX / 8, &buffer), SY_E_MEMORY);
    assert_non_null(strstr(sy_ctx_error(*state), "use a smaller batch"));
    assert_null(buffer);
    sy_backend_opencl.close(device);
}

static void launches_beyond_what_devices_address_are_refused(void **state)
{
    sy_device *device = open_first(*state);
    sy_stream *stream = NULL;
    sy_buffer *buffer = NULL;
    const sy_fill_params params = {.count = 1};
    assert_ok(*state, sy_backend_opencl.stream_create(*state, device, &stream));
    assert_ok(*state, sy_backend_opencl.alloc(*state, device, 16, &buffer));
    sy_launch launch = {
        .kernel = SY_KERNEL_fill, .operands = {{buffer, 0}}, .params = &params, .batch = 65536};
    assert_fails(*state, sy_backend_opencl.launch(*state, stream, &launch), SY_E_UNSUPPORTED,
                 "kernel fill: a batch of 65536 samples: devices take at most 65535 at once");
    launch.batch = 1;
    launch.operands[0].offset = (size_t)1 << 32;
    assert_fails(*state, sy_backend_opencl.launch(*state, stream, &launch), SY_E_UNSUPPORTED,
                 "kernel fill: its operand 0 begins beyond word 2^32 of a buffer: use a smaller batch");
    sy_backend_opencl.free(device, buffer);
    sy_backend_opencl.stream_destroy(stream);
    sy_backend_opencl.close(device);
}

#define WITH_CTX(test) cmocka_unit_test_setup_teardown(test, open_ctx, close_ctx)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_CTX(programs_are_built_once_and_a_damaged_entry_is_built_again),
        WITH_CTX(a_cache_that_cannot_be_written_costs_only_time),
        WITH_CTX(kernels_that_do_not_compile_are_told_with_the_compilers_words),
        WITH_CTX(a_device_works_from_the_first_launch),
        WITH_CTX(a_device_number_that_is_not_there_is_an_error),
        WITH_CTX(a_device_is_found_by_a_part_of_its_name),
        WITH_CTX(buffers_beyond_the_device_are_refused_with_the_remedy),
        WITH_CTX(launches_beyond_what_devices_address_are_refused),
    };
    const char *cache = getenv("SY_CACHE_DIR");
    usual_cache = cache ? strdup(cache) : NULL; /* what getenv gives ends with the next setenv */
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    free(usual_cache);
    return failed;
}

#else

int main(void)
{
    print_message("skipped: this build has no OpenCL backend\n");
    return 0;
}

#endif
