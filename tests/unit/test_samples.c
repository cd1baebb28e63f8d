#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/pool.h"
#include "data/samples.h"
#include "support/folder.h"
#include "support/log.h"

typedef struct {
    sy_ctx *ctx;
    sy_config *config;
    test_folder folder;
    test_log log;
} fixture;

static int open_fixture(void **state)
{
    static fixture self;
    memset(&self, 0, sizeof self);
    *state = &self;
    if (sy_ctx_create(&self.ctx) != SY_OK || sy_config_create(self.ctx, &self.config) != SY_OK)
        return -1;
    test_log_open(self.ctx, SY_LOG_INFO, &self.log);
    folder_open(&self.folder);
    return 0;
}

static int close_fixture(void **state)
{
    fixture *self = *state;
    folder_close(&self->folder);
    sy_config_destroy(self->config);
    sy_ctx_destroy(self->ctx);
    return 0;
}

static void set(fixture *self, const char *assignment)
{
    assert_ok(self->ctx, sy_config_set(self->ctx, self->config, "--set", assignment));
}

/* A photograph's input of 4 x 4, a vector of 3 floats, a vector of 2 integers. */
static const sy_sample_input photo = {"x", SY_DTYPE_FLOAT, {4, {1, 3, 4, 4}}};
static const sy_sample_input vectors[] = {{"a", SY_DTYPE_FLOAT, {2, {1, 3}}},
                                          {"b:0", SY_DTYPE_INT64, {1, {2}}}};

static sy_samples_spec spec_of(const fixture *self, const char *data, const sy_sample_input *inputs,
                               int count)
{
    return (sy_samples_spec){.config = self->config, .data = data, .inputs = inputs, .input_count = count};
}

static sy_samples *open_set(fixture *self, const char *data, const sy_sample_input *inputs, int count)
{
    const sy_samples_spec spec = spec_of(self, data, inputs, count);
    sy_samples *samples;
    assert_ok(self->ctx, sy_samples_open(self->ctx, &spec, &samples));
    return samples;
}

/* The set does not open; %F in the message stands for the folder. */
static void assert_no_set(fixture *self, const char *data, const sy_sample_input *inputs, int count,
                          sy_status status, const char *message)
{
    char want[2048] = "";
    const sy_samples_spec spec = spec_of(self, data, inputs, count);
    sy_samples *samples = NULL;
    for (const char *at = message; *at; at++) {
        size_t used = strlen(want);
        if (at[0] == '%' && at[1] == 'F')
            snprintf(want + used, sizeof want - used, "%s", self->folder.path), at++;
        else
            snprintf(want + used, sizeof want - used, "%c", *at);
    }
    assert_fails(self->ctx, sy_samples_open(self->ctx, &spec, &samples), status, want);
    assert_null(samples);
}

static void files_come_sorted_without_hidden_ones_and_folders(void **state)
{
    fixture *self = *state;
    const float values[3] = {1, 2, 3};
    folder_write(&self->folder, "b.f32", values, sizeof values);
    folder_write(&self->folder, "B.f32", values, sizeof values);
    folder_write(&self->folder, "a10.f32", values, sizeof values);
    folder_write(&self->folder, "a9.bin", values, sizeof values);
    folder_write(&self->folder, ".hidden.f32", values, sizeof values);
    folder_write(&self->folder, "notes.txt", "x", 1);
    folder_make(&self->folder, "c.f32");
    sy_samples *samples = open_set(self, self->folder.path, vectors, 1);
    assert_int_equal(sy_samples_count(samples), 4);
    static const char *const want[] = {"B.f32", "a10.f32", "a9.bin", "b.f32"};
    for (size_t i = 0; i < 4; i++) {
        assert_string_equal(sy_samples_name(samples, i), want[i]);
        assert_int_equal(sy_samples_label(samples, i), SY_NONE);
    }
    assert_non_null(strstr(self->log.text,
                           ": 1 of its files are no samples by their names and are left out (such as "
                           "notes.txt)\n"));
    assert_string_equal(sy_samples_preprocess(samples), "input_type = BIN\nbin_layout = MODEL\n");
    sy_samples_destroy(samples);
}

