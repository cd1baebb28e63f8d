#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const unsigned char no_bytes[1];

static sy_status map_open_file(sy_ctx *ctx, const char *path, int descriptor, sy_mapped *out)
{
    struct stat info;
    if (fstat(descriptor, &info) != 0)
        return sy_fail(ctx, SY_E_IO, "%s: %s", path, strerror(errno));
    if (S_ISDIR(info.st_mode))
        return sy_fail(ctx, SY_E_IO, "%s: is a folder, a file was expected", path);
    if (!S_ISREG(info.st_mode))
        return sy_fail(ctx, SY_E_IO, "%s: is not a regular file", path);
    if (info.st_size == 0) {
        *out = (sy_mapped){.bytes = no_bytes};
        return SY_OK;
    }
    void *base = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, descriptor, 0);
    if (base == MAP_FAILED)
        return sy_fail(ctx, SY_E_IO, "%s: %s", path, strerror(errno));
    *out = (sy_mapped){.bytes = base, .size = (size_t)info.st_size, .base = base};
    return SY_OK;
}

sy_status sy_file_map(sy_ctx *ctx, const char *path, sy_mapped *out)
{
    /* Without O_NONBLOCK a FIFO would wait for a writer before we can refuse it. */
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0)
        return sy_fail(ctx, SY_E_IO, "%s: %s", path, strerror(errno));
    sy_status status = map_open_file(ctx, path, descriptor, out);
    close(descriptor);
    return status;
}

void sy_file_unmap(sy_mapped *mapped)
{
    if (mapped->base)
        munmap(mapped->base, mapped->size);
    *mapped = (sy_mapped){0};
}

static char *join3(const char *a, const char *b, const char *c)
{
    size_t size = strlen(a) + strlen(b) + strlen(c) + 1;
    char *text = malloc(size);
    if (text)
        snprintf(text, size, "%s%s%s", a, b, c);
    return text;
}

sy_status sy_writer_open(sy_ctx *ctx, const char *path, sy_writer *out)
{
    if (sy_path_is_folder(path))
        return sy_fail(ctx, SY_E_IO, "%s: is a folder, a file was to be written there", path);
    struct stat info;
    /* The rename at the end would put a file in the place of a device. */
    if (stat(path, &info) == 0 && !S_ISREG(info.st_mode))
        return sy_fail(ctx, SY_E_IO, "%s: is a device or a pipe, a file was to be written there", path);
    char suffix[32];
    snprintf(suffix, sizeof suffix, ".tmp-%ld", (long)getpid());
    sy_writer writer = {.path = join3(path, "", ""), .temporary = join3(path, suffix, "")};
    if (!writer.path || !writer.temporary) {
        free(writer.path);
        free(writer.temporary);
        return sy_check_alloc(ctx, NULL);
    }
    writer.file = fopen(writer.temporary, "wb");
    if (!writer.file) {
        sy_status status = sy_fail(ctx, SY_E_IO, "%s: cannot be written: %s", path, strerror(errno));
        free(writer.path);
        free(writer.temporary);
        return status;
    }
    *out = writer;
    return SY_OK;
}

static void writer_release(sy_writer *writer)
{
    free(writer->path);
    free(writer->temporary);
    *writer = (sy_writer){0};
}

sy_status sy_writer_commit(sy_ctx *ctx, sy_writer *writer)
{
    sy_status status = SY_OK;
    bool bad = ferror(writer->file) != 0;
    errno = 0;
    bad |= fflush(writer->file) != 0;
    bad |= !bad && fsync(fileno(writer->file)) != 0 && errno != EINVAL;
    int reason = errno;
    bad |= fclose(writer->file) != 0;
    reason = reason ? reason : errno;
    writer->file = NULL;
    if (!bad && rename(writer->temporary, writer->path) != 0) {
        bad = true;
        reason = errno;
    }
    if (bad) {
        status = sy_fail(ctx, SY_E_IO, "%s: cannot be written: %s", writer->path,
                         strerror(reason ? reason : ENOSPC));
        unlink(writer->temporary);
    }
    writer_release(writer);
    return status;
}

