#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

/* One bit a command, and the groups options.def speaks of. */
enum {
    C_QUANTIZE = 1,
    C_STATS = 2,
    C_EMIT = 4,
    C_VERIFY = 8,
    C_RUN = 16,
    C_INSPECT = 32,
    C_CONFIG = 64,
    C_DEVICES = 128,
    C_PACK = 256,
    C_UNPACK = 512,
    C_RUNS = C_QUANTIZE | C_STATS | C_VERIFY,
    C_WRITES = C_QUANTIZE | C_STATS | C_EMIT | C_RUN | C_PACK | C_UNPACK,
    C_EMITS = C_QUANTIZE | C_EMIT,
    C_MEASURES = C_QUANTIZE | C_VERIFY,
    C_CONFIGURES = C_QUANTIZE | C_STATS | C_EMIT | C_VERIFY | C_CONFIG | C_PACK,
    C_SHAPES = C_QUANTIZE | C_STATS | C_VERIFY | C_RUN | C_INSPECT,
    C_DEVICE = C_QUANTIZE | C_STATS | C_VERIFY | C_RUN,
    C_ALL = 1023,
};

static sy_status list_devices(sy_ctx *ctx, const sy_request *request, sy_report **out)
{
    (void)request;
    return sy_list_devices(ctx, out);
}

const cli_command cli_commands[] = {
    {"quantize",
     C_QUANTIZE,
     {"MODEL", NULL},
     "Quantize a float model: statistics, ranges, files, and how good they are.",
     sy_quantize},
    {"stats",
     C_STATS,
     {"MODEL", NULL},
     "Run a float model over samples and save the statistics of every tensor.",
     sy_collect},
    {"emit",
     C_EMIT,
     {"STATS", NULL},
     "Write quantized models from saved statistics, without running the model.",
     sy_emit},
    {"verify",
     C_VERIFY,
     {"FLOAT", "QUANTIZED"},
     "Run two models over samples and say how far apart they are.",
     sy_verify},
    {"run", C_RUN, {"MODEL", NULL}, "Run a model once on .npy inputs and save its outputs.", sy_run},
    {"inspect",
     C_INSPECT,
     {"MODEL", NULL},
     "Show a model's inputs, outputs, operators and what can be quantized.",
     sy_inspect},
    {"pack",
     C_PACK,
     {"MODEL", NULL},
     "Put a model whose weights are integers into a compressed container.",
     sy_pack},
    {"unpack",
     C_UNPACK,
     {"FILE.syw", NULL},
     "Write the model in a container, bit for bit as it was packed.",
     sy_unpack},
    {"config", C_CONFIG, {NULL, NULL}, "Print the effective configuration.", sy_describe_config},
    {"devices", C_DEVICES, {NULL, NULL}, "List the devices this build can use here.", list_devices},
    {NULL, 0, {NULL, NULL}, NULL, NULL},
};

typedef struct {
    const char *name, *value;
    unsigned commands;
    const char *help;
} option_row;

static const option_row options[] = {
#define OPTION(name, value, commands, help) {name, value, commands, help},
#include "cli/options.def"
#undef OPTION
};
enum { OPTION_COUNT = sizeof options / sizeof options[0] };

void cli_print_command_help(const cli_command *command)
{
    printf("steelyard %s", command->name);
    for (int i = 0; i < 2 && command->positional[i]; i++)
        printf(" %s", command->positional[i]);
    printf(" [options]\n\n%s\n\n", command->summary);
    for (int i = 0; i < OPTION_COUNT; i++)
        if (options[i].commands & command->bit)
            printf("  --%s%s%s\n        %s\n", options[i].name, options[i].value ? " " : "",
                   options[i].value ? options[i].value : "", options[i].help);
}

static bool parse_count(const char *text, long *out)
{
    char *end;
    long value = strtol(text, &end, 10);
    if (end == text || *end || value < 1 || value > 1000000000)
        return false;
    *out = value;
    return true;
}

static bool parse_progress(const char *text, cli_progress *out)
{
    static const char *const words[] = {"auto", "plain", "json", "none"};
    for (int i = 0; i < 4; i++)
        if (strcmp(text, words[i]) == 0) {
            *out = (cli_progress)i;
            return true;
        }
    return false;
}

