#include <stdlib.h>
#include <string.h>

#include "cpu/kernels.h"
#include "device/device.h"
#include "support/log.h"

static void set_level(const char *level)
{
    if (level)
        setenv("SY_CPU_LEVEL", level, 1);
    else
        unsetenv("SY_CPU_LEVEL");
}

static void the_cpu_is_found_by_each_of_its_names(void **state)
{
    static const char *const names[] = {"auto", "cpu", "cpu:0"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const sy_backend *backend = NULL;
        sy_device *device = NULL;
        assert_ok(*state, sy_device_open(*state, names[i], &backend, &device));
        assert_ptr_equal(backend, &sy_backend_cpu);
        backend->close(device);
    }
}

#define EXPECTED                                                                                   \
    "expected auto, or a name, and perhaps a number or a part of the device's name, such as cpu, " \
    "cuda:1 or opencl:radeon"

static void a_device_this_build_lacks_is_refused_with_the_remedy(void **state)
{
    static const struct {
        const char *name;
        sy_status status;
        const char *message;
    } cases[] = {
#if !defined(SY_HAS_CUDA)
        {"cuda", SY_E_UNSUPPORTED,
         "device cuda: this build has no cuda backend; use cpu, which gives the same bits"},
        {"cuda:1", SY_E_UNSUPPORTED,
         "device cuda: this build has no cuda backend; use cpu, which gives the same bits"},
#endif
#if !defined(SY_HAS_OPENCL)
        {"opencl", SY_E_UNSUPPORTED,
         "device opencl: this build has no opencl backend; use cpu, which gives the same bits"},
#endif
        {"gpu", SY_E_ARGUMENT, "device gpu: there is no such device; use auto or cpu"},
        {"cpu:1", SY_E_DEVICE,
         "device cpu:1: the processors are one device, cpu:0; --workers says how many are used"},
        {"cpu:", SY_E_ARGUMENT, "device cpu:: " EXPECTED},
        {"cpu:-1", SY_E_ARGUMENT, "device cpu:-1: " EXPECTED},
        {"cpu:no such", SY_E_DEVICE,
         "device cpu:no such: no device of cpu has 'no such' in its name; 'steelyard devices' shows them"},
        {"cpu:99999999999", SY_E_ARGUMENT,
         "device cpu:99999999999: 99999999999 is not the number of a device"},
        {"cpu:1x", SY_E_ARGUMENT, "device cpu:1x: 1x is not the number of a device"},
        {":0", SY_E_ARGUMENT, "device :0: " EXPECTED},
        {"", SY_E_ARGUMENT, "device '': " EXPECTED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const sy_backend *backend = NULL;
        sy_device *device = NULL;
        assert_fails(*state, sy_device_open(*state, cases[i].name, &backend, &device), cases[i].status,
                     cases[i].message);
        assert_null(device);
    }
}

static void the_log_says_which_device_and_which_kernels(void **state)
{
    const sy_backend *backend = NULL;
    sy_device *device = NULL;
    test_log log;
    test_log_open(*state, SY_LOG_INFO, &log);
    set_level("portable");
    assert_ok(*state, sy_device_open(*state, "cpu", &backend, &device));
    set_level(NULL);
    sy_ctx_set_log(*state, SY_LOG_INFO, NULL, NULL);
    assert_ptr_equal(strstr(log.text, "device cpu:0: "), log.text);
    assert_non_null(strstr(log.text, " processors, portable kernels"));
    backend->close(device);
}

#if defined(SY_HAS_OPENCL)
static void without_a_driver_auto_takes_the_cpu_and_says_why(void **state)
{
    const sy_backend *backend = NULL;
    sy_device *device = NULL;
    test_log log;
    setenv("SY_LIBOPENCL", "/no/such/libOpenCL.so", 1);
    test_log_open(*state, SY_LOG_INFO, &log);
    assert_ok(*state, sy_device_open(*state, "auto", &backend, &device));
    sy_ctx_set_log(*state, SY_LOG_INFO, NULL, NULL);
    assert_ptr_equal(backend, &sy_backend_cpu);
    backend->close(device);
    assert_non_null(
        strstr(log.text, "device opencl: not used: OpenCL is not installed here: /no/such/libOpenCL.so"));
    assert_non_null(strstr(log.text, "device cpu:0: "));

    device = NULL;
    assert_int_equal(sy_device_open(*state, "opencl", &backend, &device), SY_E_DEVICE);
    assert_non_null(strstr(sy_ctx_error(*state), "or use --device cpu, which gives the same bits"));
    assert_null(device);
    unsetenv("SY_LIBOPENCL");
}

static void a_library_that_is_no_loader_is_told(void **state)
{
    const sy_backend *backend = NULL;
    sy_device *device = NULL;
    setenv("SY_LIBOPENCL", "libm.so.6", 1);
    assert_fails(*state, sy_device_open(*state, "opencl:0", &backend, &device), SY_E_DEVICE,
                 "libm.so.6 has no function clGetPlatformIDs: it must be a loader of OpenCL 1.2");
    unsetenv("SY_LIBOPENCL");
}
#endif

static void the_environment_can_hold_the_kernels_to_a_level(void **state)
{
    sy_cpu_level level;
    set_level("reference");
    assert_ok(*state, sy_cpu_level_choose(*state, &level));
    assert_int_equal(level, SY_CPU_LEVEL_REFERENCE);
    set_level("portable");
    assert_ok(*state, sy_cpu_level_choose(*state, &level));
    assert_int_equal(level, SY_CPU_LEVEL_PORTABLE);
    set_level("");
    assert_ok(*state, sy_cpu_level_choose(*state, &level));
    assert_true(level >= SY_CPU_LEVEL_PORTABLE);
    set_level("sse");
    assert_fails(*state, sy_cpu_level_choose(*state, &level), SY_E_ARGUMENT,
                 "SY_CPU_LEVEL=sse: must be reference, portable, avx2 or avx512");
    set_level(NULL);
}

static void at_the_reference_level_no_kernel_has_a_variant(void **state)
{
    (void)state;
    for (const sy_cpu_variant *const *at = sy_cpu_variants; *at; at++)
        if (!(*at)->accepts)
            assert_null(sy_cpu_variant_find((*at)->kernel, NULL, SY_CPU_LEVEL_REFERENCE));
}

static void what_is_written_can_be_read_back(void **state)
{
    sy_device *device = NULL;
    sy_stream *stream = NULL;
    sy_buffer *buffer = NULL;
    const uint32_t words[] = {1, 2, 3, 4, 5};
    uint32_t got[2] = {0};
    assert_ok(*state, sy_backend_cpu.open(*state, 0, &device));
    assert_ok(*state, sy_backend_cpu.stream_create(*state, device, &stream));
    assert_ok(*state, sy_backend_cpu.alloc(*state, device, 8, &buffer));
    assert_int_equal(sy_backend_cpu.buffer_words(buffer), 8);
    assert_ok(*state, sy_backend_cpu.write(*state, stream, (sy_view){buffer, 3}, words, 5));
    assert_ok(*state, sy_backend_cpu.read(*state, stream, (sy_view){buffer, 5}, got, 2));
    assert_int_equal(got[0], 3);
    assert_int_equal(got[1], 4);
    assert_ok(*state, sy_backend_cpu.sync(*state, stream));
    sy_backend_cpu.free(device, buffer);
    sy_backend_cpu.free(device, NULL);
    sy_backend_cpu.stream_destroy(stream);
    sy_backend_cpu.close(device);
}

static void memory_that_cannot_be_had_is_an_error(void **state)
{
    sy_device *device = NULL;
    sy_buffer *buffer = NULL;
    assert_ok(*state, sy_backend_cpu.open(*state, 0, &device));
    assert_fails(*state, sy_backend_cpu.alloc(*state, device, SIZE_MAX / 2, &buffer), SY_E_MEMORY,
                 "a buffer of 9223372036854775807 words does not fit in memory");
    assert_null(buffer);
    sy_backend_cpu.close(device);
}

static void scratch_grows_and_stays_aligned(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 100, 17, 5000, 3};
    sy_cpu_scratch scratch = {0};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        unsigned char *memory = sy_cpu_scratch_take(&scratch, sizes[i]);
        assert_non_null(memory);
        assert_int_equal((uintptr_t)memory % 64, 0);
        memset(memory, 0xa5, sizes[i] * sizeof(uint32_t));
    }
    assert_null(sy_cpu_scratch_take(&scratch, SIZE_MAX / 2));
    sy_cpu_scratch_release(&scratch);
    sy_cpu_scratch_release(&scratch);
}