static void a_photograph_is_loaded_with_its_hash(void **state)
{
    fixture *self = *state;
    float words[48];
    void *out[] = {words};
    sy_hash hash;
    char text[SY_HASH_TEXT];
    bool usable = false;
    set(self, "data_preprocess_param.preset=raw255");
    folder_write_ppm(&self->folder, "p.ppm", 4, 4, 9);
    sy_samples *samples = open_set(self, self->folder.path, &photo, 1);
    assert_ok(self->ctx, sy_samples_load(self->ctx, samples, 0, out, &hash, &usable));
    assert_true(usable);
    assert_true(words[6] == 2 && words[16 + 6] == 1 && words[32 + 6] == 9);
    /* sha256sum of "P6\n4 4\n255\n" and the 16 pixels */
    unsigned char bytes[59] = "P6\n4 4\n255\n";
    for (int i = 0; i < 16; i++) {
        bytes[11 + 3 * i] = (unsigned char)(i % 4);
        bytes[12 + 3 * i] = (unsigned char)(i / 4);
        bytes[13 + 3 * i] = 9;
    }
    const sy_hash want = sy_hash_of(bytes, sizeof bytes);
    assert_memory_equal(&hash, &want, sizeof hash);
    sy_hash_print(&hash, text);
    assert_string_equal(
        self->log.text,
        "input x: no geometry is set: 1 photographs as they are, 0 cropped to their centre, 0 "
        "with the short side resized to 5 and cropped, to 4 x 4\n");
    sy_samples_destroy(samples);
}

static void several_inputs_pair_by_position(void **state)
{
    fixture *self = *state;
    char data[512];
    folder_make(&self->folder, "A");
    for (int i = 0; i < 3; i++) {
        const float values[3] = {(float)i, 1, 2};
        const int64_t ids[2] = {i, 100 + i};
        char name[32];
        snprintf(name, sizeof name, "A/%d.bin", i);
        folder_write(&self->folder, name, values, sizeof values);
        snprintf(name, sizeof name, "%d.b.i64", i);
        folder_write(&self->folder, name, ids, sizeof ids);
        snprintf(name, sizeof name, "%d.c.i64", i);
        folder_write(&self->folder, name, ids, sizeof ids);
    }
    snprintf(data, sizeof data, "a:%s/A , b:0:'%s/?.b.*'", self->folder.path, self->folder.path);
    sy_samples *samples = open_set(self, data, vectors, 2);
    assert_int_equal(sy_samples_count(samples), 3);
    for (int i = 0; i < 3; i++) {
        float a[3];
        int32_t b[2];
        void *out[] = {a, b};
        bool usable;
        sy_hash hash;
        assert_ok(self->ctx, sy_samples_load(self->ctx, samples, (size_t)i, out, &hash, &usable));
        assert_true(a[0] == (float)i && a[2] == 2 && b[0] == i && b[1] == 100 + i);
    }
    assert_string_equal(sy_samples_preprocess(samples),
                        "# input a\ninput_type = BIN\nbin_layout = MODEL\n"
                        "# input b:0\ninput_type = BIN\nbin_layout = MODEL\n");
    sy_samples_destroy(samples);
    unlink(folder_path(&self->folder, "A/2.bin"));
    assert_no_set(
        self, data, vectors, 2, SY_E_DATA,
        "input a has 2 files and input b:0 has 3: files pair by sorted position, so there must be as many of "
        "each");
}

