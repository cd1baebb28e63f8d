#include <stdlib.h>
#include <string.h>

#include "pack/container_table.h"

/* A coded tensor is a section of its own and cuts the bytes around it in two: their entries in the table are
 * paid for before it is worth it. */
enum { ENTRY_BYTES = 2 * (8 + 4 * 8 + SY_HASH_BYTES) + 40 };

typedef struct packer {
    sy_ctx *ctx;
    const sy_pack_source *sources;
    uint32_t source_count, max_segments;
    const sy_pack_tensor *tensors;
    size_t tensor_count;
    sy_packed_tensor *results;
    FILE *file;
    uint64_t offset; /* of the next section */
    sy_section *sections;
    uint32_t section_count;
    sy_arena arena; /* of fills */
} packer;

/* Writes the bytes of a section and what fills it up; the writer looks at ferror at the end. */
static void put_section(packer *work, sy_section section, const void *bytes, size_t size)
{
    static const unsigned char zeros[SY_CONTAINER_ALIGN];
    section.offset = work->offset;
    section.bytes = size;
    section.hash = sy_hash_of(bytes, size);
    fwrite(bytes, 1, size, work->file);
    const uint64_t end = work->offset + size;
    work->offset = sy_container_align(end);
    fwrite(zeros, 1, work->offset - end, work->file);
    work->sections[work->section_count++] = section;
}

static void put_stored(packer *work, uint32_t file, uint64_t begin, uint64_t end)
{
    if (begin < end)
        put_section(
            work, (sy_section){.kind = SY_SECTION_STORED, .file = file, .place = begin, .size = end - begin},
            work->sources[file].bytes + begin, end - begin);
}

/* Codes lose what fills up the last byte of 4-bit elements. */
static bool is_whole(const sy_pack_tensor *tensor, const unsigned char *bytes)
{
    return tensor->element.bits != 4 || tensor->count % 2 == 0 || bytes[tensor->count / 2] >> 4 == 0;
}

/* The entry of a tensor whose stream is worth it. */
static sy_status put_tensor(packer *work, const sy_pack_tensor *tensor, sy_packed_codes *packed)
{
    sy_section section = {.kind = SY_SECTION_CODES,
                          .file = tensor->file,
                          .place = tensor->place,
                          .size = sy_element_bytes(tensor->element, tensor->count),
                          .name = tensor->name,
                          .element = tensor->element,
                          .coding = packed->coding,
                          .form = packed->form};
    if (packed->form.channels) {
        section.form.fills = sy_arena_copy(&work->arena, packed->form.fills,
                                           packed->form.channels * sizeof *packed->form.fills);
        SY_TRY(sy_check_alloc(work->ctx, section.form.fills));
    }
    put_section(work, section, packed->stream.bytes, packed->stream.size);
    return SY_OK;
}

/* Encodes a tensor where that is worth it. What stands before `position` in its file is in the container
 * already. */
static sy_status pack_tensor(packer *work, size_t index, uint64_t *position)
{
    const sy_pack_tensor *tensor = &work->tensors[index];
    const unsigned char *bytes = work->sources[tensor->file].bytes + tensor->place;
    const size_t size = sy_element_bytes(tensor->element, tensor->count);
    sy_packed_codes packed = {0};
    int16_t *codes = calloc(tensor->count, sizeof *codes);
    SY_TRY(sy_check_alloc(work->ctx, codes));
    sy_elements_to_codes(tensor->element, bytes, tensor->count, codes);
    sy_status status = sy_codes_encode(work->ctx, codes, tensor->count, size, tensor->dims, tensor->rank,
                                       work->max_segments, &packed);
    const size_t cost = packed.stream.size + 2 * packed.form.channels + ENTRY_BYTES + strlen(tensor->name);
    const bool is_worth = packed.coding != SY_CODING_NONE && cost < size && is_whole(tensor, bytes);
    if (status == SY_OK) {
        work->results[index] = (sy_packed_tensor){.coding = is_worth ? packed.coding : SY_CODING_NONE,
                                                  .bits = packed.form.bits,
                                                  .values = packed.values,
                                                  .entropy = packed.entropy,
                                                  .plain_bytes = size,
                                                  .packed_bytes = is_worth ? packed.stream.size : size};
        if (is_worth) {
            put_stored(work, tensor->file, *position, tensor->place);
            status = put_tensor(work, tensor, &packed);
            *position = tensor->place + size;
        }
    }
    sy_packed_codes_release(&packed);
    free(codes);
    return status;
}

static sy_status put_sources(packer *work)
{
    size_t next = 0;
    for (uint32_t f = 0; f < work->source_count; f++) {
        uint64_t position = 0;
        for (; next < work->tensor_count && work->tensors[next].file == f; next++)
            SY_TRY(pack_tensor(work, next, &position));
        put_stored(work, f, position, work->sources[f].size);
    }
    return SY_OK;
}

