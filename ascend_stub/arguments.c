#include "ascend_stub/arguments.h"

#include <stdlib.h>
#include <string.h>

#include "ascend_stub/gears.h"
#include "base/file.h"

enum { FRAMEWORK_MINDSPORE = 1, FRAMEWORK_ONNX = 5 };

/* Shapes of the configuration; without one, those of calibration. */
static sy_status read_gears(sy_ctx *ctx, const sy_graph *graph, const sy_ascend_options *options,
                            sy_gears *out)
{
    const char *shape = options->input_shape ? options->input_shape : options->calibrated_shape;
    return sy_gears_parse(ctx, graph, shape, options->dynamic_dims, out);
}

sy_status sy_ascend_check_arguments(sy_ctx *ctx, const sy_graph *model, const sy_emit_spec *spec)
{
    if (!spec->ascend)
        return SY_OK;
    sy_gears *gears = malloc(sizeof *gears);
    SY_TRY(sy_check_alloc(ctx, gears));
    const sy_status status = read_gears(ctx, model, spec->ascend, gears);
    free(gears);
    return status;
}

static void print_options(const sy_ascend_options *options, sy_text *out)
{
    const struct {
        const char *name, *value;
    } rows[] = {
        {"output_type", options->output_type},
        {"precision_mode", options->precision_mode},
        {"op_select_implmode", options->op_select_impl_mode},
        {"fusion_switch_file", options->fusion_switch_file},
        {"buffer_optimize", options->buffer_optimize},
        {"insert_op_conf", options->insert_op_file},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].value)
            sy_text_printf(out, "--%s=%s\n", rows[i].name, rows[i].value);
}

static void print_arguments(const sy_gears *gears, const sy_emit_spec *spec, sy_text *out)
{
    const char *base = sy_path_base(spec->path);
    const char *dot = strrchr(base, '.');
    const bool is_onnx = dot && strcmp(dot, ".onnx") == 0;
    sy_text_printf(
        out,
        "# Arguments for Ascend's offline compiler, to be called in this folder. Add --soc_version=,\n"
        "# the processor the model is for%s%s%s, e.g.\n"
        "#   grep -v '^#' THIS_FILE | xargs atc --soc_version=Ascend310P3\n",
        spec->ascend->chip ? " (ascend_oriented:" : "", spec->ascend->chip ? spec->ascend->chip : "",
        spec->ascend->chip ? ")" : "");
    sy_text_printf(out, "--framework=%d\n--model=\"%s\"\n--output=\"%.*s\"\n",
                   is_onnx ? FRAMEWORK_ONNX : FRAMEWORK_MINDSPORE, base,
                   (int)(dot ? dot - base : (ptrdiff_t)strlen(base)), base);
    sy_gears_print(gears, spec->ascend->input_format, out);
    print_options(spec->ascend, out);
}

sy_status sy_ascend_write_arguments(sy_ctx *ctx, const sy_graph *emitted, const sy_emit_spec *spec)
{
    sy_arena arena = {0};
    sy_text text = {0};
    sy_status status;
    if (!spec->ascend)
        return SY_OK;
    sy_gears *gears = malloc(sizeof *gears);
    SY_TRY_DONE(sy_check_alloc(ctx, gears));
    SY_TRY_DONE(read_gears(ctx, emitted, spec->ascend, gears));
    print_arguments(gears, spec, &text);
    const char *path = sy_path_beside(&arena, spec->path, ".atc.txt");
    SY_TRY_DONE(sy_check_alloc(ctx, text.failed ? NULL : path));
    SY_TRY_DONE(sy_file_save(ctx, path, text.bytes, text.size));
    if (spec->notes)
        sy_text_printf(spec->notes, "  arguments for Ascend's offline compiler: %s\n", path);
done:
    sy_text_release(&text);
    sy_arena_release(&arena);
    free(gears);
    return status;
}
