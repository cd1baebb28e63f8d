/* What kernels do besides computing: parameters, memory, jumps, calls, barriers. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "unit/device.h"

static CUmodule module;

static int open_module(void **state)
{
    char *ptx = device_fixture("fixtures/behaviour.ptx");
    (void)state;
    device_open(NULL);
    module = device_module(ptx);
    free(ptx);
    return 0;
}

static int close_module(void **state)
{
    (void)state;
    cu.cuModuleUnload(module);
    device_close();
    return 0;
}

/* Launches kernel(out) and fetches `bytes` bytes of out, which were 0. */
static void run(const char *name, unsigned blocks, unsigned threads, void *out, size_t bytes)
{
    CUdeviceptr at = device_alloc(bytes);
    assert_cu(cu.cuMemsetD8Async(at, 0, bytes, NULL), CUDA_SUCCESS);
    assert_cu(device_launch(device_kernel(module, name), blocks, threads, &at), CUDA_SUCCESS);
    device_download(out, at, bytes);
    assert_cu(cu.cuMemFree_v2(at), CUDA_SUCCESS);
}

static void a_struct_is_passed_by_value(void **state)
{
    struct {
        uint8_t a;
        int16_t b;
        uint32_t c;
        float d;
        uint64_t e;
    } s = {200, -3, 70000, 1.5f, 0x123456789abcdef0};
    struct {
        uint32_t a;
        int32_t b;
        uint32_t c;
        float d;
        uint64_t e;
    } out;
    (void)state;
    CUdeviceptr at = device_alloc(sizeof out);
    assert_cu(device_launch(device_kernel(module, "struct_by_value"), 1, 1, &at, &s), CUDA_SUCCESS);
    device_download(&out, at, sizeof out);
    assert_int_equal(out.a, 200);
    assert_int_equal(out.b, -3);
    assert_int_equal(out.c, 70000);
    assert_true(out.d == 1.5f && out.e == s.e);
    cu.cuMemFree_v2(at);
}

static void vectors_are_loaded_and_stored_in_order(void **state)
{
    const uint32_t in[4] = {1, 2, 3, 4}, want[8] = {4, 3, 2, 1, 4, 3, 1, 2};
    uint32_t out[8];
    (void)state;
    CUdeviceptr from = device_upload(in, sizeof in), at = device_alloc(sizeof out);
    assert_cu(device_launch(device_kernel(module, "vectors"), 1, 1, &from, &at), CUDA_SUCCESS);
    device_download(out, at, sizeof out);
    assert_memory_equal(out, want, sizeof want);
    cu.cuMemFree_v2(from);
    cu.cuMemFree_v2(at);
}

static void predicates_guard_and_combine(void **state)
{
    uint32_t out[8];
    (void)state;
    run("predicates", 1, 8, out, sizeof out);
    for (uint32_t i = 0; i < 8; i++) {
        const bool even = i % 2 == 0, both = i > 1 && even;
        const uint32_t want = (i < 4 ? 1 : 2 + 4) + 8 * both + 16 * (i > 5 || !even) +
                              32 * ((i > 3) != even) + 64 * (!(i > 3) != even) + 128 * !both;
        assert_int_equal(out[i], want);
    }
}

static void jumps_tables_and_calls_go_where_they_say(void **state)
{
    int32_t out[4];
    (void)state;
    run("control", 1, 4, out, sizeof out);
    assert_int_equal(out[0], 55);
    assert_int_equal(out[1], 34);
    assert_int_equal(out[2], -5);
    assert_int_equal(out[3], -5);
}

static void threads_of_a_block_meet_at_barriers(void **state)
{
    enum { BLOCKS = 3, THREADS = 70 };
    uint32_t data[BLOCKS * THREADS];
    (void)state;
    for (uint32_t i = 0; i < BLOCKS * THREADS; i++)
        data[i] = i;
    CUdeviceptr at = device_upload(data, sizeof data);
    assert_cu(cu.cuLaunchKernel(device_kernel(module, "reverse"), BLOCKS, 1, 1, THREADS, 1, 1, 4 * THREADS,
                                NULL, (void *[]){&at}, NULL),
              CUDA_SUCCESS);
    device_download(data, at, sizeof data);
    for (uint32_t i = 0; i < BLOCKS * THREADS; i++)
        assert_int_equal(data[i], 1000 * THREADS + i / THREADS * THREADS + THREADS - 1 - i % THREADS);
    cu.cuMemFree_v2(at);
}