/* The table, and the head in the place that was left for it. */
static sy_status put_table(packer *work)
{
    sy_text table = {0}, head = {0};
    sy_status status = SY_OK;
    sy_container_file *files = sy_arena_alloc(&work->arena, work->source_count, sizeof *files);
    SY_TRY(sy_check_alloc(work->ctx, files));
    for (uint32_t f = 0; f < work->source_count; f++)
        files[f] = (sy_container_file){.name = work->sources[f].name,
                                       .size = work->sources[f].size,
                                       .hash = sy_hash_of(work->sources[f].bytes, work->sources[f].size)};
    sy_container_put_table(files, work->source_count, work->sections, work->section_count, &table);
    if (!table.failed) {
        const sy_container_head values = {.size = work->offset + table.size,
                                          .table = work->offset,
                                          .bytes = table.size,
                                          .table_hash = sy_hash_of(table.bytes, table.size)};
        sy_container_put_head(&values, &head);
    }
    status = sy_check_alloc(work->ctx, table.failed || head.failed ? NULL : work);
    if (status == SY_OK) {
        fwrite(table.bytes, 1, table.size, work->file);
        if (fseek(work->file, 0, SEEK_SET) == 0)
            fwrite(head.bytes, 1, head.size, work->file);
        if (fflush(work->file) != 0)
            status = sy_fail(work->ctx, SY_E_IO, "the container cannot be written: is the disk full?");
    }
    sy_text_release(&table);
    sy_text_release(&head);
    return status;
}

static sy_status check_sources(const packer *work)
{
    uint64_t end = 0;
    uint32_t file = 0;
    for (uint32_t f = 0; f < work->source_count; f++) {
        const char *fault = sy_container_name_fault(work->sources[f].name);
        if (fault)
            return sy_fail(work->ctx, SY_E_ARGUMENT, "%s: cannot stand in a container: its name %s",
                           work->sources[f].name, fault);
    }
    for (size_t t = 0; t < work->tensor_count; t++) {
        const sy_pack_tensor *tensor = &work->tensors[t];
        const size_t size = sy_element_bytes(tensor->element, tensor->count);
        end = tensor->file == file ? end : 0;
        file = tensor->file;
        if (file >= work->source_count || !size || tensor->place < end ||
            tensor->place > work->sources[file].size || size > work->sources[file].size - tensor->place)
            return sy_fail(work->ctx, SY_E_MODEL, "tensor '%s' does not stand inside '%s'", tensor->name,
                           file < work->source_count ? work->sources[file].name : "its file");
        end = tensor->place + size;
    }
    return SY_OK;
}

/* What was written, read again: every file comes out as it went in. */
static sy_status check_written(const packer *work, const char *path)
{
    sy_mapped written = {0};
    sy_container container = {0};
    SY_TRY(sy_file_map(work->ctx, path, &written));
    sy_status status = sy_container_open(work->ctx, written.bytes, written.size, &container);
    for (uint32_t f = 0; f < work->source_count && status == SY_OK; f++) {
        unsigned char *bytes = NULL;
        status = sy_container_read_file(work->ctx, &container, f, &bytes);
        if (status == SY_OK && (container.files[f].size != work->sources[f].size ||
                                memcmp(bytes, work->sources[f].bytes, work->sources[f].size) != 0))
            status = sy_fail(work->ctx, SY_E_INTERNAL, "'%s' does not come out of it", work->sources[f].name);
        free(bytes);
    }
    sy_container_release(&container);
    sy_file_unmap(&written);
    return sy_while(work->ctx, status, "the container fails its own check");
}

static sy_status write_all(packer *work, const char *temporary)
{
    static const unsigned char zeros[SY_CONTAINER_HEAD];
    size_t most = 2 * work->tensor_count + work->source_count;
    SY_TRY(check_sources(work));
    work->sections = sy_arena_alloc(&work->arena, most, sizeof *work->sections);
    SY_TRY(sy_check_alloc(work->ctx, work->sections));
    fwrite(zeros, 1, sizeof zeros, work->file);
    work->offset = SY_CONTAINER_HEAD;
    SY_TRY(put_sources(work));
    SY_TRY(put_table(work));
    return check_written(work, temporary);
}

sy_status sy_container_write(sy_ctx *ctx, const sy_pack_source *sources, uint32_t source_count,
                             const sy_pack_tensor *tensors, size_t tensor_count, uint32_t max_segments,
                             const char *path, sy_packed_tensor *out)
{
    sy_writer writer = {0};
    SY_TRY(sy_writer_open(ctx, path, &writer));
    packer work = {.ctx = ctx,
                   .sources = sources,
                   .source_count = source_count,
                   .max_segments = max_segments,
                   .tensors = tensors,
                   .tensor_count = tensor_count,
                   .results = out,
                   .file = writer.file};
    const sy_status status = write_all(&work, writer.temporary);
    sy_arena_release(&work.arena);
    if (status == SY_OK)
        return sy_writer_commit(ctx, &writer);
    sy_writer_abandon(&writer);
    return sy_while(ctx, status, "%s", path);
}
