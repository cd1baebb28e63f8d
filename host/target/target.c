#include "target/target.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "import/import.h"
#include "quant/quantize.h"
#include "target/emit.h"

static const sy_target *const targets[] = {&sy_target_generic, &sy_target_nvgpu, &sy_target_dsp,
                                           &sy_target_ascend};

enum { TARGET_COUNT = sizeof targets / sizeof targets[0] };

/* Known words of this build's users that name no target of it. */
static const struct {
    const char *name, *why;
} absent[] = {
    {"KIRIN", "this program has no target KIRIN"},
};

const sy_target *sy_target_at(int index)
{
    return index >= 0 && index < TARGET_COUNT ? targets[index] : NULL;
}

/* "GENERIC, NVGPU", as long as there is room. */
static void list_names(char *out, size_t size)
{
    size_t used = 0;
    out[0] = '\0';
    for (int i = 0; i < TARGET_COUNT && used < size; i++)
        used += (size_t)snprintf(out + used, size - used, "%s%s", i ? ", " : "", targets[i]->name);
}

sy_status sy_target_find(sy_ctx *ctx, const char *name, const sy_target **out)
{
    const char *names[TARGET_COUNT];
    for (int i = 0; i < TARGET_COUNT; i++) {
        names[i] = targets[i]->name;
        if (strcasecmp(name, names[i]) == 0) {
            *out = targets[i];
            return SY_OK;
        }
    }
    if (!*name || strcasecmp(name, "CPU") == 0) {
        *out = &sy_target_generic;
        return SY_OK;
    }
    char list[128];
    list_names(list, sizeof list);
    for (size_t i = 0; i < sizeof absent / sizeof absent[0]; i++)
        if (strcasecmp(name, absent[i].name) == 0)
            return sy_fail(ctx, SY_E_UNSUPPORTED, "target %s: %s; it writes %s", absent[i].name,
                           absent[i].why, list);
    const char *nearest = sy_text_nearest(name, names, sizeof names[0], TARGET_COUNT);
    return sy_fail(ctx, SY_E_CONFIG, "there is no target '%s'%s%s%s; there are %s", name,
                   nearest ? " (did you mean " : "", nearest ? nearest : "", nearest ? "?)" : "", list);
}

sy_status sy_emit_onnx(sy_ctx *ctx, const sy_plan *plan, const char *path)
{
    sy_graph *quantized = NULL;
    SY_TRY(sy_quantize_graph(ctx, plan, &quantized));
    const sy_status status = sy_export_onnx(ctx, quantized, path);
    sy_graph_destroy(quantized);
    return status;
}

const char *sy_path_beside(sy_arena *arena, const char *model, const char *ending)
{
    const size_t length = strlen(model);
    const bool has_ending = length > 5 && strcmp(model + length - 5, ".onnx") == 0;
    return sy_arena_printf(arena, "%.*s%s", (int)(has_ending ? length - 5 : length), model, ending);
}

/* The model and, where there is one, the file of its weights. */
static void remove_model(const char *path)
{
    sy_arena arena = {0};
    const char *weights = sy_arena_printf(&arena, "%s.data", path);
    remove(path);
    if (weights)
        remove(weights);
    sy_arena_release(&arena);
}

sy_status sy_target_emit(sy_ctx *ctx, const sy_target *target, const sy_plan *plan, const sy_emit_spec *spec)
{
    sy_graph *emitted = NULL;
    SY_TRY(sy_while(ctx, target->emit(ctx, plan, spec->path), "target %s", target->name));
    sy_status status = sy_import_onnx(ctx, spec->path, &emitted, NULL);
    if (status == SY_OK)
        status = target->lint(ctx, emitted);
    if (status != SY_OK) {
        sy_graph_destroy(emitted);
        remove_model(spec->path);
        return sy_while(ctx, status, "the file written for %s fails its own check", target->name);
    }
    if (target->companions)
        status = sy_while(ctx, target->companions(ctx, plan, emitted, spec), "files beside %s", spec->path);
    sy_graph_destroy(emitted);
    return status;
}
