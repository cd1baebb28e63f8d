/* The INI dialect: MindSpore Lite's lines, read more kindly. See docs/decisions/ini-parser.md. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "config/table.h"

enum {
    FILE_MAX = 1 << 20,
    LINE_MAX_BYTES = 1 << 16,
    SHOWN_MAX = 200, /* characters of a line that a message repeats */
};

/* The last setting of each key in one file, checked when the file has been read. */
typedef struct {
    char *text; /* NULL: not in this file */
    int line;
} setting;

typedef struct {
    sy_ctx *ctx;
    sy_config *config;
    const char *name;
    const sy_section_info *section; /* NULL before the first */
    int line;
    char *buffer; /* [LINE_MAX_BYTES + 1]: the line without comment and quotes */
    setting settings[SY_KEY_COUNT];
} reader;

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static char *trim(char *text)
{
    while (is_blank(*text))
        text++;
    char *end = text + strlen(text);
    while (end > text && is_blank(end[-1]))
        *--end = '\0';
    return text;
}

/* Copies a line without its quotes, carriage returns and comment. A comment begins with # or ; at the start
 * of the line or after a blank, not inside quotes.
 */
static sy_status clean_line(sy_ctx *ctx, const char *line, size_t length, char *out)
{
    bool quoted = false, after_blank = true;
    if (length > LINE_MAX_BYTES)
        return sy_fail(ctx, SY_E_CONFIG, "the line is longer than %d bytes", LINE_MAX_BYTES);
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)line[i];
        if ((c < ' ' && !is_blank((char)c)) || c == 127)
            return sy_fail(ctx, SY_E_CONFIG, "byte %zu is 0x%02x: this is no text file", i + 1, c);
        if ((c == '#' || c == ';') && after_blank && !quoted)
            break;
        after_blank = is_blank((char)c);
        if (c == '"')
            quoted = !quoted;
        else if (c != '\r')
            *out++ = (char)c;
    }
    *out = '\0';
    return SY_OK;
}

static sy_status no_such_section(sy_ctx *ctx, const char *name)
{
    const char *near = sy_text_nearest(name, &sy_config_sections->name, sizeof *sy_config_sections,
                                       (size_t)sy_config_section_count);
    if (near)
        return sy_fail(ctx, SY_E_CONFIG, "[%.*s]: no such section; did you mean [%s]?", SHOWN_MAX, name,
                       near);
    return sy_fail(ctx, SY_E_CONFIG, "[%.*s]: no such section; --help-config lists them", SHOWN_MAX, name);
}

/* The sections that have a key of this name: "[a] or [b]"; "" when there are none. */
static void print_owners(const char *name, sy_text *out)
{
    sy_text_add(out, "", 0);
    for (int i = 0; i < SY_KEY_COUNT; i++)
        if (strcmp(sy_config_keys[i].name, name) == 0)
            sy_text_printf(out, "%s[%s]", out->size ? " or " : "", sy_config_keys[i].section);
}

/* The nearest key of any section, as "near in [section]". */
static sy_status no_such_key(sy_ctx *ctx, const sy_section_info *section, const char *name)
{
    const char *near = section->count ? sy_text_nearest(name, &sy_config_keys[section->first].name,
                                                        sizeof *sy_config_keys, (size_t)section->count)
                                      : NULL;
    sy_text owners = {0};
    sy_status status;
    print_owners(name, &owners);
    if (!owners.failed && owners.size)
        status = sy_fail(ctx, SY_E_CONFIG, "[%s] has no key %s: it belongs to %s", section->name, name,
                         owners.bytes);
    else if (near)
        status = sy_fail(ctx, SY_E_CONFIG, "[%s] has no key %.*s; did you mean %s?", section->name, SHOWN_MAX,
                         name, near);
    else
        status = sy_fail(ctx, SY_E_CONFIG, "[%s] has no key %.*s; --help-config lists its keys",
                         section->name, SHOWN_MAX, name);
    sy_text_release(&owners);
    return status;
}

