/* The configuration as text: in effect, as help, and as a page of documentation. */
#include "config/table.h"

/* Whether this version can do what the section is about. */
static bool is_in_use(const sy_section_info *section)
{
    for (int key = section->first; key < section->first + section->count; key++)
        if (sy_config_keys[key].support == SY_SUPPORT_NOW)
            return true;
    return false;
}

static bool is_shown(const sy_config *config, const sy_section_info *section, int key)
{
    const sy_key_info *info = &sy_config_keys[key];
    return sy_config_is_set(config, (sy_config_key)key) || info->support == SY_SUPPORT_NOW ||
           (*info->fallback && is_in_use(section));
}

static void print_source(const sy_config_source *source, sy_text *out)
{
    if (!source->name)
        sy_text_printf(out, "default");
    else if (source->line)
        sy_text_printf(out, "%s:%d", source->name, source->line);
    else
        sy_text_printf(out, "%s", source->name);
}

static void print_line(const sy_config *config, int key, sy_text *out)
{
    enum { SOURCE_COLUMN = 40 };
    sy_text line = {0};
    sy_text_printf(&line, "%s = ", sy_config_keys[key].name);
    size_t before = line.size;
    sy_config_print_value(config, (sy_config_key)key, &line);
    if (line.failed)
        out->failed = true;
    else if (line.size == before)
        sy_text_printf(out, "# %-*s # not set\n", SOURCE_COLUMN - 2, line.bytes);
    else {
        sy_text_printf(out, "%-*s # ", SOURCE_COLUMN, line.bytes);
        print_source(&config->sources[key], out);
        sy_text_printf(out, "\n");
    }
    sy_text_release(&line);
}

void sy_config_print(const sy_config *config, sy_text *out)
{
    for (int i = 0; i < sy_config_section_count; i++) {
        const sy_section_info *section = &sy_config_sections[i];
        bool begun = false;
        for (int key = section->first; key < section->first + section->count; key++) {
            if (!is_shown(config, section, key))
                continue;
            if (!begun)
                sy_text_printf(out, "%s[%s]\n", out->size ? "\n" : "", section->name);
            begun = true;
            print_line(config, key, out);
        }
    }
}

/* "; this version: FULL_QUANT" where not all of the domain is supported. */
static void print_support(const sy_key_info *key, sy_text *out)
{
    const char *separator = "";
    if (key->support == SY_SUPPORT_LATER) {
        sy_text_printf(out, *key->fallback ? "; this version: only %s" : "; not in this version",
                       key->fallback);
        return;
    }
    bool partial = false;
    for (int i = 0; i < key->word_count; i++)
        partial |= key->words[i].support != SY_SUPPORT_NOW;
    if (!partial)
        return;
    sy_text_printf(out, "; this version: ");
    for (int i = 0; i < key->word_count; i++)
        if (key->words[i].support == SY_SUPPORT_NOW) {
            sy_text_printf(out, "%s%s", separator, key->words[i].text);
            separator = ", ";
        }
}

static void print_spellings(int key, sy_text *out)
{
    for (int i = 0; i < sy_config_alias_count; i++)
        if ((int)sy_config_aliases[i].key == key)
            sy_text_printf(out, "; %s is another spelling of %s", sy_config_aliases[i].text,
                           sy_config_aliases[i].word);
}

static void print_domain(int key, sy_text *out)
{
    sy_config_print_domain(&sy_config_keys[key], out);
    print_support(&sy_config_keys[key], out);
    print_spellings(key, out);
}

void sy_config_print_help(sy_text *out)
{
    for (int i = 0; i < sy_config_section_count; i++) {
        const sy_section_info *section = &sy_config_sections[i];
        sy_text_printf(out, "%s[%s]  %s\n", i ? "\n" : "", section->name, section->help);
        if (section->count == 0)
            sy_text_printf(out, "  Not in this version.\n");
        for (int key = section->first; key < section->first + section->count; key++) {
            const sy_key_info *info = &sy_config_keys[key];
            sy_text_printf(out, "  %s = %s\n      %s\n      (", info->name,
                           *info->fallback ? info->fallback : "(not set)", info->help);
            print_domain(key, out);
            sy_text_printf(out, ")\n");
        }
    }
}

static const char preamble[] =
    "# Configuration\n"
    "\n"
    "This page is made from `host/config/keys.def`; a test compares the two.\n"
    "\n"
    "The files are those of MindSpore Lite's converter: `[section]` lines and `key = value` lines. Spaces "
    "and tabs\n"
    "around keys and values do not count, double quotes are dropped, the first `=` separates, and a value "
    "may hold more\n"
    "of them. A comment begins with `#` or `;` at the start of a line or after a space; inside double quotes "
    "these are\n"
    "ordinary characters. Of two equal keys the last counts, with a warning. An unknown section or key, and "
    "a value that\n"
    "is not valid, end the run with a message that names the line and the nearest known name. What is valid\n"
    "but not in this version is refused, not ignored.\n"
    "\n"
    "Any key can be given on the command line, where it goes before the file: `--set "
    "full_quant_param.per_channel=false`.\n"
    "`steelyard config` prints every value in effect with where it came from.\n";

void sy_config_print_markdown(sy_text *out)
{
    sy_text_printf(out, "%s", preamble);
    for (int i = 0; i < sy_config_section_count; i++) {
        const sy_section_info *section = &sy_config_sections[i];
        sy_text_printf(out, "\n## [%s]\n\n%s\n", section->name, section->help);
        if (section->count == 0) {
            sy_text_printf(out, "\nAny key is valid here; the section is not in this version.\n");
            continue;
        }
        sy_text_printf(out, "\n| key | default | meaning | values |\n|---|---|---|---|\n");
        for (int key = section->first; key < section->first + section->count; key++) {
            const sy_key_info *info = &sy_config_keys[key];
            sy_text_printf(out, "| `%s` | %s | %s | ", info->name,
                           *info->fallback ? info->fallback : "not set", info->help);
            print_domain(key, out);
            sy_text_printf(out, " |\n");
        }
    }
}
