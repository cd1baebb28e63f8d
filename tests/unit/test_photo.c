#include <math.h>
#include <stdio.h>
#include <string.h>

#include "data/photo.h"
#include "support/log.h"

typedef struct {
    sy_ctx *ctx;
    sy_config *config;
    test_log log;
} fixture;

static int open_fixture(void **state)
{
    static fixture self;
    memset(&self, 0, sizeof self);
    *state = &self;
    if (sy_ctx_create(&self.ctx) != SY_OK)
        return -1;
    test_log_open(self.ctx, SY_LOG_WARN, &self.log);
    return sy_config_create(self.ctx, &self.config) == SY_OK ? 0 : -1;
}

static int close_fixture(void **state)
{
    fixture *self = *state;
    sy_config_destroy(self->config);
    sy_ctx_destroy(self->ctx);
    return 0;
}

/* Keys of [data_preprocess_param], separated by newlines. */
static void configure(fixture *self, const char *keys)
{
    char text[512];
    sy_config_destroy(self->config);
    assert_ok(self->ctx, sy_config_create(self->ctx, &self->config));
    snprintf(text, sizeof text, "[data_preprocess_param]\n%s", keys);
    assert_ok(self->ctx, sy_config_parse(self->ctx, self->config, "q.ini", text, strlen(text)));
    self->log.text[0] = '\0';
}

static sy_sample_input input_of(sy_dtype dtype, int rank, int a, int b, int c, int d)
{
    return (sy_sample_input){"x", dtype, {rank, {a, b, c, d}}};
}

/* Pixel (x, y) is (x, y, 200). */
static size_t make_ppm(char *out, size_t capacity, int width, int height)
{
    size_t size = (size_t)snprintf(out, capacity, "P6 %d %d 255\n", width, height);
    assert_true(size + (size_t)(width * height * 3) <= capacity);
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            out[size++] = (char)x;
            out[size++] = (char)y;
            out[size++] = (char)200;
        }
    return size;
}

static void presets_are_what_networks_were_trained_with(void **state)
{
    fixture *self = *state;
    static const struct {
        const char *keys;
        double want[3]; /* of pixel (10, 20, 30) */
    } cases[] = {
        {"preset = torch", {(10 / 255. - .485) / .229, (20 / 255. - .456) / .224, (30 / 255. - .406) / .225}},
        {"preset = tf", {10 / 127.5 - 1, 20 / 127.5 - 1, 30 / 127.5 - 1}},
        {"preset = tf128", {(10 - 128) / 128., (20 - 128) / 128., (30 - 128) / 128.}},
        {"preset = u1", {10 / 255., 20 / 255., 30 / 255.}},
        {"preset = half", {10 / 255. - .5, 20 / 255. - .5, 30 / 255. - .5}},
        {"preset = raw255", {10, 20, 30}},
        {"preset = caffe", {(30 - 103.94) * .017, (20 - 116.78) * .017, (10 - 123.68) * .017}},
        {"normalize_mean = [1,2,3]\nnormalize_std = [4,5,8]", {9 / 4., 18 / 5., 27 / 8.}},
        {"normalize_mean = [1,2,3]\nnormalize_std = [4,5,8]\nimage_to_format = BGR",
         {29 / 4., 18 / 5., 7 / 8.}},
        {"normalize_std = 255", {10 / 255., 20 / 255., 30 / 255.}},
    };
    static const char photo[] = "P6 1 1 255\n\x0a\x14\x1e";
    const sy_sample_input input = input_of(SY_DTYPE_FLOAT, 4, 1, 3, 1, 1);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        sy_photo_plan plan;
        float words[3];
        configure(self, cases[i].keys);
        assert_ok(self->ctx, sy_photo_plan_make(self->ctx, self->config, &input, false, &plan));
        assert_ok(self->ctx, sy_photo_load(self->ctx, &plan, photo, sizeof photo - 1, words));
        for (int c = 0; c < 3; c++) /* computed in double, stored as float */
            assert_true(fabs(words[c] - cases[i].want[c]) <= 1e-6 * (1 + fabs(cases[i].want[c])));
        assert_string_equal(self->log.text, "");
    }
}

