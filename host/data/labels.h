/* The classes of samples: a file of lines "path class", where # begins a line that does not count. */
#ifndef SY_DATA_LABELS_H
#define SY_DATA_LABELS_H

#include "base/arena.h"

typedef struct sy_label {
    const char *name; /* as the file has it: relative to its folder, or absolute */
    const char *path; /* to open it with */
    int value;
} sy_label;

typedef struct sy_labels {
    sy_label *items; /* in the order of the file */
    size_t count;
} sy_labels;

/* SY_E_DATA names the line that is wrong. */
sy_status sy_labels_load(sy_ctx *ctx, const char *path, sy_arena *arena, sy_labels *out);

/* Sets classes[i] to the class of paths[i], or to -1 where the file has none; two paths are the same when
 * they lead to the same file. SY_E_DATA when a file has two classes, or none of the paths has one.
 */
sy_status sy_labels_match(sy_ctx *ctx, const sy_labels *labels, const char *labels_path,
                          const char *const *paths, size_t count, int *classes);

#endif
