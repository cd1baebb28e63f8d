/* Which samples are bad, and why: named one by one, then summed up. */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "data/set.h"

/* Whether a file spoils its sample, rather than ending the run. */
static bool is_bad_file(sy_status status)
{
    return status == SY_E_DATA || status == SY_E_IO;
}

char **sy_reasons_create(size_t count)
{
    return calloc(count ? count : 1, sizeof(char *));
}

void sy_reasons_destroy(char **reasons, size_t count)
{
    for (size_t i = 0; reasons && i < count; i++)
        free(reasons[i]);
    free(reasons);
}

sy_status sy_reasons_note(sy_ctx *ctx, sy_status status, char **out)
{
    if (!is_bad_file(status))
        return status;
    *out = strdup(ctx ? sy_ctx_error(ctx) : "bad file");
    return sy_check_alloc(ctx, *out);
}

size_t sy_reasons_count(char *const *reasons, size_t count)
{
    size_t bad = 0;
    for (size_t i = 0; i < count; i++)
        bad += reasons[i] != NULL;
    return bad;
}

sy_status sy_reasons_report(sy_ctx *ctx, char *const *reasons, size_t count)
{
    enum { NAMED = 5 };
    const size_t bad = sy_reasons_count(reasons, count);
    size_t seen = 0;
    sy_text text = {0};
    sy_text_printf(&text, "%zu of %zu samples cannot be used", bad, count);
    for (size_t i = 0; i < count; i++) {
        if (!reasons[i])
            continue;
        sy_log(ctx, SY_LOG_WARN, "bad sample: %s", reasons[i]);
        if (seen < NAMED)
            sy_text_printf(&text, "%s%s", seen ? "; " : ": ", reasons[i]);
        seen++;
    }
    if (bad > NAMED)
        sy_text_printf(&text, "; and %zu more", bad - NAMED);
    if (bad < count)
        sy_text_printf(&text, " (--allow-bad-samples or skip_bad_samples = true goes on without them)");
    sy_status status = text.failed ? sy_check_alloc(ctx, NULL) : sy_fail(ctx, SY_E_DATA, "%s", text.bytes);
    sy_text_release(&text);
    return status;
}
