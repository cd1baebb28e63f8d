/* The configuration: MindSpore Lite's INI format, and our own keys in it.
 *
 * keys.def lists every key once; from its rows come the fields below, their defaults, the parser's checks,
 * the help and docs/CONFIG.md. A field has the name of its key: config->full_quant_param.bias_correction. A
 * value that parsed is valid and supported: readers need not check again.
 */
#ifndef SY_CONFIG_CONFIG_H
#define SY_CONFIG_CONFIG_H

#include "base/arena.h"
#include "base/text.h"

/* sy_quant_type with SY_QUANT_TYPE_FULL_QUANT and so on, from words.def. UNSET only where the key has no
 * default. */
/* clang-format off */
#define WORDS(type, TYPE) typedef enum sy_##type { SY_##TYPE##_UNSET,
#define WORD(TYPE, word, status) SY_##TYPE##_##word,
#define END_WORDS(type) } sy_##type;
#include "config/words.def"
/* clang-format on */

enum { SY_CONFIG_FLOATS_MAX = 4 };

typedef struct sy_config_floats {
    double values[SY_CONFIG_FLOATS_MAX];
    int count; /* 0: not set */
} sy_config_floats;

typedef struct sy_config_list {
    const char *const *items;
    int count; /* 0: not set */
} sy_config_list;

/* SY_KEY_full_quant_param_bias_correction and so on, in the order of keys.def. */
typedef enum sy_config_key {
#define INT(section, key, ...)    SY_KEY_##section##_##key,
#define FLOAT(section, key, ...)  SY_KEY_##section##_##key,
#define FLOATS(section, key, ...) SY_KEY_##section##_##key,
#define BOOL(section, key, ...)   SY_KEY_##section##_##key,
#define ENUM(section, key, ...)   SY_KEY_##section##_##key,
#define TEXT(section, key, ...)   SY_KEY_##section##_##key,
#define LIST(section, key, ...)   SY_KEY_##section##_##key,
#include "config/keys.def"
    SY_KEY_COUNT
} sy_config_key;

/* Where a value came from. */
typedef struct sy_config_source {
    const char *name; /* a file or an option; NULL: the default */
    int line;         /* 0 for an option */
} sy_config_source;

struct sy_config {
/* clang-format off: a macro opens the braces that another closes. */
/* An INT without a default is 0, a TEXT NULL, an ENUM its _UNSET. */
#define SECTION(section, help)         struct {
#define INT(section, key, ...)         int key;
#define FLOAT(section, key, ...)       double key;
#define FLOATS(section, key, ...)      sy_config_floats key;
#define BOOL(section, key, ...)        bool key;
#define ENUM(section, key, words, ...) sy_##words key;
#define TEXT(section, key, ...)        const char *key;
#define LIST(section, key, ...)        sy_config_list key;
#define END(section) \
    }                \
    section;
#include "config/keys.def"
    /* clang-format on */
    sy_config_source sources[SY_KEY_COUNT];
    sy_arena arena; /* of the texts */
};

/* sy_config_create, _destroy, _load and _set are in steelyard.h. Messages about a file read
 * "quantize.ini:3: [section] key = value: what is wrong", about an option "--set section.key=value: what is
 * wrong".
 */

/* What sy_config_load does, on text that `name` stands for in messages. Of two equal keys the last counts,
 * with a warning. SY_E_CONFIG for what is no valid configuration, SY_E_UNSUPPORTED for what is valid and not
 * supported yet. On failure `config` may hold some of the settings.
 */
sy_status sy_config_parse(sy_ctx *ctx, sy_config *config, const char *name, const char *text, size_t size);

/* What no key alone can tell: keys that need or exclude each other. After everything is set. */
sy_status sy_config_check(sy_ctx *ctx, const sy_config *config);

bool sy_config_is_set(const sy_config *config, sy_config_key key); /* by a file or an option */
/* The word of an ENUM key for one of its values, as the INI file spells it; NULL for UNSET. */
const char *sy_config_word(sy_config_key key, int value);
/* Appends the value of a key as one would type it; nothing when it is not set. */
void sy_config_print_value(const sy_config *config, sy_config_key key, sy_text *out);

/* The effective configuration: of every section in use each key that has a value, with where it came from,
 * and as comments those that could have one. Parsing it gives the same configuration.
 */
void sy_config_print(const sy_config *config, sy_text *out);
/* What --help-config says, and docs/CONFIG.md. */
void sy_config_print_help(sy_text *out);
void sy_config_print_markdown(sy_text *out);

#endif
