/* The text of --inputShape. */
#include <string.h>

#include "run/run.h"

static const char expected[] = "expected name:1,3,224,224 and, for more inputs, a ';' between them";

static char *trimmed(char *text)
{
    text += strspn(text, " \t");
    size_t length = strlen(text);
    while (length > 0 && strchr(" \t", text[length - 1]))
        text[--length] = '\0';
    return text;
}

/* Cuts `text` at the first `separator` and returns what follows; NULL when there is none. */
static char *cut(char *text, char separator)
{
    char *at = strchr(text, separator);
    if (!at)
        return NULL;
    *at = '\0';
    return at + 1;
}

static sy_status parse_dims(sy_ctx *ctx, char *text, sy_shape *out)
{
    sy_shape shape = {0};
    for (char *next; text; text = next) {
        next = cut(text, ',');
        const char *dim = trimmed(text);
        if (shape.rank == SY_MAX_RANK)
            return sy_fail(ctx, SY_E_ARGUMENT, "more than %d dimensions", SY_MAX_RANK);
        if (!sy_parse_int(dim, &shape.dims[shape.rank]))
            return sy_fail(ctx, SY_E_ARGUMENT, "'%s' is not a whole number; %s", dim, expected);
        if (shape.dims[shape.rank] < 1 || shape.dims[shape.rank] > INT32_MAX)
            return sy_fail(ctx, SY_E_ARGUMENT,
                           "dimension %s must be at least 1 and below 2^31: a run has one size", dim);
        shape.rank++;
    }
    *out = shape;
    return SY_OK;
}

static sy_status find_input(sy_ctx *ctx, const sy_graph *graph, const char *name, const char **out)
{
    sy_text known = {0};
    for (int i = 0; i < graph->input_count; i++) {
        const char *input = graph->tensors[graph->inputs[i]].name;
        if (strcmp(input, name) == 0) {
            *out = input;
            sy_text_release(&known);
            return SY_OK;
        }
        sy_text_printf(&known, "%s'%s'", i ? ", " : "", input);
    }
    sy_status status = sy_fail(ctx, SY_E_ARGUMENT, "the model has no input '%s'; it has %s", name,
                               known.bytes ? known.bytes : "none");
    sy_text_release(&known);
    return status;
}

/* One "name:1,3,224,224". The last ':' splits, as names may hold one. */
static sy_status parse_item(sy_ctx *ctx, const sy_graph *graph, char *item, sy_input_shape *out)
{
    char *colon = strrchr(item, ':');
    if (!colon) {
        if (graph->input_count != 1)
            return sy_fail(ctx, SY_E_ARGUMENT, "which of the model's %d inputs has this shape? %s",
                           graph->input_count, expected);
        out->name = graph->tensors[graph->inputs[0]].name;
        return parse_dims(ctx, item, &out->shape);
    }
    *colon = '\0';
    SY_TRY(find_input(ctx, graph, trimmed(item), &out->name));
    return parse_dims(ctx, colon + 1, &out->shape);
}

sy_status sy_input_shapes_parse(sy_ctx *ctx, const sy_graph *graph, const char *text, sy_arena *arena,
                                sy_input_shape **out, int *out_count)
{
    char *copy = sy_arena_text(arena, text);
    sy_input_shape *shapes = sy_arena_alloc(arena, (size_t)graph->input_count, sizeof *shapes);
    int count = 0;
    SY_TRY(sy_check_alloc(ctx, copy));
    SY_TRY(sy_check_alloc(ctx, shapes));
    for (char *next; copy; copy = next) {
        next = cut(copy, ';');
        char *item = trimmed(copy);
        sy_input_shape shape;
        if (!*item && !next)
            break; /* nothing, or what follows a last ';' */
        SY_TRY(sy_while(ctx, parse_item(ctx, graph, item, &shape), "--inputShape=%s", text));
        for (int i = 0; i < count; i++)
            if (strcmp(shapes[i].name, shape.name) == 0)
                return sy_fail(ctx, SY_E_ARGUMENT, "--inputShape=%s: input '%s' is given twice", text,
                               shape.name);
        shapes[count++] = shape;
    }
    *out = shapes;
    *out_count = count;
    return SY_OK;
}