static void what_data_says_about_inputs_is_checked(void **state)
{
    static const struct {
        const char *data, *message;
    } cases[] = {
        {"somewhere", "--data somewhere: the model has 2 inputs: write a:DIR,b:0:DIR"},
        {"a:/x", "--data: input b:0 has no folder: write a:DIR,b:0:DIR"},
        {"a:/x,a:/y", "--data: input a is given twice"},
        {"a:/x,c:/y", "--data: the model has no input c; it has a, b:0"},
        {"a:/x,b:0:", "--data: input b:0 has no folder"},
        {"a:/x,", "--data : the model has 2 inputs: write a:DIR,b:0:DIR"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_no_set(*state, cases[i].data, vectors, 2, SY_E_ARGUMENT, cases[i].message);
    assert_no_set(*state, "y:/x", vectors, 1, SY_E_ARGUMENT, "--data: the model has no input y; it has a");
    fixture *self = *state;
    set(self, "data_preprocess_param.calibrate_path=y:/x");
    assert_no_set(self, NULL, vectors, 1, SY_E_CONFIG, "calibrate_path: the model has no input y; it has a");
}

static void each_folder_of_no_use_has_its_own_message(void **state)
{
    fixture *self = *state;
    folder_make(&self->folder, "empty");
    folder_make(&self->folder, "nested");
    folder_make(&self->folder, "nested/cats");
    folder_make(&self->folder, "texts");
    folder_write(&self->folder, "texts/readme.md", "x", 1);
    const char *const where = self->folder.path;
    static const struct {
        const char *name;
        const char *message;
    } cases[] = {
        {"missing", "%F/missing: no such folder"},
        {"empty", "%F/empty: the folder is empty"},
        {"nested",
         "%F/nested: holds only folders (such as cats) and no files: give one of them, or a labels file that "
         "lists the samples"},
        {"texts/*.bin", "%F/texts: none of the folder's 1 files matches *.bin"},
        {"missing/*.bin", "%F/missing: no such folder"},
        {"texts", "%F/texts: none of its 1 files (such as readme.md) is a sample by its name (photographs "
                  ".jpg .jpeg .png "
                  ".bmp .pnm .ppm .pgm, arrays .npy, raw elements .bin .raw .f16 .f32 .f64 .i8 .i16 .i32 "
                  ".i64 .u8 .u16 "
                  ".u32 .u64); set input_type if they are"},
        {"texts/readme.md",
         "%F/texts/readme.md: is no sample by its name (photographs .jpg .jpeg .png .bmp .pnm .ppm "
         ".pgm, arrays .npy, raw elements .bin .raw .f16 .f32 .f64 .i8 .i16 .i32 .i64 .u8 .u16 .u32 "
         ".u64); set input_type if it is"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char data[512];
        snprintf(data, sizeof data, "%s/%s", where, cases[i].name);
        assert_no_set(self, data, &photo, 1, SY_E_DATA, cases[i].message);
    }
    assert_no_set(self, NULL, &photo, 1, SY_E_DATA,
                  "there are no samples: name a folder with --data or calibrate_path");
}

static void a_path_with_commas_and_colons_is_taken_as_it_is(void **state)
{
    fixture *self = *state;
    set(self, "data_preprocess_param.preset=raw255");
    folder_make(&self->folder, "a,b:c");
    folder_write_ppm(&self->folder, "a,b:c/p.PPM", 4, 4, 9);
    sy_samples *samples = open_set(self, folder_path(&self->folder, "a,b:c"), &photo, 1);
    assert_int_equal(sy_samples_count(samples), 1);
    sy_samples_destroy(samples);
    samples = open_set(self, folder_path(&self->folder, "a,b:c/p.PPM"), &photo, 1);
    assert_string_equal(sy_samples_name(samples, 0), "p.PPM");
    sy_samples_destroy(samples);
}

static void the_number_of_samples_can_be_limited(void **state)
{
    fixture *self = *state;
    const float values[3] = {1, 2, 3};
    static const char *const names[] = {"1.f32", "2.f32", "3.f32"};
    for (int i = 0; i < 3; i++)
        folder_write(&self->folder, names[i], values, sizeof values);
    set(self, "data_preprocess_param.calibrate_size=2");
    sy_samples_spec spec = spec_of(self, self->folder.path, vectors, 1);
    static const struct {
        size_t limit, count;
    } cases[] = {{0, 2}, {1, 1}, {3, 3}, {9, 3}, {SIZE_MAX, 3}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        sy_samples *samples;
        spec.limit = cases[i].limit;
        assert_ok(self->ctx, sy_samples_open(self->ctx, &spec, &samples));
        assert_int_equal(sy_samples_count(samples), cases[i].count);
        sy_samples_destroy(samples);
    }
    set(self, "data_preprocess_param.calibrate_size=4");
    assert_no_set(self, self->folder.path, vectors, 1, SY_E_DATA,
                  "calibrate_size = 4, but there are 3 samples: lower it, or leave it out for all");
}

/* 1: too short. 3: not a number, which only loading shows. */
static void write_good_and_bad(fixture *self)
{
    const float good[3] = {1, 2, 3}, nan[3] = {1, 0.0F / 0.0F, 3};
    folder_write(&self->folder, "0.f32", good, sizeof good);
    folder_write(&self->folder, "1.f32", good, 8);
    folder_write(&self->folder, "2.f32", good, sizeof good);
    folder_write(&self->folder, "3.f32", nan, sizeof nan);
    folder_write(&self->folder, "4.f32", nan, sizeof nan);
}

static void every_bad_file_is_named_before_anything_runs(void **state)
{
    fixture *self = *state;
    folder_write(&self->folder, "0.jpg", "\xff\xd8\xff", 3);
    folder_write(&self->folder, "1.png", "hello", 5);
    folder_write_ppm(&self->folder, "2.ppm", 4, 4, 9);
    for (int i = 3; i < 8; i++) {
        char name[16];
        snprintf(name, sizeof name, "%d.jpg", i);
        folder_write(&self->folder, name, "", 0);
    }
    set(self, "data_preprocess_param.preset=raw255");
    assert_no_set(self, self->folder.path, &photo, 1, SY_E_DATA,
                  "7 of 8 samples cannot be used: 0.jpg: is cut short: the end of the picture is missing; "
                  "1.png: is no JPEG, PNG, "
                  "BMP or PNM "
                  "photograph; 3.jpg: is empty; 4.jpg: is empty; 5.jpg: is empty; and 2 more "
                  "(--allow-bad-samples or skip_bad_samples = true goes on without them)");
    assert_non_null(strstr(self->log.text, "bad sample: 7.jpg: is empty\n"));
    set(self, "data_preprocess_param.skip_bad_samples=true");
    sy_samples *samples = open_set(self, self->folder.path, &photo, 1);
    assert_int_equal(sy_samples_count(samples), 1);
    assert_string_equal(sy_samples_name(samples, 0), "2.ppm");
    assert_non_null(strstr(self->log.text, "7 of 8 samples are left out\n"));
    sy_samples_destroy(samples);
    unlink(folder_path(&self->folder, "2.ppm"));
    assert_int_equal(sy_samples_open(self->ctx,
                                     &(sy_samples_spec){.config = self->config,
                                                        .data = self->folder.path,
                                                        .inputs = &photo,
                                                        .input_count = 1},
                                     &samples),
                     SY_E_DATA);
}

static void the_first_file_that_fails_to_load_names_them_all(void **state)
{
    fixture *self = *state;
    float words[3];
    void *out[] = {words};
    bool usable = true;
    write_good_and_bad(self);
    unlink(folder_path(&self->folder, "1.f32"));
    sy_samples *samples = open_set(self, self->folder.path, vectors, 1);
    assert_ok(self->ctx, sy_samples_load(self->ctx, samples, 0, out, NULL, &usable));
    for (int again = 0; again < 2; again++)
        assert_fails(self->ctx, sy_samples_load(self->ctx, samples, 2, out, NULL, &usable), SY_E_DATA,
                     "2 of 4 samples cannot be used: 3.f32: element 1 is not a number; 4.f32: element 1 is "
                     "not a number (--allow-bad-samples or skip_bad_samples = true goes on without them)");
    assert_false(usable);
    assert_string_equal(self->log.text, "bad sample: 3.f32: element 1 is not a number\n"
                                        "bad sample: 4.f32: element 1 is not a number\n");
    for (int workers = 1; workers <= 3; workers++)
        assert_fails(self->ctx, sy_samples_check(self->ctx, samples, workers), SY_E_DATA,
                     "2 of 4 samples cannot be used: 3.f32: element 1 is not a number; 4.f32: element 1 is "
                     "not a number (--allow-bad-samples or skip_bad_samples = true goes on without them)");
    sy_samples_destroy(samples);
}

static void bad_samples_can_be_left_out(void **state)
{
    fixture *self = *state;
    float words[3];
    void *out[] = {words};
    bool usable[4];
    write_good_and_bad(self);
    set(self, "data_preprocess_param.skip_bad_samples=true");
    sy_samples *samples = open_set(self, self->folder.path, vectors, 1);
    assert_int_equal(sy_samples_count(samples), 4);
    for (size_t i = 0; i < 4; i++)
        assert_ok(self->ctx, sy_samples_load(self->ctx, samples, i, out, NULL, &usable[i]));
    assert_true(usable[0] && usable[1] && !usable[2] && !usable[3]);
    assert_non_null(strstr(self->log.text,
                           "bad sample: 1.f32: has 8 bytes where input a, [1,3] of float32, needs 12\n"
                           "1 of 5 samples are left out\n"
                           "bad sample, left out: 3.f32: element 1 is not a number\n"));
    sy_samples_destroy(samples);
}

static void arrays_must_have_the_shape_of_the_input(void **state)
{
    static const unsigned char start[10] = {0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, 118, 0};
    static const char header[] = "{'descr': '<f8', 'fortran_order': False, 'shape': (%s), }";
    static const struct {
        const char *shape, *message;
    } cases[] = {
        {"1, 3", NULL},
        {"3,", NULL},
        {"3, 1", "1 of 1 samples cannot be used: x.npy: is [3,1] where input a wants [1,3]"},
        {"1, 1, 3", "1 of 1 samples cannot be used: x.npy: is [1,1,3] where input a wants [1,3]"},
    };
    fixture *self = *state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        unsigned char bytes[128 + 24];
        const double values[3] = {1, 2, 3};
        memset(bytes, ' ', sizeof bytes);
        memcpy(bytes, start, sizeof start);
        const int length = snprintf((char *)bytes + 10, 118, header, cases[i].shape);
        bytes[10 + length] = ' ';
        memcpy(bytes + 128, values, sizeof values);
        folder_write(&self->folder, "x.npy", bytes, sizeof bytes);
        if (cases[i].message) {
            assert_no_set(self, self->folder.path, vectors, 1, SY_E_DATA, cases[i].message);
            continue;
        }
        float words[3];
        void *out[] = {words};
        bool usable;
        sy_samples *samples = open_set(self, self->folder.path, vectors, 1);
        assert_ok(self->ctx, sy_samples_load(self->ctx, samples, 0, out, NULL, &usable));
        assert_true(words[0] == 1 && words[2] == 3);
        sy_samples_destroy(samples);
    }
}

static void raw_files_of_calibrate_path_are_channels_last(void **state)
{
    fixture *self = *state;
    unsigned char bytes[48];
    for (int i = 0; i < 48; i++)
        bytes[i] = (unsigned char)i;
    folder_write(&self->folder, "x.u8", bytes, sizeof bytes);
    static const struct {
        const char *layout;
        bool by_config;
        float second; /* of the words: position 1 of channel 0, or channel 1 of position 0 */
    } cases[] = {
        {NULL, true, 3}, {NULL, false, 1}, {"MODEL", true, 1}, {"NHWC", false, 3}, {"NCHW", true, 1}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        float words[48];
        void *out[] = {words};
        bool usable;
        char text[256];
        sy_config_destroy(self->config);
        assert_ok(self->ctx, sy_config_create(self->ctx, &self->config));
        if (cases[i].by_config) {
            snprintf(text, sizeof text, "data_preprocess_param.calibrate_path=x:'%s'", self->folder.path);
            set(self, text);
        }
        if (cases[i].layout) {
            snprintf(text, sizeof text, "data_preprocess_param.bin_layout=%s", cases[i].layout);
            set(self, text);
        }
        sy_samples *samples = open_set(self, cases[i].by_config ? NULL : self->folder.path, &photo, 1);
        assert_ok(self->ctx, sy_samples_load(self->ctx, samples, 0, out, NULL, &usable));
        assert_true(words[0] == 0 && words[1] == cases[i].second);
        sy_samples_destroy(samples);
    }
    assert_non_null(strstr(self->log.text,
                           "input x: bin_layout is not set: raw files are read as NHWC, as MindSpore Lite "
                           "does; for files in the model's own layout set bin_layout = MODEL\n"));
}

static void an_explicit_input_type_decides_without_names(void **state)
{
    fixture *self = *state;
    set(self, "data_preprocess_param.input_type=IMAGE");
    set(self, "data_preprocess_param.preset=raw255");
    folder_write_ppm(&self->folder, "n02487347", 4, 4, 9);
    sy_samples *samples = open_set(self, self->folder.path, &photo, 1);
    assert_int_equal(sy_samples_count(samples), 1);
    sy_samples_destroy(samples);
}

static void labels_find_samples_by_the_file_they_lead_to(void **state)
{
    fixture *self = *state;
    static const char labels[] =
        "# path class\n\neval/b.f32 7\r\n  eval/with space.f32\t12 \neval/../eval/a.f32 0\nmore.f32 3\n";
    const float values[3] = {1, 2, 3};
    static const char *const names[] = {"eval/a.f32", "eval/b.f32", "eval/c.f32", "eval/with space.f32"};
    folder_make(&self->folder, "eval");
    for (int i = 0; i < 4; i++)
        folder_write(&self->folder, names[i], values, sizeof values);
    folder_write(&self->folder, "labels.txt", labels, sizeof labels - 1);
    sy_samples_spec spec = spec_of(self, folder_path(&self->folder, "eval"), vectors, 1);
    spec.labels = folder_path(&self->folder, "labels.txt");
    sy_samples *samples;
    assert_ok(self->ctx, sy_samples_open(self->ctx, &spec, &samples));
    static const int want[] = {0, 7, SY_NONE, 12};
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(sy_samples_label(samples, i), want[i]);
    assert_non_null(strstr(self->log.text, "1 of 4 samples have no class in "));
    sy_samples_destroy(samples);
}

static void labels_alone_can_list_the_samples(void **state)
{
    fixture *self = *state;
    static const char labels[] = "z/2.f32 5\na/1.f32 6\n";
    const float values[3] = {1, 2, 3};
    folder_make(&self->folder, "a");
    folder_make(&self->folder, "z");
    folder_write(&self->folder, "a/1.f32", values, sizeof values);
    folder_write(&self->folder, "z/2.f32", values, sizeof values);
    folder_write(&self->folder, "labels.txt", labels, sizeof labels - 1);
    sy_samples_spec spec = spec_of(self, NULL, vectors, 1);
    spec.labels = folder_path(&self->folder, "labels.txt");
    sy_samples *samples;
    assert_ok(self->ctx, sy_samples_open(self->ctx, &spec, &samples));
    assert_int_equal(sy_samples_count(samples), 2);
    assert_string_equal(sy_samples_name(samples, 0), "a/1.f32");
    assert_int_equal(sy_samples_label(samples, 0), 6);
    assert_int_equal(sy_samples_label(samples, 1), 5);
    sy_samples_destroy(samples);
    unlink(folder_path(&self->folder, "z/2.f32"));
    assert_int_equal(sy_samples_open(self->ctx, &spec, &samples), SY_E_DATA);
    assert_non_null(strstr(sy_ctx_error(self->ctx), "1 of 2 samples cannot be used: "));
    assert_non_null(strstr(sy_ctx_error(self->ctx), "/z/2.f32: No such file or directory"));
}

static void labels_that_are_wrong_are_refused_with_their_line(void **state)
{
    fixture *self = *state;
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"x.f32 1\nx.f32\n",
         "labels.txt:2: 'x.f32': must be a path, a space, and a class index of 0 or more"},
        {"x.f32 -1", "labels.txt:1: 'x.f32 -1': must be a path, a space, and a class index of 0 or more"},
        {"x.f32 cat", "labels.txt:1: 'x.f32 cat': must be a path, a space, and a class index of 0 or more"},
        {"x.f32 99999999999",
         "labels.txt:1: 'x.f32 99999999999': must be a path, a space, and a class index of 0 or more"},
        {"# nothing\n", "labels.txt: holds no line 'path class'"},
        {"y.f32 1", "is one of the 1 samples (such as "},
        {"x.f32 1\n./x.f32 2\n", "x.f32 has two classes, "},
    };
    const float values[3] = {1, 2, 3};
    folder_write(&self->folder, "x.f32", values, sizeof values);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        sy_samples_spec spec = spec_of(self, folder_path(&self->folder, "x.f32"), vectors, 1);
        sy_samples *samples;
        folder_write(&self->folder, "labels.txt", cases[i].text, strlen(cases[i].text));
        spec.labels = folder_path(&self->folder, "labels.txt");
        assert_int_equal(sy_samples_open(self->ctx, &spec, &samples), SY_E_DATA);
        if (!strstr(sy_ctx_error(self->ctx), cases[i].message))
            fail_msg("%s", sy_ctx_error(self->ctx));
    }
}

