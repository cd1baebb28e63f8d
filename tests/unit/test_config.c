#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "config/config.h"
#include "support/log.h"

typedef struct {
    sy_ctx *ctx;
    sy_config *config;
    test_log log;
} fixture;

static int open_fixture(void **state)
{
    fixture *self = calloc(1, sizeof *self);
    *state = self;
    if (!self || sy_ctx_create(&self->ctx) != SY_OK)
        return -1;
    test_log_open(self->ctx, SY_LOG_WARN, &self->log);
    return sy_config_create(self->ctx, &self->config) == SY_OK ? 0 : -1;
}

static int close_fixture(void **state)
{
    fixture *self = *state;
    sy_config_destroy(self->config);
    sy_ctx_destroy(self->ctx);
    free(self);
    return 0;
}

static sy_status parse(fixture *self, const char *text)
{
    return sy_config_parse(self->ctx, self->config, "q.ini", text, strlen(text));
}

static void every_key_has_its_default(void **state)
{
    const sy_config *config = ((fixture *)*state)->config;
    assert_int_equal(config->common_quant_param.quant_type, SY_QUANT_TYPE_FULL_QUANT);
    assert_int_equal(config->common_quant_param.bit_num, 8);
    assert_int_equal(config->common_quant_param.min_quant_weight_channel, 16);
    assert_int_equal(config->common_quant_param.skip_quant_node.count, 0);
    assert_true(config->full_quant_param.bias_correction);
    assert_true(config->full_quant_param.per_channel);
    assert_true(config->full_quant_param.percentile == 0.99999);
    assert_int_equal(config->full_quant_param.activation_quant_method, SY_ACTIVATION_QUANT_METHOD_MAX_MIN);
    assert_int_equal(config->full_quant_param.target_device, SY_TARGET_DEVICE_GENERIC);
    assert_null(config->data_preprocess_param.calibrate_path);
    assert_int_equal(config->data_preprocess_param.calibrate_size, 0);
    assert_int_equal(config->data_preprocess_param.image_to_format, SY_IMAGE_FORMAT_UNSET);
    assert_int_equal(config->data_preprocess_param.normalize_mean.count, 0);
    assert_false(sy_config_is_set(config, SY_KEY_common_quant_param_bit_num));
}

static void a_mindspore_file_is_read_unchanged(void **state)
{
    fixture *self = *state;
    assert_ok(self->ctx, parse(self, "# comment\r\n"
                                     "[common_quant_param]\r\n"
                                     "quant_type=FULL_QUANT\r\n"
                                     "  bit_num =  8  \r\n"
                                     "skip_quant_node=conv1,layer/2\r\n"
                                     "\r\n"
                                     "   \r\n"
                                     "[data_preprocess_param]\r\n"
                                     "calibrate_path=\"in:/a b/c,in:2:/d\"\r\n"
                                     "calibrate_size=100\r\n"
                                     "normalize_mean=[127.5, 127.5,1]\r\n"
                                     "normalize_std=[127.5,127.5,127.5]\r\n"
                                     "image_to_format=\"RGB\"\r\n"
                                     "[full_quant_param]\r\n"
                                     "bias_correction=TRUE\r\n"
                                     "per_channel=False"));
    const sy_config *config = self->config;
    assert_int_equal(config->common_quant_param.skip_quant_node.count, 2);
    assert_string_equal(config->common_quant_param.skip_quant_node.items[1], "layer/2");
    assert_string_equal(config->data_preprocess_param.calibrate_path, "in:/a b/c,in:2:/d");
    assert_int_equal(config->data_preprocess_param.calibrate_size, 100);
    assert_int_equal(config->data_preprocess_param.normalize_mean.count, 3);
    assert_true(config->data_preprocess_param.normalize_mean.values[2] == 1);
    assert_int_equal(config->data_preprocess_param.image_to_format, SY_IMAGE_FORMAT_RGB);
    assert_true(config->full_quant_param.bias_correction);
    assert_false(config->full_quant_param.per_channel);
    assert_string_equal(self->log.text, "");
}

