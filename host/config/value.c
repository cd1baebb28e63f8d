/* One value: from text to the field of its key, and back. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "config/table.h"

static void *field_of(sy_config *config, const sy_key_info *key)
{
    return (char *)config + key->offset;
}

static const void *const_field_of(const sy_config *config, const sy_key_info *key)
{
    return (const char *)config + key->offset;
}

/* Words of `key` separated by ", ": all of them, or those that are supported. */
static void print_words(const sy_key_info *key, bool supported_only, sy_text *out)
{
    const char *separator = "";
    for (int i = 0; i < key->word_count; i++) {
        if (supported_only && key->words[i].support != SY_SUPPORT_NOW)
            continue;
        sy_text_printf(out, "%s%s", separator, key->words[i].text);
        separator = ", ";
    }
}

void sy_config_print_domain(const sy_key_info *key, sy_text *out)
{
    switch (key->kind) {
    case SY_KIND_INT: sy_text_printf(out, "a whole number from %.0f to %.0f", key->low, key->high); break;
    case SY_KIND_FLOAT: sy_text_printf(out, "a number above %g and below %g", key->low, key->high); break;
    case SY_KIND_FLOATS:
        sy_text_printf(out, "1 to %d numbers%s, as in [a, b, c]", SY_CONFIG_FLOATS_MAX,
                       key->low == 0 ? " above 0" : "");
        break;
    case SY_KIND_BOOL: sy_text_printf(out, "true or false"); break;
    case SY_KIND_ENUM:
        sy_text_printf(out, "one of ");
        print_words(key, false, out);
        break;
    case SY_KIND_TEXT: sy_text_printf(out, "text"); break;
    case SY_KIND_LIST: sy_text_printf(out, "names separated by commas"); break;
    }
}

/* "must be ..." with `hint` after it. */
static sy_status refuse(sy_ctx *ctx, const sy_key_info *key, const char *hint)
{
    sy_text domain = {0};
    sy_config_print_domain(key, &domain);
    sy_status status =
        sy_fail(ctx, SY_E_CONFIG, "must be %s%s", domain.failed ? "something else" : domain.bytes, hint);
    sy_text_release(&domain);
    return status;
}

static sy_status parse_int(sy_ctx *ctx, const sy_key_info *key, const char *text, int *out)
{
    int64_t value;
    if (!sy_parse_int(text, &value) || (double)value < key->low || (double)value > key->high)
        return refuse(ctx, key, "");
    *out = (int)value;
    return SY_OK;
}

static bool parse_number(const sy_key_info *key, const char *text, double *out)
{
    double value;
    if (!sy_parse_double(text, &value) || !(value > key->low && value < key->high))
        return false;
    *out = value;
    return true;
}

static sy_status parse_float(sy_ctx *ctx, const sy_key_info *key, const char *text, double *out)
{
    return parse_number(key, text, out) ? SY_OK : refuse(ctx, key, "; fractions such as 1/127.5 are fine");
}

