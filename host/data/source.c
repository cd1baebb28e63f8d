#include "data/source.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"

static const struct {
    const char *end;
    sy_file_kind kind;
    sy_dtype dtype;
} endings[] = {
    {"jpg", SY_FILE_IMAGE, SY_DTYPE_UNDEFINED}, {"jpeg", SY_FILE_IMAGE, SY_DTYPE_UNDEFINED},
    {"png", SY_FILE_IMAGE, SY_DTYPE_UNDEFINED}, {"bmp", SY_FILE_IMAGE, SY_DTYPE_UNDEFINED},
    {"pnm", SY_FILE_IMAGE, SY_DTYPE_UNDEFINED}, {"ppm", SY_FILE_IMAGE, SY_DTYPE_UNDEFINED},
    {"pgm", SY_FILE_IMAGE, SY_DTYPE_UNDEFINED}, {"npy", SY_FILE_NPY, SY_DTYPE_UNDEFINED},
    {"bin", SY_FILE_RAW, SY_DTYPE_UNDEFINED},   {"raw", SY_FILE_RAW, SY_DTYPE_UNDEFINED},
    {"f16", SY_FILE_RAW, SY_DTYPE_FLOAT16},     {"f32", SY_FILE_RAW, SY_DTYPE_FLOAT},
    {"f64", SY_FILE_RAW, SY_DTYPE_DOUBLE},      {"i8", SY_FILE_RAW, SY_DTYPE_INT8},
    {"i16", SY_FILE_RAW, SY_DTYPE_INT16},       {"i32", SY_FILE_RAW, SY_DTYPE_INT32},
    {"i64", SY_FILE_RAW, SY_DTYPE_INT64},       {"u8", SY_FILE_RAW, SY_DTYPE_UINT8},
    {"u16", SY_FILE_RAW, SY_DTYPE_UINT16},      {"u32", SY_FILE_RAW, SY_DTYPE_UINT32},
    {"u64", SY_FILE_RAW, SY_DTYPE_UINT64},
};
static const char known_endings[] =
    "photographs .jpg .jpeg .png .bmp .pnm .ppm .pgm, arrays .npy, raw elements .bin "
    ".raw .f16 .f32 .f64 .i8 .i16 .i32 .i64 .u8 .u16 .u32 .u64";

static bool equal_ignoring_case(const char *a, const char *lower)
{
    for (; *a && *lower; a++, lower++)
        if ((*a >= 'A' && *a <= 'Z' ? *a + 32 : *a) != *lower)
            return false;
    return *a == *lower;
}

bool sy_source_classify(sy_input_type type, const char *name, sy_file_kind *out_kind, sy_dtype *out_dtype)
{
    const char *dot = strrchr(name, '.');
    bool known = false;
    *out_kind = SY_FILE_RAW;
    *out_dtype = SY_DTYPE_UNDEFINED;
    for (size_t i = 0; dot && !known && i < sizeof endings / sizeof endings[0]; i++)
        if (equal_ignoring_case(dot + 1, endings[i].end)) {
            known = true;
            *out_kind = endings[i].kind;
            *out_dtype = endings[i].dtype;
        }
    switch (type) {
    case SY_INPUT_TYPE_IMAGE: *out_kind = SY_FILE_IMAGE; return true;
    case SY_INPUT_TYPE_BIN: *out_kind = SY_FILE_RAW; return true;
    case SY_INPUT_TYPE_NPY: *out_kind = SY_FILE_NPY; return true;
    default: return known;
    }
}

/* The files of one folder, while they are sorted out. */
typedef struct {
    sy_ctx *ctx;
    sy_arena *arena;
    const char *folder, *pattern; /* NULL: every name */
    sy_input_type type;
    size_t files, folders, matching; /* seen, hidden ones left out */
    size_t hidden;
    const char *one_folder, *one_unknown;
    sy_source found;
} listing;

static sy_status add_file(listing *self, const char *name, const char *path)
{
    sy_source_file file = {.path = path, .name = name};
    if (!sy_source_classify(self->type, name, &file.kind, &file.dtype)) {
        self->one_unknown = name;
        return SY_OK;
    }
    self->found.files[self->found.count++] = file;
    return SY_OK;
}