static void lines_are_read_more_kindly_than_mindspore_lite_reads_them(void **state)
{
    static const struct {
        const char *line, *value;
    } cases[] = {
        {"calibrate_path = /a # where they are", "/a"},    {"calibrate_path = /a ; where they are", "/a"},
        {"calibrate_path = /a\t# where they are", "/a"},   {"\tcalibrate_path\t=\t/a\t", "/a"},
        {"calibrate_path = x:/run=3/a=b", "x:/run=3/a=b"}, {"calibrate_path = /a#b;c", "/a#b;c"},
        {"calibrate_path = \"/a #b\"", "/a #b"},           {"  # indented\n  ; too\ncalibrate_path=/a", "/a"},
    };
    fixture *self = *state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[256];
        snprintf(text, sizeof text, "\xEF\xBB\xBF[ data_preprocess_param ]  # here\n%s", cases[i].line);
        assert_ok(self->ctx, parse(self, text));
        assert_string_equal(self->config->data_preprocess_param.calibrate_path, cases[i].value);
    }
}

static void the_last_of_two_equal_keys_counts_and_a_warning_says_so(void **state)
{
    fixture *self = *state;
    assert_ok(self->ctx,
              parse(self, "[data_preprocess_param]\ncalibrate_size = nonsense\ncalibrate_size = 7\n"));
    assert_int_equal(self->config->data_preprocess_param.calibrate_size, 7);
    assert_string_equal(
        self->log.text,
        "q.ini:3: [data_preprocess_param] calibrate_size was set in line 2 already; this one counts\n");
}

static void each_mistake_has_one_message_with_place_expectation_and_remedy(void **state)
{
    static const struct {
        const char *text;
        sy_status status;
        const char *message;
    } cases[] = {
        {"[comon_quant_param]", SY_E_CONFIG,
         "q.ini:1: [comon_quant_param]: no such section; did you mean [common_quant_param]?"},
        {"[weather]", SY_E_CONFIG, "q.ini:1: [weather]: no such section; --help-config lists them"},
        {"\n[common_quant_param", SY_E_CONFIG, "q.ini:2: '[common_quant_param': a section ends with ]"},
        {"bit_num = 8", SY_E_CONFIG, "q.ini:1: bit_num comes before any [section]"},
        {"[common_quant_param]\nbit_nun = 8", SY_E_CONFIG,
         "q.ini:2: [common_quant_param] has no key bit_nun; did you mean bit_num?"},
        {"[common_quant_param]\nBIT_NUM = 8", SY_E_CONFIG,
         "q.ini:2: [common_quant_param] has no key BIT_NUM; did you mean bit_num?"},
        {"[common_quant_param]\nweather = 8", SY_E_CONFIG,
         "q.ini:2: [common_quant_param] has no key weather; --help-config lists its keys"},
        {"[common_quant_param]\ntarget_device = CPU", SY_E_CONFIG,
         "q.ini:2: [common_quant_param] has no key target_device: it belongs to [full_quant_param]"},
        {"[common_quant_param]\nper_channel = true", SY_E_CONFIG,
         "q.ini:2: [common_quant_param] has no key per_channel: it belongs to [weight_quant_param] or "
         "[mixed_bit_weight_quant_param] or [full_quant_param]"},
        {"[common_quant_param]\nbit_num", SY_E_CONFIG,
         "q.ini:2: 'bit_num' is neither [section] nor key = value"},
        {"[common_quant_param]\nbit_num =  # eight", SY_E_CONFIG,
         "q.ini:2: [common_quant_param] bit_num has no value: write one, or leave the line out"},
        {"[common_quant_param]\nbit_num = 17", SY_E_CONFIG,
         "q.ini:2: [common_quant_param] bit_num = 17: must be a whole number from 0 to 16"},
        {"[common_quant_param]\nbit_num = 8x", SY_E_CONFIG,
         "q.ini:2: [common_quant_param] bit_num = 8x: must be a whole number from 0 to 16"},
        {"[common_quant_param]\nbit_num = 99999999999999999999", SY_E_CONFIG,
         "q.ini:2: [common_quant_param] bit_num = 99999999999999999999: must be a whole number from 0 to 16"},
        {"[full_quant_param]\nbias_correction = 1", SY_E_CONFIG,
         "q.ini:2: [full_quant_param] bias_correction = 1: must be true or false"},
        {"[full_quant_param]\ntarget_device = nvgpu", SY_E_CONFIG,
         "q.ini:2: [full_quant_param] target_device = nvgpu: must be one of GENERIC, NVGPU, DSP, ASCEND, "
         "KIRIN; did "
         "you mean NVGPU?"},
        {"[full_quant_param]\npercentile = 1", SY_E_CONFIG,
         "q.ini:2: [full_quant_param] percentile = 1: must be a number above 0.5 and below 1; fractions such "
         "as 1/127.5 "
         "are fine"},
        {"[data_preprocess_param]\nnormalize_std = [1, 0, 1]", SY_E_CONFIG,
         "q.ini:2: [data_preprocess_param] normalize_std = [1, 0, 1]: must be 1 to 4 numbers above 0, as in "
         "[a, b, c]; "
         "fractions such as 255/2 are fine"},
        {"[data_preprocess_param]\nnormalize_mean = [1, 2", SY_E_CONFIG,
         "q.ini:2: [data_preprocess_param] normalize_mean = [1, 2: must be 1 to 4 numbers, as in [a, b, c]; "
         "fractions "
         "such as 255/2 are fine"},
        {"[data_preprocess_param]\nnormalize_mean = [1,2,3,4,5]", SY_E_CONFIG,
         "q.ini:2: [data_preprocess_param] normalize_mean = [1,2,3,4,5]: must be 1 to 4 numbers, as in [a, "
         "b, c]; "
         "fractions such as 255/2 are fine"},
        {"[common_quant_param]\nquant_type = \x01", SY_E_CONFIG,
         "q.ini:2: byte 14 is 0x01: this is no text file"},
    };
    fixture *self = *state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_fails(self->ctx, parse(self, cases[i].text), cases[i].status, cases[i].message);
}