static void what_is_not_set_is_red_first_or_as_mindspore_lite_has_it(void **state)
{
    fixture *self = *state;
    const sy_sample_input input = input_of(SY_DTYPE_FLOAT, 4, 1, 3, 8, 8),
                          grey = input_of(SY_DTYPE_FLOAT, 4, 1, 1, 8, 8);
    sy_photo_plan plan;
    configure(self, "normalize_std = [255, 255, 255]");
    assert_ok(self->ctx, sy_photo_plan_make(self->ctx, self->config, &input, false, &plan));
    assert_false(plan.reversed);
    assert_string_equal(self->log.text, "");
    assert_ok(self->ctx, sy_photo_plan_make(self->ctx, self->config, &input, true, &plan));
    assert_true(plan.reversed);
    assert_string_equal(
        self->log.text,
        "image_to_format is not set: photographs are read as BGR, as MindSpore Lite does; most "
        "models want image_to_format = RGB\n");
    configure(self, "");
    assert_ok(self->ctx, sy_photo_plan_make(self->ctx, self->config, &grey, true, &plan));
    assert_string_equal(
        self->log.text,
        "neither preset nor normalize_mean and normalize_std is set: pixels enter the model as "
        "0 to 255\n");
}

static void the_shape_of_the_input_says_where_channels_go(void **state)
{
    fixture *self = *state;
    static const struct {
        int rank, dims[4], width, height, channels;
        bool channels_last;
    } cases[] = {
        {4, {1, 3, 5, 7}, 7, 5, 3, false},     {4, {1, 5, 7, 3}, 7, 5, 3, true},
        {4, {1, 1, 28, 28}, 28, 28, 1, false}, {4, {1, 28, 28, 1}, 28, 28, 1, true},
        {3, {3, 5, 7, 0}, 7, 5, 3, false},     {3, {5, 7, 3, 0}, 7, 5, 3, true},
        {4, {1, 3, 9, 3}, 3, 9, 3, false},
    };
    configure(self, "preset = raw255");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const sy_sample_input input = input_of(SY_DTYPE_FLOAT, cases[i].rank, cases[i].dims[0],
                                               cases[i].dims[1], cases[i].dims[2], cases[i].dims[3]);
        sy_photo_plan plan;
        char photo[4096];
        float words[256];
        assert_ok(self->ctx, sy_photo_plan_make(self->ctx, self->config, &input, false, &plan));
        assert_true(plan.width == cases[i].width && plan.height == cases[i].height &&
                    plan.channels == cases[i].channels && plan.channels_last == cases[i].channels_last);
        if (plan.channels == 1)
            continue;
        const size_t size = make_ppm(photo, sizeof photo, plan.width, plan.height);
        assert_ok(self->ctx, sy_photo_load(self->ctx, &plan, photo, size, words));
        const int x = plan.width - 1, y = plan.height - 2, pixel = y * plan.width + x,
                  pixels = plan.width * plan.height;
        const float got[3] = {words[plan.channels_last ? pixel * 3 : pixel],
                              words[plan.channels_last ? pixel * 3 + 1 : pixels + pixel],
                              words[plan.channels_last ? pixel * 3 + 2 : 2 * pixels + pixel]};
        assert_true(got[0] == (float)x && got[1] == (float)y && got[2] == 200);
    }
}

static void photographs_that_do_not_fit_are_shrunk_and_cropped(void **state)
{
    fixture *self = *state;
    static const struct {
        const char *keys;
        int width, height;
        sy_fit want;
    } cases[] = {
        /* the automatic rule for an input of 224 x 224; Python's round(w * 256 / shorter) */
        {"", 224, 224, {224, 224, {0, 0, 224, 224}}},
        {"", 227, 227, {227, 227, {1, 1, 224, 224}}},
        {"", 235, 235, {235, 235, {5, 5, 224, 224}}},
        {"", 236, 236, {256, 256, {16, 16, 224, 224}}},
        {"", 227, 228, {256, 257, {16, 16, 224, 224}}},
        {"", 320, 400, {256, 320, {16, 48, 224, 224}}},
        {"", 1000, 333, {769, 256, {272, 16, 224, 224}}},
        {"", 100, 50, {512, 256, {144, 16, 224, 224}}},
        {"resize_short_side = 300", 400, 320, {375, 300, {75, 38, 224, 224}}},
        {"resize_short_side = 224", 224, 500, {224, 500, {0, 138, 224, 224}}},
        {"center_crop_width = 224\ncenter_crop_height = 224", 301, 225, {301, 225, {38, 0, 224, 224}}},
        {"resize_method = LINEAR\nresize_width = 224\nresize_height = 224",
         9,
         900,
         {224, 224, {0, 0, 224, 224}}},
        {"resize_method = LINEAR\nresize_width = 256\nresize_height = 250\ncenter_crop_width = 224\n"
         "center_crop_height = 224",
         9,
         900,
         {256, 250, {16, 13, 224, 224}}},
    };
    const sy_sample_input input = input_of(SY_DTYPE_FLOAT, 4, 1, 3, 224, 224);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        sy_photo_plan plan;
        sy_fit fit;
        configure(self, cases[i].keys);
        assert_ok(self->ctx, sy_photo_plan_make(self->ctx, self->config, &input, false, &plan));
        assert_ok(self->ctx, sy_photo_fit(self->ctx, &plan, cases[i].width, cases[i].height, &fit));
        assert_memory_equal(&fit, &cases[i].want, sizeof fit);
    }
}

