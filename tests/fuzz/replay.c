/* Runs a fuzz target over every file of a folder, where libFuzzer is not linked. */
#include <stdio.h>

#include "base/file.h"
#include "fuzz.h"

static sy_status replay_file(sy_ctx *ctx, const char *path)
{
    sy_mapped mapped = {0};
    SY_TRY(sy_file_map(ctx, path, &mapped));
    LLVMFuzzerTestOneInput(mapped.bytes, mapped.size);
    sy_file_unmap(&mapped);
    return SY_OK;
}

static sy_status replay_folder(sy_ctx *ctx, sy_arena *arena, const char *folder, size_t *out_count)
{
    char **names;
    SY_TRY(sy_folder_list(ctx, folder, arena, &names, out_count));
    for (size_t i = 0; i < *out_count; i++) {
        const char *path = sy_arena_printf(arena, "%s/%s", folder, names[i]);
        SY_TRY(sy_check_alloc(ctx, path));
        SY_TRY(replay_file(ctx, path));
    }
    return SY_OK;
}

int main(int argc, char **argv)
{
    sy_ctx *ctx = NULL;
    sy_arena arena = {0};
    size_t count = 0;
    if (argc != 2 || sy_ctx_create(&ctx) != SY_OK)
        return 1;
    const sy_status status = replay_folder(ctx, &arena, argv[1], &count);
    if (status != SY_OK)
        fprintf(stderr, "%s\n", sy_ctx_error(ctx));
    printf("%zu files replayed\n", count);
    sy_arena_release(&arena);
    sy_ctx_destroy(ctx);
    return status != SY_OK || count == 0;
}