/* Copies what lies between `begin` and `end` without the spaces around it; false when it does not fit. */
static bool copy_trimmed(const char *begin, const char *end, char *out, size_t capacity)
{
    while (begin < end && (*begin == ' ' || *begin == '\t'))
        begin++;
    while (end > begin && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    size_t length = (size_t)(end - begin);
    if (length >= capacity)
        return false;
    memcpy(out, begin, length);
    out[length] = '\0';
    return true;
}

static sy_status parse_floats(sy_ctx *ctx, const sy_key_info *key, const char *text, sy_config_floats *out)
{
    const char *hint = "; fractions such as 255/2 are fine";
    const char *end = text + strlen(text);
    if (*text == '[') {
        if (end[-1] != ']')
            return refuse(ctx, key, hint);
        text++;
        end--;
    }
    sy_config_floats floats = {.count = 0};
    while (text <= end) {
        char number[64];
        const char *comma = memchr(text, ',', (size_t)(end - text));
        const char *stop = comma ? comma : end;
        if (floats.count == SY_CONFIG_FLOATS_MAX || !copy_trimmed(text, stop, number, sizeof number) ||
            !parse_number(key, number, &floats.values[floats.count]))
            return refuse(ctx, key, hint);
        floats.count++;
        text = stop + 1;
    }
    *out = floats;
    return SY_OK;
}

static bool equal_ignoring_case(const char *a, const char *b)
{
    for (; *a && *b; a++, b++) {
        int x = *a >= 'A' && *a <= 'Z' ? *a + 32 : *a;
        int y = *b >= 'A' && *b <= 'Z' ? *b + 32 : *b;
        if (x != y)
            return false;
    }
    return *a == *b;
}

static sy_status parse_bool(sy_ctx *ctx, const sy_key_info *key, const char *text, bool *out)
{
    bool is_true = equal_ignoring_case(text, "true");
    if (!is_true && !equal_ignoring_case(text, "false"))
        return refuse(ctx, key, "");
    *out = is_true;
    return SY_OK;
}

static const sy_key_word *find_word(const sy_key_info *key, const char *text)
{
    for (int i = 0; i < sy_config_alias_count; i++)
        if (&sy_config_keys[sy_config_aliases[i].key] == key && strcmp(sy_config_aliases[i].text, text) == 0)
            text = sy_config_aliases[i].word;
    for (int i = 0; i < key->word_count; i++)
        if (strcmp(key->words[i].text, text) == 0)
            return &key->words[i];
    return NULL;
}

static sy_status parse_word(sy_ctx *ctx, const sy_key_info *key, const char *text, void *out)
{
    const sy_key_word *word = find_word(key, text);
    if (!word) {
        char hint[128] = "";
        const char *near =
            sy_text_nearest(text, &key->words->text, sizeof *key->words, (size_t)key->word_count);
        if (near)
            snprintf(hint, sizeof hint, "; did you mean %s?", near);
        return refuse(ctx, key, hint);
    }
    if (word->support != SY_SUPPORT_NOW) {
        sy_text words = {0};
        print_words(key, true, &words);
        sy_status status = sy_fail(ctx, SY_E_UNSUPPORTED, "not supported yet by this version: %s can be %s",
                                   key->name, words.failed ? "another word" : words.bytes);
        sy_text_release(&words);
        return status;
    }
    /* Every sy_<words> type is an int to the compiler; table.c would not compile its values otherwise. */
    memcpy(out, &word->value, sizeof word->value);
    return SY_OK;
}

static sy_status parse_list(sy_ctx *ctx, sy_arena *arena, const char *text, sy_config_list *out)
{
    size_t capacity = 1;
    for (const char *at = text; *at; at++)
        capacity += *at == ',';
    char **items = sy_arena_alloc(arena, capacity, sizeof *items);
    SY_TRY(sy_check_alloc(ctx, items));
    int count = 0;
    for (const char *at = text;; at++) {
        size_t length = strcspn(at, ",");
        char *item = sy_arena_text_n(arena, at, length);
        SY_TRY(sy_check_alloc(ctx, item));
        copy_trimmed(at, at + length, item, length + 1);
        if (*item)
            items[count++] = item;
        at += length;
        if (!*at)
            break;
    }
    *out = (sy_config_list){(const char *const *)items, count};
    return SY_OK;
}

static sy_status parse_text(sy_ctx *ctx, sy_arena *arena, const char *text, const char **out)
{
    char *copy = sy_arena_text(arena, text);
    SY_TRY(sy_check_alloc(ctx, copy));
    *out = copy;
    return SY_OK;
}

static sy_status parse_value(sy_ctx *ctx, sy_config *config, const sy_key_info *key, const char *text)
{
    void *field = field_of(config, key);
    switch (key->kind) {
    case SY_KIND_INT: return parse_int(ctx, key, text, field);
    case SY_KIND_FLOAT: return parse_float(ctx, key, text, field);
    case SY_KIND_FLOATS: return parse_floats(ctx, key, text, field);
    case SY_KIND_BOOL: return parse_bool(ctx, key, text, field);
    case SY_KIND_ENUM: return parse_word(ctx, key, text, field);
    case SY_KIND_TEXT: return parse_text(ctx, &config->arena, text, field);
    case SY_KIND_LIST: return parse_list(ctx, &config->arena, text, field);
    }
    return SY_OK;
}

static bool is_default(const sy_config *config, const sy_key_info *key)
{
    sy_text value = {0};
    sy_config_print_value(config, (sy_config_key)(key - sy_config_keys), &value);
    sy_config standard = {0};
    bool same = false;
    if (*key->fallback && parse_value(NULL, &standard, key, key->fallback) == SY_OK) {
        sy_text fallback = {0};
        sy_config_print_value(&standard, (sy_config_key)(key - sy_config_keys), &fallback);
        same = !value.failed && !fallback.failed && strcmp(value.bytes, fallback.bytes) == 0;
        sy_text_release(&fallback);
    }
    sy_arena_release(&standard.arena);
    sy_text_release(&value);
    return same;
}

sy_status sy_config_store(sy_ctx *ctx, sy_config *config, int key, const char *text)
{
    const sy_key_info *info = &sy_config_keys[key];
    SY_TRY(parse_value(ctx, config, info, text));
    if (info->support == SY_SUPPORT_NOW || is_default(config, info))
        return SY_OK;
    if (*info->fallback)
        return sy_fail(ctx, SY_E_UNSUPPORTED, "not supported yet by this version: %s can only be %s",
                       info->name, info->fallback);
    return sy_fail(ctx, SY_E_UNSUPPORTED, "not supported yet by this version: leave %s out", info->name);
}

const char *sy_config_word(sy_config_key key, int value)
{
    const sy_key_info *info = &sy_config_keys[key];
    for (int i = 0; i < info->word_count; i++)
        if (info->words[i].value == value)
            return info->words[i].text;
    return NULL;
}

/* With as few digits as read back to the same number. */
static void print_number(double value, sy_text *out)
{
    char text[40];
    for (int digits = 1; digits <= 17; digits++) {
        double back;
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (sy_parse_double(text, &back) && back == value)
            break;
    }
    sy_text_printf(out, "%s", text);
}

/* In quotes where it would otherwise end in a comment. A value never holds a quote: the parser drops them. */
static void print_text(const char *text, sy_text *out)
{
    bool quote = *text == '#' || *text == ';';
    for (const char *at = text; *at && !quote; at++)
        quote = (*at == ' ' || *at == '\t') && (at[1] == '#' || at[1] == ';');
    sy_text_printf(out, quote ? "\"%s\"" : "%s", text);
}

static void print_list(const sy_config_list *list, sy_text *out)
{
    sy_text joined = {0};
    for (int i = 0; i < list->count; i++)
        sy_text_printf(&joined, "%s%s", i ? "," : "", list->items[i]);
    if (joined.failed)
        out->failed = true;
    else if (joined.bytes)
        print_text(joined.bytes, out);
    sy_text_release(&joined);
}

static void print_floats(const sy_config_floats *floats, sy_text *out)
{
    for (int i = 0; i < floats->count; i++) {
        sy_text_printf(out, i ? ", " : "[");
        print_number(floats->values[i], out);
    }
    if (floats->count)
        sy_text_printf(out, "]");
}

void sy_config_print_value(const sy_config *config, sy_config_key key, sy_text *out)
{
    const sy_key_info *info = &sy_config_keys[key];
    const void *field = const_field_of(config, info);
    sy_text_add(out, "", 0); /* so that there is text even when nothing is set */
    switch (info->kind) {
    case SY_KIND_INT:
        if (*(const int *)field || *info->fallback)
            sy_text_printf(out, "%d", *(const int *)field);
        break;
    case SY_KIND_FLOAT: print_number(*(const double *)field, out); break;
    case SY_KIND_FLOATS: print_floats(field, out); break;
    case SY_KIND_BOOL: sy_text_printf(out, "%s", *(const bool *)field ? "true" : "false"); break;
    case SY_KIND_ENUM: {
        int value;
        memcpy(&value, field, sizeof value);
        const char *word = sy_config_word(key, value);
        sy_text_printf(out, "%s", word ? word : "");
        break;
    }
    case SY_KIND_TEXT:
        if (*(const char *const *)field)
            print_text(*(const char *const *)field, out);
        break;
    case SY_KIND_LIST: print_list(field, out); break;
    }
}
