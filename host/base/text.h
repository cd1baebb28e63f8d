/* Text: building it, and finding what somebody meant. */
#ifndef SY_BASE_TEXT_H
#define SY_BASE_TEXT_H

#include <stdbool.h>

#include "base/fail.h"

/* A growing string. A zeroed one is empty. Running out of memory sets `failed` and drops what comes
 * after, so code appends straight down and checks once.
 */
typedef struct sy_text {
    char *bytes; /* NUL-terminated once anything was added, else NULL */
    size_t size, capacity;
    bool failed;
} sy_text;

void sy_text_printf(sy_text *text, const char *format, ...) SY_PRINTF(2, 3);
void sy_text_add(sy_text *text, const void *bytes, size_t size);
void sy_text_release(sy_text *text);

/* The candidate nearest to `word` by edit distance, or NULL when none is near enough to be meant.
 * `stride` is the distance in bytes between the `const char *` members; `first` points at the first.
 */
const char *sy_text_nearest(const char *word, const char *const *first, size_t stride, size_t count);

/* Whole-string parses; false leaves *out alone. No locale is consulted. */
bool sy_parse_int(const char *text, int64_t *out);
bool sy_parse_double(const char *text, double *out); /* also accepts a fraction: "1/127.5" */

#endif
