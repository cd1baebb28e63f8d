/* Head and table of a container, byte for byte. */
#ifndef SY_PACK_CONTAINER_TABLE_H
#define SY_PACK_CONTAINER_TABLE_H

#include "base/bytes.h"
#include "pack/container.h"

typedef struct sy_container_head {
    uint64_t size;         /* of the container */
    uint64_t table, bytes; /* where the table stands, and its size */
    sy_hash table_hash;
} sy_container_head;

void sy_container_put_head(const sy_container_head *head, sy_text *out);
/* SY_E_MODEL, SY_E_UNSUPPORTED. */
sy_status sy_container_take_head(sy_ctx *ctx, const void *bytes, size_t size, sy_container_head *out);

void sy_container_put_table(const sy_container_file *files, uint32_t file_count, const sy_section *sections,
                            uint32_t section_count, sy_text *out);
/* Fills files and sections of `container` from its bytes, unchecked but for the table's end. SY_E_MODEL. */
sy_status sy_container_take_table(sy_ctx *ctx, const sy_container_head *head, sy_container *container);

static inline uint64_t sy_container_align(uint64_t offset)
{
    return (offset + SY_CONTAINER_ALIGN - 1) / SY_CONTAINER_ALIGN * SY_CONTAINER_ALIGN;
}

#endif
