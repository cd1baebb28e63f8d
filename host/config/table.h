/* The rows of keys.def as data: what the parser, the checks and the help walk over. Inside config only. */
#ifndef SY_CONFIG_TABLE_H
#define SY_CONFIG_TABLE_H

#include "config/config.h"

typedef enum sy_support {
    SY_SUPPORT_NOW,
    SY_SUPPORT_LATER,
} sy_support;

typedef enum sy_key_kind {
    SY_KIND_INT,
    SY_KIND_FLOAT,
    SY_KIND_FLOATS,
    SY_KIND_BOOL,
    SY_KIND_ENUM,
    SY_KIND_TEXT,
    SY_KIND_LIST,
} sy_key_kind;

typedef struct sy_key_word {
    const char *text;
    int value;
    sy_support support;
} sy_key_word;

typedef struct sy_key_info {
    const char *name, *section, *help;
    const char *fallback; /* the default as one would type it; "" where there is none */
    sy_key_kind kind;
    sy_support support;
    size_t offset;    /* of the field in sy_config */
    double low, high; /* INT: both allowed; FLOAT and FLOATS: neither */
    const sy_key_word *words;
    int word_count;
} sy_key_info;

typedef struct sy_key_alias {
    sy_config_key key;
    const char *text, *word;
} sy_key_alias;

typedef struct sy_section_info {
    const char *name, *help;
    int first, count; /* its keys in sy_config_keys; count 0: OPEN */
} sy_section_info;

extern const sy_key_info sy_config_keys[SY_KEY_COUNT];
extern const sy_key_alias sy_config_aliases[];
extern const int sy_config_alias_count;
extern const sy_section_info sy_config_sections[];
extern const int sy_config_section_count;

const sy_section_info *sy_config_find_section(const char *name);          /* NULL is an answer */
int sy_config_find_key(const sy_section_info *section, const char *name); /* SY_KEY_COUNT: there is none */

/* Every value that is accepted, in words: "a whole number from 1 to 65535", "one of KL, MSE". */
void sy_config_print_domain(const sy_key_info *key, sy_text *out);

/* Checks `text` and stores it in the field of `key`. The message says what is wrong with the value, not where
 * it is. */
sy_status sy_config_store(sy_ctx *ctx, sy_config *config, int key, const char *text);

#endif
