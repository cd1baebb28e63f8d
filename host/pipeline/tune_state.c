/* The file of a search: a line that says what it is, the key, then a probe a line. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "pipeline/tune.h"

static const char title[] = "steelyard auto_tune 1";

sy_status sy_tune_save(sy_ctx *ctx, const char *path, const sy_hash *key, const sy_tune_probe *probes,
                       size_t count)
{
    char hash[SY_HASH_TEXT];
    sy_text text = {0};
    sy_hash_print(key, hash);
    sy_text_printf(&text, "%s\n%s\n", title, hash);
    for (size_t i = 0; i < count; i++)
        sy_text_printf(&text, "%.17g %.17g\n", probes[i].scale, probes[i].cosine);
    sy_status status = sy_check_alloc(ctx, text.failed ? NULL : text.bytes);
    if (status == SY_OK)
        status = sy_file_save(ctx, path, text.bytes, text.size);
    sy_text_release(&text);
    return status;
}

/* The next line of `text`, cut out of it; NULL at the end. */
static char *take_line(char **text)
{
    char *line = *text, *end = line ? strchr(line, '\n') : NULL;
    if (!end)
        return NULL;
    *end = '\0';
    *text = end + 1;
    return line;
}

static bool parse_probe(char *line, sy_tune_probe *out)
{
    char *space = strchr(line, ' ');
    if (!space)
        return false;
    *space = '\0';
    return sy_parse_double(line, &out->scale) && sy_parse_double(space + 1, &out->cosine) && out->scale > 0 &&
           out->scale < 1 && out->cosine >= -1.0001 && out->cosine <= 1.0001;
}

static sy_status parse(sy_ctx *ctx, const char *path, char *text, const char *hash, sy_text *out,
                       bool *out_other)
{
    const char *first = take_line(&text), *key = first ? take_line(&text) : NULL;
    if (!key || strcmp(first, title) != 0)
        return sy_fail(ctx, SY_E_DATA,
                       "%s: is no file of a search by auto_tune; remove it, or write elsewhere", path);
    *out_other = strcmp(key, hash) != 0;
    char *line;
    while (!*out_other && (line = take_line(&text))) {
        sy_tune_probe probe;
        if (!parse_probe(line, &probe))
            return sy_fail(ctx, SY_E_DATA, "%s: is damaged; remove it, and the search begins anew", path);
        sy_text_add(out, &probe, sizeof probe);
    }
    return sy_check_alloc(ctx, out->failed ? NULL : out);
}

sy_status sy_tune_load(sy_ctx *ctx, const char *path, const sy_hash *key, sy_text *out, bool *out_other)
{
    char hash[SY_HASH_TEXT];
    sy_mapped file = {0};
    sy_text text = {0};
    *out_other = false;
    if (!sy_path_exists(path))
        return SY_OK;
    SY_TRY(sy_file_map(ctx, path, &file));
    sy_hash_print(key, hash);
    sy_text_add(&text, file.bytes, file.size);
    sy_text_add(&text, "", 1); /* a NUL, also where the file has others */
    sy_file_unmap(&file);
    sy_status status = sy_check_alloc(ctx, text.failed ? NULL : text.bytes);
    if (status == SY_OK)
        status = parse(ctx, path, text.bytes, hash, out, out_other);
    sy_text_release(&text);
    return status;
}
