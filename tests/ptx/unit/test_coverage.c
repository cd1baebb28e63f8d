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

enum { KERNELS = sizeof kernels / sizeof kernels[0], NAME_BYTES = 96 };

/* All of tests/device that launch on CUDA. */
static const char *const tests[] = {PTX_DEVICE_TEST_NAMES};

static int find_kernel(const char *name)
{
    for (int i = 0; i < KERNELS; i++)
        if (strcmp(kernels[i], name) == 0)
            return i;
    fail_msg("%s ran, and is not in kernels/device.def", name);
    return 0;
}

/* Prints the kernels of the file that are not in `ran`, and adds them. */
static void add_launches(const char *test, const char *path, bool ran[KERNELS])
{
    char name[NAME_BYTES];
    FILE *file = fopen(path, "r");
    printf("  device.%-12s", test);
    while (file && fgets(name, sizeof name, file)) {
        name[strcspn(name, "\n")] = '\0';
        const int kernel = find_kernel(name);
        if (!ran[kernel])
            printf(" %s", name + strlen("sy_k_"));
        ran[kernel] = true;
    }
    printf("\n");
    if (file)
        fclose(file);
}

/* The whole of tests/device; what it ran is printed beside what there is. */
static void run_device_tests(const char *compiler, const test_folder *folder, const char *settings)
{
    bool ran[KERNELS] = {false};
    int failed = 0, missing = 0;
    printf("PTX of %s: kernels that ran without a finding, and the test that was first to run them:\n",
           compiler);
    for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++) {
        char path[256], all[1024];
        snprintf(path, sizeof path, "%s/%s.%s", folder->path, compiler, tests[i]);
        snprintf(all, sizeof all, "%s SY_PTX_LAUNCHES='%s'", settings, path);
        const device_outcome outcome = device_test_run(tests[i], all);
        if (!outcome.passed) {
            printf("  device.%s FAILED: %s\n", tests[i], outcome.told);
            failed++;
        }
        add_launches(tests[i], path, ran);
        fflush(stdout);
    }
    for (int i = 0; i < KERNELS; i++)
        if (!ran[i]) {
            printf("  NOT RUN: %s\n", kernels[i]);
            missing++;
        }
    printf("PTX of %s: %d of %d kernels\n", compiler, KERNELS - missing, KERNELS);
    assert_int_equal(missing, 0);
    assert_int_equal(failed, 0);
}

static void every_kernel_of_nvcc_runs(void **state)
{
    test_folder folder;
    (void)state;
    folder_open(&folder);
    run_device_tests("nvcc", &folder, "");
    folder_close(&folder);
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

static void every_kernel_of_nvrtc_runs(void **state)
{
    static const char source[] = "#include <kernels/kernels.cu>\n";
    const char *why_not;
    char settings[512];
    test_folder folder;
    (void)state;
    if (!nvrtc_open(&why_not)) {
        printf("skipped: %s\n", why_not);
        skip();
    }
    folder_open(&folder);
    char *ptx = nvrtc_compile(source, "all", PTX_PROJECT);
    check_entries(ptx);
    folder_write(&folder, "nvrtc.ptx", ptx, strlen(ptx));
    snprintf(settings, sizeof settings, "SY_PTX_REPLACE='%s'", folder_path(&folder, "nvrtc.ptx"));
    run_device_tests("NVRTC", &folder, settings);
    free(ptx);
    folder_close(&folder);
}

int main(void)
{
    const struct CMUnitTest all[] = {
        cmocka_unit_test(every_kernel_of_nvcc_runs),
        cmocka_unit_test(every_kernel_of_nvrtc_runs),
    };
    return cmocka_run_group_tests(all, NULL, NULL);
}