static bool parse_targets(const char *text, cli_arguments *out)
{
    const int capacity = sizeof out->targets / sizeof out->targets[0];
    if (strlen(text) >= sizeof out->targets_text)
        return false;
    memcpy(out->targets_text, text, strlen(text) + 1);
    out->request.target_count = 0;
    for (char *at = out->targets_text; at;) {
        char *comma = strchr(at, ',');
        if (comma)
            *comma = '\0';
        if (!*at || out->request.target_count == capacity)
            return false;
        out->targets[out->request.target_count++] = at;
        at = comma ? comma + 1 : NULL;
    }
    out->request.targets = out->targets;
    return true;
}

static bool add(const char **list, int *count, const char *value)
{
    if (*count == CLI_MAX_LIST)
        return false;
    list[(*count)++] = value;
    return true;
}

static bool set_switch(const char *name, cli_arguments *out)
{
    const struct {
        const char *name;
        bool *field;
    } fields[] = {
        {"json", &out->json},
        {"quiet", &out->quiet},
        {"verbose", &out->verbose},
        {"help", &out->help},
        {"help-config", &out->help_config},
    };
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        if (strcmp(fields[i].name, name) == 0) {
            *fields[i].field = true;
            return true;
        }
    if (strcmp(name, "resume") == 0) {
        out->request.resume = 1;
        return true;
    }
    return add(out->settings, &out->setting_count, "data_preprocess_param.skip_bad_samples=true");
}

/* Where an option's value is kept as it is; NULL for options that are parsed. */
static const char **text_field(const char *name, cli_arguments *out)
{
    sy_request *request = &out->request;
    const struct {
        const char *name;
        const char **field;
    } fields[] = {
        {"model", &request->model},
        {"data", &request->data},
        {"output", &request->output},
        {"config", &out->config_path},
        {"inputShape", &request->input_shape},
        {"inputDataFormat", &out->input_format},
        {"labels", &request->labels},
        {"as", &request->as},
        {"verify-data", &request->verify_data},
        {"device", &request->device},
    };
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        if (strcmp(fields[i].name, name) == 0)
            return fields[i].field;
    return NULL;
}

static bool set_value(const char *name, const char *value, cli_arguments *out)
{
    long count;
    const char **field = text_field(name, out);
    if (field) {
        *field = value;
        return field != &out->input_format || strcmp(value, "NCHW") == 0 || strcmp(value, "NHWC") == 0;
    }
    if (strcmp(name, "set") == 0)
        return add(out->settings, &out->setting_count, value);
    if (strcmp(name, "input") == 0)
        return add(out->inputs, &out->request.input_count, value);
    if (strcmp(name, "target") == 0)
        return parse_targets(value, out);
    if (strcmp(name, "progress") == 0)
        return parse_progress(value, &out->progress);
    if (!parse_count(value, &count))
        return false;
    if (strcmp(name, "workers") == 0)
        out->request.workers = (int)count;
    else if (strcmp(name, "batch") == 0)
        out->request.batch = (int)count;
    else if (strcmp(name, "max-mem") == 0)
        out->request.max_memory = (int)count;
    else if (strcmp(name, "time-budget") == 0)
        out->request.time_budget = (int)count;
    else
        out->request.limit = (size_t)count;
    return true;
}

static const option_row *find_option(unsigned commands, const char *name, size_t length)
{
    for (int i = 0; i < OPTION_COUNT; i++)
        if ((options[i].commands & commands) && strlen(options[i].name) == length &&
            strncmp(options[i].name, name, length) == 0)
            return &options[i];
    return NULL;
}

/* The option of this command that is most like `name`; NULL if none is. */
static const char *nearest_option(const cli_command *command, const char *name, size_t length)
{
    const char *nearest = NULL;
    size_t best = 0;
    for (int i = 0; i < OPTION_COUNT; i++) {
        size_t likeness = cli_likeness(name, length, options[i].name);
        if ((options[i].commands & command->bit) && likeness > best) {
            best = likeness;
            nearest = options[i].name;
        }
    }
    return nearest;
}

