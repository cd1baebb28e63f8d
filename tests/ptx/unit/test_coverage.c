/* Every kernel of kernels/device.def, from the PTX of nvcc and from that of NVRTC, under the tests of
 * tests/device: all of them pass with every access checked, and each kernel has run to its end.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/elementwise.h"
#include "support/folder.h"
#include "unit/device_test.h"
#include "unit/nvrtc.h"

static const char *const kernels[] = {
#define DEVICE_KERNEL(name, kernel, group_x, group_y)    "sy_k_" #name,
#define PROCESSOR_KERNEL(name, kernel, group_x, group_y) /* in OpenCL only */
#include "kernels/device.def"
#undef DEVICE_KERNEL
};

/* All of tests/device that launch on CUDA. */
static const char *const tests[] = {PTX_DEVICE_TEST_NAMES};

enum {
    KERNELS = sizeof kernels / sizeof kernels[0],
    TESTS = sizeof tests / sizeof tests[0],
    NAME_BYTES = 96
};

/* The tests with the kernels as one compiler made them. */
typedef struct {
    const char *compiler;
    char settings[512]; /* with which the executor takes its PTX */
    int first[KERNELS]; /* the test that was the first to run it; -1: none has */
    int failed;
} test_round;

static int find_kernel(const char *name)
{
    for (int i = 0; i < KERNELS; i++)
        if (strcmp(kernels[i], name) == 0)
            return i;
    fail_msg("%s ran, and is not in kernels/device.def", name);
    return 0;
}

static test_round round_of(const char *compiler)
{
    test_round all = {.compiler = compiler};
    for (int i = 0; i < KERNELS; i++)
        all.first[i] = -1;
    return all;
}

static const char *launches_path(const test_folder *folder, const test_round *all, int test)
{
    char name[64];
    snprintf(name, sizeof name, "%s.%s", all->compiler, tests[test]);
    return folder_path(folder, name);
}

static device_process start(const test_folder *folder, const test_round *all, int test)
{
    char settings[1024];
    snprintf(settings, sizeof settings, "%s SY_PTX_LAUNCHES='%s'", all->settings,
             launches_path(folder, all, test));
    return device_test_start(tests[test], settings);
}

static void finish(const test_folder *folder, test_round *all, int test, device_process process)
{
    char name[NAME_BYTES];
    const device_outcome outcome = device_test_finish(process);
    if (!outcome.passed) {
        printf("PTX of %s: device.%s FAILED: %s\n", all->compiler, tests[test], outcome.told);
        all->failed++;
    }
    FILE *file = fopen(launches_path(folder, all, test), "r");
    while (file && fgets(name, sizeof name, file)) {
        name[strcspn(name, "\n")] = '\0';
        int *first = &all->first[find_kernel(name)];
        *first = *first < 0 ? test : *first;
    }
    if (file)
        fclose(file);
}

/* Prints what ran, and returns how many kernels did not. */
static int print_round(const test_round *all)
{
    int missing = 0;
    printf("PTX of %s: kernels that ran to their end, under the first test that ran them:\n", all->compiler);
    for (int test = 0; test < TESTS; test++) {
        printf("  device.%-12s", tests[test]);
        for (int i = 0; i < KERNELS; i++)
            if (all->first[i] == test)
                printf(" %s", kernels[i] + strlen("sy_k_"));
        printf("\n");
    }
    for (int i = 0; i < KERNELS; i++)
        if (all->first[i] < 0) {
            printf("  NOT RUN: %s\n", kernels[i]);
            missing++;
        }
    printf("PTX of %s: %d of %d kernels ran, in %d tests without a finding and %d with\n", all->compiler,
           KERNELS - missing, KERNELS, TESTS - all->failed, all->failed);
    return missing;
}

/* So that none of nvcc's runs in the place of one that NVRTC has left out. */
static void check_entries(const char *ptx)
{
    for (int i = 0; i < KERNELS; i++) {
        char entry[NAME_BYTES + 16];
        snprintf(entry, sizeof entry, ".entry %s(", kernels[i]);
        if (!strstr(ptx, entry))
            fail_msg("NVRTC's PTX lacks %s", kernels[i]);
    }
}

static void compile_all(const test_folder *folder, test_round *all)
{
    char *ptx = nvrtc_compile("#include <kernels/kernels.cu>\n", "all", PTX_PROJECT);
    check_entries(ptx);
    folder_write(folder, "nvrtc.ptx", ptx, strlen(ptx));
    snprintf(all->settings, sizeof all->settings, "SY_PTX_REPLACE='%s'", folder_path(folder, "nvrtc.ptx"));
    free(ptx);
}

/* Each test for both at the same time. */
static void every_kernel_runs_from_both_compilers(void **state)
{
    test_round nvcc = round_of("nvcc"), nvrtc = round_of("NVRTC");
    const char *why_not = NULL;
    test_folder folder;
    (void)state;
    const bool both = nvrtc_open(&why_not);
    folder_open(&folder);
    if (both)
        compile_all(&folder, &nvrtc);
    else
        printf("PTX of NVRTC: not tested: %s\n", why_not);
    for (int test = 0; test < TESTS; test++) {
        const device_process first = start(&folder, &nvcc, test);
        if (both)
            finish(&folder, &nvrtc, test, start(&folder, &nvrtc, test));
        finish(&folder, &nvcc, test, first);
    }
    folder_close(&folder);
    const int missing = print_round(&nvcc) + (both ? print_round(&nvrtc) : 0);
    assert_int_equal(missing, 0);
    assert_int_equal(nvcc.failed + nvrtc.failed, 0);
}

int main(void)
{
    const struct CMUnitTest all[] = {cmocka_unit_test(every_kernel_runs_from_both_compilers)};
    return cmocka_run_group_tests(all, NULL, NULL);
}
