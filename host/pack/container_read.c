#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "pack/container_table.h"

const char *sy_container_name_fault(const char *name)
{
    if (!*name || name[0] == '/')
        return "must be relative";
    if (strpbrk(name, "\\:"))
        return "must have no backslash or colon";
    for (const char *at = name; at; at = strchr(at, '/')) {
        at += *at == '/';
        const size_t length = strcspn(at, "/");
        if (length == 0 || (length == 1 && at[0] == '.') || (length == 2 && at[0] == '.' && at[1] == '.'))
            return "must have no empty part, '.' or '..'";
    }
    return NULL;
}

static sy_status check_files(sy_ctx *ctx, const sy_container *container)
{
    if (!container->file_count || container->file_count > SY_CONTAINER_FILES_MAX)
        return sy_fail(ctx, SY_E_MODEL, "the container holds %u files: 1 to %d were expected",
                       container->file_count, SY_CONTAINER_FILES_MAX);
    for (uint32_t i = 0; i < container->file_count; i++) {
        const sy_container_file *file = &container->files[i];
        const char *fault = sy_container_name_fault(file->name);
        if (fault)
            return sy_fail(ctx, SY_E_MODEL, "the container holds a file named '%.200s': its name %s",
                           file->name, fault);
        for (uint32_t k = 0; k < i; k++)
            if (strcmp(file->name, container->files[k].name) == 0)
                return sy_fail(ctx, SY_E_MODEL, "the container holds '%.200s' twice", file->name);
        if (file->size > SIZE_MAX / 2)
            return sy_fail(ctx, SY_E_MODEL, "'%.200s' has %" PRIu64 " bytes: more than there can be",
                           file->name, file->size);
    }
    return SY_OK;
}

/* What a stream is said to hold fits the bytes that come of it. */
static const char *fault_of_form(const sy_section *section)
{
    const sy_code_form *form = &section->form;
    const int bits = section->element.bits;
    size_t all;
    if (bits != 4 && bits != 8 && bits != 16)
        return "has elements that are not of 4, 8 or 16 bits";
    if (!form->count || sy_element_bytes(section->element, form->count) != section->size)
        return "does not have as many elements as bytes";
    if (form->bits < 1 || form->bits > bits)
        return "has codes that are wider than its elements";
    if (!sy_coding_name((int)section->coding))
        return "has a coding that is not known";
    if (section->coding == SY_CODING_NONE && section->bytes != section->size)
        return "is stored in another size than its own";
    if (!form->segments || (!sy_coding_is_fse(section->coding) && form->segments > 1))
        return "has a wrong number of segments";
    if (section->coding != SY_CODING_SPARSE)
        return form->channels || form->inner ? "has channels that its coding does not know" : NULL;
    if (!form->channels || !form->inner || !sy_mul_size(form->channels, form->inner, &all) ||
        form->count % all)
        return "has channels that do not fit its elements";
    return NULL;
}

static sy_status check_section(sy_ctx *ctx, const sy_section *section, uint32_t number)
{
    const char *fault = NULL;
    if (section->kind == SY_SECTION_STORED)
        fault = section->bytes != section->size ? "is stored in another size than its own" : NULL;
    else
        fault = fault_of_form(section);
    if (!fault && !sy_expansion_allowed(section->size, section->bytes))
        fault = "would grow more than 4096 times";
    if (!fault)
        return SY_OK;
    return sy_fail(ctx, SY_E_MODEL, "section %u%s%.200s%s of the container %s", number,
                   section->name ? ", tensor '" : "", section->name ? section->name : "",
                   section->name ? "'," : "", fault);
}

/* Sections follow each other in the container, and in the files, without gaps. */
static sy_status check_order(sy_ctx *ctx, const sy_container *container, const sy_container_head *head)
{
    uint64_t offset = SY_CONTAINER_HEAD, place = 0;
    uint32_t file = 0;
    for (uint32_t i = 0; i <= container->section_count; i++) {
        while (file < container->file_count && place == container->files[file].size) {
            file++;
            place = 0;
        }
        if (i == container->section_count)
            break;
        const sy_section *section = &container->sections[i];
        if (section->file != file || file == container->file_count || section->place != place ||
            !section->size || section->size > container->files[file].size - place)
            return sy_fail(ctx, SY_E_MODEL,
                           "section %u of the container does not begin where the one before ends", i);
        if (section->offset != offset || section->bytes > head->table - offset)
            return sy_fail(ctx, SY_E_MODEL, "section %u of the container is not in its place", i);
        for (uint64_t end = offset + section->bytes; end < sy_container_align(end) && end < head->table;
             end++)
            if (container->bytes[end])
                return sy_fail(ctx, SY_E_MODEL, "there is something behind section %u of the container", i);
        offset = sy_container_align(offset + section->bytes);
        place += section->size;
        SY_TRY(check_section(ctx, section, i));
    }
    if (file != container->file_count)
        return sy_fail(ctx, SY_E_MODEL, "the container lacks the end of '%.200s'",
                       container->files[file].name);
    if (offset != head->table)
        return sy_fail(ctx, SY_E_MODEL, "the container's table does not follow its sections");
    return SY_OK;
}

