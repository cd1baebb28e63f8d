/* The order of operations, eager and lazy. In lazy mode nothing runs before something waits for it, so each
 * forgotten wait shows.
 */
#include <stdlib.h>
#include <string.h>

#include "unit/device.h"

enum { N = 64 };

static CUmodule module;
static CUfunction add, scale;
static CUdeviceptr x;
static CUstream a, b;
static uint32_t *pinned;

static void set_up(const char *options, unsigned flags)
{
    char *ptx = device_fixture("fixtures/launches.ptx");
    uint32_t zeros[N] = {0};
    device_open(options);
    module = device_module(ptx);
    free(ptx);
    add = device_kernel(module, "add");
    scale = device_kernel(module, "scale");
    x = device_upload(zeros, sizeof zeros);
    assert_cu(cu.cuStreamCreate(&a, flags), CUDA_SUCCESS);
    assert_cu(cu.cuStreamCreate(&b, flags), CUDA_SUCCESS);
    assert_cu(cu.cuMemHostAlloc((void **)&pinned, sizeof zeros, 0), CUDA_SUCCESS);
}

static int tear_down(void **state)
{
    (void)state;
    device_close();
    return 0;
}

static int eager(void **state)
{
    (void)state;
    set_up(NULL, CU_STREAM_NON_BLOCKING);
    return 0;
}

static int lazy(void **state)
{
    (void)state;
    set_up("SY_PTX_LAZY=1", CU_STREAM_NON_BLOCKING);
    return 0;
}

static int leading(void **state)
{
    (void)state;
    set_up("SY_PTX_LAZY=2", CU_STREAM_NON_BLOCKING);
    return 0;
}

static int lazy_blocking(void **state)
{
    (void)state;
    set_up("SY_PTX_LAZY=1", 0);
    return 0;
}

static void launch(CUfunction f, uint32_t v, CUstream stream)
{
    uint32_t n = N;
    void *with_count[] = {&x, &v, &n};
    assert_cu(cu.cuLaunchKernel(f, 1, 1, 1, N, 1, 1, 0, stream, with_count, NULL), CUDA_SUCCESS);
}

/* x[0] as a copy on this stream finds it. */
static uint32_t fetch(CUstream stream)
{
    pinned[0] = 0xdead;
    assert_cu(cu.cuMemcpyDtoHAsync_v2(pinned, x, 4, stream), CUDA_SUCCESS);
    assert_cu(cu.cuStreamSynchronize(stream), CUDA_SUCCESS);
    return pinned[0];
}

static void a_stream_keeps_its_order(void **state)
{
    (void)state;
    launch(add, 3, a);
    launch(scale, 5, a);
    launch(add, 1, a);
    assert_int_equal(fetch(a), 16);
}

static void nothing_runs_before_it_is_waited_for(void **state)
{
    (void)state;
    pinned[0] = 1234;
    launch(add, 3, a);
    assert_cu(cu.cuMemcpyDtoHAsync_v2(pinned, x, 4, a), CUDA_SUCCESS);
    assert_int_equal(pinned[0], 1234);
    assert_cu(cu.cuStreamSynchronize(a), CUDA_SUCCESS);
    assert_int_equal(pinned[0], 3);
}

static void a_stream_sees_another_only_through_an_event(void **state)
{
    CUevent event;
    (void)state;
    assert_cu(cu.cuEventCreate(&event, CU_EVENT_DISABLE_TIMING), CUDA_SUCCESS);
    launch(add, 3, a);
    assert_int_equal(fetch(b), 0);
    launch(add, 1, a);
    assert_cu(cu.cuEventRecord(event, a), CUDA_SUCCESS);
    launch(add, 100, a);
    assert_cu(cu.cuStreamWaitEvent(b, event, 0), CUDA_SUCCESS);
    assert_int_equal(fetch(b), 4);
    assert_int_equal(fetch(a), 104);
    assert_cu(cu.cuEventDestroy_v2(event), CUDA_SUCCESS);
    assert_cu(cu.cuEventRecord(event, a), CUDA_ERROR_INVALID_HANDLE);
}

