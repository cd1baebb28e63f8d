/* From a photograph to an input of the model: [data_preprocess_param] made concrete for one input.
 *
 * With resize_method, as MindSpore Lite does it: channels in order, (x - mean) / std as floats, resize,
 * centre crop. All else works on 8-bit pixels first (resize_short_side and the automatic rule shrink with
 * antialiasing, then crop) and normalizes last.
 */
#ifndef SY_DATA_PHOTO_H
#define SY_DATA_PHOTO_H

#include "config/config.h"
#include "data/image.h"
#include "data/resize.h"
#include "data/samples.h"

typedef enum sy_geometry {
    SY_GEOMETRY_AUTOMATIC, /* see sy_photo_fit */
    SY_GEOMETRY_RESIZE,    /* resize_method, resize_width, resize_height */
    SY_GEOMETRY_SHORT_SIDE,
    SY_GEOMETRY_CROP, /* center_crop_width and center_crop_height alone */
} sy_geometry;

typedef struct sy_photo_plan {
    sy_dtype dtype;
    int width, height, channels; /* of the input */
    bool channels_last;
    bool reversed; /* blue first */
    double mean[3], std[3];
    sy_geometry geometry;
    sy_resize_method method;
    int resize_width, resize_height; /* RESIZE */
    int short_side;                  /* SHORT_SIDE, AUTOMATIC */
    int crop_width, crop_height;     /* the input's size where not set; for RESIZE 0: no crop */
} sy_photo_plan;

/* Where a photograph of one size goes: resized (or left at that size), then the window of that. */
typedef struct sy_fit {
    int width, height;
    sy_window window;
} sy_fit;

/* What photographs need to become this input. `like_mindspore`: what is not set means what it means to
 * MindSpore Lite. SY_E_CONFIG where the keys cannot fill the input, SY_E_DATA where no photograph can.
 */
sy_status sy_photo_plan_make(sy_ctx *ctx, const sy_config *config, const sy_sample_input *input,
                             bool like_mindspore, sy_photo_plan *out);

/* SY_E_DATA with the sizes when a photograph of this size cannot fill the input. The automatic rule: one of
 * the input's size is taken as it is, a square one up to 5 % larger is cropped, and any other is resized so
 * that its shorter side is the input's longer side / 0.875, then cropped.
 */
sy_status sy_photo_fit(sy_ctx *ctx, const sy_photo_plan *plan, int width, int height, sy_fit *out);

/* Decodes and fills the words of the input. */
sy_status sy_photo_load(sy_ctx *ctx, const sy_photo_plan *plan, const void *bytes, size_t size, void *words);

/* Appends the plan as "key = value" lines. */
void sy_photo_print(const sy_photo_plan *plan, sy_text *out);

#endif
