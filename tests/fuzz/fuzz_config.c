/* Bytes to a configuration; what is accepted prints as text that gives the same configuration. */
#include <string.h>

#include "config/config.h"
#include "fuzz.h"

static void print_values(const sy_config *config, sy_text *out)
{
    for (int key = 0; key < SY_KEY_COUNT; key++) {
        sy_config_print_value(config, (sy_config_key)key, out);
        sy_text_printf(out, "\n");
    }
}

static void print_and_read_again(sy_ctx *ctx, const sy_config *config)
{
    sy_config *again = NULL;
    sy_text printed = {0}, before = {0}, after = {0};
    sy_config_print(config, &printed);
    FUZZ_CHECK(sy_config_create(ctx, &again) == SY_OK);
    FUZZ_CHECK(sy_config_parse(ctx, again, "printed", printed.bytes, printed.size) == SY_OK);
    print_values(config, &before);
    print_values(again, &after);
    FUZZ_CHECK(!before.failed && !after.failed && strcmp(before.bytes, after.bytes) == 0);
    sy_text_release(&printed);
    sy_text_release(&before);
    sy_text_release(&after);
    sy_config_destroy(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    sy_ctx *ctx = NULL;
    sy_config *config = NULL;
    if (sy_ctx_create(&ctx) != SY_OK)
        return 0;
    FUZZ_CHECK(sy_config_create(ctx, &config) == SY_OK);
    if (sy_config_parse(ctx, config, "fuzz", (const char *)bytes, size) == SY_OK)
        print_and_read_again(ctx, config);
    else
        FUZZ_CHECK(*sy_ctx_error(ctx));
    sy_config_destroy(config);
    sy_ctx_destroy(ctx);
    return 0;
}
