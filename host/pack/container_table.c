#include "pack/container_table.h"

#include <string.h>

/* No text editor or transfer leaves these alone that changes anything else. */
static const unsigned char magic[8] = {0x93, 'S', 'Y', 'W', '\r', '\n', 0x1a, '\n'};

/* Bytes of the head before its own hash. */
enum { HEAD_HASHED = SY_CONTAINER_HEAD - SY_HASH_BYTES };

/* The least bytes that a file or a section takes in the table. */
enum { LEAST_FILE = 4 + 8 + SY_HASH_BYTES, LEAST_SECTION = 8 + 4 * 8 + SY_HASH_BYTES };

bool sy_container_recognise(const void *bytes, size_t size)
{
    return size >= sizeof magic && memcmp(bytes, magic, sizeof magic) == 0;
}

void sy_container_put_head(const sy_container_head *head, sy_text *out)
{
    const size_t begin = out->size;
    sy_text_add(out, magic, sizeof magic);
    sy_put_u32(out, SY_CONTAINER_VERSION);
    sy_put_u32(out, 0);
    sy_put_u64(out, head->size);
    sy_put_u64(out, head->table);
    sy_put_u64(out, head->bytes);
    sy_text_add(out, head->table_hash.bytes, SY_HASH_BYTES);
    if (out->failed)
        return;
    const sy_hash hash = sy_hash_of(out->bytes + begin, HEAD_HASHED);
    sy_text_add(out, hash.bytes, SY_HASH_BYTES);
}

static sy_status check_head(sy_ctx *ctx, const sy_container_head *head, size_t size)
{
    if (head->size != size)
        return sy_fail(ctx, SY_E_MODEL,
                       "the container has %zu bytes, its head says %llu: it was cut short or added to", size,
                       (unsigned long long)head->size);
    if (head->table < SY_CONTAINER_HEAD || head->table > size || head->bytes != size - head->table)
        return sy_fail(ctx, SY_E_MODEL, "the container's table is not at its end");
    return SY_OK;
}

sy_status sy_container_take_head(sy_ctx *ctx, const void *bytes, size_t size, sy_container_head *out)
{
    if (!sy_container_recognise(bytes, size))
        return sy_fail(ctx, SY_E_MODEL, "no container of a compressed model: it does not begin as one");
    if (size < SY_CONTAINER_HEAD)
        return sy_fail(ctx, SY_E_MODEL, "the container ends in its head, after %zu bytes", size);
    sy_bytes source = {.at = (const unsigned char *)bytes + sizeof magic,
                       .end = (const unsigned char *)bytes + size};
    const uint32_t version = sy_bytes_u32(&source), flags = sy_bytes_u32(&source);
    if (version != SY_CONTAINER_VERSION || flags)
        return sy_fail(ctx, SY_E_UNSUPPORTED,
                       "a container of version %u with flags %x: version %d without flags is read", version,
                       flags, SY_CONTAINER_VERSION);
    const sy_hash hash = sy_hash_of(bytes, HEAD_HASHED);
    if (memcmp(hash.bytes, (const char *)bytes + HEAD_HASHED, SY_HASH_BYTES) != 0)
        return sy_fail(ctx, SY_E_MODEL, "the container's head is damaged");
    sy_container_head head = {.size = sy_bytes_u64(&source)};
    head.table = sy_bytes_u64(&source);
    head.bytes = sy_bytes_u64(&source);
    memcpy(head.table_hash.bytes, sy_bytes_take(&source, SY_HASH_BYTES), SY_HASH_BYTES);
    SY_TRY(check_head(ctx, &head, size));
    *out = head;
    return SY_OK;
}

static void put_text(sy_text *out, const char *text)
{
    const size_t length = strlen(text);
    sy_put_u32(out, (uint32_t)length);
    sy_text_add(out, text, length);
}

static void put_form(const sy_section *section, sy_text *out)
{
    const sy_code_form *form = &section->form;
    put_text(out, section->name);
    sy_put_u8(out, (uint8_t)section->element.bits);
    sy_put_u8(out, section->element.is_signed);
    sy_put_u8(out, (uint8_t)form->bits);
    sy_put_u8(out, (uint8_t)section->coding);
    sy_put_u64(out, form->count);
    sy_put_u32(out, form->segments);
    sy_put_u64(out, form->channels);
    sy_put_u64(out, form->inner);
    for (size_t c = 0; c < form->channels; c++) {
        sy_put_u8(out, (uint8_t)form->fills[c]);
        sy_put_u8(out, (uint8_t)((uint16_t)form->fills[c] >> 8));
    }
}

void sy_container_put_table(const sy_container_file *files, uint32_t file_count, const sy_section *sections,
                            uint32_t section_count, sy_text *out)
{
    sy_put_u32(out, file_count);
    for (uint32_t i = 0; i < file_count; i++) {
        put_text(out, files[i].name);
        sy_put_u64(out, files[i].size);
        sy_text_add(out, files[i].hash.bytes, SY_HASH_BYTES);
    }
    sy_put_u32(out, section_count);
    for (uint32_t i = 0; i < section_count; i++) {
        const sy_section *section = &sections[i];
        sy_put_u32(out, section->kind);
        sy_put_u32(out, section->file);
        sy_put_u64(out, section->place);
        sy_put_u64(out, section->size);
        sy_put_u64(out, section->offset);
        sy_put_u64(out, section->bytes);
        sy_text_add(out, section->hash.bytes, SY_HASH_BYTES);
        if (section->kind == SY_SECTION_CODES)
            put_form(section, out);
    }
}

