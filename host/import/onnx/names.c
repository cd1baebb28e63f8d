#include "import/onnx/names.h"

#include <stdint.h>
#include <string.h>

static uint32_t hash_of(const char *name)
{
    uint32_t hash = 2166136261u; /* FNV-1a */
    for (; *name; name++)
        hash = (hash ^ (unsigned char)*name) * 16777619u;
    return hash;
}

/* The entry of this name, or the free one where it belongs. */
static sy_name_entry *entry_of(const sy_name_set *set, const char *name)
{
    size_t i = hash_of(name) & set->mask;
    while (set->entries[i].name && strcmp(set->entries[i].name, name) != 0)
        i = (i + 1) & set->mask;
    return &set->entries[i];
}

bool sy_name_set_init(sy_name_set *set, sy_arena *arena, size_t count)
{
    size_t capacity = 64;
    while (capacity < 4 * (count + 1))
        capacity *= 2;
    set->mask = capacity - 1;
    set->entries = sy_arena_alloc(arena, capacity, sizeof *set->entries);
    return set->entries != NULL;
}

void sy_name_set_reserve(sy_name_set *set, const char *name)
{
    if (name && *name)
        entry_of(set, name)->name = name;
}

bool sy_name_set_has(const sy_name_set *set, const char *name)
{
    return entry_of(set, name)->name != NULL;
}

const char *sy_name_set_make_unique(sy_name_set *set, sy_arena *arena, const char *name, const char *type,
                                    size_t index)
{
    const bool named = name && *name;
    sy_name_entry *entry = named ? entry_of(set, name) : NULL;
    if (entry && !entry->taken) {
        entry->name = name;
        entry->taken = true;
        return name;
    }
    const char *made = sy_arena_printf(arena, "%s_%zu", named ? name : type, index);
    for (size_t suffix = 1; made && entry_of(set, made)->name; suffix++)
        made = sy_arena_printf(arena, "%s_%zu_%zu", named ? name : type, index, suffix);
    if (made)
        *entry_of(set, made) = (sy_name_entry){.name = made, .taken = true};
    return made;
}