static void every_kernel_has_its_name_and_its_operands(void **state)
{
    (void)state;
    assert_string_equal(sy_kernel_name(SY_KERNEL_conv2d), "conv2d");
    assert_string_equal(sy_kernel_name(SY_KERNEL_channel_sum), "channel_sum");
    for (int i = 0; i < SY_KERNEL_COUNT; i++)
        assert_in_range(sy_kernel_operands((sy_kernel)i), 1, SY_MAX_OPERANDS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_cpu_is_found_by_each_of_its_names),
        cmocka_unit_test(a_device_this_build_lacks_is_refused_with_the_remedy),
        cmocka_unit_test(the_log_says_which_device_and_which_kernels),
#if defined(SY_HAS_OPENCL)
        cmocka_unit_test(without_a_driver_auto_takes_the_cpu_and_says_why),
        cmocka_unit_test(a_library_that_is_no_loader_is_told),
#endif
        cmocka_unit_test(the_environment_can_hold_the_kernels_to_a_level),
        cmocka_unit_test(at_the_reference_level_no_kernel_has_a_variant),
        cmocka_unit_test(what_is_written_can_be_read_back),
        cmocka_unit_test(memory_that_cannot_be_had_is_an_error),
        cmocka_unit_test(scratch_grows_and_stays_aligned),
        cmocka_unit_test(every_kernel_has_its_name_and_its_operands),
    };
    return cmocka_run_group_tests(tests, open_ctx, close_ctx);
}