static void inputs_that_samples_cannot_fill_are_refused(void **state)
{
    fixture *self = *state;
    sy_sample_input input = {"x", SY_DTYPE_STRING, {1, {3}}};
    assert_no_set(self, "/", &input, 1, SY_E_UNSUPPORTED, "input x is of string, which samples cannot be");
    input = (sy_sample_input){"x", SY_DTYPE_FLOAT, {1, {SY_NONE}}};
    assert_no_set(self, "/", &input, 1, SY_E_ARGUMENT, "the shape of input x must be known to read samples");
    assert_no_set(self, "/", &input, 0, SY_E_MODEL, "the model has no input to give samples to");
}

typedef struct {
    const sy_samples *samples;
    float words[4][48];
    float sums[40];
} crowd;

static sy_status load_one(sy_ctx *ctx, void *user, int worker, size_t item)
{
    crowd *self = user;
    void *out[] = {self->words[worker]};
    bool usable;
    SY_TRY(sy_samples_load(ctx, self->samples, item, out, NULL, &usable));
    for (int i = 0; i < 48; i++)
        self->sums[item] += self->words[worker][i];
    return SY_OK;
}

static void many_threads_can_load_at_once(void **state)
{
    fixture *self = *state;
    static crowd many;
    memset(&many, 0, sizeof many);
    set(self, "data_preprocess_param.preset=raw255");
    for (int i = 0; i < 40; i++) {
        char name[16];
        snprintf(name, sizeof name, "%02d.ppm", i);
        folder_write_ppm(&self->folder, name, 4, 4, i);
    }
    sy_samples *samples = open_set(self, self->folder.path, &photo, 1);
    many.samples = samples;
    assert_ok(self->ctx, sy_pool_run(self->ctx, NULL, 4, 40, load_one, &many));
    for (int i = 0; i < 40; i++)
        assert_true(many.sums[i] == (float)(24 + 24 + 16 * i));
    sy_samples_destroy(samples);
}