static sy_status look_at(listing *self, const char *name)
{
    if (name[0] == '.') {
        self->hidden++;
        return SY_OK;
    }
    char *path = sy_arena_printf(self->arena, "%s/%s", self->folder, name);
    SY_TRY(sy_check_alloc(self->ctx, path));
    if (sy_path_is_folder(path)) {
        self->folders++;
        self->one_folder = name;
        return SY_OK;
    }
    self->files++;
    if (self->pattern && fnmatch(self->pattern, name, 0) != 0)
        return SY_OK;
    self->matching++;
    return add_file(self, name, path);
}

/* Each way a folder can be of no use has its own words. */
static sy_status explain_none(const listing *self)
{
    sy_ctx *ctx = self->ctx;
    if (self->files == 0 && self->folders == 0)
        return sy_fail(ctx, SY_E_DATA, "%s: the folder %s", self->folder,
                       self->hidden ? "holds only hidden files" : "is empty");
    if (self->files == 0)
        return sy_fail(
            ctx, SY_E_DATA,
            "%s: holds only folders (such as %s) and no files: give one of them, or a labels file that "
            "lists the samples",
            self->folder, self->one_folder);
    if (self->matching == 0)
        return sy_fail(ctx, SY_E_DATA, "%s: none of the folder's %zu files matches %s", self->folder,
                       self->files, self->pattern);
    return sy_fail(
        ctx, SY_E_DATA,
        "%s: none of its %zu files (such as %s) is a sample by its name (%s); set input_type if they are",
        self->folder, self->matching, self->one_unknown, known_endings);
}

static sy_status list_folder(listing *self)
{
    char **names;
    size_t count;
    SY_TRY(sy_folder_list(self->ctx, self->folder, self->arena, &names, &count));
    self->found.files = sy_arena_alloc(self->arena, count, sizeof *self->found.files);
    SY_TRY(sy_check_alloc(self->ctx, self->found.files));
    for (size_t i = 0; i < count; i++)
        SY_TRY(look_at(self, names[i]));
    if (self->found.count == 0)
        return explain_none(self);
    if (self->found.count < self->matching)
        sy_log(self->ctx, SY_LOG_WARN,
               "%s: %zu of its files are no samples by their names and are left out (such as %s)",
               self->folder, self->matching - self->found.count, self->one_unknown);
    return SY_OK;
}

static sy_status list_one_file(sy_ctx *ctx, sy_input_type type, const char *path, sy_arena *arena,
                               sy_source *out)
{
    sy_source_file *file = sy_arena_alloc(arena, 1, sizeof *file);
    SY_TRY(sy_check_alloc(ctx, file));
    file->path = path;
    file->name = sy_path_base(path);
    if (!sy_source_classify(type, path, &file->kind, &file->dtype))
        return sy_fail(ctx, SY_E_DATA, "%s: is no sample by its name (%s); set input_type if it is", path,
                       known_endings);
    *out = (sy_source){file, 1};
    return SY_OK;
}

/* A folder, a folder with a pattern of names, or one file. */
static sy_status list_path(sy_ctx *ctx, sy_input_type type, const char *path, sy_arena *arena, sy_source *out)
{
    listing self = {.ctx = ctx, .arena = arena, .type = type, .folder = path};
    if (!sy_path_is_folder(path)) {
        if (sy_path_exists(path))
            return list_one_file(ctx, type, path, arena, out);
        const char *base = sy_path_base(path);
        if (!strpbrk(base, "*?["))
            return sy_fail(ctx, SY_E_DATA, "%s: no such folder", path);
        self.pattern = base;
        size_t length = (size_t)(base - path);
        self.folder = length == 0 ? "." : length == 1 ? "/" : sy_arena_text_n(arena, path, length - 1);
        SY_TRY(sy_check_alloc(ctx, self.folder));
        if (!sy_path_is_folder(self.folder))
            return sy_fail(ctx, SY_E_DATA, "%s: no such folder", self.folder);
    }
    SY_TRY(list_folder(&self));
    *out = self.found;
    return SY_OK;
}