static void an_input_that_is_not_square_is_covered(void **state)
{
    fixture *self = *state;
    static const int sizes[][2] = {{320, 240}, {240, 320}, {200, 60}};
    configure(self, "preset = tf");
    for (size_t i = 0; i < 3; i++)
        for (int width = 10; width < 700; width += 97)
            for (int height = 10; height < 700; height += 89) {
                const sy_sample_input input = input_of(SY_DTYPE_FLOAT, 4, 1, 3, sizes[i][1], sizes[i][0]);
                sy_photo_plan plan;
                sy_fit fit;
                assert_ok(self->ctx, sy_photo_plan_make(self->ctx, self->config, &input, false, &plan));
                assert_ok(self->ctx, sy_photo_fit(self->ctx, &plan, width, height, &fit));
                assert_true(fit.window.width == sizes[i][0] && fit.window.height == sizes[i][1]);
                assert_true(fit.window.x >= 0 && fit.window.x + fit.window.width <= fit.width);
                assert_true(fit.window.y >= 0 && fit.window.y + fit.window.height <= fit.height);
            }
}

/* Normalize, resize, crop: on a ramp, linear interpolation and the normalization commute, so the result is
 * known. */
static void mindspore_lites_order_resizes_floats(void **state)
{
    fixture *self = *state;
    const sy_sample_input input = input_of(SY_DTYPE_FLOAT, 4, 1, 3, 4, 6);
    char photo[4096];
    float words[72];
    sy_photo_plan plan;
    configure(self, "normalize_mean = [1, 2, 3]\nnormalize_std = [2, 4, 5]\nimage_to_format = "
                    "RGB\nresize_method = LINEAR\n"
                    "resize_width = 8\nresize_height = 8\ncenter_crop_width = 6\ncenter_crop_height = 4");
    const size_t size = make_ppm(photo, sizeof photo, 20, 24);
    assert_ok(self->ctx, sy_photo_plan_make(self->ctx, self->config, &input, false, &plan));
    assert_ok(self->ctx, sy_photo_load(self->ctx, &plan, photo, size, words));
    for (int y = 0; y < 4; y++)
        for (int x = 0; x < 6; x++) {
            const double at_x = (x + 1 + 0.5) * 20 / 8 - 0.5, at_y = (y + 2 + 0.5) * 24 / 8 - 0.5;
            assert_true(fabs(words[y * 6 + x] - (at_x - 1) / 2) < 1e-5);
            assert_true(fabs(words[24 + y * 6 + x] - (at_y - 2) / 4) < 1e-5);
            assert_true(fabs(words[48 + y * 6 + x] - (200 - 3) / 5.) < 1e-5);
        }
}

