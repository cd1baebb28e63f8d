/* MindSpore Lite's converter command line. What it accepts means the same here; what we do not do is refused
 * in words.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

typedef struct {
    const char *name;
    const char *accepts; /* values that are done or are harmless, separated by '|'; NULL: any */
    const char *remedy;  /* for other values */
} flag_row;

static const flag_row flags[] = {
    {"fmk", "ONNX|MINDIR", "only ONNX and MINDIR models can be read by this version"},
    {"modelFile", NULL, NULL},
    {"outputFile", NULL, NULL},
    {"configFile", NULL, NULL},
    {"inputShape", NULL, NULL},
    {"inputDataFormat", "NHWC|NCHW", "the layouts are NHWC and NCHW"},
    {"optimize", "none|general|gpu_oriented|ascend_oriented|ascend_oriented:*",
     "there are none, general, gpu_oriented, ascend_oriented and ascend_oriented:CHIP"},
    {"fp16", "off", "float16 output is not supported by this version"},
    {"trainModel", "false", "training models are not supported"},
    {"encryption", "false", "encrypted output is not supported"},
    {"infer", "false", "'steelyard verify' checks the result"},
    {"saveType", "ONNX|MINDIR", "this version writes ONNX, and MINDIR where it read that"},
    {"inputDataType", "FLOAT|DEFAULT", "inputs keep their type"},
    {"outputDataType", "FLOAT|DEFAULT", "outputs keep their type"},
    {"resume", "true|false",
     "true goes on from what a run that ended in the middle left; the other is false"},
    {"optimizeTransformer", "false", "there is no such optimization here"},
};
enum { FLAG_COUNT = sizeof flags / sizeof flags[0] };

typedef struct {
    const char *values[FLAG_COUNT];
} flag_values;

static const char *value_of(const flag_values *values, const char *name)
{
    for (int i = 0; i < FLAG_COUNT; i++)
        if (strcmp(flags[i].name, name) == 0)
            return values->values[i];
    return NULL;
}

/* A value that ends in '*' stands for all that begin like it and go on. */
static bool accepted(const flag_row *flag, const char *value)
{
    for (const char *at = flag->accepts; at; at = strchr(at, '|') ? strchr(at, '|') + 1 : NULL) {
        size_t length = strcspn(at, "|");
        bool open = at[length - 1] == '*';
        if (open && strncmp(at, value, length - 1) == 0 && strlen(value) > length - 1)
            return true;
        if (!open && strlen(value) == length && strncmp(at, value, length) == 0)
            return true;
    }
    return !flag->accepts;
}

static const char *nearest_flag(const char *name, size_t length)
{
    const char *nearest = NULL;
    size_t best = 0;
    for (int i = 0; i < FLAG_COUNT; i++) {
        size_t likeness = cli_likeness(name, length, flags[i].name);
        if (likeness > best) {
            best = likeness;
            nearest = flags[i].name;
        }
    }
    return nearest;
}

static sy_status parse_flag(const char *argument, flag_values *out, char error[CLI_ERROR_MAX])
{
    const char *equals = strchr(argument, '=');
    if (strncmp(argument, "--", 2) != 0 || !equals) {
        snprintf(error, CLI_ERROR_MAX, "convert: '%.200s' is not --NAME=VALUE", argument);
        return SY_E_ARGUMENT;
    }
    size_t length = (size_t)(equals - argument) - 2;
    for (int i = 0; i < FLAG_COUNT; i++) {
        if (strlen(flags[i].name) != length || strncmp(flags[i].name, argument + 2, length) != 0)
            continue;
        if (!accepted(&flags[i], equals + 1)) {
            snprintf(error, CLI_ERROR_MAX, "convert: %.200s: %s", argument, flags[i].remedy);
            return SY_E_UNSUPPORTED;
        }
        out->values[i] = equals + 1;
        return SY_OK;
    }
    const char *nearest = nearest_flag(argument + 2, length);
    snprintf(error, CLI_ERROR_MAX, "convert: unknown option --%.*s%s%s%s", length < 100 ? (int)length : 100,
             argument + 2, nearest ? ": did you mean --" : "",
             nearest ? nearest : ": this version has no such option", nearest ? "=?" : "");
    return SY_E_ARGUMENT;
}

