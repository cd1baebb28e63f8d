/* Unique names for the nodes of a file. */
#ifndef SY_IMPORT_ONNX_NAMES_H
#define SY_IMPORT_ONNX_NAMES_H

#include <stdbool.h>

#include "base/arena.h"

typedef struct sy_name_entry {
    const char *name; /* NULL: free */
    bool taken;       /* by a node already made, not only reserved by the file */
} sy_name_entry;

/* Names the file uses and names given so far. */
typedef struct sy_name_set {
    sy_name_entry *entries;
    size_t mask;
} sy_name_set;

/* For at most `count` reserved names and as many made up; false without memory. */
bool sy_name_set_init(sy_name_set *set, sy_arena *arena, size_t count);
/* NULL and "" are ignored. The text is not copied. */
void sy_name_set_reserve(sy_name_set *set, const char *name);
/* Whether a name is reserved or given. */
bool sy_name_set_has(const sy_name_set *set, const char *name);
/* `name` when it is there and not taken yet; else "<type>_<index>" or "<name>_<index>", with a suffix if that
 * is taken or reserved. The same file gives the same names. NULL without memory.
 */
const char *sy_name_set_make_unique(sy_name_set *set, sy_arena *arena, const char *name, const char *type,
                                    size_t index);

#endif
