/* The driver API outside streams: life cycle, memory, modules, launches and their limits, failures on
 * request. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "unit/device.h"

static CUmodule module;

static CUfunction kernel(const char *name)
{
    if (!module) {
        char *ptx = device_fixture("fixtures/launches.ptx");
        module = device_module(ptx);
        free(ptx);
    }
    return device_kernel(module, name);
}

static int open_device(void **state)
{
    (void)state;
    device_open(NULL);
    return 0;
}

static int close_device(void **state)
{
    (void)state;
    if (module)
        cu.cuModuleUnload(module);
    module = NULL;
    device_close();
    return 0;
}

static CUresult launch_shape(const char *name, const unsigned shape[6], unsigned shared)
{
    CUdeviceptr x = 0;
    return cu.cuLaunchKernel(kernel(name), shape[0], shape[1], shape[2], shape[3], shape[4], shape[5], shared,
                             NULL, (void *[]){&x}, NULL);
}

static void a_call_before_init_or_without_context_is_refused(void **state)
{
    CUcontext context;
    size_t bytes;
    (void)state;
    assert_cu(cu.cuCtxGetCurrent(&context), CUDA_SUCCESS);
    assert_cu(cu.cuCtxSetCurrent(NULL), CUDA_SUCCESS);
    assert_cu(cu.cuMemGetInfo_v2(&bytes, &bytes), CUDA_ERROR_INVALID_CONTEXT);
    assert_cu(cu.cuCtxSetCurrent(context), CUDA_SUCCESS);
    assert_cu(cu.cuMemGetInfo_v2(&bytes, &bytes), CUDA_SUCCESS);
}

static void the_device_says_what_it_is(void **state)
{
    char name[64];
    int count, value;
    size_t bytes;
    (void)state;
    assert_cu(cu.cuDeviceGetCount(&count), CUDA_SUCCESS);
    assert_int_equal(count, 1);
    assert_cu(cu.cuDeviceGet(&value, 1), CUDA_ERROR_INVALID_DEVICE);
    assert_cu(cu.cuDeviceGetName(name, sizeof name, 0), CUDA_SUCCESS);
    assert_string_equal(name, "PTX executor 0 (no GPU)");
    assert_cu(cu.cuDeviceGetAttribute(&value, 1, 0), CUDA_SUCCESS);
    assert_int_equal(value, 1024);
    assert_cu(cu.cuDeviceTotalMem_v2(&bytes, 0), CUDA_SUCCESS);
    assert_true(bytes == (size_t)8 << 30);
    assert_cu(cu.cuDeviceGetAttribute(&value, 12345, 0), CUDA_ERROR_INVALID_VALUE);
    assert_report("does not know attribute 12345");
}

static void memory_is_counted_and_limited(void **state)
{
    size_t before, after, total;
    CUdeviceptr a, b;
    (void)state;
    device_close();
    device_open("SY_PTX_MEMORY=1000000");
    assert_cu(cu.cuMemGetInfo_v2(&before, &total), CUDA_SUCCESS);
    assert_int_equal(total, 1000000);
    assert_cu(cu.cuMemAlloc_v2(&a, 600000), CUDA_SUCCESS);
    assert_int_equal(a % 256, 0);
    assert_cu(cu.cuMemGetInfo_v2(&after, &total), CUDA_SUCCESS);
    assert_int_equal(before - after, 600000);
    assert_cu(cu.cuMemAlloc_v2(&b, 600000), CUDA_ERROR_OUT_OF_MEMORY);
    assert_cu(cu.cuMemAlloc_v2(&b, 0), CUDA_ERROR_INVALID_VALUE);
    assert_cu(cu.cuMemFree_v2(a), CUDA_SUCCESS);
    assert_cu(cu.cuMemAlloc_v2(&b, 600000), CUDA_SUCCESS);
    assert_cu(cu.cuMemFree_v2(b + 4), CUDA_ERROR_INVALID_VALUE);
    assert_cu(cu.cuMemFree_v2(b), CUDA_SUCCESS);
    assert_cu(cu.cuMemFree_v2(0), CUDA_SUCCESS);
}

static void the_allocation_asked_for_fails(void **state)
{
    CUdeviceptr at[3];
    (void)state;
    device_close();
    device_open("SY_PTX_FAIL_ALLOC=2");
    assert_cu(cu.cuMemAlloc_v2(&at[0], 100), CUDA_SUCCESS);
    assert_cu(cu.cuMemAlloc_v2(&at[1], 100), CUDA_ERROR_OUT_OF_MEMORY);
    assert_report("allocation 2|100 bytes");
    assert_cu(cu.cuMemAlloc_v2(&at[2], 100), CUDA_SUCCESS);
    cu.cuMemFree_v2(at[0]);
    cu.cuMemFree_v2(at[2]);
}

static void a_device_that_died_stays_dead(void **state)
{
    CUdeviceptr x;
    (void)state;
    device_close();
    device_open("SY_PTX_FAIL_LAUNCH=2");
    const CUfunction nothing = kernel("nothing");
    assert_cu(device_launch(nothing, 1, 1, NULL), CUDA_SUCCESS);
    assert_cu(cu.cuCtxSynchronize(), CUDA_SUCCESS);
    assert_cu(device_launch(nothing, 1, 1, NULL), CUDA_SUCCESS);
    assert_cu(cu.cuCtxSynchronize(), CUDA_ERROR_LAUNCH_FAILED);
    assert_report("launch 2|nothing|told to fail");
    assert_cu(cu.cuMemAlloc_v2(&x, 16), CUDA_ERROR_LAUNCH_FAILED);
    module = NULL;
    device_close();
    device_open(NULL);
    assert_cu(cu.cuMemAlloc_v2(&x, 16), CUDA_SUCCESS);
    assert_cu(cu.cuMemFree_v2(x), CUDA_SUCCESS);
}

static void a_trap_ends_the_device(void **state)
{
    CUdeviceptr x = 0;
    (void)state;
    assert_cu(device_launch(kernel("stops"), 1, 1, &x), CUDA_SUCCESS);
    assert_cu(cu.cuCtxSynchronize(), CUDA_ERROR_LAUNCH_FAILED);
    assert_report("kernel 'stops', PTX line 58, block (0,0,0), thread (0,0,0): trap");
    module = NULL;
}

static void copies_outside_an_allocation_are_refused(void **state)
{
    uint32_t x[4] = {1, 2, 3, 4};
    (void)state;
    CUdeviceptr at = device_alloc(16);
    assert_cu(cu.cuMemcpyHtoD_v2(at, x, 16), CUDA_SUCCESS);
    assert_cu(cu.cuMemcpyHtoD_v2(at + 4, x, 16), CUDA_ERROR_INVALID_VALUE);
    assert_report("copy to the device of 16 bytes that are not all in one allocation|byte 4 of allocation");
    assert_cu(cu.cuMemcpyDtoH_v2(x, at + 12, 8), CUDA_ERROR_INVALID_VALUE);
    assert_cu(cu.cuMemsetD32Async(at + 2, 0, 1, NULL), CUDA_ERROR_INVALID_VALUE);
    assert_report("misaligned");
    assert_cu(cu.cuMemsetD32Async(at, 0, 5, NULL), CUDA_ERROR_INVALID_VALUE);
    assert_cu(cu.cuMemcpyDtoH_v2(x, at, 0), CUDA_SUCCESS);
    cu.cuMemFree_v2(at);
}

static void launches_keep_the_limits_of_the_device(void **state)
{
    static const struct {
        const char *kernel;
        unsigned shape[6], shared;
        CUresult status;
        const char *report;
    } cases[] = {
        {"nothing", {1, 1, 1, 1024, 1, 1}, 0, CUDA_SUCCESS, NULL},
        {"nothing", {1, 65535, 1, 1, 1, 1}, 0, CUDA_SUCCESS, NULL},
        {"nothing", {0, 1, 1, 1, 1, 1}, 0, CUDA_ERROR_INVALID_VALUE, "grid of 0 blocks in dimension x"},
        {"nothing",
         {1, 65536, 1, 1, 1, 1},
         0,
         CUDA_ERROR_INVALID_VALUE,
         "grid of 65536 blocks in dimension y"},
        {"nothing",
         {1, 1, 65536, 1, 1, 1},
         0,
         CUDA_ERROR_INVALID_VALUE,
         "dimension z, it must be 1 to 65535"},
        {"nothing",
         {1, 1, 1, 1025, 1, 1},
         0,
         CUDA_ERROR_INVALID_VALUE,
         "block of 1025 threads in dimension x"},
        {"nothing", {1, 1, 1, 1, 1, 65}, 0, CUDA_ERROR_INVALID_VALUE, "block of 65 threads in dimension z"},
        {"nothing",
         {1, 1, 1, 32, 33, 1},
         0,
         CUDA_ERROR_INVALID_VALUE,
         "block of 1056 threads, more than 1024"},
        {"narrow", {1, 1, 1, 64, 1, 1}, 0, CUDA_SUCCESS, NULL},
        {"narrow", {1, 1, 1, 65, 1, 1}, 0, CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES, ".maxntid is 64"},
        {"nothing", {1, 1, 1, 1, 1, 1}, 49152, CUDA_SUCCESS, NULL},
        {"nothing", {1, 1, 1, 1, 1, 1}, 49153, CUDA_ERROR_INVALID_VALUE, "49153 at launch, more than 49152"},
        {"large_shared", {1, 1, 1, 1, 1, 1}, 8193, CUDA_ERROR_INVALID_VALUE, "40960 bytes of shared memory"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_cu(launch_shape(cases[i].kernel, cases[i].shape, cases[i].shared), cases[i].status);
        if (cases[i].report)
            assert_report(cases[i].report);
    }
}

static void parameters_come_as_pointers_or_as_one_buffer(void **state)
{
    uint32_t x[4] = {10, 20, 30, 40}, got[4];
    struct {
        CUdeviceptr x;
        uint32_t v, n;
    } buffer = {0, 5, 3};
    size_t bytes = sizeof buffer;
    (void)state;
    buffer.x = device_upload(x, sizeof x);
    void *extra[] = {(void *)1, &buffer, (void *)2, &bytes, NULL};
    assert_cu(cu.cuLaunchKernel(kernel("add"), 1, 1, 1, 32, 1, 1, 0, NULL, NULL, extra), CUDA_SUCCESS);
    device_download(got, buffer.x, sizeof got);
    assert_int_equal(got[2], 35);
    assert_int_equal(got[3], 40);
    bytes = 12;
    assert_cu(cu.cuLaunchKernel(kernel("add"), 1, 1, 1, 32, 1, 1, 0, NULL, NULL, extra),
              CUDA_ERROR_INVALID_VALUE);
    assert_report("a buffer of 12 bytes of parameters, not 16");
    assert_cu(device_launch(kernel("add"), 1, 32, &buffer.x, &buffer.v, NULL), CUDA_ERROR_INVALID_VALUE);
    assert_report("parameter 2 of 3 is missing");
    cu.cuMemFree_v2(buffer.x);
}

static void functions_and_errors_are_found_by_name(void **state)
{
    const char *text;
    CUfunction f;
    void *found;
    (void)state;
    kernel("nothing");
    assert_cu(cu.cuModuleGetFunction(&f, module, "no_such_kernel"), CUDA_ERROR_NOT_FOUND);
    assert_cu(cu.cuGetErrorName(CUDA_ERROR_ILLEGAL_ADDRESS, &text), CUDA_SUCCESS);
    assert_string_equal(text, "CUDA_ERROR_ILLEGAL_ADDRESS");
    assert_cu(cu.cuGetErrorString(CUDA_ERROR_OUT_OF_MEMORY, &text), CUDA_SUCCESS);
    assert_string_equal(text, "out of memory");
    assert_cu(cu.cuGetErrorName(123456, &text), CUDA_ERROR_INVALID_VALUE);
    assert_cu(cu.cuGetProcAddress_v2("cuMemAlloc", &found, 12000, 0, NULL), CUDA_SUCCESS);
    assert_ptr_equal(found, *(void **)&cu.cuMemAlloc_v2);
    assert_cu(cu.cuGetProcAddress_v2("cuNothing", &found, 12000, 0, NULL), CUDA_ERROR_NOT_FOUND);
}

static void an_image_that_is_no_ptx_is_refused(void **state)
{
    static const char elf[64] = "\177ELF";
    static const char *const bad[] = {"hello", ".version 7.0\n.target sm_75\n.address_size 32\n"};
    CUmodule m;
    (void)state;
    assert_cu(cu.cuModuleLoadData(&m, elf), CUDA_ERROR_NO_BINARY_FOR_GPU);
    assert_report("machine code of a GPU");
    assert_cu(cu.cuModuleLoadData(&m, bad[0]), CUDA_ERROR_INVALID_PTX);
    assert_report("does not begin with .version");
    assert_cu(cu.cuModuleLoadData(&m, bad[1]), CUDA_ERROR_INVALID_PTX);
    assert_report("addresses must be of 64 bits");
}

static void the_log_of_a_load_says_what_failed(void **state)
{
    char log[200] = "";
    int options[] = {CU_JIT_ERROR_LOG_BUFFER, CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES};
    void *values[] = {log, (void *)sizeof log};
    CUmodule m;
    (void)state;
    const char *ptx =
        ".version 7.0\n.target sm_75\n.address_size 64\n.visible .entry k()\n{\n\tfoo.u32 1;\n}\n";
    assert_cu(cu.cuModuleLoadDataEx(&m, ptx, 2, options, values), CUDA_ERROR_INVALID_PTX);
    assert_string_equal(log, "line 6: the executor does not know 'foo.u32'");
}

static void kernels_of_a_module_can_be_replaced_from_a_file(void **state)
{
    char path[] = "/tmp/steelyard-ptx-XXXXXX", options[64];
    const char ptx[] =
        ".version 7.0\n.target sm_75\n.address_size 64\n.visible .entry nothing()\n{\ntrap;\n}\n";
    (void)state;
    const int file = mkstemp(path);
    assert_int_equal(write(file, ptx, sizeof ptx - 1), sizeof ptx - 1);
    close(file);
    device_close();
    snprintf(options, sizeof options, "SY_PTX_REPLACE=%s", path);
    device_open(options);
    assert_cu(device_launch(kernel("narrow"), 1, 1, NULL), CUDA_SUCCESS);
    assert_cu(cu.cuCtxSynchronize(), CUDA_SUCCESS);
    assert_cu(device_launch(kernel("nothing"), 1, 1, NULL), CUDA_SUCCESS);
    assert_cu(cu.cuCtxSynchronize(), CUDA_ERROR_LAUNCH_FAILED);
    assert_report("kernel 'nothing', PTX line 6|trap");
    module = NULL;
    device_close();
    unlink(path);
    CUmodule m;
    device_open(options);
    assert_cu(cu.cuModuleLoadData(&m, ptx), CUDA_ERROR_NO_BINARY_FOR_GPU);
    assert_report("cannot read");
}

static void names_of_kernels_that_ran_are_noted(void **state)
{
    char path[] = "/tmp/steelyard-ptx-XXXXXX", options[96], text[64] = "";
    (void)state;
    close(mkstemp(path));
    device_close();
    snprintf(options, sizeof options, "SY_PTX_LAZY=1 SY_PTX_FAIL_LAUNCH=3 SY_PTX_LAUNCHES=%s", path);
    device_open(options);
    assert_cu(device_launch(kernel("nothing"), 1, 1, NULL), CUDA_SUCCESS);
    assert_cu(device_launch(kernel("nothing"), 1, 1, NULL), CUDA_SUCCESS);
    FILE *file = fopen(path, "r");
    assert_null(fgets(text, sizeof text, file)); /* nobody has waited */
    assert_cu(cu.cuCtxSynchronize(), CUDA_SUCCESS);
    assert_cu(device_launch(kernel("narrow"), 1, 1, NULL), CUDA_SUCCESS);
    assert_cu(cu.cuCtxSynchronize(), CUDA_ERROR_LAUNCH_FAILED);
    rewind(file);
    assert_non_null(fgets(text, sizeof text, file));
    assert_string_equal(text, "nothing\n");
    assert_null(fgets(text, sizeof text, file)); /* once, and none that failed */
    fclose(file);
    unlink(path);
    module = NULL;
    device_close();
    device_open(NULL);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_device, close_device)
    const struct CMUnitTest tests[] = {
        TEST(a_call_before_init_or_without_context_is_refused),
        TEST(the_device_says_what_it_is),
        TEST(memory_is_counted_and_limited),
        TEST(the_allocation_asked_for_fails),
        TEST(a_device_that_died_stays_dead),
        TEST(a_trap_ends_the_device),
        TEST(copies_outside_an_allocation_are_refused),
        TEST(launches_keep_the_limits_of_the_device),
        TEST(parameters_come_as_pointers_or_as_one_buffer),
        TEST(functions_and_errors_are_found_by_name),
        TEST(an_image_that_is_no_ptx_is_refused),
        TEST(the_log_of_a_load_says_what_failed),
        TEST(kernels_of_a_module_can_be_replaced_from_a_file),
        TEST(names_of_kernels_that_ran_are_noted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
