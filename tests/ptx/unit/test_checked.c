/* What checked mode reports, and that it reports nothing else. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "unit/device.h"

enum { BYTES = 64 };

static char *ptx;

typedef struct {
    const char *kernel;
    unsigned blocks, threads;
    CUresult status;
    const char *report; /* words of it; NULL: nothing is found */
} finding;

static const finding findings[] = {
    {"write_behind", 1, 1, CUDA_ERROR_ILLEGAL_ADDRESS,
     "kernel 'write_behind', PTX line 12, block (0,0,0), thread (0,0,0)|out of bounds|global write of 4 "
     "bytes|0 bytes "
     "behind the end of allocation 1 of 64 bytes"},
    {"read_before", 1, 1, CUDA_ERROR_ILLEGAL_ADDRESS,
     "out of bounds: global read of 4 bytes|4 bytes before allocation 1"},
    {"half_behind", 1, 1, CUDA_ERROR_ILLEGAL_ADDRESS, "write of 16 bytes|byte 56 of allocation 1"},
    {"ok_last", 1, 1, CUDA_SUCCESS, NULL},
    {"generic_behind", 1, 1, CUDA_ERROR_ILLEGAL_ADDRESS, "generic write of 1 bytes"},
    {"shared_behind", 1, 1, CUDA_ERROR_ILLEGAL_ADDRESS,
     "shared write of 4 bytes at byte 16, the block has 16 bytes"},
    {"local_behind", 1, 1, CUDA_ERROR_ILLEGAL_ADDRESS,
     "local write of 4 bytes, which is in no array of the thread"},
    {"write_constant", 1, 1, CUDA_ERROR_ILLEGAL_ADDRESS, "constant memory|fixed of 8 bytes"},
    {"misaligned_word", 1, 1, CUDA_ERROR_MISALIGNED_ADDRESS, "misaligned global read of 4 bytes"},
    {"misaligned_vector", 1, 1, CUDA_ERROR_MISALIGNED_ADDRESS, "misaligned global read of 16 bytes"},
    {"divide", 1, 1, CUDA_ERROR_LAUNCH_FAILED, "PTX line 104|integer division by zero"},
    {"read_shared_unwritten", 1, 1, CUDA_ERROR_LAUNCH_FAILED,
     "uninitialised: shared read|written its byte 1"},
    {"read_local_unwritten", 1, 1, CUDA_ERROR_LAUNCH_FAILED, "uninitialised: local read"},
    {"write_write", 1, 1, CUDA_SUCCESS, NULL},
    {"write_write", 1, 2, CUDA_ERROR_LAUNCH_FAILED,
     "thread (1,0,0): race: shared write of 4 bytes at byte 0|write by block (0,0,0), thread (0,0,0)"},
    {"write_read", 1, 2, CUDA_ERROR_LAUNCH_FAILED, "uninitialised: shared read"},
    {"ok_write_barrier_read", 3, 64, CUDA_SUCCESS, NULL},
    {"read_write", 1, 2, CUDA_ERROR_LAUNCH_FAILED, "race: shared"},
    {"ok_atomics", 5, 64, CUDA_SUCCESS, NULL},
    {"blocks_count", 1, 1, CUDA_SUCCESS, NULL},
    {"blocks_count", 2, 1, CUDA_ERROR_LAUNCH_FAILED,
     "block (1,0,0)|race: global read of 4 bytes|byte 0 of allocation 1|write by block (0,0,0)"},
    {"atomic_and_plain", 1, 2, CUDA_ERROR_LAUNCH_FAILED, "race: global write|atomic update by block"},
    {"ok_bytes", 1, 64, CUDA_SUCCESS, NULL},
    {"barrier_of_some", 1, 5, CUDA_SUCCESS, NULL},
    {"barrier_of_some", 1, 6, CUDA_ERROR_LAUNCH_FAILED, "divergent barrier|thread (5,0,0) ended without it"},
    {"two_barriers", 1, 8, CUDA_ERROR_LAUNCH_FAILED, "divergent barrier|at line"},
};

static void check(const finding *f, bool fill)
{
    device_open("SY_PTX_CHECK=1");
    CUdeviceptr x = device_alloc(BYTES);
    const CUmodule module = device_module(ptx);
    if (fill)
        assert_cu(cu.cuMemsetD8Async(x, 0, BYTES, NULL), CUDA_SUCCESS);
    assert_cu(device_launch(device_kernel(module, f->kernel), f->blocks, f->threads, &x), CUDA_SUCCESS);
    const CUresult status = cu.cuCtxSynchronize();
    if (status != f->status)
        fail_msg("%s: %d, not %d: %s", f->kernel, status, f->status, cu.report());
    if (f->report)
        assert_report(f->report);
    device_close();
}