static sy_status find_key(sy_ctx *ctx, const sy_section_info *section, const char *name, int *out)
{
    if (section->count == 0)
        return sy_fail(ctx, SY_E_UNSUPPORTED,
                       "[%s]: not supported yet by this version: leave the section out", section->name);
    int key = sy_config_find_key(section, name);
    if (key == SY_KEY_COUNT)
        return no_such_key(ctx, section, name);
    *out = key;
    return SY_OK;
}

static sy_status read_section(reader *self, char *text)
{
    char *end = text + strlen(text) - 1;
    if (*end != ']')
        return sy_fail(self->ctx, SY_E_CONFIG, "'%.*s': a section ends with ]", SHOWN_MAX, text);
    *end = '\0';
    const char *name = trim(text + 1);
    self->section = sy_config_find_section(name);
    return self->section ? SY_OK : no_such_section(self->ctx, name);
}

static sy_status read_setting(reader *self, char *text)
{
    char *equals = strchr(text, '=');
    if (!equals)
        return sy_fail(self->ctx, SY_E_CONFIG, "'%.*s' is neither [section] nor key = value", SHOWN_MAX,
                       text);
    *equals = '\0';
    const char *name = trim(text), *value = trim(equals + 1);
    if (!self->section)
        return sy_fail(self->ctx, SY_E_CONFIG, "%.*s comes before any [section]", SHOWN_MAX, name);
    int key;
    SY_TRY(find_key(self->ctx, self->section, name, &key));
    if (!*value)
        return sy_fail(self->ctx, SY_E_CONFIG, "[%s] %s has no value: write one, or leave the line out",
                       self->section->name, name);
    setting *previous = &self->settings[key];
    if (previous->text)
        sy_log(self->ctx, SY_LOG_WARN, "%s:%d: [%s] %s was set in line %d already; this one counts",
               self->name, self->line, self->section->name, name, previous->line);
    free(previous->text);
    previous->text = strdup(value);
    previous->line = self->line;
    return sy_check_alloc(self->ctx, previous->text);
}

static sy_status read_line(reader *self, const char *line, size_t length)
{
    SY_TRY(clean_line(self->ctx, line, length, self->buffer));
    char *text = trim(self->buffer);
    if (!*text)
        return SY_OK;
    return *text == '[' ? read_section(self, text) : read_setting(self, text);
}

static sy_status read_lines(reader *self, const char *text, size_t size)
{
    static const char mark[] = "\xEF\xBB\xBF"; /* of UTF-8, as some editors write it */
    const char *end = text + size;
    if (size >= 3 && memcmp(text, mark, 3) == 0)
        text += 3;
    while (text < end) {
        const char *stop = memchr(text, '\n', (size_t)(end - text));
        size_t length = (size_t)((stop ? stop : end) - text);
        self->line++;
        SY_TRY(sy_while(self->ctx, read_line(self, text, length), "%s:%d", self->name, self->line));
        text += length + (stop != NULL);
    }
    return SY_OK;
}

static sy_status store_settings(reader *self)
{
    for (int key = 0; key < SY_KEY_COUNT; key++) {
        const setting *each = &self->settings[key];
        const sy_key_info *info = &sy_config_keys[key];
        if (!each->text)
            continue;
        SY_TRY(sy_while(self->ctx, sy_config_store(self->ctx, self->config, key, each->text),
                        "%s:%d: [%s] %s = %.*s", self->name, each->line, info->section, info->name, SHOWN_MAX,
                        each->text));
        self->config->sources[key] = (sy_config_source){self->name, each->line};
    }
    return SY_OK;
}

