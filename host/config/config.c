#include "config/config.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "config/table.h"

sy_status sy_config_create(sy_ctx *ctx, sy_config **out)
{
    sy_config *config = calloc(1, sizeof *config);
    SY_TRY(sy_check_alloc(ctx, config));
    for (int key = 0; key < SY_KEY_COUNT; key++) {
        const char *fallback = sy_config_keys[key].fallback;
        sy_status status = *fallback ? sy_config_store(ctx, config, key, fallback) : SY_OK;
        if (status != SY_OK) {
            sy_config_destroy(config);
            return sy_while(ctx, status, "default of %s", sy_config_keys[key].name);
        }
    }
    *out = config;
    return SY_OK;
}

void sy_config_destroy(sy_config *config)
{
    if (!config)
        return;
    sy_arena_release(&config->arena);
    free(config);
}

bool sy_config_is_set(const sy_config *config, sy_config_key key)
{
    return config->sources[key].name != NULL;
}

/* "[section] key (where it was set)". */
enum { PLACE_MAX = 512 };
static const char *place(const sy_config *config, sy_config_key key, char out[PLACE_MAX])
{
    const sy_key_info *info = &sy_config_keys[key];
    const sy_config_source *source = &config->sources[key];
    if (source->line)
        snprintf(out, PLACE_MAX, "%s:%d: [%s] %s", source->name, source->line, info->section, info->name);
    else
        snprintf(out, PLACE_MAX, "%s %s.%s", source->name ? source->name : "default", info->section,
                 info->name);
    return out;
}

static sy_status need(sy_ctx *ctx, const sy_config *config, sy_config_key set, sy_config_key needed)
{
    char at[PLACE_MAX];
    if (!sy_config_is_set(config, set) || sy_config_is_set(config, needed))
        return SY_OK;
    return sy_fail(ctx, SY_E_CONFIG, "%s needs %s too", place(config, set, at), sy_config_keys[needed].name);
}

static sy_status exclude(sy_ctx *ctx, const sy_config *config, sy_config_key a, sy_config_key b,
                         const char *why)
{
    char first[PLACE_MAX], second[PLACE_MAX];
    if (!sy_config_is_set(config, a) || !sy_config_is_set(config, b))
        return SY_OK;
    return sy_fail(ctx, SY_E_CONFIG, "%s and %s exclude each other: %s", place(config, a, first),
                   place(config, b, second), why);
}

#define KEY(name) SY_KEY_data_preprocess_param_##name

static sy_status check_geometry(sy_ctx *ctx, const sy_config *config)
{
    static const sy_config_key sized[] = {KEY(resize_method), KEY(resize_width), KEY(resize_height)};
    for (size_t i = 0; i < sizeof sized / sizeof sized[0]; i++)
        SY_TRY(exclude(ctx, config, KEY(resize_short_side), sized[i],
                       "one keeps the aspect, the other does not"));
    SY_TRY(need(ctx, config, KEY(resize_method), KEY(resize_width)));
    SY_TRY(need(ctx, config, KEY(resize_method), KEY(resize_height)));
    SY_TRY(need(ctx, config, KEY(resize_width), KEY(resize_height)));
    SY_TRY(need(ctx, config, KEY(resize_height), KEY(resize_width)));
    SY_TRY(need(ctx, config, KEY(center_crop_width), KEY(center_crop_height)));
    return need(ctx, config, KEY(center_crop_height), KEY(center_crop_width));
}

static sy_status check_pixels(sy_ctx *ctx, const sy_config *config)
{
    static const sy_config_key covered[] = {KEY(normalize_mean), KEY(normalize_std), KEY(image_to_format)};
    char at[PLACE_MAX];
    for (size_t i = 0; i < sizeof covered / sizeof covered[0]; i++)
        SY_TRY(exclude(ctx, config, KEY(preset), covered[i], "a preset says that already"));
    int means = config->data_preprocess_param.normalize_mean.count;
    int stds = config->data_preprocess_param.normalize_std.count;
    if (means > 1 && stds > 1 && means != stds)
        return sy_fail(ctx, SY_E_CONFIG, "%s has %d values where normalize_mean has %d",
                       place(config, KEY(normalize_std), at), stds, means);
    return SY_OK;
}

/* Full quantization has 8 bits; what is about weights alone does nothing there, as in MindSpore Lite. */
static sy_status check_full(sy_ctx *ctx, const sy_config *config)
{
    const sy_config_key channel = SY_KEY_common_quant_param_min_quant_weight_channel;
    const sy_config_key size = SY_KEY_common_quant_param_min_quant_weight_size;
    char at[PLACE_MAX];
    if (config->common_quant_param.bit_num != 8)
        return sy_fail(ctx, SY_E_CONFIG, "%s = %d: full quantization has 8 bits, WEIGHT_QUANT has 1 to 16",
                       place(config, SY_KEY_common_quant_param_bit_num, at),
                       config->common_quant_param.bit_num);
    if (config->common_quant_param.min_quant_weight_channel != 16)
        sy_log(ctx, SY_LOG_WARN, "%s: full quantization heeds it for target ASCEND only",
               place(config, channel, at));
    if (config->common_quant_param.min_quant_weight_size != 0)
        sy_log(ctx, SY_LOG_WARN, "%s has no effect on full quantization", place(config, size, at));
    return SY_OK;
}

/* Dynamic quantization has 8 bits and takes every weight, as in MindSpore Lite. */
static sy_status check_dynamic(sy_ctx *ctx, const sy_config *config)
{
    static const sy_config_key idle[] = {SY_KEY_common_quant_param_min_quant_weight_channel,
                                         SY_KEY_common_quant_param_min_quant_weight_size};
    char at[PLACE_MAX];
    if (config->common_quant_param.bit_num != 8)
        return sy_fail(ctx, SY_E_CONFIG, "%s = %d: dynamic quantization has 8 bits, WEIGHT_QUANT has 1 to 16",
                       place(config, SY_KEY_common_quant_param_bit_num, at),
                       config->common_quant_param.bit_num);
    for (size_t i = 0; i < sizeof idle / sizeof idle[0]; i++)
        if (sy_config_is_set(config, idle[i]))
            sy_log(ctx, SY_LOG_WARN, "%s has no effect on dynamic quantization", place(config, idle[i], at));
    return SY_OK;
}

sy_status sy_config_check(sy_ctx *ctx, const sy_config *config)
{
    char at[PLACE_MAX];
    sy_activation_quant_method method = config->full_quant_param.activation_quant_method;
    SY_TRY(check_geometry(ctx, config));
    SY_TRY(check_pixels(ctx, config));
    if (config->common_quant_param.quant_type == SY_QUANT_TYPE_FULL_QUANT)
        SY_TRY(check_full(ctx, config));
    if (config->common_quant_param.quant_type == SY_QUANT_TYPE_DYNAMIC_QUANT)
        SY_TRY(check_dynamic(ctx, config));
    if (sy_config_is_set(config, SY_KEY_full_quant_param_percentile) &&
        method != SY_ACTIVATION_QUANT_METHOD_PERCENTILE && method != SY_ACTIVATION_QUANT_METHOD_AUTO)
        sy_log(ctx, SY_LOG_WARN, "%s has no effect: activation_quant_method is %s",
               place(config, SY_KEY_full_quant_param_percentile, at),
               sy_config_word(SY_KEY_full_quant_param_activation_quant_method, (int)method));
    return SY_OK;
}
