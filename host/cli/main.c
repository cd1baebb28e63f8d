#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

static void print_help(void)
{
    puts("steelyard: calibrate a float model, quantize it, write it for a target, measure the result.\n");
    for (const cli_command *command = cli_commands; command->name; command++)
        printf("  %-10s %s\n", command->name, command->summary);
    puts("  convert    MindSpore Lite's converter command line: --fmk= --modelFile= --outputFile= "
         "--configFile= ...\n"
         "\n'steelyard COMMAND --help' shows a command, 'steelyard config --help-config' the configuration "
         "keys.\n"
         "The shortest way: steelyard quantize MODEL.onnx --data FOLDER --output FOLDER\n\nExit codes:");
#define X(name, value, text) printf("  %2d  %s\n", value, text);
    SY_STATUS_MAP(X)
#undef X
}

static sy_status set_layout(sy_ctx *ctx, sy_config *config, const char *layout)
{
    char setting[96];
    snprintf(setting, sizeof setting, "data_preprocess_param.bin_layout=%.40s", layout);
    return sy_config_set(ctx, config, "--inputDataFormat", setting);
}

sy_status cli_configure(sy_ctx *ctx, const cli_arguments *arguments, sy_config **out)
{
    sy_config *config = NULL;
    sy_status status = sy_config_create(ctx, &config);
    if (status == SY_OK && arguments->config_path)
        status = sy_config_load(ctx, config, arguments->config_path);
    if (status == SY_OK && arguments->input_format)
        status = set_layout(ctx, config, arguments->input_format);
    for (int i = 0; i < arguments->setting_count && status == SY_OK; i++)
        status = sy_config_set(ctx, config, "--set", arguments->settings[i]);
    if (status != SY_OK) {
        sy_config_destroy(config);
        return status;
    }
    *out = config;
    return SY_OK;
}

static sy_status run(sy_ctx *ctx, const cli_command *command, cli_arguments *arguments, sy_report **out)
{
    sy_config *config = NULL;
    if (arguments->help_config)
        return sy_describe_keys(ctx, out);
    sy_status status = cli_configure(ctx, arguments, &config);
    arguments->request.config = config;
    if (status == SY_OK)
        status = command->run(ctx, &arguments->request, out);
    sy_config_destroy(config);
    return status;
}

static int run_command(const cli_command *command, int argc, char **argv)
{
    char error[CLI_ERROR_MAX];
    cli_arguments arguments;
    if (cli_parse(command, argc, argv, &arguments, error) != SY_OK)
        return cli_fail(SY_E_ARGUMENT, error);
    if (arguments.help) {
        cli_print_command_help(command);
        return 0;
    }

    sy_ctx *ctx = NULL;
    cli_console *console = NULL;
    if (sy_ctx_create(&ctx) != SY_OK || !(console = cli_console_open(ctx, &arguments))) {
        sy_ctx_destroy(ctx);
        return cli_fail(SY_E_MEMORY, "out of memory");
    }
    sy_report *report = NULL;
    sy_status status = run(ctx, command, &arguments, &report);
    cli_console_close(console);
    if (report)
        fputs(arguments.json ? sy_report_json(report) : sy_report_text(report), stdout);
    if (fflush(stdout) != 0 && status == SY_OK)
        status = (sy_status)cli_fail(SY_E_IO, "standard output cannot be written");
    else if (status != SY_OK)
        cli_fail(status, sy_ctx_error(ctx));
    sy_report_destroy(report);
    sy_ctx_destroy(ctx);
    return (int)status;
}

static int unknown_command(const char *name)
{
    const char *nearest = NULL;
    size_t best = 0;
    for (const cli_command *command = cli_commands; command->name; command++) {
        size_t likeness = cli_likeness(name, strlen(name), command->name);
        if (likeness > best) {
            best = likeness;
            nearest = command->name;
        }
    }
    char message[256];
    snprintf(message, sizeof message, "unknown command '%.100s'%s%s%s ('steelyard --help' lists them)", name,
             nearest ? ": did you mean '" : "", nearest ? nearest : "", nearest ? "'?" : "");
    return cli_fail(SY_E_ARGUMENT, message);
}

int main(int argc, char **argv)
{
    if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
        print_help();
        return argc < 2 ? SY_E_ARGUMENT : 0;
    }
    if (strcmp(argv[1], "--version") == 0) {
        puts("steelyard " SY_VERSION);
        return 0;
    }
    if (strcmp(argv[1], "convert") == 0)
        return cli_convert(argc - 2, argv + 2);
    for (const cli_command *command = cli_commands; command->name; command++)
        if (strcmp(argv[1], command->name) == 0)
            return run_command(command, argc - 2, argv + 2);
    return unknown_command(argv[1]);
}