static void integer_inputs_take_rounded_pixels(void **state)
{
    fixture *self = *state;
    static const char photo[] = "P6 1 1 255\n\x00\x80\xff";
    sy_sample_input input = input_of(SY_DTYPE_UINT8, 4, 1, 3, 1, 1);
    int32_t words[3];
    sy_photo_plan plan;
    configure(self, "");
    assert_ok(self->ctx, sy_photo_plan_make(self->ctx, self->config, &input, false, &plan));
    assert_ok(self->ctx, sy_photo_load(self->ctx, &plan, photo, sizeof photo - 1, words));
    assert_true(words[0] == 0 && words[1] == 128 && words[2] == 255);
    assert_string_equal(self->log.text, "");
    input.dtype = SY_DTYPE_INT8;
    assert_fails(self->ctx, sy_photo_plan_make(self->ctx, self->config, &input, false, &plan), SY_E_CONFIG,
                 "normalized pixels are 0 to 255, the model's input is int8: set normalize_mean and "
                 "normalize_std so that "
                 "they fit");
    configure(self, "normalize_mean = 128");
    assert_ok(self->ctx, sy_photo_plan_make(self->ctx, self->config, &input, false, &plan));
    assert_ok(self->ctx, sy_photo_load(self->ctx, &plan, photo, sizeof photo - 1, words));
    assert_true(words[0] == -128 && words[1] == 0 && words[2] == 127);
}

static void grey_inputs_have_presets_of_their_own(void **state)
{
    fixture *self = *state;
    const sy_sample_input input = input_of(SY_DTYPE_FLOAT, 4, 1, 1, 1, 1);
    static const char photo[] = "P5 1 1 255\n\x33";
    sy_photo_plan plan;
    float word;
    configure(self, "preset = torch");
    assert_ok(self->ctx, sy_photo_plan_make(self->ctx, self->config, &input, false, &plan));
    assert_ok(self->ctx, sy_photo_load(self->ctx, &plan, photo, sizeof photo - 1, &word));
    assert_true(word == 0.2F);
    configure(self, "preset = caffe");
    assert_fails(self->ctx, sy_photo_plan_make(self->ctx, self->config, &input, false, &plan), SY_E_CONFIG,
                 "preset = caffe is for colour, the model's input has 1 channel");
}

static void keys_that_cannot_fill_the_input_are_refused(void **state)
{
    static const struct {
        const char *keys;
        sy_status status;
        const char *message;
    } cases[] = {
        {"image_to_format = GRAY", SY_E_CONFIG,
         "image_to_format = GRAY, but the model's input has 3 channels"},
        {"normalize_mean = [1, 2]", SY_E_CONFIG,
         "normalize_mean has 2 values, the model's input has 3 channels"},
        {"normalize_std = [1, 2, 3, 4]", SY_E_CONFIG,
         "normalize_std has 4 values, the model's input has 3 channels"},
        {"center_crop_width = 10\ncenter_crop_height = 8", SY_E_CONFIG,
         "center_crop_width and center_crop_height give 10 x 8, the model's input is 8 x 8"},
        {"resize_method = CUBIC\nresize_width = 9\nresize_height = 8", SY_E_CONFIG,
         "resize_width and resize_height give 9 x 8, the model's input is 8 x 8: add center_crop_width and "
         "center_crop_height, or change them"},
        {"resize_method = CUBIC\nresize_width = 7\nresize_height = "
         "9\ncenter_crop_width=8\ncenter_crop_height=8",
         SY_E_CONFIG, "center_crop_width and center_crop_height exceed the 7 x 9 resized to"},
    };
    fixture *self = *state;
    const sy_sample_input input = input_of(SY_DTYPE_FLOAT, 4, 1, 3, 8, 8);
    sy_photo_plan plan;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        configure(self, cases[i].keys);
        assert_fails(self->ctx, sy_photo_plan_make(self->ctx, self->config, &input, false, &plan),
                     cases[i].status, cases[i].message);
    }
}

static void inputs_that_are_no_pictures_are_refused(void **state)
{
    fixture *self = *state;
    sy_photo_plan plan;
    sy_sample_input input = input_of(SY_DTYPE_FLOAT, 2, 1, 24, 0, 0);
    assert_fails(self->ctx, sy_photo_plan_make(self->ctx, self->config, &input, false, &plan), SY_E_DATA,
                 "input x [1,24] cannot be a photograph: that needs 1 or 3 channels, height and width; give "
                 "raw or .npy "
                 "files");
    input = input_of(SY_DTYPE_FLOAT, 4, 1, 16, 8, 8);
    assert_int_equal(sy_photo_plan_make(self->ctx, self->config, &input, false, &plan), SY_E_DATA);
    input = input_of(SY_DTYPE_FLOAT, 4, 2, 3, 8, 8);
    assert_fails(self->ctx, sy_photo_plan_make(self->ctx, self->config, &input, false, &plan), SY_E_DATA,
                 "input x [2,3,8,8]: a photograph is one sample, the first dimension must be 1");
}