/* A file that is spoilt after the first set was opened is not looked at again by the second. */
static void headers_that_another_set_has_read_are_not_read_again(void **state)
{
    fixture *self = *state;
    char path[300];
    folder_write(&self->folder, "a.f32", "0123456789ab", 12);
    folder_write(&self->folder, "b.f32", "0123456789ab", 12);
    sy_samples_spec spec = spec_of(self, self->folder.path, vectors, 1);
    sy_samples *first, *second;
    spec.limit = 1;
    assert_ok(self->ctx, sy_samples_open(self->ctx, &spec, &first));
    snprintf(path, sizeof path, "%s/a.f32", self->folder.path);
    assert_int_equal(truncate(path, 0), 0);
    spec.limit = SIZE_MAX;
    spec.known = first;
    assert_ok(self->ctx, sy_samples_open(self->ctx, &spec, &second));
    assert_int_equal(sy_samples_count(second), 2);
    sy_samples_destroy(first);
    sy_samples_destroy(second);
    spec.known = NULL;
    assert_int_equal(sy_samples_open(self->ctx, &spec, &first), SY_E_DATA);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_fixture, close_fixture)
    const struct CMUnitTest tests[] = {
        TEST(files_come_sorted_without_hidden_ones_and_folders),
        TEST(a_photograph_is_loaded_with_its_hash),
        TEST(several_inputs_pair_by_position),
        TEST(what_data_says_about_inputs_is_checked),
        TEST(each_folder_of_no_use_has_its_own_message),
        TEST(a_path_with_commas_and_colons_is_taken_as_it_is),
        TEST(the_number_of_samples_can_be_limited),
        TEST(every_bad_file_is_named_before_anything_runs),
        TEST(the_first_file_that_fails_to_load_names_them_all),
        TEST(bad_samples_can_be_left_out),
        TEST(arrays_must_have_the_shape_of_the_input),
        TEST(raw_files_of_calibrate_path_are_channels_last),
        TEST(an_explicit_input_type_decides_without_names),
        TEST(labels_find_samples_by_the_file_they_lead_to),
        TEST(labels_alone_can_list_the_samples),
        TEST(labels_that_are_wrong_are_refused_with_their_line),
        TEST(inputs_that_samples_cannot_fill_are_refused),
        TEST(headers_that_another_set_has_read_are_not_read_again),
        TEST(many_threads_can_load_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