/* A table while it is read. */
typedef struct table {
    sy_ctx *ctx;
    sy_bytes source;
    sy_arena *arena;
    bool no_memory;
} table;

static void take_hash(table *work, sy_hash *out)
{
    const void *bytes = sy_bytes_take(&work->source, SY_HASH_BYTES);
    if (bytes)
        memcpy(out->bytes, bytes, SY_HASH_BYTES);
}

/* A text without a NUL in it; NULL where there is none, or no memory. */
static const char *take_text(table *work)
{
    const uint32_t length = sy_bytes_u32(&work->source);
    const char *bytes = sy_bytes_take(&work->source, length);
    if (!bytes || memchr(bytes, 0, length)) {
        work->source.failed = true;
        return NULL;
    }
    const char *text = sy_arena_text_n(work->arena, bytes, length);
    work->no_memory |= !text;
    return text;
}

static void take_form(table *work, sy_section *out)
{
    sy_code_form *form = &out->form;
    out->name = take_text(work);
    out->element.bits = sy_bytes_u8(&work->source);
    const uint8_t is_signed = sy_bytes_u8(&work->source);
    out->element.is_signed = is_signed == 1;
    form->bits = sy_bytes_u8(&work->source);
    out->coding = (sy_coding)sy_bytes_u8(&work->source);
    form->count = sy_bytes_u64(&work->source);
    form->segments = sy_bytes_u32(&work->source);
    form->channels = sy_bytes_u64(&work->source);
    form->inner = sy_bytes_u64(&work->source);
    if (is_signed > 1 || form->channels > (size_t)(work->source.end - work->source.at) / 2)
        work->source.failed = true;
    if (work->source.failed || !form->channels)
        return;
    int16_t *fills = sy_arena_alloc(work->arena, form->channels, sizeof *fills);
    work->no_memory |= !fills;
    for (size_t c = 0; fills && c < form->channels; c++) {
        const uint8_t low = sy_bytes_u8(&work->source);
        fills[c] = (int16_t)(low | sy_bytes_u8(&work->source) << 8);
    }
    form->fills = fills;
}

static void take_section(table *work, sy_section *out)
{
    const uint32_t kind = sy_bytes_u32(&work->source);
    out->kind = (sy_section_kind)kind;
    out->file = sy_bytes_u32(&work->source);
    out->place = sy_bytes_u64(&work->source);
    out->size = sy_bytes_u64(&work->source);
    out->offset = sy_bytes_u64(&work->source);
    out->bytes = sy_bytes_u64(&work->source);
    take_hash(work, &out->hash);
    if (kind > SY_SECTION_CODES)
        work->source.failed = true;
    else if (kind == SY_SECTION_CODES)
        take_form(work, out);
}

/* Room for a list whose entries take at least so many bytes each; NULL where the table cannot hold it. */
static void *take_list(table *work, size_t least, size_t size, uint32_t *out_count)
{
    const uint32_t count = sy_bytes_u32(&work->source);
    if (work->source.failed || count > (size_t)(work->source.end - work->source.at) / least) {
        work->source.failed = true;
        return NULL;
    }
    void *list = sy_arena_alloc(work->arena, count, size);
    work->no_memory |= !list;
    *out_count = list ? count : 0;
    return list;
}

sy_status sy_container_take_table(sy_ctx *ctx, const sy_container_head *head, sy_container *container)
{
    const unsigned char *at = container->bytes + head->table;
    table work = {.ctx = ctx, .source = {.at = at, .end = at + head->bytes}, .arena = &container->arena};
    const sy_hash hash = sy_hash_of(at, head->bytes);
    if (memcmp(hash.bytes, head->table_hash.bytes, SY_HASH_BYTES) != 0)
        return sy_fail(ctx, SY_E_MODEL, "the container's table is damaged");
    container->files = take_list(&work, LEAST_FILE, sizeof *container->files, &container->file_count);
    for (uint32_t i = 0; i < container->file_count; i++) {
        container->files[i].name = take_text(&work);
        container->files[i].size = sy_bytes_u64(&work.source);
        take_hash(&work, &container->files[i].hash);
    }
    container->sections =
        take_list(&work, LEAST_SECTION, sizeof *container->sections, &container->section_count);
    for (uint32_t i = 0; i < container->section_count && !work.source.failed && !work.no_memory; i++)
        take_section(&work, &container->sections[i]);
    if (work.no_memory)
        return sy_check_alloc(ctx, NULL);
    if (work.source.failed || work.source.at != work.source.end)
        return sy_fail(ctx, SY_E_MODEL, "the container's table contradicts itself after %zu bytes",
                       (size_t)(work.source.at - at));
    return SY_OK;
}