static void what_is_valid_but_not_in_this_version_is_refused_in_words(void **state)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"[common_quant_param]\ndebug_info_save_path = /tmp",
         "q.ini:2: [common_quant_param] debug_info_save_path = /tmp: not supported yet by this version: "
         "leave "
         "debug_info_save_path out"},
        {"[full_quant_param]\ntarget_device = KIRIN",
         "q.ini:2: [full_quant_param] target_device = KIRIN: not "
         "supported yet by this version: target_device can be "
         "GENERIC, NVGPU, DSP, ASCEND"},
        {"[weight_quant_param]\nupdate_mindir = false",
         "q.ini:2: [weight_quant_param] update_mindir = false: not supported yet by this version: "
         "update_mindir can only be true"},
        {"[micro_param]\nenable_micro = true", "q.ini:2: [micro_param] enable_micro = true: not supported "
                                               "yet by this version: enable_micro can only be "
                                               "false"},
        {"[graph_kernel_param]\nopt_level = 1",
         "q.ini:2: [graph_kernel_param]: not supported yet by this version: leave the section out"},
        {"[model_param]\nx = 1\n[model_param]\nx = 2",
         "q.ini:2: [model_param]: not supported yet by this version: leave the section out"},
    };
    fixture *self = *state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_fails(self->ctx, parse(self, cases[i].text), SY_E_UNSUPPORTED, cases[i].message);
}

static void defaults_of_features_to_come_are_accepted(void **state)
{
    fixture *self = *state;
    assert_ok(self->ctx, parse(self, "[weight_quant_param]\nper_channel = TRUE\nquant_strategy=MAX_MIN\n"
                                     "[mixed_bit_weight_quant_param]\ninit_scale = 2e-2\n"
                                     "[micro_param]\nenable_micro=false\ncodegen_mode=Inference\n"
                                     "[registry]\ndisable_fusion=off\n[graph_kernel_param]\n"));
}

static void keys_of_weight_quantization_are_checked_against_full(void **state)
{
    fixture *self = *state;
    assert_ok(self->ctx,
              parse(self, "[common_quant_param]\nmin_quant_weight_channel=4\nmin_quant_weight_size=5"));
    assert_ok(self->ctx, sy_config_check(self->ctx, self->config));
    assert_string_equal(
        self->log.text,
        "q.ini:2: [common_quant_param] min_quant_weight_channel: full quantization heeds it for "
        "target ASCEND only\n"
        "q.ini:3: [common_quant_param] min_quant_weight_size has no effect on full quantization\n");
    assert_ok(self->ctx, parse(self, "[common_quant_param]\nbit_num=4"));
    assert_fails(
        self->ctx, sy_config_check(self->ctx, self->config), SY_E_CONFIG,
        "q.ini:2: [common_quant_param] bit_num = 4: full quantization has 8 bits, WEIGHT_QUANT has 1 to 16");
    assert_ok(self->ctx, parse(self, "[common_quant_param]\nbit_num=4\nquant_type=WEIGHT_QUANT"));
    assert_ok(self->ctx, sy_config_check(self->ctx, self->config));
}

