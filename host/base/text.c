#include "base/text.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool reserve(sy_text *text, size_t more)
{
    if (text->failed || more > SIZE_MAX / 4 || text->size > SIZE_MAX / 4) {
        text->failed = true;
        return false;
    }
    size_t need = text->size + more + 1;
    if (need <= text->capacity)
        return true;
    size_t capacity = text->capacity ? text->capacity : 256;
    while (capacity < need)
        capacity *= 2;
    char *bytes = realloc(text->bytes, capacity);
    if (!bytes) {
        text->failed = true;
        return false;
    }
    text->bytes = bytes;
    text->capacity = capacity;
    return true;
}

void sy_text_add(sy_text *text, const void *bytes, size_t size)
{
    if (!reserve(text, size))
        return;
    if (size)
        memcpy(text->bytes + text->size, bytes, size);
    text->size += size;
    text->bytes[text->size] = '\0';
}

void sy_text_printf(sy_text *text, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (length < 0 || !reserve(text, (size_t)length)) {
        text->failed = true;
        return;
    }
    va_start(args, format);
    vsnprintf(text->bytes + text->size, (size_t)length + 1, format, args);
    va_end(args);
    text->size += (size_t)length;
}

void sy_text_release(sy_text *text)
{
    free(text->bytes);
    *text = (sy_text){0};
}

enum { WORD_MAX = 64 };

/* Insertions, deletions and substitutions, as Levenshtein counts them. */
static size_t edit_distance(const char *a, const char *b)
{
    size_t row[WORD_MAX + 1];
    size_t a_length = strlen(a), b_length = strlen(b);
    for (size_t j = 0; j <= b_length; j++)
        row[j] = j;
    for (size_t i = 1; i <= a_length; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b_length; j++) {
            size_t best = diagonal + (a[i - 1] != b[j - 1]);
            if (row[j] + 1 < best)
                best = row[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            diagonal = row[j];
            row[j] = best;
        }
    }
    return row[b_length];
}

static void lower_case(const char *from, char to[WORD_MAX + 1])
{
    size_t i = 0;
    for (; from[i] && i < WORD_MAX; i++)
        to[i] = (char)(from[i] >= 'A' && from[i] <= 'Z' ? from[i] - 'A' + 'a' : from[i]);
    to[i] = '\0';
}

const char *sy_text_nearest(const char *word, const char *const *first, size_t stride, size_t count)
{
    char meant[WORD_MAX + 1] = "", candidate[WORD_MAX + 1] = "";
    if (!*word || strlen(word) > WORD_MAX)
        return NULL;
    lower_case(word, meant);
    const char *best = NULL;
    size_t best_distance = 1 + (strlen(word) + 1) / 3; /* a third of the word may be wrong */
    for (size_t i = 0; i < count; i++) {
        const char *name = *(const char *const *)(const void *)((const char *)first + i * stride);
        if (!name || strlen(name) > WORD_MAX)
            continue;
        lower_case(name, candidate);
        size_t distance = edit_distance(meant, candidate);
        if (distance < best_distance) {
            best_distance = distance;
            best = name;
        }
    }
    return best;
}

bool sy_parse_int(const char *text, int64_t *out)
{
    char *end;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (end == text || *end || errno || text[0] == ' ')
        return false;
    *out = value;
    return true;
}

static bool parse_decimal(const char *text, char terminator, double *out, const char **out_end)
{
    static const char allowed[] = "0123456789+-.eE";
    size_t length = strspn(text, allowed);
    if (length == 0 || text[length] != terminator)
        return false;
    char *end;
    errno = 0;
    double value = strtod(text, &end);
    if (end != text + length || !isfinite(value))
        return false;
    *out = value;
    *out_end = end;
    return true;
}

bool sy_parse_double(const char *text, double *out)
{
    const char *end;
    double numerator, denominator;
    if (parse_decimal(text, '\0', out, &end))
        return true;
    if (!parse_decimal(text, '/', &numerator, &end) || !parse_decimal(end + 1, '\0', &denominator, &end) ||
        denominator == 0)
        return false;
    *out = numerator / denominator;
    return true;
}
