#include <math.h>
#include <string.h>

#include "base/log.h"
#include "data/elements.h"
#include "data/photo.h"

/* What a preset stands for, on pixels of 0 to 255, channels in the order of the model. */
typedef struct {
    sy_preset preset;
    bool reversed;
    double mean[3], std[3];
} preset_row;

static const preset_row presets[] = {
    {SY_PRESET_torch, false, {123.675, 116.28, 103.53}, {58.395, 57.12, 57.375}},
    {SY_PRESET_tf, false, {127.5, 127.5, 127.5}, {127.5, 127.5, 127.5}},
    {SY_PRESET_tf128, false, {128, 128, 128}, {128, 128, 128}},
    {SY_PRESET_u1, false, {0, 0, 0}, {255, 255, 255}},
    {SY_PRESET_half, false, {127.5, 127.5, 127.5}, {255, 255, 255}},
    {SY_PRESET_raw255, false, {0, 0, 0}, {1, 1, 1}},
    {SY_PRESET_caffe, true, {103.94, 116.78, 123.68}, {1 / 0.017, 1 / 0.017, 1 / 0.017}},
};

static bool has_colours(int64_t dim)
{
    return dim == 1 || dim == 3;
}

/* [1,c,h,w], [1,h,w,c], [c,h,w] or [h,w,c] with 1 or 3 channels; both at once counts as channels first. */
static sy_status read_shape(sy_ctx *ctx, const sy_sample_input *input, sy_photo_plan *plan)
{
    char text[SY_SHAPE_TEXT];
    const sy_shape *shape = &input->shape;
    const int64_t *dims = shape->dims + (shape->rank == 4);
    if ((shape->rank != 3 && shape->rank != 4) || (!has_colours(dims[0]) && !has_colours(dims[2])))
        return sy_fail(
            ctx, SY_E_DATA,
            "input %s %s cannot be a photograph: that needs 1 or 3 channels, height and width; give raw or "
            ".npy files",
            input->name, sy_shape_print(shape, text));
    if (shape->rank == 4 && shape->dims[0] != 1)
        return sy_fail(ctx, SY_E_DATA,
                       "input %s %s: a photograph is one sample, the first dimension must be 1", input->name,
                       sy_shape_print(shape, text));
    plan->channels_last = !has_colours(dims[0]);
    const int64_t channels = dims[plan->channels_last ? 2 : 0], height = dims[plan->channels_last ? 0 : 1],
                  width = dims[plan->channels_last ? 1 : 2];
    if (height < 1 || width < 1 || height > SY_IMAGE_SIDE_MAX || width > SY_IMAGE_SIDE_MAX)
        return sy_fail(ctx, SY_E_DATA, "input %s %s is too large for a photograph", input->name,
                       sy_shape_print(shape, text));
    plan->channels = (int)channels;
    plan->height = (int)height;
    plan->width = (int)width;
    plan->dtype = input->dtype;
    return SY_OK;
}

static sy_status apply_preset(sy_ctx *ctx, sy_preset preset, sy_photo_plan *plan)
{
    if (plan->channels == 1 && preset == SY_PRESET_caffe)
        return sy_fail(ctx, SY_E_CONFIG, "preset = caffe is for colour, the model's input has 1 channel");
    if (plan->channels == 1 && preset == SY_PRESET_torch)
        preset = SY_PRESET_u1; /* ImageNet's statistics are of colours; networks for grey take x/255 */
    for (size_t i = 0; i < sizeof presets / sizeof presets[0]; i++)
        if (presets[i].preset == preset) {
            plan->reversed = presets[i].reversed;
            memcpy(plan->mean, presets[i].mean, sizeof plan->mean);
            memcpy(plan->std, presets[i].std, sizeof plan->std);
        }
    return SY_OK;
}

static sy_status spread(sy_ctx *ctx, const char *key, const sy_config_floats *floats, int channels,
                        double out[3])
{
    if (floats->count > 1 && floats->count != channels)
        return sy_fail(ctx, SY_E_CONFIG, "%s has %d values, the model's input has %d channel%s", key,
                       floats->count, channels, channels == 1 ? "" : "s");
    for (int c = 0; c < channels && floats->count; c++)
        out[c] = floats->values[floats->count == 1 ? 0 : c];
    return SY_OK;
}

static sy_status read_order(sy_ctx *ctx, const sy_config *config, bool like_mindspore, sy_photo_plan *plan)
{
    const sy_image_format format = config->data_preprocess_param.image_to_format;
    if (format != SY_IMAGE_FORMAT_UNSET && (format == SY_IMAGE_FORMAT_GRAY) != (plan->channels == 1))
        return sy_fail(ctx, SY_E_CONFIG, "image_to_format = %s, but the model's input has %d channel%s",
                       sy_config_word(SY_KEY_data_preprocess_param_image_to_format, (int)format),
                       plan->channels, plan->channels == 1 ? "" : "s");
    const bool unset = format == SY_IMAGE_FORMAT_UNSET && plan->channels == 3;
    plan->reversed = format == SY_IMAGE_FORMAT_BGR || (unset && like_mindspore);
    if (unset && like_mindspore)
        sy_log(ctx, SY_LOG_WARN,
               "image_to_format is not set: photographs are read as BGR, as MindSpore Lite does; most models "
               "want "
               "image_to_format = RGB");
    return SY_OK;
}