static void both_spellings_mean_the_same(void **state)
{
    fixture *self = *state;
    static const char *const spellings[] = {"REMOVAL_OUTLIER", "RemovalOutlier"};
    for (int i = 0; i < 2; i++) {
        char text[128];
        snprintf(text, sizeof text, "[full_quant_param]\nactivation_quant_method=%s\ntarget_device=CPU",
                 spellings[i]);
        assert_ok(self->ctx, parse(self, text));
        assert_int_equal(self->config->full_quant_param.activation_quant_method,
                         SY_ACTIVATION_QUANT_METHOD_REMOVAL_OUTLIER);
        assert_int_equal(self->config->full_quant_param.target_device, SY_TARGET_DEVICE_GENERIC);
    }
}

static void numbers_may_be_fractions(void **state)
{
    fixture *self = *state;
    assert_ok(self->ctx, parse(self, "[data_preprocess_param]\nnormalize_std = [255/2, 1/127.5, 1e1]\n"
                                     "normalize_mean = 127.5"));
    const sy_config_floats *std = &self->config->data_preprocess_param.normalize_std;
    assert_true(std->values[0] == 127.5 && std->values[1] == 1 / 127.5 && std->values[2] == 10);
    assert_int_equal(self->config->data_preprocess_param.normalize_mean.count, 1);
}

static void settings_of_the_command_line_go_before_the_file(void **state)
{
    fixture *self = *state;
    assert_ok(self->ctx, parse(self, "[full_quant_param]\nactivation_quant_method = KL\n"));
    assert_ok(self->ctx, sy_config_set(self->ctx, self->config, "--set",
                                       "full_quant_param.activation_quant_method=MSE"));
    assert_int_equal(self->config->full_quant_param.activation_quant_method, SY_ACTIVATION_QUANT_METHOD_MSE);
    sy_config_source source = self->config->sources[SY_KEY_full_quant_param_activation_quant_method];
    assert_string_equal(source.name, "--set");
    assert_int_equal(source.line, 0);
    assert_ok(self->ctx, sy_config_set(self->ctx, self->config, "--set",
                                       " data_preprocess_param . calibrate_path = \"/a #b=c\" "));
    assert_string_equal(self->config->data_preprocess_param.calibrate_path, "/a #b=c");
}

static void a_wrong_setting_of_the_command_line_is_repeated_with_the_reason(void **state)
{
    static const struct {
        const char *set, *message;
    } cases[] = {
        {"full_quant_param.x=1",
         "--set full_quant_param.x=1: [full_quant_param] has no key x; --help-config lists its keys"},
        {"full_quant_parm.x=1",
         "--set full_quant_parm.x=1: [full_quant_parm]: no such section; did you mean [full_quant_param]?"},
        {"common_quant_param.bit_num=99",
         "--set common_quant_param.bit_num=99: must be a whole number from 0 to 16"},
        {"common_quant_param.bit_num", "--set common_quant_param.bit_num: must be section.key=value"},
        {"common_quant_param.bit_num=", "--set common_quant_param.bit_num=: has no value"},
        {"bit_num=8", "--set bit_num=8: must be section.key=value; bit_num belongs to [common_quant_param]"},
        {"foo=8", "--set foo=8: must be section.key=value; --help-config lists sections and keys"},
        {"", "--set : must be section.key=value"},
        {"a.b=\n", "--set a.b=\n: holds the control character 0x0a"},
    };
    fixture *self = *state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_fails(self->ctx, sy_config_set(self->ctx, self->config, "--set", cases[i].set), SY_E_CONFIG,
                     cases[i].message);
}