static void a_thread_that_ends_holds_up_no_barrier(void **state)
{
    uint32_t out[9];
    (void)state;
    run("leave_early", 1, 9, out, sizeof out);
    for (uint32_t i = 0; i < 9; i++)
        assert_int_equal(out[i], i);
}

static void each_space_has_its_addresses(void **state)
{
    struct {
        float constant;
        int32_t byte;
        uint32_t counter, generic, back, own;
        int64_t word;
    } out;
    CUdeviceptr at;
    size_t bytes;
    uint32_t counter;
    (void)state;
    run("spaces", 1, 1, &out, sizeof out);
    assert_true(out.constant == 3);
    assert_int_equal(out.byte, -1);
    assert_int_equal(out.counter, 7);
    assert_int_equal(out.generic, 77);
    assert_int_equal(out.back, 77);
    assert_int_equal(out.own, 78);
    assert_true(out.word == -1);
    assert_cu(cu.cuModuleGetGlobal_v2(&at, &bytes, module, "counter"), CUDA_SUCCESS);
    assert_int_equal(bytes, 4);
    device_download(&counter, at, 4);
    assert_int_equal(counter, 12);
    assert_cu(cu.cuModuleGetGlobal_v2(&at, &bytes, module, "nothing"), CUDA_ERROR_NOT_FOUND);
}

static void lists_of_registers_make_wider_ones(void **state)
{
    struct {
        uint64_t swapped;
        uint32_t halves, one;
    } out;
    (void)state;
    run("packing", 1, 1, &out, sizeof out);
    assert_true(out.swapped == 0x5566778811223344);
    assert_int_equal(out.halves, 0x77885566);
    assert_int_equal(out.one, 0x3f800000);
}

static void arithmetic_gives_one_nan_and_copies_keep_theirs(void **state)
{
    const uint32_t x = 0xffc12345, one = 0x7fffffff;
    uint32_t out[8];
    (void)state;
    CUdeviceptr from = device_upload(&x, sizeof x), at = device_alloc(sizeof out);
    assert_cu(device_launch(device_kernel(module, "nans"), 1, 1, &from, &at), CUDA_SUCCESS);
    device_download(out, at, sizeof out);
    const uint32_t want[8] = {x, x, one, one, x, one, x, one};
    assert_memory_equal(out, want, sizeof want);
    cu.cuMemFree_v2(from);
    cu.cuMemFree_v2(at);
}

static void every_thread_knows_where_it_is(void **state)
{
    enum { ALL = 2 * 3 * 2 * 4 * 2 * 3 };
    uint32_t out[ALL], at = 0;
    (void)state;
    CUdeviceptr device = device_alloc(sizeof out);
    assert_cu(cu.cuLaunchKernel(device_kernel(module, "coordinates"), 4, 2, 3, 2, 3, 2, 0, NULL,
                                (void *[]){&device}, NULL),
              CUDA_SUCCESS);
    device_download(out, device, sizeof out);
    for (uint32_t bz = 0; bz < 3; bz++)
        for (uint32_t by = 0; by < 2; by++)
            for (uint32_t bx = 0; bx < 4; bx++)
                for (uint32_t z = 0; z < 2; z++)
                    for (uint32_t y = 0; y < 3; y++)
                        for (uint32_t x = 0; x < 2; x++)
                            assert_int_equal(out[at++], x << 20 | y << 16 | z << 12 | bx << 8 | by << 4 | bz);
    cu.cuMemFree_v2(device);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_struct_is_passed_by_value),
        cmocka_unit_test(vectors_are_loaded_and_stored_in_order),
        cmocka_unit_test(predicates_guard_and_combine),
        cmocka_unit_test(jumps_tables_and_calls_go_where_they_say),
        cmocka_unit_test(threads_of_a_block_meet_at_barriers),
        cmocka_unit_test(a_thread_that_ends_holds_up_no_barrier),
        cmocka_unit_test(each_space_has_its_addresses),
        cmocka_unit_test(lists_of_registers_make_wider_ones),
        cmocka_unit_test(arithmetic_gives_one_nan_and_copies_keep_theirs),
        cmocka_unit_test(every_thread_knows_where_it_is),
    };
    return cmocka_run_group_tests(tests, open_module, close_module);
}