static sy_status read_pixels(sy_ctx *ctx, const sy_config *config, bool like_mindspore, sy_photo_plan *plan)
{
    for (int c = 0; c < 3; c++)
        plan->std[c] = 1;
    if (config->data_preprocess_param.preset != SY_PRESET_UNSET)
        return apply_preset(ctx, config->data_preprocess_param.preset, plan);
    const sy_config_floats *means = &config->data_preprocess_param.normalize_mean;
    const sy_config_floats *stds = &config->data_preprocess_param.normalize_std;
    SY_TRY(read_order(ctx, config, like_mindspore, plan));
    SY_TRY(spread(ctx, "normalize_mean", means, plan->channels, plan->mean));
    SY_TRY(spread(ctx, "normalize_std", stds, plan->channels, plan->std));
    if (means->count == 0 && stds->count == 0 && sy_dtype_is_float(plan->dtype))
        sy_log(
            ctx, SY_LOG_WARN,
            "neither preset nor normalize_mean and normalize_std is set: pixels enter the model as 0 to 255");
    return SY_OK;
}

/* Pixels of an integer input must be integers it can hold. */
static sy_status check_integers(sy_ctx *ctx, const sy_photo_plan *plan)
{
    int64_t least, most;
    if (sy_dtype_is_float(plan->dtype))
        return SY_OK;
    if (!sy_elements_limits(plan->dtype, &least, &most))
        return sy_fail(ctx, SY_E_UNSUPPORTED, "an input of %s cannot be a photograph",
                       sy_dtype_name(plan->dtype));
    for (int c = 0; c < plan->channels; c++) {
        double low = (0 - plan->mean[c]) / plan->std[c], high = (255 - plan->mean[c]) / plan->std[c];
        if (low < (double)least || high > (double)most)
            return sy_fail(ctx, SY_E_CONFIG,
                           "normalized pixels are %g to %g, the model's input is %s: set normalize_mean and "
                           "normalize_std so that they fit",
                           low, high, sy_dtype_name(plan->dtype));
    }
    return SY_OK;
}

static sy_status check_crop(sy_ctx *ctx, const sy_photo_plan *plan)
{
    if (plan->crop_width == plan->width && plan->crop_height == plan->height)
        return SY_OK;
    return sy_fail(ctx, SY_E_CONFIG,
                   "center_crop_width and center_crop_height give %d x %d, the model's input is %d x %d",
                   plan->crop_width, plan->crop_height, plan->width, plan->height);
}

static sy_status read_resize(sy_ctx *ctx, const sy_config *config, sy_photo_plan *plan)
{
    plan->geometry = SY_GEOMETRY_RESIZE;
    plan->resize_width = config->data_preprocess_param.resize_width;
    plan->resize_height = config->data_preprocess_param.resize_height;
    plan->method = config->data_preprocess_param.resize_method;
    if (plan->method == SY_RESIZE_METHOD_UNSET) {
        plan->method = SY_RESIZE_METHOD_LINEAR;
        sy_log(ctx, SY_LOG_WARN,
               "resize_width and resize_height without resize_method: MindSpore Lite ignores them, here the "
               "method "
               "is LINEAR");
    }
    if (plan->resize_width > SY_IMAGE_SIDE_MAX || plan->resize_height > SY_IMAGE_SIDE_MAX)
        return sy_fail(ctx, SY_E_CONFIG, "resize_width and resize_height can be at most %d",
                       SY_IMAGE_SIDE_MAX);
    if (plan->crop_width)
        SY_TRY(check_crop(ctx, plan));
    const int got_width = plan->crop_width ? plan->crop_width : plan->resize_width;
    const int got_height = plan->crop_height ? plan->crop_height : plan->resize_height;
    if (got_width != plan->width || got_height != plan->height)
        return sy_fail(ctx, SY_E_CONFIG,
                       "resize_width and resize_height give %d x %d, the model's input is %d x %d: add "
                       "center_crop_width and center_crop_height, or change them",
                       got_width, got_height, plan->width, plan->height);
    if (plan->crop_width > plan->resize_width || plan->crop_height > plan->resize_height)
        return sy_fail(ctx, SY_E_CONFIG,
                       "center_crop_width and center_crop_height exceed the %d x %d resized to",
                       plan->resize_width, plan->resize_height);
    return SY_OK;
}

static sy_status read_geometry(sy_ctx *ctx, const sy_config *config, sy_photo_plan *plan)
{
    plan->crop_width = config->data_preprocess_param.center_crop_width;
    plan->crop_height = config->data_preprocess_param.center_crop_height;
    if (config->data_preprocess_param.resize_width)
        return read_resize(ctx, config, plan);
    plan->geometry = plan->crop_width ? SY_GEOMETRY_CROP : SY_GEOMETRY_AUTOMATIC;
    const int longer = plan->width > plan->height ? plan->width : plan->height;
    plan->short_side = (int)rint(longer / 0.875);
    if (config->data_preprocess_param.resize_short_side) {
        plan->geometry = SY_GEOMETRY_SHORT_SIDE;
        plan->short_side = config->data_preprocess_param.resize_short_side;
    }
    if (!plan->crop_width) {
        plan->crop_width = plan->width;
        plan->crop_height = plan->height;
    }
    return check_crop(ctx, plan);
}