static sy_status unknown_option(const cli_command *command, const char *name, size_t length,
                                char error[CLI_ERROR_MAX])
{
    const char *nearest = nearest_option(command, name, length);
    int shown = length < 100 ? (int)length : 100;
    if (find_option(C_ALL, name, length))
        snprintf(error, CLI_ERROR_MAX,
                 "steelyard %s does not take --%.*s ('steelyard %s --help' lists what it takes)",
                 command->name, shown, name, command->name);
    else if (nearest)
        snprintf(error, CLI_ERROR_MAX, "unknown option --%.*s: did you mean --%s?", shown, name, nearest);
    else
        snprintf(error, CLI_ERROR_MAX, "unknown option --%.*s ('steelyard %s --help' lists what it takes)",
                 shown, name, command->name);
    return SY_E_ARGUMENT;
}

/* Says what an option that takes a value wants instead of `value`; NULL: there is none. */
static sy_status bad_value(const option_row *option, const char *value, const cli_arguments *out,
                           char error[CLI_ERROR_MAX])
{
    const bool is_count = strcmp(option->value, "N") == 0;
    if (out->setting_count == CLI_MAX_LIST || out->request.input_count == CLI_MAX_LIST)
        snprintf(error, CLI_ERROR_MAX, "--%s may be given at most %d times", option->name, CLI_MAX_LIST);
    else
        snprintf(error, CLI_ERROR_MAX, "--%s%s%.200s: expected %s", option->name, value ? " " : "",
                 value ? value : "", is_count ? "a whole number from 1 to 1000000000" : option->value);
    return SY_E_ARGUMENT;
}

/* One option at argv[*at]; moves *at past what it used. */
static sy_status parse_option(const cli_command *command, int argc, char **argv, int *at, cli_arguments *out,
                              char error[CLI_ERROR_MAX])
{
    const char *name = argv[*at] + 2;
    const char *equals = strchr(name, '=');
    size_t length = equals ? (size_t)(equals - name) : strlen(name);
    const option_row *option = find_option(command->bit, name, length);
    if (!option)
        return unknown_option(command, name, length, error);

    const char *value = equals ? equals + 1 : NULL;
    if (!option->value) {
        if (!value && set_switch(option->name, out))
            return SY_OK;
        snprintf(error, CLI_ERROR_MAX, "--%s is a switch and takes no value", option->name);
        return SY_E_ARGUMENT;
    }
    /* A value that begins like an option is one only after '='. */
    if (!value && *at + 1 < argc && strncmp(argv[*at + 1], "--", 2) != 0)
        value = argv[++*at];
    if (value && !*value)
        value = NULL;
    return value && set_value(option->name, value, out) ? SY_OK : bad_value(option, value, out, error);
}

static sy_status check_positional(const cli_command *command, int wanted, cli_arguments *out,
                                  char error[CLI_ERROR_MAX])
{
    if (out->positional_count < wanted) {
        snprintf(error, CLI_ERROR_MAX, "%s is missing ('steelyard %s --help' shows the command)",
                 command->positional[out->positional_count], command->name);
        return SY_E_ARGUMENT;
    }
    out->request.inputs = out->inputs;
    out->request.quantized = out->positional[1];
    if (command->bit == C_EMIT)
        out->request.stats = out->positional[0];
    else
        out->request.model = out->positional[0];
    return SY_OK;
}

sy_status cli_parse(const cli_command *command, int argc, char **argv, cli_arguments *out,
                    char error[CLI_ERROR_MAX])
{
    *out = (cli_arguments){.progress = CLI_PROGRESS_AUTO};
    int wanted = (command->positional[0] != NULL) + (command->positional[1] != NULL);
    for (int at = 0; at < argc; at++) {
        if (strncmp(argv[at], "--", 2) == 0 && argv[at][2]) {
            sy_status status = parse_option(command, argc, argv, &at, out, error);
            if (status != SY_OK)
                return status;
        } else if (argv[at][0] == '-' && argv[at][1] && argv[at][1] != '-') {
            snprintf(
                error, CLI_ERROR_MAX,
                "unknown option %.100s: options begin with two dashes ('steelyard %s --help' lists them)",
                argv[at], command->name);
            return SY_E_ARGUMENT;
        } else if (out->positional_count == wanted) {
            snprintf(error, CLI_ERROR_MAX, "'%.200s' is one argument too many for steelyard %s", argv[at],
                     command->name);
            return SY_E_ARGUMENT;
        } else {
            out->positional[out->positional_count++] = argv[at];
        }
    }
    if (out->help || out->help_config)
        return SY_OK;
    return check_positional(command, wanted, out, error);
}
