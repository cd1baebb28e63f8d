/* The project's own kernels with one bug each: the tests of tests/device, which run them on the executor in
 * checked mode with lazy streams, must fail; with the same kernels unchanged, compiled by NVRTC, they must
 * pass.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/folder.h"
#include "unit/device.h"
#include "unit/device_test.h"
#include "unit/nvrtc.h"

/* In kernels/<family>.h, the one place with this text, and what stands there instead; caught by
 * device.<test>. */
static const struct {
    const char *bug, *family, *test, *from, *to;
} mutants[] = {
    {"gemm: no barrier before a tile is multiplied", "gemm", "gemm",
     "SY_BARRIER();\n        sy_tile_multiply", "sy_tile_multiply"},
    {"gemm: no barrier before a tile is loaded again", "gemm", "gemm",
     "&sums);\n        SY_BARRIER();\n    }", "&sums);\n    }"},
    {"gemm: columns behind the last are written", "gemm", "gemm", "row + i < p->m && column + j < p->n",
     "row + i < p->m"},
    {"gemm: items behind the last work too", "gemm", "gemm",
     "if (SY_GLOBAL_X >= (sy_index)sy_space_count(p.batch_rank, p.batch_dims) * size)\n        return;", ""},
    {"conv2d: no barrier after the taps", "convolution", "conv2d",
     "sy_conv_find_taps(p, 0, taps);\n    SY_BARRIER();", "sy_conv_find_taps(p, 0, taps);"},
    {"conv2d: no barrier before a tile is loaded again", "convolution", "conv2d",
     "columns, &sums);\n        SY_BARRIER();", "columns, &sums);"},
    {"conv2d: filters behind the last are written", "convolution", "conv2d",
     "filter + i >= filter_end || pixel + j", "pixel + j"},
    {"pool2d: columns behind the last are read", "pool", "pool2d", "if (column >= p.in_w)",
     "if (column > p.in_w)"},
    {"pool2d: items behind the last work too", "pool", "pool2d",
     "if (SY_GLOBAL_X >= (sy_index)p.planes * plane)", "if (SY_GLOBAL_X > (sy_index)p.planes * plane)"},
    {"rows: lanes are overwritten while they are read", "rows", "rows",
     "SY_BARRIER(); /* until all have read what an earlier call left there */", ""},
    {"rows: no barrier in the tree", "rows", "rows",
     "SY_BARRIER();\n        if (item % SY_REDUCE_LANES < reach)", "if (item % SY_REDUCE_LANES < reach)"},
    {"rows: no barrier before the result", "rows", "rows", "SY_BARRIER();\n    return lanes", "return lanes"},
    {"observe: no barrier in the tree of extremes", "statistics", "statistics",
     "SY_BARRIER();\n        if (item < span) {\n            least", "if (item < span) {\n            least"},
    {"observe: counting without atomics in a group", "statistics", "statistics",
     "SY_ATOMIC_ADD(counts + bin, 1u)", "counts[bin]++"},
    {"observe: adding without atomics between groups", "statistics", "statistics",
     "SY_ATOMIC_ADD(bins + SY_AT(at, 1) + i, counts[i])", "bins[SY_AT(at, 1) + i] += counts[i]"},
    {"observe: no barrier after counts are cleared", "statistics", "statistics",
     "counts[i] = 0;\n    SY_BARRIER();", "counts[i] = 0;"},
    {"observe: the carry is dropped", "statistics", "statistics", "(before + low < before)", "0"},
    {"observe: the state changes while it is read", "statistics", "statistics",
     "SY_GLOBAL_BARRIER(); /* the bins", "; /* the bins"},
    {"channel_sum: no barrier in the tree", "statistics", "sums", "SY_BARRIER();\n        if (lane < span)",
     "if (lane < span)"},
};

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

/* The PTX of a family whose header has this text. The others are the project's. */
static void write_ptx(const test_folder *folder, const char *family, const char *text)
{
    char name[64];
    snprintf(name, sizeof name, "kernels/%s.h", family);
    folder_write(folder, name, text, strlen(text));
    snprintf(name, sizeof name, "#include <kernels/%s.h>\n", family);
    char *ptx = nvrtc_compile_in(name, family, folder->path, PTX_PROJECT);
    folder_write(folder, "mutant.ptx", ptx, strlen(ptx));
    free(ptx);
}

/* Runs device.<test> with the kernels of the PTX file. */
static device_outcome run(const test_folder *folder, const char *test)
{
    char settings[600];
    snprintf(settings, sizeof settings, "SY_PTX_REPLACE='%s'", folder_path(folder, "mutant.ptx"));
    return device_test_run(test, settings);
}

static char *family_text(const char *family)
{
    char name[64];
    snprintf(name, sizeof name, "../../kernels/%s.h", family);
    return device_fixture(name);
}

static void open_mutants(test_folder *folder)
{
    const char *why_not;
    if (!nvrtc_open(&why_not)) {
        printf("skipped: %s\n", why_not);
        skip();
    }
    folder_open(folder);
    folder_make(folder, "kernels");
}

static void kernels_by_nvrtc_pass_their_tests(void **state)
{
    test_folder folder;
    (void)state;
    open_mutants(&folder);
    for (size_t i = 0; i < sizeof mutants / sizeof mutants[0]; i++) {
        if (i > 0 && strcmp(mutants[i].test, mutants[i - 1].test) == 0)
            continue;
        char *text = family_text(mutants[i].family);
        write_ptx(&folder, mutants[i].family, text);
        const device_outcome outcome = run(&folder, mutants[i].test);
        if (!outcome.passed)
            fail_msg("device.%s: %s", mutants[i].test, outcome.told);
        free(text);
    }
    folder_close(&folder);
}

static void every_mutant_fails_a_test(void **state)
{
    test_folder folder;
    int missed = 0;
    (void)state;
    open_mutants(&folder);
    printf("Bugs of the project's kernels, and what caught them:\n");
    for (size_t i = 0; i < sizeof mutants / sizeof mutants[0]; i++) {
        char *text = family_text(mutants[i].family);
        char *mutant = replaced(text, mutants[i].from, mutants[i].to);
        write_ptx(&folder, mutants[i].family, mutant);
        const device_outcome outcome = run(&folder, mutants[i].test);
        printf("  %-52s %s%.70s\n", mutants[i].bug, outcome.explained ? "" : "NOT CAUGHT ", outcome.told);
        fflush(stdout);
        missed += !outcome.explained;
        free(mutant);
        free(text);
    }
    folder_close(&folder);
    assert_int_equal(missed, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kernels_by_nvrtc_pass_their_tests),
        cmocka_unit_test(every_mutant_fails_a_test),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