sy_status sy_photo_plan_make(sy_ctx *ctx, const sy_config *config, const sy_sample_input *input,
                             bool like_mindspore, sy_photo_plan *out)
{
    sy_photo_plan plan = {.dtype = SY_DTYPE_UNDEFINED};
    SY_TRY(read_shape(ctx, input, &plan));
    SY_TRY(read_pixels(ctx, config, like_mindspore, &plan));
    SY_TRY(check_integers(ctx, &plan));
    SY_TRY(read_geometry(ctx, config, &plan));
    *out = plan;
    return SY_OK;
}

static sy_window centre(int width, int height, int crop_width, int crop_height)
{
    return (sy_window){(width - crop_width) / 2, (height - crop_height) / 2, crop_width, crop_height};
}

static sy_fit fit_short_side(const sy_photo_plan *plan, int width, int height)
{
    const double scale = plan->short_side, shorter = width < height ? width : height;
    sy_fit fit = {(int)rint(width * scale / shorter), (int)rint(height * scale / shorter), {0, 0, 0, 0}};
    fit.window = centre(fit.width, fit.height, plan->crop_width, plan->crop_height);
    return fit;
}

static sy_fit fit_automatic(const sy_photo_plan *plan, int width, int height)
{
    const bool same = width == plan->width && height == plan->height;
    const bool little_larger =
        width == height && width >= plan->width && height >= plan->height && width <= 1.05 * plan->width;
    if (same || little_larger)
        return (sy_fit){width, height, centre(width, height, plan->width, plan->height)};
    return fit_short_side(plan, width, height);
}

sy_status sy_photo_fit(sy_ctx *ctx, const sy_photo_plan *plan, int width, int height, sy_fit *out)
{
    sy_fit fit = {width, height, {0, 0, 0, 0}};
    switch (plan->geometry) {
    case SY_GEOMETRY_AUTOMATIC: fit = fit_automatic(plan, width, height); break;
    case SY_GEOMETRY_SHORT_SIDE: fit = fit_short_side(plan, width, height); break;
    case SY_GEOMETRY_CROP: fit.window = centre(width, height, plan->crop_width, plan->crop_height); break;
    case SY_GEOMETRY_RESIZE:
        fit.width = plan->resize_width;
        fit.height = plan->resize_height;
        fit.window = centre(fit.width, fit.height, plan->width, plan->height);
        break;
    }
    if (fit.width < fit.window.width || fit.height < fit.window.height)
        return sy_fail(ctx, SY_E_DATA, "is %d x %d%s, less than the %d x %d to be cropped from it", fit.width,
                       fit.height, fit.width == width && fit.height == height ? "" : " after resizing",
                       fit.window.width, fit.window.height);
    if (fit.width > 2 * SY_IMAGE_SIDE_MAX || fit.height > 2 * SY_IMAGE_SIDE_MAX)
        return sy_fail(ctx, SY_E_DATA, "would be %d x %d after resizing: too large", fit.width, fit.height);
    *out = fit;
    return SY_OK;
}

static void print_values(const char *key, const double values[3], int count, sy_text *out)
{
    sy_text_printf(out, "%s = [", key);
    for (int c = 0; c < count; c++)
        sy_text_printf(out, "%s%.9g", c ? ", " : "", values[c]);
    sy_text_printf(out, "]\n");
}

void sy_photo_print(const sy_photo_plan *plan, sy_text *out)
{
    sy_text_printf(out, "input_type = IMAGE\nimage_to_format = %s\n",
                   plan->channels == 1 ? "GRAY"
                   : plan->reversed    ? "BGR"
                                       : "RGB");
    print_values("normalize_mean", plan->mean, plan->channels, out);
    print_values("normalize_std", plan->std, plan->channels, out);
    switch (plan->geometry) {
    case SY_GEOMETRY_AUTOMATIC:
        sy_text_printf(out,
                       "# automatic geometry: %d x %d as it is, a square up to 5 %% larger is cropped,\n"
                       "# others have their short side resized to %d and are cropped\n",
                       plan->width, plan->height, plan->short_side);
        return;
    case SY_GEOMETRY_SHORT_SIDE: sy_text_printf(out, "resize_short_side = %d\n", plan->short_side); break;
    case SY_GEOMETRY_CROP: break;
    case SY_GEOMETRY_RESIZE:
        sy_text_printf(out, "resize_method = %s\nresize_width = %d\nresize_height = %d\n",
                       sy_config_word(SY_KEY_data_preprocess_param_resize_method, (int)plan->method),
                       plan->resize_width, plan->resize_height);
        break;
    }
    if (plan->crop_width)
        sy_text_printf(out, "center_crop_width = %d\ncenter_crop_height = %d\n", plan->crop_width,
                       plan->crop_height);
}
