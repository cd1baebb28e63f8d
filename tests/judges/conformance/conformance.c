/* Runs ONNX's conformance cases: conformance EXCEPTIONS FOLDER...
 *
 * Every folder holds cases. EXCEPTIONS lists those that do not pass, a line "case: reason" each. Prints what
 * is not as expected and a summary; fails on a case that is not listed and does not pass, on a listed one
 * that passes, and when less than 90 % of the float32 cases of our operators pass.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/file.h"
#include "case.h"

enum { SKIPPED = 77, REQUIRED_PERCENT = 90 };

typedef struct {
    int verdicts[3];
    int counted, counted_passed;
    int surprises;
} tally;

/* The line of a case, or NULL. `text` is the exceptions file with a newline before its first line. */
static const char *find_exception(const char *text, const char *name)
{
    const size_t length = strlen(name);
    for (const char *at = strchr(text, '\n'); at; at = strchr(at + 1, '\n')) {
        if (strncmp(at + 1, name, length) == 0 && at[1 + length] == ':')
            return at + 1;
    }
    return NULL;
}

static void run_one(const char *folder, const char *name, const char *exceptions, tally *sum)
{
    static const char *const words[] = {"passes", "is unsupported", "fails"};
    char path[4096];
    case_result result;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    conformance_run(path, &result);
    const bool listed = find_exception(exceptions, name) != NULL, passed = result.verdict == VERDICT_PASS;
    sum->verdicts[result.verdict]++;
    sum->counted += result.counted;
    sum->counted_passed += result.counted && passed;
    if (listed != passed)
        return;
    sum->surprises++;
    printf("%s %s%s%s\n", name, words[result.verdict], passed ? ", though it is listed" : ": ",
           result.message);
}

static sy_status run_folder(sy_ctx *ctx, const char *folder, const char *exceptions, tally *sum)
{
    sy_arena arena = {0};
    char **names;
    size_t count = 0;
    const sy_status status = sy_folder_list(ctx, folder, &arena, &names, &count);
    for (size_t i = 0; i < count && status == SY_OK; i++)
        run_one(folder, names[i], exceptions, sum);
    sy_arena_release(&arena);
    return status;
}

static char *read_exceptions(sy_ctx *ctx, const char *path)
{
    sy_mapped file = {0};
    if (sy_file_map(ctx, path, &file) != SY_OK)
        return NULL;
    char *text = malloc(file.size + 2);
    if (text) {
        text[0] = '\n';
        memcpy(text + 1, file.bytes, file.size);
        text[file.size + 1] = '\0';
    }
    sy_file_unmap(&file);
    return text;
}

static int report(const tally *sum)
{
    const int percent = sum->counted ? 100 * sum->counted_passed / sum->counted : 0;
    printf("%d pass, %d unsupported, %d fail; of the %d float32 cases of our operators %d pass (%d %%)\n",
           sum->verdicts[VERDICT_PASS], sum->verdicts[VERDICT_UNSUPPORTED], sum->verdicts[VERDICT_FAIL],
           sum->counted, sum->counted_passed, percent);
    if (percent < REQUIRED_PERCENT)
        printf("%d %% are required\n", REQUIRED_PERCENT);
    return sum->surprises > 0 || percent < REQUIRED_PERCENT;
}

int main(int argc, char **argv)
{
    sy_ctx *ctx = NULL;
    tally sum = {0};
    if (argc < 3) {
        fprintf(stderr, "usage: conformance EXCEPTIONS FOLDER...\n");
        return SY_E_ARGUMENT;
    }
    if (!sy_path_is_folder(argv[2])) {
        printf("skipped: no folder %s; set SY_SHARED to the folder that holds data/conformance\n", argv[2]);
        return SKIPPED;
    }
    if (sy_ctx_create(&ctx) != SY_OK)
        return SY_E_MEMORY;
    char *exceptions = read_exceptions(ctx, argv[1]);
    sy_status status = exceptions ? SY_OK : SY_E_IO;
    for (int i = 2; i < argc && status == SY_OK; i++)
        status = run_folder(ctx, argv[i], exceptions, &sum);
    if (status != SY_OK)
        fprintf(stderr, "%s\n", sy_ctx_error(ctx));
    free(exceptions);
    sy_ctx_destroy(ctx);
    return status != SY_OK ? (int)status : report(&sum);
}