void sy_writer_abandon(sy_writer *writer)
{
    if (!writer->path)
        return;
    if (writer->file)
        fclose(writer->file);
    unlink(writer->temporary);
    writer_release(writer);
}

sy_status sy_file_save(sy_ctx *ctx, const char *path, const void *bytes, size_t size)
{
    sy_writer writer = {0};
    SY_TRY(sy_writer_open(ctx, path, &writer));
    if (size)
        fwrite(bytes, 1, size, writer.file); /* commit looks at ferror */
    return sy_writer_commit(ctx, &writer);
}

sy_status sy_file_check_writable(sy_ctx *ctx, const char *path)
{
    sy_writer writer = {0};
    SY_TRY(sy_writer_open(ctx, path, &writer));
    sy_writer_abandon(&writer);
    return SY_OK;
}

sy_status sy_folder_make(sy_ctx *ctx, const char *path)
{
    char *partial = join3(path, "/", "");
    SY_TRY(sy_check_alloc(ctx, partial));
    sy_status status = SY_OK;
    for (char *slash = strchr(partial + 1, '/'); slash && status == SY_OK; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(partial, 0777) != 0 && errno != EEXIST)
            status = sy_fail(ctx, SY_E_IO, "%s: the folder cannot be made: %s", partial, strerror(errno));
        else if (!sy_path_is_folder(partial))
            status = sy_fail(ctx, SY_E_IO, "%s: is a file, a folder was expected", partial);
        *slash = '/';
    }
    free(partial);
    return status;
}

bool sy_path_is_folder(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

bool sy_path_exists(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0;
}

bool sy_path_same(const char *a, const char *b)
{
    struct stat first, second;
    return stat(a, &first) == 0 && stat(b, &second) == 0 && first.st_dev == second.st_dev &&
           first.st_ino == second.st_ino;
}

const char *sy_path_base(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static sy_status collect_names(sy_ctx *ctx, DIR *folder, const char *path, char ***names, size_t *count)
{
    size_t capacity = 0;
    for (;;) {
        errno = 0;
        struct dirent *entry = readdir(folder);
        if (!entry)
            return errno ? sy_fail(ctx, SY_E_IO, "%s: %s", path, strerror(errno)) : SY_OK;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (*count == capacity) {
            capacity = capacity ? 2 * capacity : 256;
            char **grown = realloc(*names, capacity * sizeof **names);
            SY_TRY(sy_check_alloc(ctx, grown));
            *names = grown;
        }
        char *copy = strdup(entry->d_name);
        SY_TRY(sy_check_alloc(ctx, copy));
        (*names)[(*count)++] = copy;
    }
}

sy_status sy_folder_list(sy_ctx *ctx, const char *path, sy_arena *arena, char ***out, size_t *out_count)
{
    char **names = NULL, **kept = NULL;
    size_t count = 0;
    DIR *folder = opendir(path);
    if (!folder)
        return sy_fail(ctx, SY_E_IO, "%s: %s", path, strerror(errno));
    sy_status status = collect_names(ctx, folder, path, &names, &count);
    closedir(folder);
    if (status == SY_OK) {
        kept = sy_arena_alloc(arena, count, sizeof *kept);
        status = sy_check_alloc(ctx, kept);
    }
    if (count)
        qsort(names, count, sizeof *names, compare_names);
    for (size_t i = 0; i < count && status == SY_OK; i++) {
        kept[i] = sy_arena_text(arena, names[i]);
        status = sy_check_alloc(ctx, kept[i]);
    }
    for (size_t i = 0; i < count; i++)
        free(names[i]);
    free(names);
    if (status == SY_OK) {
        *out = kept;
        *out_count = count;
    }
    return status;
}