static void keys_that_need_or_exclude_each_other_are_checked_together(void **state)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"resize_method = LINEAR\nresize_width = 3",
         "q.ini:2: [data_preprocess_param] resize_method needs resize_height too"},
        {"resize_width = 3", "q.ini:2: [data_preprocess_param] resize_width needs resize_height too"},
        {"center_crop_height = 3",
         "q.ini:2: [data_preprocess_param] center_crop_height needs center_crop_width too"},
        {"resize_short_side = 3\nresize_width = 3\nresize_height=4",
         "q.ini:2: [data_preprocess_param] resize_short_side and q.ini:3: [data_preprocess_param] "
         "resize_width exclude "
         "each other: one keeps the aspect, the other does not"},
        {"preset = tf\nnormalize_mean = [1]", "q.ini:2: [data_preprocess_param] preset and q.ini:3: "
                                              "[data_preprocess_param] normalize_mean exclude each "
                                              "other: a preset says that already"},
        {"normalize_mean = [1,2,3]\nnormalize_std = [1,2]",
         "q.ini:3: [data_preprocess_param] normalize_std has 2 values where normalize_mean has 3"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        fixture *self;
        void *own;
        char text[256];
        assert_int_equal(open_fixture(&own), 0);
        self = own;
        snprintf(text, sizeof text, "[data_preprocess_param]\n%s", cases[i].text);
        assert_ok(self->ctx, parse(self, text));
        assert_fails(self->ctx, sy_config_check(self->ctx, self->config), SY_E_CONFIG, cases[i].message);
        close_fixture(&own);
    }
    fixture *self = *state;
    assert_ok(self->ctx, sy_config_check(self->ctx, self->config));
}

static void the_effective_configuration_says_where_values_come_from(void **state)
{
    fixture *self = *state;
    sy_text text = {0};
    assert_ok(
        self->ctx,
        parse(self, "[full_quant_param]\n\nper_channel = false\n[common_quant_param]\nenable_encode=true"));
    assert_ok(self->ctx, sy_config_set(self->ctx, self->config, "--set", "full_quant_param.percentile=0.99"));
    sy_config_print(self->config, &text);
    assert_non_null(strstr(text.bytes, "[full_quant_param]\n"));
    assert_non_null(strstr(text.bytes, "per_channel = false                      # q.ini:3\n"));
    assert_non_null(strstr(text.bytes, "percentile = 0.99                        # --set\n"));
    assert_non_null(strstr(text.bytes, "bias_correction = true                   # default\n"));
    assert_non_null(strstr(text.bytes, "enable_encode = true                     # q.ini:5\n"));
    assert_non_null(strstr(text.bytes, "# calibrate_path =                       # not set\n"));
    assert_non_null(strstr(text.bytes, "bit_num = 8                              # default\n"));
    assert_null(strstr(text.bytes, "workspace"));
    assert_null(strstr(text.bytes, "[acl_option_cfg_param]"));
    sy_text_release(&text);
}

/* Every value by key, without provenance. */
static void print_values(const sy_config *config, sy_text *out)
{
    for (int key = 0; key < SY_KEY_COUNT; key++) {
        sy_config_print_value(config, (sy_config_key)key, out);
        sy_text_printf(out, "\n");
    }
}

static void the_effective_configuration_reads_back_to_the_same_one(void **state)
{
    fixture *self = *state;
    sy_config *again;
    sy_text printed = {0}, before = {0}, after = {0};
    assert_ok(self->ctx,
              parse(self, "[data_preprocess_param]\ncalibrate_path = \"a:/x #1,b:/y ;2\"\ncalibrate_size=9\n"
                          "normalize_mean=[1/3,0.1,1e-7]\nnormalize_std = 255/7\nresize_method=CUBIC\n"
                          "resize_width=11\nresize_height=12\nskip_bad_samples=true\ninput_type=IMAGE\n"
                          "[common_quant_param]\nskip_quant_node=a b,\"#c\",d=e,,\n"
                          "[full_quant_param]\npercentile=0.123456789012345678e1/2\n"));
    sy_config_print(self->config, &printed);
    assert_ok(self->ctx, sy_config_create(self->ctx, &again));
    assert_ok(self->ctx, sy_config_parse(self->ctx, again, "again.ini", printed.bytes, printed.size));
    print_values(self->config, &before);
    print_values(again, &after);
    assert_string_equal(before.bytes, after.bytes);
    assert_int_equal(again->common_quant_param.skip_quant_node.count, 3);
    assert_string_equal(again->common_quant_param.skip_quant_node.items[1], "#c");
    assert_string_equal(self->log.text, "");
    sy_text_release(&printed);
    sy_text_release(&before);
    sy_text_release(&after);
    sy_config_destroy(again);
}