static void photographs_that_cannot_fill_the_input_are_refused(void **state)
{
    fixture *self = *state;
    const sy_sample_input input = input_of(SY_DTYPE_FLOAT, 4, 1, 3, 8, 8);
    sy_photo_plan plan;
    sy_fit fit;
    configure(self, "center_crop_width = 8\ncenter_crop_height = 8\npreset = u1");
    assert_ok(self->ctx, sy_photo_plan_make(self->ctx, self->config, &input, false, &plan));
    assert_fails(self->ctx, sy_photo_fit(self->ctx, &plan, 20, 7, &fit), SY_E_DATA,
                 "is 20 x 7, less than the 8 x 8 to be cropped from it");
    configure(self, "resize_short_side = 4\npreset = u1");
    assert_ok(self->ctx, sy_photo_plan_make(self->ctx, self->config, &input, false, &plan));
    assert_fails(self->ctx, sy_photo_fit(self->ctx, &plan, 20, 10, &fit), SY_E_DATA,
                 "is 8 x 4 after resizing, less than the 8 x 8 to be cropped from it");
    configure(self, "preset = u1");
    assert_ok(self->ctx, sy_photo_plan_make(self->ctx, self->config, &input, false, &plan));
    assert_fails(self->ctx, sy_photo_fit(self->ctx, &plan, 16384, 1, &fit), SY_E_DATA,
                 "would be 147456 x 9 after resizing: too large");
}

static void sizes_without_a_method_are_linear_with_a_warning(void **state)
{
    fixture *self = *state;
    const sy_sample_input input = input_of(SY_DTYPE_FLOAT, 4, 1, 3, 8, 8);
    sy_photo_plan plan;
    configure(self, "resize_width = 8\nresize_height = 8\npreset = u1");
    assert_ok(self->ctx, sy_photo_plan_make(self->ctx, self->config, &input, false, &plan));
    assert_int_equal(plan.method, SY_RESIZE_METHOD_LINEAR);
    assert_string_equal(self->log.text,
                        "resize_width and resize_height without resize_method: MindSpore Lite ignores them, "
                        "here the method is LINEAR\n");
}

static void the_plan_prints_as_keys(void **state)
{
    fixture *self = *state;
    const sy_sample_input input = input_of(SY_DTYPE_FLOAT, 4, 1, 3, 8, 8);
    sy_photo_plan plan;
    sy_text text = {0};
    configure(self,
              "normalize_mean = [1,2,3.5]\nresize_method = CUBIC\nresize_width = 9\nresize_height = 10\n"
              "center_crop_width = 8\ncenter_crop_height = 8\nimage_to_format = BGR");
    assert_ok(self->ctx, sy_photo_plan_make(self->ctx, self->config, &input, false, &plan));
    sy_photo_print(&plan, &text);
    assert_string_equal(text.bytes,
                        "input_type = IMAGE\nimage_to_format = BGR\nnormalize_mean = [1, 2, 3.5]\n"
                        "normalize_std = [1, 1, 1]\nresize_method = CUBIC\nresize_width = 9\n"
                        "resize_height = 10\ncenter_crop_width = 8\ncenter_crop_height = 8\n");
    sy_text_release(&text);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_fixture, close_fixture)
    const struct CMUnitTest tests[] = {
        TEST(presets_are_what_networks_were_trained_with),
        TEST(what_is_not_set_is_red_first_or_as_mindspore_lite_has_it),
        TEST(the_shape_of_the_input_says_where_channels_go),
        TEST(photographs_that_do_not_fit_are_shrunk_and_cropped),
        TEST(an_input_that_is_not_square_is_covered),
        TEST(mindspore_lites_order_resizes_floats),
        TEST(integer_inputs_take_rounded_pixels),
        TEST(grey_inputs_have_presets_of_their_own),
        TEST(keys_that_cannot_fill_the_input_are_refused),
        TEST(inputs_that_are_no_pictures_are_refused),
        TEST(photographs_that_cannot_fill_the_input_are_refused),
        TEST(sizes_without_a_method_are_linear_with_a_warning),
        TEST(the_plan_prints_as_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