static void each_fault_is_found_and_its_neighbour_is_not(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof findings / sizeof findings[0]; i++)
        check(&findings[i], true);
}

static void memory_that_nothing_wrote_is_not_read(void **state)
{
    const finding f = {"touch", 1, 1, CUDA_ERROR_LAUNCH_FAILED,
                       "uninitialised: global read of 4 bytes|byte 0 of allocation 1 of 64 bytes"};
    const finding written = {"touch", 1, 1, CUDA_SUCCESS, NULL};
    (void)state;
    check(&f, false);
    check(&written, true);
}

static void what_is_copied_is_as_written_as_its_source(void **state)
{
    (void)state;
    device_open("SY_PTX_CHECK=1");
    CUdeviceptr from = device_alloc(BYTES), to = device_upload(findings, BYTES);
    const CUfunction touch = device_kernel(device_module(ptx), "touch");
    assert_cu(device_launch(touch, 1, 1, &to), CUDA_SUCCESS);
    assert_cu(cu.cuMemcpyDtoDAsync_v2(to, from, BYTES, NULL), CUDA_SUCCESS);
    assert_cu(cu.cuCtxSynchronize(), CUDA_SUCCESS);
    assert_cu(device_launch(touch, 1, 1, &to), CUDA_SUCCESS);
    assert_cu(cu.cuCtxSynchronize(), CUDA_ERROR_LAUNCH_FAILED);
    assert_report("uninitialised");
    device_close();
}

static void freed_memory_is_not_used(void **state)
{
    (void)state;
    device_open("SY_PTX_CHECK=1");
    CUdeviceptr x = device_upload(findings, BYTES);
    const CUfunction touch = device_kernel(device_module(ptx), "touch");
    assert_cu(cu.cuMemFree_v2(x), CUDA_SUCCESS);
    assert_cu(device_launch(touch, 1, 1, &x), CUDA_SUCCESS);
    assert_cu(cu.cuCtxSynchronize(), CUDA_ERROR_ILLEGAL_ADDRESS);
    assert_report("use after free|freed allocation 1 of 64 bytes");
    assert_cu(cu.cuMemFree_v2(x), CUDA_ERROR_ILLEGAL_ADDRESS);
    device_close();
}

static void a_second_free_is_refused(void **state)
{
    (void)state;
    device_open("SY_PTX_CHECK=1");
    CUdeviceptr x = device_alloc(BYTES);
    assert_cu(cu.cuMemFree_v2(x), CUDA_SUCCESS);
    assert_cu(cu.cuMemFree_v2(x), CUDA_ERROR_INVALID_VALUE);
    device_close();
}

static void reports_are_kept_in_a_file(void **state)
{
    char path[] = "/tmp/steelyard-report-XXXXXX", options[128], line[256] = "";
    (void)state;
    const int file = mkstemp(path);
    assert_true(file >= 0);
    snprintf(options, sizeof options, "SY_PTX_CHECK=1 SY_PTX_REPORT=%s", path);
    device_open(options);
    CUdeviceptr x = device_upload(findings, BYTES);
    assert_cu(device_launch(device_kernel(device_module(ptx), "write_behind"), 1, 1, &x), CUDA_SUCCESS);
    device_close();
    assert_true(read(file, line, sizeof line - 1) > 0);
    assert_non_null(strstr(line, "kernel 'write_behind'"));
    close(file);
    unlink(path);
}

static int open_fixture(void **state)
{
    (void)state;
    ptx = device_fixture("fixtures/findings.ptx");
    return 0;
}

static int close_fixture(void **state)
{
    (void)state;
    free(ptx);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_fault_is_found_and_its_neighbour_is_not),
        cmocka_unit_test(memory_that_nothing_wrote_is_not_read),
        cmocka_unit_test(what_is_copied_is_as_written_as_its_source),
        cmocka_unit_test(freed_memory_is_not_used),
        cmocka_unit_test(a_second_free_is_refused),
        cmocka_unit_test(reports_are_kept_in_a_file),
    };
    return cmocka_run_group_tests(tests, open_fixture, close_fixture);
}