static void a_wait_means_the_record_before_it(void **state)
{
    CUevent event;
    (void)state;
    assert_cu(cu.cuEventCreate(&event, 0), CUDA_SUCCESS);
    assert_cu(cu.cuStreamWaitEvent(b, event, 0), CUDA_SUCCESS); /* never recorded: orders nothing */
    launch(add, 1, a);
    assert_cu(cu.cuEventRecord(event, a), CUDA_SUCCESS);
    assert_cu(cu.cuStreamWaitEvent(b, event, 0), CUDA_SUCCESS);
    launch(add, 10, a);
    assert_cu(cu.cuEventRecord(event, a), CUDA_SUCCESS);
    assert_int_equal(fetch(b), 1);
    assert_cu(cu.cuEventSynchronize(event), CUDA_SUCCESS);
    assert_int_equal(fetch(b), 11);
}

static void other_streams_lead_but_for_events(void **state)
{
    CUevent event;
    (void)state;
    assert_cu(cu.cuEventCreate(&event, 0), CUDA_SUCCESS);
    launch(add, 1, a);
    launch(add, 2, b);
    assert_int_equal(fetch(a), 3);
    launch(scale, 2, a);
    assert_cu(cu.cuEventRecord(event, a), CUDA_SUCCESS);
    assert_cu(cu.cuStreamWaitEvent(b, event, 0), CUDA_SUCCESS);
    launch(add, 1, b);
    assert_int_equal(fetch(b), 7);
}

static void who_polls_gets_on(void **state)
{
    CUevent event, second;
    float milliseconds;
    int polls = 0;
    (void)state;
    assert_cu(cu.cuEventCreate(&event, 0), CUDA_SUCCESS);
    assert_cu(cu.cuEventCreate(&second, 0), CUDA_SUCCESS);
    assert_cu(cu.cuEventQuery(event), CUDA_SUCCESS);
    assert_cu(cu.cuEventRecord(second, a), CUDA_SUCCESS);
    launch(add, 1, a);
    launch(add, 1, a);
    assert_cu(cu.cuEventRecord(event, a), CUDA_SUCCESS);
    assert_cu(cu.cuEventElapsedTime(&milliseconds, second, event), CUDA_ERROR_NOT_READY);
    while (cu.cuEventQuery(event) == CUDA_ERROR_NOT_READY)
        polls++;
    assert_in_range(polls, 1, 4);
    assert_cu(cu.cuEventElapsedTime(&milliseconds, second, event), CUDA_SUCCESS);
    assert_true(milliseconds >= 0);
    launch(add, 1, a);
    while (cu.cuStreamQuery(a) == CUDA_ERROR_NOT_READY)
        polls++;
    assert_int_equal(fetch(b), 3);
}

static void pinned_memory_is_read_when_the_copy_runs(void **state)
{
    (void)state;
    pinned[1] = 7;
    assert_cu(cu.cuMemcpyHtoDAsync_v2(x, pinned + 1, 4, a), CUDA_SUCCESS);
    pinned[1] = 8; /* too early */
    assert_int_equal(fetch(a), 8);
}

static void pageable_memory_is_read_at_the_call(void **state)
{
    uint32_t value = 7, got = 0;
    (void)state;
    assert_cu(cu.cuMemcpyHtoDAsync_v2(x, &value, 4, a), CUDA_SUCCESS);
    value = 8;
    assert_cu(cu.cuMemcpyDtoHAsync_v2(&got, x, 4, a), CUDA_SUCCESS);
    assert_int_equal(got, 7);
}

static void the_default_stream_waits_for_blocking_streams(void **state)
{
    (void)state;
    launch(add, 3, a);
    launch(scale, 2, NULL);
    launch(add, 1, b);
    assert_int_equal(fetch(b), 7);
}

