#include "data/labels.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/text.h"

enum { LABELS_FILE_MAX = 1 << 28 };

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* One line, in place: the path is all before the last blank. */
static sy_status parse_line(sy_ctx *ctx, char *line, const char *folder, sy_arena *arena, sy_labels *labels)
{
    char *end = line + strlen(line);
    while (end > line && is_blank(end[-1]))
        *--end = '\0';
    while (is_blank(*line))
        line++;
    if (!*line || *line == '#')
        return SY_OK;
    char *word = end;
    while (word > line && !is_blank(word[-1]))
        word--;
    int64_t value;
    if (word == line || !sy_parse_int(word, &value) || value < 0 || value > INT32_MAX)
        return sy_fail(ctx, SY_E_DATA, "'%.100s': must be a path, a space, and a class index of 0 or more",
                       line);
    for (end = word; end > line && is_blank(end[-1]);)
        *--end = '\0';
    sy_label *label = &labels->items[labels->count];
    label->name = sy_arena_text(arena, line);
    label->path = *line == '/' ? label->name : sy_arena_printf(arena, "%s%s", folder, line);
    label->value = (int)value;
    labels->count++;
    SY_TRY(sy_check_alloc(ctx, label->name));
    return sy_check_alloc(ctx, label->path);
}

static sy_status parse_lines(sy_ctx *ctx, const char *path, char *text, sy_arena *arena, sy_labels *out)
{
    size_t lines = 1, base = (size_t)(sy_path_base(path) - path);
    for (const char *at = text; *at; at++)
        lines += *at == '\n';
    const char *folder = sy_arena_text_n(arena, path, base); /* "" or with its '/' */
    out->items = sy_arena_alloc(arena, lines, sizeof *out->items);
    SY_TRY(sy_check_alloc(ctx, folder));
    SY_TRY(sy_check_alloc(ctx, out->items));
    for (size_t number = 1; number <= lines; number++) {
        char *end = text + strcspn(text, "\n");
        *end = '\0';
        SY_TRY(sy_while(ctx, parse_line(ctx, text, folder, arena, out), "%s:%zu", path, number));
        text = end + 1;
    }
    return SY_OK;
}

sy_status sy_labels_load(sy_ctx *ctx, const char *path, sy_arena *arena, sy_labels *out)
{
    sy_mapped file = {0};
    sy_labels labels = {0};
    char *text = NULL;
    sy_status status;
    status = sy_file_map(ctx, path, &file);
    if (status == SY_E_IO) {
        status = sy_while(ctx, SY_E_DATA, "labels");
        goto done;
    }
    SY_TRY_DONE(status);
    if (file.size > LABELS_FILE_MAX || memchr(file.bytes, 0, file.size)) {
        status = sy_fail(ctx, SY_E_DATA, "%s: is no text file of lines 'path class'", path);
        goto done;
    }
    text = calloc(file.size + 1, 1);
    SY_TRY_DONE(sy_check_alloc(ctx, text));
    memcpy(text, file.bytes, file.size);
    SY_TRY_DONE(parse_lines(ctx, path, text, arena, &labels));
    if (labels.count == 0) {
        status = sy_fail(ctx, SY_E_DATA, "%s: holds no line 'path class'", path);
        goto done;
    }
    *out = labels;
done:
    free(text);
    sy_file_unmap(&file);
    return status;
}

typedef struct {
    char *real; /* NULL: there is no such file */
    int value;
} target;

static int compare_targets(const void *a, const void *b)
{
    const target *left = a, *right = b;
    if (!left->real || !right->real)
        return (left->real != NULL) - (right->real != NULL);
    return strcmp(left->real, right->real);
}

static sy_status check_twins(sy_ctx *ctx, const char *labels_path, const target *targets, size_t count)
{
    for (size_t i = 1; i < count; i++)
        if (targets[i - 1].real && strcmp(targets[i - 1].real, targets[i].real) == 0 &&
            targets[i - 1].value != targets[i].value)
            return sy_fail(ctx, SY_E_DATA, "%s: %s has two classes, %d and %d", labels_path, targets[i].real,
                           targets[i - 1].value, targets[i].value);
    return SY_OK;
}

sy_status sy_labels_match(sy_ctx *ctx, const sy_labels *labels, const char *labels_path,
                          const char *const *paths, size_t count, int *classes)
{
    size_t missing = 0;
    sy_status status;
    target *targets = calloc(labels->count ? labels->count : 1, sizeof *targets);
    SY_TRY(sy_check_alloc(ctx, targets));
    for (size_t i = 0; i < labels->count; i++)
        targets[i] = (target){realpath(labels->items[i].path, NULL), labels->items[i].value};
    qsort(targets, labels->count, sizeof *targets, compare_targets);
    SY_TRY_DONE(check_twins(ctx, labels_path, targets, labels->count));
    for (size_t i = 0; i < count; i++) {
        target key = {realpath(paths[i], NULL), 0};
        const target *found =
            key.real ? bsearch(&key, targets, labels->count, sizeof *targets, compare_targets) : NULL;
        classes[i] = found ? found->value : -1;
        missing += found == NULL;
        free(key.real);
    }
    if (missing == count)
        status = sy_fail(ctx, SY_E_DATA,
                         "%s: none of its %zu paths (such as %s) is one of the %zu samples (such as %s)",
                         labels_path, labels->count, labels->items[0].path, count, count ? paths[0] : "none");
    else if (missing)
        sy_log(ctx, SY_LOG_WARN, "%zu of %zu samples have no class in %s", missing, count, labels_path);
done:
    for (size_t i = 0; i < labels->count; i++)
        free(targets[i].real);
    free(targets);
    return status;
}