sy_status sy_config_parse(sy_ctx *ctx, sy_config *config, const char *name, const char *text, size_t size)
{
    sy_status status;
    if (size > FILE_MAX)
        return sy_fail(ctx, SY_E_CONFIG, "%s: is larger than %d bytes: this is no configuration", name,
                       FILE_MAX);
    if (size && memchr(text, 0, size))
        return sy_fail(ctx, SY_E_CONFIG, "%s: holds zero bytes: this is no text file", name);
    reader *self = calloc(1, sizeof *self);
    SY_TRY(sy_check_alloc(ctx, self));
    self->ctx = ctx;
    self->config = config;
    self->name = sy_arena_text(&config->arena, name);
    self->buffer = malloc(LINE_MAX_BYTES + 1);
    SY_TRY_DONE(sy_check_alloc(ctx, self->name));
    SY_TRY_DONE(sy_check_alloc(ctx, self->buffer));
    SY_TRY_DONE(read_lines(self, text, size));
    SY_TRY_DONE(store_settings(self));
done:
    for (int key = 0; key < SY_KEY_COUNT; key++)
        free(self->settings[key].text);
    free(self->buffer);
    free(self);
    return status;
}

sy_status sy_config_load(sy_ctx *ctx, sy_config *config, const char *path)
{
    sy_mapped file = {0};
    SY_TRY(sy_file_map(ctx, path, &file));
    sy_status status = sy_config_parse(ctx, config, path, (const char *)file.bytes, file.size);
    sy_file_unmap(&file);
    return status;
}

/* "section.key": the key it names. */
static sy_status find_qualified(sy_ctx *ctx, char *name, int *out)
{
    char *dot = strchr(name, '.');
    if (!dot) {
        sy_text owners = {0};
        print_owners(name, &owners);
        sy_status status = owners.failed || !owners.size
                               ? sy_fail(ctx, SY_E_CONFIG,
                                         "must be section.key=value; --help-config lists sections and keys")
                               : sy_fail(ctx, SY_E_CONFIG, "must be section.key=value; %s belongs to %s",
                                         name, owners.bytes);
        sy_text_release(&owners);
        return status;
    }
    *dot = '\0';
    const sy_section_info *section = sy_config_find_section(trim(name));
    if (!section)
        return no_such_section(ctx, trim(name));
    return find_key(ctx, section, trim(dot + 1), out);
}

static sy_status set_cleaned(sy_ctx *ctx, sy_config *config, const char *option, char *text)
{
    char *equals = strchr(text, '=');
    if (!equals)
        return sy_fail(ctx, SY_E_CONFIG, "must be section.key=value");
    *equals = '\0';
    const char *value = trim(equals + 1);
    int key;
    SY_TRY(find_qualified(ctx, trim(text), &key));
    if (!*value)
        return sy_fail(ctx, SY_E_CONFIG, "has no value");
    SY_TRY(sy_config_store(ctx, config, key, value));
    char *name = sy_arena_text(&config->arena, option);
    SY_TRY(sy_check_alloc(ctx, name));
    config->sources[key] = (sy_config_source){name, 0};
    return SY_OK;
}

sy_status sy_config_set(sy_ctx *ctx, sy_config *config, const char *option, const char *assignment)
{
    size_t length = strlen(assignment);
    char *text = calloc(length + 1, 1);
    SY_TRY(sy_check_alloc(ctx, text));
    /* Quotes and comments are for files: a shell has quotes of its own, and a comment here would be a value
     * cut short. */
    size_t kept = 0;
    sy_status status = SY_OK;
    for (size_t i = 0; i < length && status == SY_OK; i++) {
        unsigned char c = (unsigned char)assignment[i];
        if ((c < ' ' && c != '\t') || c == 127)
            status = sy_fail(ctx, SY_E_CONFIG, "holds the control character 0x%02x", c);
        else if (c != '"')
            text[kept++] = (char)c;
    }
    if (status == SY_OK)
        status = set_cleaned(ctx, config, option, text);
    free(text);
    return sy_while(ctx, status, "%s %.*s", option, SHOWN_MAX, assignment);
}