static void the_default_stream_ignores_non_blocking_streams(void **state)
{
    uint32_t got;
    (void)state;
    launch(add, 3, a);
    assert_cu(cu.cuMemcpyDtoH_v2(&got, x, 4), CUDA_SUCCESS);
    assert_int_equal(got, 0);
    assert_cu(cu.cuCtxSynchronize(), CUDA_SUCCESS);
    assert_cu(cu.cuMemcpyDtoH_v2(&got, x, 4), CUDA_SUCCESS);
    assert_int_equal(got, 3);
}

static void freeing_memory_waits_for_everything(void **state)
{
    (void)state;
    CUdeviceptr other = device_alloc(16);
    pinned[0] = 0;
    launch(add, 3, a);
    assert_cu(cu.cuMemcpyDtoHAsync_v2(pinned, x, 4, a), CUDA_SUCCESS);
    assert_cu(cu.cuMemFree_v2(other), CUDA_SUCCESS);
    assert_int_equal(pinned[0], 3);
}

static void parameters_are_taken_at_the_launch(void **state)
{
    uint32_t v = 5, n = N;
    void *values[] = {&x, &v, &n};
    (void)state;
    assert_cu(cu.cuLaunchKernel(add, 1, 1, 1, N, 1, 1, 0, a, values, NULL), CUDA_SUCCESS);
    v = 6;
    assert_int_equal(fetch(a), 5);
}

static void note(void *data)
{
    *(uint32_t *)data = 99;
}

static void host_functions_run_in_the_order_of_the_stream(void **state)
{
    uint32_t noted = 0;
    (void)state;
    assert_cu(cu.cuLaunchHostFunc(a, note, &noted), CUDA_SUCCESS);
    assert_int_equal(noted, 0);
    assert_cu(cu.cuStreamSynchronize(a), CUDA_SUCCESS);
    assert_int_equal(noted, 99);
}

static void an_error_in_a_kernel_comes_with_the_next_wait(void **state)
{
    (void)state;
    assert_cu(cu.cuLaunchKernel(device_kernel(module, "stops"), 1, 1, 1, 1, 1, 1, 0, a, (void *[]){&x}, NULL),
              CUDA_SUCCESS);
    launch(add, 1, b);
    assert_cu(cu.cuStreamSynchronize(b), CUDA_SUCCESS);
    assert_cu(cu.cuStreamSynchronize(a), CUDA_ERROR_LAUNCH_FAILED);
    assert_cu(cu.cuStreamSynchronize(b), CUDA_ERROR_LAUNCH_FAILED);
}

static void a_stream_that_is_destroyed_finishes(void **state)
{
    (void)state;
    launch(add, 3, a);
    assert_cu(cu.cuStreamDestroy_v2(a), CUDA_SUCCESS);
    assert_int_equal(fetch(b), 3);
    assert_cu(cu.cuStreamSynchronize(a), CUDA_ERROR_INVALID_HANDLE);
}

int main(void)
{
#define TEST(mode, name) cmocka_unit_test_setup_teardown(name, mode, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(eager, a_stream_keeps_its_order),
        TEST(lazy, a_stream_keeps_its_order),
        TEST(lazy, nothing_runs_before_it_is_waited_for),
        TEST(lazy, a_stream_sees_another_only_through_an_event),
        TEST(lazy, a_wait_means_the_record_before_it),
        TEST(leading, a_stream_keeps_its_order),
        TEST(leading, other_streams_lead_but_for_events),
        TEST(leading, pageable_memory_is_read_at_the_call),
        TEST(lazy, who_polls_gets_on),
        TEST(lazy, pinned_memory_is_read_when_the_copy_runs),
        TEST(lazy, pageable_memory_is_read_at_the_call),
        TEST(eager, pageable_memory_is_read_at_the_call),
        TEST(lazy_blocking, the_default_stream_waits_for_blocking_streams),
        TEST(lazy, the_default_stream_ignores_non_blocking_streams),
        TEST(lazy, freeing_memory_waits_for_everything),
        TEST(lazy, parameters_are_taken_at_the_launch),
        TEST(lazy, host_functions_run_in_the_order_of_the_stream),
        TEST(lazy, an_error_in_a_kernel_comes_with_the_next_wait),
        TEST(lazy, a_stream_that_is_destroyed_finishes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
