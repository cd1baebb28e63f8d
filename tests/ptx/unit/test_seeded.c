/* Small programs with one bug each: every one must be caught, by a report or by a wrong result, and its twin
 * without the bug must pass. Each runs in a process of its own, in checked mode, with lazy streams of both
 * kinds.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit/nvrtc.h"
#include "unit/seeded.h"

/* One text of the kernel's file and what stands in its place. */
static const struct {
    const char *bug, *kernel, *from, *to;
} mutants[] = {
    {"no barrier before a reduction's tree", "reduce_max", "__syncthreads(); /* before the tree */", ""},
    {"no barrier in a reduction's tree", "reduce_max", "__syncthreads(); /* in the tree */", ""},
    {"no barrier before a tile is read", "tiled_gemm", "__syncthreads(); /* tiles are whole */", ""},
    {"no barrier before a tile is filled again", "tiled_gemm", "__syncthreads(); /* tiles were read */", ""},
    {"rows of a matrix are not bounded", "tiled_gemm", "row < m && k0 + tx < k", "k0 + tx < k"},
    {"a result is written outside the matrix", "tiled_gemm", "if (row < m && column < n)", "if (row < m)"},
    {"no barrier after counts are cleared", "histogram", "__syncthreads(); /* counts are 0 */", ""},
    {"no barrier before counts are read", "histogram", "__syncthreads(); /* counts are whole */", ""},
    {"counting without atomics in a block", "histogram", "atomicAdd(&counts[x[i] % 64], 1u)",
     "counts[x[i] % 64]++"},
    {"adding without atomics between blocks", "histogram",
     "atomicAdd(&bins[threadIdx.x], counts[threadIdx.x])", "bins[threadIdx.x] += counts[threadIdx.x]"},
    {"counts are never cleared", "histogram", "counts[threadIdx.x] = 0", ""},
    {"the lower bound of a window is dropped", "depthwise", "from >= 0 && from < width", "from < width"},
    {"the upper bound of a window is dropped", "depthwise", "from >= 0 && from < width", "from >= 0"},
    {"the grid's tail is not cut off", "depthwise", "if (i >= channels * width)",
     "if (i > channels * width)"},
    {"a barrier inside a condition", "neighbours", "part[threadIdx.x] = x[i];\n    __syncthreads();",
     "{ part[threadIdx.x] = x[i]; __syncthreads(); }"},
    {"a tail writes one past the end", "neighbours", "if (i < n)\n        y[i]", "if (i <= n)\n        y[i]"},
    {"a vector is loaded from an odd address", "copy_vectors", "x + 0", "x + 1"},
    {"a tail is one too long", "copy_vectors", "i - vectors < n % 4", "i - vectors <= n % 4"},
    {"a thread's array is not all set", "smooth", "i < 4; i++)\n        last[i] = 0",
     "i < 3; i++)\n        last[i] = 0"},
};

static const char *const modes[] = {"SY_PTX_CHECK=1 SY_PTX_LAZY=1", "SY_PTX_CHECK=1 SY_PTX_LAZY=2",
                                    "SY_PTX_CHECK=1 SY_PTX_LAZY=1 SY_PTX_REVERSE=1"};
enum { MODES = sizeof modes / sizeof modes[0] };

static seeded_outcome run_here(const char *ptx, const seeded_kernel *kernel, const seeded_host *host,
                               bool with_bug)
{
    CUmodule module;
    SEEDED_TRY(cu.cuModuleLoadData(&module, ptx));
    return kernel ? kernel->run(module) : host->run(module, with_bug);
}

/* Runs in a child, which leaves its report in `report`. */
static seeded_outcome run_apart(const char *mode, const char *ptx, const seeded_kernel *kernel,
                                const seeded_host *host, bool with_bug, char *report, size_t bytes)
{
    int ends[2], status = 0;
    assert_int_equal(pipe(ends), 0);
    fflush(NULL);
    const pid_t child = fork();
    if (child == 0) {
        if (!freopen("/dev/null", "w", stderr))
            _exit(SEEDED_ERROR);
        device_open(mode);
        const seeded_outcome outcome = run_here(ptx, kernel, host, with_bug);
        const char *text = outcome == SEEDED_ERROR ? cu.report() : "";
        _exit(write(ends[1], text, strlen(text)) < 0 ? SEEDED_ERROR : (int)outcome);
    }
    close(ends[1]);
    const ssize_t count = read(ends[0], report, bytes - 1);
    report[count > 0 ? count : 0] = '\0';
    close(ends[0]);
    assert_true(child > 0 && waitpid(child, &status, 0) == child);
    return WIFEXITED(status) ? (seeded_outcome)WEXITSTATUS(status) : SEEDED_ERROR;
}

