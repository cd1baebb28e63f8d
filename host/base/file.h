/* Files. What is written appears under its name only when it is whole. */
#ifndef SY_BASE_FILE_H
#define SY_BASE_FILE_H

#include <stdbool.h>
#include <stdio.h>

#include "base/arena.h"

/* A whole file, mapped read-only. A zeroed one is empty; release takes it. */
typedef struct sy_mapped {
    const unsigned char *bytes; /* not NULL after a map, even of an empty file */
    size_t size;
    void *base; /* private */
} sy_mapped;

/* SY_E_IO with the system's reason; a folder is refused in words. */
sy_status sy_file_map(sy_ctx *ctx, const char *path, sy_mapped *out);
void sy_file_unmap(sy_mapped *mapped);

/* A file being written next to its final place as "<path>.tmp-<pid>". Either commit or abandon it. */
typedef struct sy_writer {
    FILE *file;
    char *path, *temporary;
} sy_writer;

sy_status sy_writer_open(sy_ctx *ctx, const char *path, sy_writer *out);
/* Flushes, checks every write since open, and renames. On failure (disk full ...) nothing is left behind. */
sy_status sy_writer_commit(sy_ctx *ctx, sy_writer *writer);
void sy_writer_abandon(sy_writer *writer); /* does nothing after a commit or on a zeroed one */

/* All of the above for bytes that are in memory. */
sy_status sy_file_save(sy_ctx *ctx, const char *path, const void *bytes, size_t size);

/* Whether a file could be written there, found out before long work: SY_E_IO if not. Leaves nothing behind.
 */
sy_status sy_file_check_writable(sy_ctx *ctx, const char *path);

/* Makes the folder and its missing parents. */
sy_status sy_folder_make(sy_ctx *ctx, const char *path);
bool sy_path_is_folder(const char *path);
bool sy_path_exists(const char *path);
bool sy_path_same(const char *a, const char *b); /* both exist and are one file */
const char *sy_path_base(const char *path);      /* what follows the last '/' */

/* The entries of a folder except "." and "..", sorted bytewise; names only, in `arena`. */
sy_status sy_folder_list(sy_ctx *ctx, const char *path, sy_arena *arena, char ***out, size_t *out_count);

#endif
