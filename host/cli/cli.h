/* The command line program: arguments in, library calls, text out. It sees the library as any user does. */
#ifndef SY_CLI_CLI_H
#define SY_CLI_CLI_H

#include <stdbool.h>

#include "steelyard/steelyard.h"

enum { CLI_MAX_LIST = 256, CLI_ERROR_MAX = 512 };

typedef enum cli_progress {
    CLI_PROGRESS_AUTO, /* a bar on a terminal, else plain */
    CLI_PROGRESS_PLAIN,
    CLI_PROGRESS_JSON,
    CLI_PROGRESS_NONE,
} cli_progress;

/* What the arguments said. Texts point into argv, but for `targets_text`. */
typedef struct cli_arguments {
    sy_request request;
    const char *positional[2];
    int positional_count;
    const char *config_path, *input_format;
    const char *settings[CLI_MAX_LIST]; /* of --set */
    int setting_count;
    const char *inputs[CLI_MAX_LIST]; /* of --input */
    const char *targets[16];
    char targets_text[256]; /* --target, cut at its commas */
    cli_progress progress;
    bool json, quiet, verbose, help, help_config;
} cli_arguments;

typedef struct cli_command {
    const char *name;
    unsigned bit;              /* in the `commands` of an option */
    const char *positional[2]; /* "MODEL"; NULL: fewer */
    const char *summary;
    sy_status (*run)(sy_ctx *ctx, const sy_request *request, sy_report **out);
} cli_command;

extern const cli_command cli_commands[]; /* name NULL at the end */

/* Fills `out` from what follows the command's name. SY_E_ARGUMENT with a message in `error`. */
sy_status cli_parse(const cli_command *command, int argc, char **argv, cli_arguments *out,
                    char error[CLI_ERROR_MAX]);
void cli_print_command_help(const cli_command *command);

/* How much of a misspelt word of `length` bytes agrees with `candidate`, from the front and from the back; 0
 * when less than half does, as then nobody meant it. */
size_t cli_likeness(const char *word, size_t length, const char *candidate);

/* MindSpore Lite's converter command line: `steelyard convert --fmk=ONNX ...`. Returns the exit code. */
int cli_convert(int argc, char **argv);

/* Loads the configuration file and settings of the arguments into a new configuration. */
sy_status cli_configure(sy_ctx *ctx, const cli_arguments *arguments, sy_config **out);

/* Sends a context's log and progress to standard error. */
typedef struct cli_console cli_console;
cli_console *cli_console_open(sy_ctx *ctx, const cli_arguments *arguments); /* NULL: out of memory */
void cli_console_close(cli_console *console);                               /* clears the bar */

/* "steelyard: <message>" on standard error; returns the exit code. */
int cli_fail(sy_status status, const char *message);

#endif