/* In all modes: right only if right in each; the first other outcome else. */
static seeded_outcome run_all(const char *ptx, const seeded_kernel *kernel, const seeded_host *host,
                              bool with_bug, char *report, size_t bytes)
{
    seeded_outcome outcome = SEEDED_RIGHT;
    for (int i = 0; i < MODES && outcome == SEEDED_RIGHT; i++)
        outcome = run_apart(modes[i], ptx, kernel, host, with_bug, report, bytes);
    return outcome;
}

/* What a report says behind where: "race: shared read ...". */
static const char *gist(const char *report)
{
    const char *thread = strstr(report, "thread (");
    const char *colon = thread ? strstr(thread, "): ") : NULL;
    return colon ? colon + 3 : report;
}

static bool is_caught(const char *bug, seeded_outcome outcome, const char *report)
{
    printf("  %-48s %s%.70s\n", bug,
           outcome == SEEDED_RIGHT          ? "NOT CAUGHT"
           : outcome == SEEDED_WRONG_RESULT ? "wrong result"
                                            : "",
           gist(report));
    return outcome != SEEDED_RIGHT;
}

static void host_bugs_are_caught(void **state)
{
    char report[1024];
    int missed = 0;
    (void)state;
    char *ptx = device_fixture("fixtures/launches.ptx");
    printf("Bugs of the host, and what caught them:\n");
    for (size_t i = 0; i < seeded_host_count; i++) {
        const seeded_host *host = &seeded_hosts[i];
        if (run_all(ptx, NULL, host, false, report, sizeof report) != SEEDED_RIGHT)
            fail_msg("without the bug '%s': %s", host->bug, report);
        const seeded_outcome outcome = run_all(ptx, NULL, host, true, report, sizeof report);
        missed += !is_caught(host->bug, outcome, report);
    }
    free(ptx);
    assert_int_equal(missed, 0);
}

static char *source_of(const char *kernel)
{
    char path[128];
    snprintf(path, sizeof path, "seeded/%s.cu", kernel);
    return device_fixture(path);
}

static void kernels_without_bugs_pass(void **state)
{
    const char *why_not;
    char report[1024];
    (void)state;
    if (!nvrtc_open(&why_not)) {
        printf("skipped: %s\n", why_not);
        skip();
    }
    for (size_t i = 0; i < seeded_kernel_count; i++) {
        char *source = source_of(seeded_kernels[i].kernel);
        char *ptx = nvrtc_compile(source, seeded_kernels[i].kernel, NULL);
        const seeded_outcome outcome = run_all(ptx, &seeded_kernels[i], NULL, false, report, sizeof report);
        if (outcome != SEEDED_RIGHT)
            fail_msg("%s: %s", seeded_kernels[i].kernel, *report ? report : "wrong result");
        free(ptx);
        free(source);
    }
}

static const seeded_kernel *kernel_of(const char *name)
{
    for (size_t i = 0; i < seeded_kernel_count; i++)
        if (strcmp(seeded_kernels[i].kernel, name) == 0)
            return &seeded_kernels[i];
    fail_msg("no program runs %s", name);
    return NULL;
}

static char *replaced(const char *source, const char *from, const char *to)
{
    const char *at = strstr(source, from);
    if (!at || strstr(at + 1, from))
        fail_msg("'%s' is not there once", from);
    const size_t bytes = strlen(source) + strlen(to) + 1;
    char *out = calloc(1, bytes);
    assert_non_null(out);
    snprintf(out, bytes, "%.*s%s%s", (int)(at - source), source, to, at + strlen(from));
    return out;
}

static void kernel_bugs_are_caught(void **state)
{
    const char *why_not;
    char report[1024];
    int missed = 0;
    (void)state;
    if (!nvrtc_open(&why_not)) {
        printf("skipped: %s\n", why_not);
        skip();
    }
    printf("Bugs of kernels, and what caught them:\n");
    for (size_t i = 0; i < sizeof mutants / sizeof mutants[0]; i++) {
        char *source = source_of(mutants[i].kernel);
        char *mutant = replaced(source, mutants[i].from, mutants[i].to);
        char *ptx = nvrtc_compile(mutant, mutants[i].bug, NULL);
        const seeded_outcome outcome =
            run_all(ptx, kernel_of(mutants[i].kernel), NULL, true, report, sizeof report);
        missed += !is_caught(mutants[i].bug, outcome, report);
        free(ptx);
        free(mutant);
        free(source);
    }
    assert_int_equal(missed, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(host_bugs_are_caught),
        cmocka_unit_test(kernels_without_bugs_pass),
        cmocka_unit_test(kernel_bugs_are_caught),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