static void what_is_too_large_is_no_configuration(void **state)
{
    fixture *self = *state;
    const size_t size = 1100000;
    char *text = malloc(size);
    assert_non_null(text);
    memset(text, 'x', size);
    assert_fails(self->ctx, sy_config_parse(self->ctx, self->config, "big", text, size), SY_E_CONFIG,
                 "big: is larger than 1048576 bytes: this is no configuration");
    assert_fails(self->ctx, sy_config_parse(self->ctx, self->config, "big", text, 70000), SY_E_CONFIG,
                 "big:1: the line is longer than 65536 bytes");
    free(text);
    assert_int_equal(sy_config_load(self->ctx, self->config, "no/such/file.ini"), SY_E_IO);
    assert_string_equal(sy_ctx_error(self->ctx), "no/such/file.ini: No such file or directory");
}

static void every_ready_configuration_is_valid(void **state)
{
    fixture *self = *state;
    sy_arena arena = {0};
    char **names;
    size_t count, read = 0;
    assert_ok(self->ctx, sy_folder_list(self->ctx, SY_SOURCE_DIR "/configs", &arena, &names, &count));
    for (size_t i = 0; i < count; i++) {
        char path[1024];
        sy_config *config;
        snprintf(path, sizeof path, "%s/configs/%s", SY_SOURCE_DIR, names[i]);
        assert_ok(self->ctx, sy_config_create(self->ctx, &config));
        assert_ok(self->ctx, sy_config_load(self->ctx, config, path));
        assert_ok(self->ctx, sy_config_check(self->ctx, config));
        sy_config_destroy(config);
        read++;
    }
    assert_true(read >= 5);
    assert_string_equal(self->log.text, "");
    sy_arena_release(&arena);
}

static void the_page_of_documentation_is_up_to_date(void **state)
{
    fixture *self = *state;
    static const char path[] = SY_SOURCE_DIR "/docs/CONFIG.md";
    sy_text text = {0};
    sy_mapped file = {0};
    sy_config_print_markdown(&text);
    assert_false(text.failed);
    if (getenv("SY_UPDATE_GOLDEN"))
        assert_ok(self->ctx, sy_file_save(self->ctx, path, text.bytes, text.size));
    assert_ok(self->ctx, sy_file_map(self->ctx, path, &file));
    if (file.size != text.size || memcmp(file.bytes, text.bytes, text.size) != 0)
        fail_msg("docs/CONFIG.md differs from the table: run SY_UPDATE_GOLDEN=1 unit.config");
    sy_file_unmap(&file);
    sy_text_release(&text);
}

static void the_help_names_every_key_once_in_its_section(void **state)
{
    (void)state;
    sy_text text = {0};
    sy_config_print_help(&text);
    assert_non_null(strstr(text.bytes, "[full_quant_param]  Quantization of weights and activations.\n"));
    assert_non_null(
        strstr(text.bytes,
               "  target_device = GENERIC\n      What the quantized model is for.\n"
               "      (one of GENERIC, NVGPU, DSP, ASCEND, KIRIN; this version: GENERIC, NVGPU, DSP, ASCEND; "
               "CPU is another spelling of GENERIC)\n"));
    assert_non_null(strstr(text.bytes, "[graph_kernel_param]"));
    sy_text_release(&text);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_fixture, close_fixture)
    const struct CMUnitTest tests[] = {
        TEST(every_key_has_its_default),
        TEST(a_mindspore_file_is_read_unchanged),
        TEST(lines_are_read_more_kindly_than_mindspore_lite_reads_them),
        TEST(the_last_of_two_equal_keys_counts_and_a_warning_says_so),
        TEST(each_mistake_has_one_message_with_place_expectation_and_remedy),
        TEST(what_is_valid_but_not_in_this_version_is_refused_in_words),
        TEST(defaults_of_features_to_come_are_accepted),
        TEST(keys_of_weight_quantization_are_checked_against_full),
        TEST(both_spellings_mean_the_same),
        TEST(numbers_may_be_fractions),
        TEST(settings_of_the_command_line_go_before_the_file),
        TEST(a_wrong_setting_of_the_command_line_is_repeated_with_the_reason),
        TEST(keys_that_need_or_exclude_each_other_are_checked_together),
        TEST(the_effective_configuration_says_where_values_come_from),
        TEST(the_effective_configuration_reads_back_to_the_same_one),
        TEST(what_is_too_large_is_no_configuration),
        TEST(every_ready_configuration_is_valid),
        TEST(the_page_of_documentation_is_up_to_date),
        TEST(the_help_names_every_key_once_in_its_section),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
