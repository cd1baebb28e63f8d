#include "config/table.h"

#include <string.h>

/* clang-format off: a macro opens the braces that another closes. */
#define WORDS(type, TYPE)        static const sy_key_word words_##type[] = {
#define WORD(TYPE, word, status) {#word, SY_##TYPE##_##word, SY_SUPPORT_##status},
#define END_WORDS(type) \
    }                   \
    ;
#include "config/words.def"
/* clang-format on */

#define FIELD(section, key) offsetof(sy_config, section.key)
#define WORDS_OF(type)      words_##type, (int)(sizeof words_##type / sizeof words_##type[0])

const sy_key_info sy_config_keys[SY_KEY_COUNT] = {
#define INT(section, key, fallback, least, most, status, help)                               \
    {#key,  #section, help, fallback, SY_KIND_INT, SY_SUPPORT_##status, FIELD(section, key), \
     least, most,     NULL, 0},
#define FLOAT(section, key, fallback, above, below, status, help)                              \
    {#key,  #section, help, fallback, SY_KIND_FLOAT, SY_SUPPORT_##status, FIELD(section, key), \
     above, below,    NULL, 0},
#define FLOATS(section, key, above, below, status, help)                                  \
    {#key,  #section, help, "", SY_KIND_FLOATS, SY_SUPPORT_##status, FIELD(section, key), \
     above, below,    NULL, 0},
#define BOOL(section, key, fallback, status, help) \
    {#key, #section, help, fallback, SY_KIND_BOOL, SY_SUPPORT_##status, FIELD(section, key), 0, 0, NULL, 0},
#define ENUM(section, key, words, fallback, status, help)                                              \
    {#key, #section, help,           fallback, SY_KIND_ENUM, SY_SUPPORT_##status, FIELD(section, key), \
     0,    0,        WORDS_OF(words)},
#define TEXT(section, key, status, help) \
    {#key, #section, help, "", SY_KIND_TEXT, SY_SUPPORT_##status, FIELD(section, key), 0, 0, NULL, 0},
#define LIST(section, key, status, help) \
    {#key, #section, help, "", SY_KIND_LIST, SY_SUPPORT_##status, FIELD(section, key), 0, 0, NULL, 0},
#include "config/keys.def"
};

const sy_key_alias sy_config_aliases[] = {
#define ALIAS(section, key, spelling, word) {SY_KEY_##section##_##key, spelling, #word},
#include "config/keys.def"
};
const int sy_config_alias_count = sizeof sy_config_aliases / sizeof sy_config_aliases[0];

/* Counts keys from row to row. A mark is the number of keys before it: the constant after it steps back by
 * one, so that it takes no place itself.
 */
enum {
#define SECTION(section, help)    MARK_##section, MARK_BACK_##section = MARK_##section - 1,
#define COUNTED(section, key)     MARK_##section##_##key,
#define INT(section, key, ...)    COUNTED(section, key)
#define FLOAT(section, key, ...)  COUNTED(section, key)
#define FLOATS(section, key, ...) COUNTED(section, key)
#define BOOL(section, key, ...)   COUNTED(section, key)
#define ENUM(section, key, ...)   COUNTED(section, key)
#define TEXT(section, key, ...)   COUNTED(section, key)
#define LIST(section, key, ...)   COUNTED(section, key)
#define END(section)              MARK_END_##section, MARK_END_BACK_##section = MARK_END_##section - 1,
#include "config/keys.def"
};

const sy_section_info sy_config_sections[] = {
#define SECTION(section, help) {#section, help, MARK_##section, MARK_END_##section - MARK_##section},
#define OPEN(section, help)    {#section, help, 0, 0},
#include "config/keys.def"
};
const int sy_config_section_count = sizeof sy_config_sections / sizeof sy_config_sections[0];

const sy_section_info *sy_config_find_section(const char *name)
{
    for (int i = 0; i < sy_config_section_count; i++)
        if (strcmp(sy_config_sections[i].name, name) == 0)
            return &sy_config_sections[i];
    return NULL;
}

int sy_config_find_key(const sy_section_info *section, const char *name)
{
    for (int i = section->first; i < section->first + section->count; i++)
        if (strcmp(sy_config_keys[i].name, name) == 0)
            return i;
    return SY_KEY_COUNT;
}