sy_status sy_container_open(sy_ctx *ctx, const void *bytes, size_t size, sy_container *out)
{
    sy_container_head head;
    *out = (sy_container){.bytes = bytes};
    SY_TRY(sy_container_take_head(ctx, bytes, size, &head));
    SY_TRY(sy_container_take_table(ctx, &head, out));
    SY_TRY(check_files(ctx, out));
    return check_order(ctx, out, &head);
}

void sy_container_release(sy_container *container)
{
    sy_arena_release(&container->arena);
    *container = (sy_container){0};
}

sy_status sy_container_read_section(sy_ctx *ctx, const sy_container *container, const sy_section *section,
                                    void *out)
{
    const unsigned char *at = container->bytes + section->offset;
    const sy_hash hash = sy_hash_of(at, section->bytes);
    if (memcmp(hash.bytes, section->hash.bytes, SY_HASH_BYTES) != 0)
        return sy_fail(ctx, SY_E_MODEL, "section %zu of the container is damaged",
                       (size_t)(section - container->sections));
    if (section->kind == SY_SECTION_STORED || section->coding == SY_CODING_NONE) {
        memcpy(out, at, section->bytes);
        return SY_OK;
    }
    return sy_while(
        ctx, sy_codes_decode(ctx, section->coding, at, section->bytes, &section->form, section->element, out),
        "tensor '%.200s' of the container, %s", section->name, sy_coding_name((int)section->coding));
}

sy_status sy_container_read_file(sy_ctx *ctx, const sy_container *container, uint32_t file,
                                 unsigned char **out)
{
    const sy_container_file *entry = &container->files[file];
    unsigned char *bytes = malloc(entry->size + !entry->size);
    sy_status status = sy_check_alloc(ctx, bytes);
    for (uint32_t i = 0; i < container->section_count && status == SY_OK; i++)
        if (container->sections[i].file == file)
            status = sy_container_read_section(ctx, container, &container->sections[i],
                                               bytes + container->sections[i].place);
    if (status == SY_OK) {
        const sy_hash hash = sy_hash_of(bytes, entry->size);
        if (memcmp(hash.bytes, entry->hash.bytes, SY_HASH_BYTES) != 0)
            status = sy_fail(ctx, SY_E_MODEL, "'%.200s' comes out of the container other than it was packed",
                             entry->name);
    }
    if (status == SY_OK)
        *out = bytes;
    else
        free(bytes);
    return status;
}

/* The folder that a path stands in, with its parents. */
static sy_status make_folder_of(sy_ctx *ctx, char *path)
{
    char *slash = strrchr(path, '/');
    *slash = '\0';
    const sy_status status = sy_folder_make(ctx, path);
    *slash = '/';
    return status;
}

/* Nothing is made on the disk for a file that does not come out whole. */
static sy_status unpack_file(sy_ctx *ctx, const sy_container *container, uint32_t file, const char *folder)
{
    sy_arena arena = {0};
    unsigned char *bytes = NULL;
    char *path = sy_arena_printf(&arena, "%s/%s", folder, container->files[file].name);
    sy_status status = sy_check_alloc(ctx, path);
    if (status == SY_OK)
        status = sy_container_read_file(ctx, container, file, &bytes);
    if (status == SY_OK)
        status = make_folder_of(ctx, path);
    if (status == SY_OK)
        status = sy_file_save(ctx, path, bytes, container->files[file].size);
    free(bytes);
    sy_arena_release(&arena);
    return status;
}

/* The model comes last: where it is, all of it is. */
sy_status sy_container_unpack(sy_ctx *ctx, const sy_container *container, const char *folder)
{
    for (uint32_t i = container->file_count; i-- > 0;)
        SY_TRY(unpack_file(ctx, container, i, folder));
    return SY_OK;
}