static sy_status parse_flags(int argc, char **argv, flag_values *out, char error[CLI_ERROR_MAX])
{
    static const char *const required[] = {"fmk", "modelFile", "outputFile", "configFile"};
    for (int i = 0; i < argc; i++) {
        sy_status status = parse_flag(argv[i], out, error);
        if (status != SY_OK)
            return status;
    }
    for (size_t i = 0; i < sizeof required / sizeof required[0]; i++)
        if (!value_of(out, required[i])) {
            snprintf(error, CLI_ERROR_MAX, "convert: --%s= is missing", required[i]);
            return SY_E_ARGUMENT;
        }
    return SY_OK;
}

/* What is read decides what is written, unless --saveType says otherwise. */
static const char *output_suffix(const flag_values *values)
{
    const char *type = value_of(values, "saveType") ? value_of(values, "saveType") : value_of(values, "fmk");
    return strcmp(type, "MINDIR") == 0 ? ".mindir" : ".onnx";
}

/* outputFile gets its suffix, as the converter does it. */
static char *output_path(const char *output_file, const char *suffix)
{
    size_t length = strlen(output_file), extra = strlen(suffix);
    bool has_suffix = length >= extra && strcmp(output_file + length - extra, suffix) == 0;
    char *path = malloc(length + extra + 1);
    if (path)
        snprintf(path, length + extra + 1, "%s%s", output_file, has_suffix ? "" : suffix);
    return path;
}

static sy_status convert(sy_ctx *ctx, const flag_values *values, const char *path, sy_report **out)
{
    const cli_arguments arguments = {.config_path = value_of(values, "configFile"),
                                     .input_format = value_of(values, "inputDataFormat")};
    sy_config *config = NULL;
    sy_status status = cli_configure(ctx, &arguments, &config);
    if (status == SY_OK) {
        const char *optimize = value_of(values, "optimize");
        const char *chip = optimize ? strchr(optimize, ':') : NULL;
        const char *resume = value_of(values, "resume");
        const sy_request request = {.model = value_of(values, "modelFile"),
                                    .model_output = path,
                                    .input_shape = value_of(values, "inputShape"),
                                    .ascend = optimize && strncmp(optimize, "ascend", strlen("ascend")) == 0,
                                    .chip = chip ? chip + 1 : NULL,
                                    .resume = resume && strcmp(resume, "true") == 0,
                                    .config = config};
        status = sy_quantize(ctx, &request, out);
    }
    sy_config_destroy(config);
    return status;
}

static void print_help(void)
{
    puts("steelyard convert --fmk=ONNX|MINDIR --modelFile=MODEL --outputFile=FILE --configFile=FILE "
         "[options]\n\n"
         "MindSpore Lite's converter command line: quantizes as the configuration file says. Writes "
         "FILE.onnx and, "
         "beside it,\n"
         "FILE.qstat and manifest.json; with quant_type = WEIGHT_QUANT FILE.onnx alone. Of a MindIR model "
         "FILE.mindir, with "
         "quant_type = WEIGHT_QUANT, or, "
         "with\n"
         "--saveType=ONNX, the same as of ONNX.\n");
    for (int i = 0; i < FLAG_COUNT; i++)
        printf("  --%s=%s\n", flags[i].name, flags[i].accepts ? flags[i].accepts : "...");
}

int cli_convert(int argc, char **argv)
{
    for (int i = 0; i < argc; i++)
        if (strcmp(argv[i], "--help") == 0) {
            print_help();
            return 0;
        }
    char error[CLI_ERROR_MAX];
    flag_values values = {{NULL}};
    sy_status status = parse_flags(argc, argv, &values, error);
    if (status != SY_OK)
        return cli_fail(status, error);

    const cli_arguments defaults = {.progress = CLI_PROGRESS_AUTO};
    sy_ctx *ctx = NULL;
    cli_console *console = NULL;
    char *path = output_path(value_of(&values, "outputFile"), output_suffix(&values));
    if (!path || sy_ctx_create(&ctx) != SY_OK || !(console = cli_console_open(ctx, &defaults))) {
        free(path);
        sy_ctx_destroy(ctx);
        return cli_fail(SY_E_MEMORY, "out of memory");
    }
    sy_report *report = NULL;
    status = convert(ctx, &values, path, &report);
    cli_console_close(console);
    if (report)
        fputs(sy_report_text(report), stdout);
    if (status == SY_OK) {
        puts("CONVERT RESULT SUCCESS:0");
    } else {
        cli_fail(status, sy_ctx_error(ctx));
        printf("CONVERT RESULT FAILED:%d\n", (int)status);
    }
    if (fflush(stdout) != 0 && status == SY_OK)
        status = (sy_status)cli_fail(SY_E_IO, "standard output cannot be written");
    sy_report_destroy(report);
    sy_ctx_destroy(ctx);
    free(path);
    return (int)status;
}