/* The names of the inputs: "a, b", or with a suffix ":DIR" what to write, "a:DIR,b:DIR". */
static const char *input_names(const sy_sample_input *inputs, int count, const char *suffix, sy_arena *arena)
{
    sy_text text = {0};
    for (int i = 0; i < count; i++) {
        if (i)
            sy_text_printf(&text, suffix ? "," : ", ");
        sy_text_printf(&text, "%s%s", inputs[i].name, suffix ? suffix : "");
    }
    char *copy = text.failed ? NULL : sy_arena_text(arena, text.bytes);
    sy_text_release(&text);
    return copy ? copy : "?";
}

static char *trim(char *text)
{
    while (*text == ' ' || *text == '\t')
        text++;
    char *end = text + strlen(text);
    while (end > text && (end[-1] == ' ' || end[-1] == '\t'))
        *--end = '\0';
    return text;
}

static char *unquote(char *text)
{
    size_t length = strlen(text);
    if (length < 2 || text[0] != '\'' || text[length - 1] != '\'')
        return text;
    text[length - 1] = '\0';
    return text + 1;
}

/* A request while its text is read. */
typedef struct {
    sy_ctx *ctx;
    const sy_source_request *wanted;
    sy_arena *arena;
    const char **paths; /* [input_count] */
} request;

static sy_status find_input(const request *self, const char *name, int *out)
{
    for (int i = 0; i < self->wanted->input_count; i++)
        if (strcmp(self->wanted->inputs[i].name, name) == 0) {
            *out = i;
            return SY_OK;
        }
    return sy_fail(self->ctx, self->wanted->misuse, "%s: the model has no input %s; it has %s",
                   self->wanted->option, name,
                   input_names(self->wanted->inputs, self->wanted->input_count, NULL, self->arena));
}

/* "name:path", or a path where there is one input. Earlier colons belong to the name. */
static sy_status parse_item(request *self, char *item)
{
    char *colon = strrchr(item, ':');
    const bool lone = self->wanted->input_count == 1 && (!colon || sy_path_exists(unquote(item)));
    int input = 0;
    if (!colon && !lone)
        return sy_fail(self->ctx, self->wanted->misuse, "%s %s: the model has %d inputs: write %s",
                       self->wanted->option, item, self->wanted->input_count,
                       input_names(self->wanted->inputs, self->wanted->input_count, ":DIR", self->arena));
    const char *path = unquote(item);
    if (!lone) {
        *colon = '\0';
        SY_TRY(find_input(self, trim(item), &input));
        path = unquote(trim(colon + 1));
    }
    if (!*path)
        return sy_fail(self->ctx, self->wanted->misuse, "%s: input %s has no folder", self->wanted->option,
                       self->wanted->inputs[input].name);
    if (self->paths[input])
        return sy_fail(self->ctx, self->wanted->misuse, "%s: input %s is given twice", self->wanted->option,
                       self->wanted->inputs[input].name);
    self->paths[input] = path;
    return SY_OK;
}

static sy_status parse_text(request *self)
{
    char *copy = sy_arena_text(self->arena, self->wanted->text);
    SY_TRY(sy_check_alloc(self->ctx, copy));
    char *whole = unquote(trim(copy));
    if (self->wanted->input_count == 1 && sy_path_exists(whole)) { /* however many commas and colons it has */
        self->paths[0] = whole;
        return SY_OK;
    }
    for (char *item = whole, *comma = item; comma; item = comma + 1) {
        comma = strchr(item, ',');
        if (comma)
            *comma = '\0';
        SY_TRY(parse_item(self, trim(item)));
    }
    for (int i = 0; i < self->wanted->input_count; i++)
        if (!self->paths[i])
            return sy_fail(self->ctx, self->wanted->misuse, "%s: input %s has no folder: write %s",
                           self->wanted->option, self->wanted->inputs[i].name,
                           input_names(self->wanted->inputs, self->wanted->input_count, ":DIR", self->arena));
    return SY_OK;
}

sy_status sy_sources_find(sy_ctx *ctx, const sy_source_request *wanted, sy_arena *arena, sy_source *out)
{
    request self = {ctx, wanted, arena, NULL};
    self.paths = sy_arena_alloc(arena, (size_t)wanted->input_count, sizeof *self.paths);
    SY_TRY(sy_check_alloc(ctx, self.paths));
    SY_TRY(parse_text(&self));
    for (int i = 0; i < wanted->input_count; i++)
        SY_TRY(list_path(ctx, wanted->type, self.paths[i], arena, &out[i]));
    return SY_OK;
}
