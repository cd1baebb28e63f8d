#include "ascend_stub/gears.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* Text being read; spaces do not count. */
typedef struct cursor {
    sy_ctx *ctx;
    const char *key; /* of the configuration, for messages */
    const char *at;
} cursor;

static char peek(cursor *text)
{
    while (*text->at == ' ' || *text->at == '\t')
        text->at++;
    return *text->at;
}

static bool accept(cursor *text, char c)
{
    if (peek(text) != c)
        return false;
    text->at++;
    return true;
}

static sy_status fail_at(cursor *text, const char *expected)
{
    if (!peek(text))
        return sy_fail(text->ctx, SY_E_CONFIG, "%s ends where %s should follow", text->key, expected);
    return sy_fail(text->ctx, SY_E_CONFIG, "%s: '%.40s' where %s should stand", text->key, text->at,
                   expected);
}

/* A size, or -1 where that is allowed. */
static sy_status read_size(cursor *text, bool may_be_open, int64_t *out)
{
    const bool open = may_be_open && accept(text, '-');
    int64_t value = 0;
    if (!isdigit((unsigned char)peek(text)))
        return fail_at(text, "a size");
    while (isdigit((unsigned char)*text->at) && value <= INT32_MAX)
        value = 10 * value + (*text->at++ - '0');
    if (value > INT32_MAX || (open ? value != 1 : value < 1))
        return sy_fail(text->ctx, SY_E_CONFIG, "%s: a size is 1 to %d%s", text->key, INT32_MAX,
                       may_be_open ? ", or -1 where it is open" : "");
    *out = open ? SY_NONE : value;
    return SY_OK;
}

static sy_status read_shape(cursor *text, sy_shape *out)
{
    const bool bracket = accept(text, '[');
    out->rank = 0;
    do {
        if (out->rank == SY_MAX_RANK)
            return sy_fail(text->ctx, SY_E_CONFIG, "%s: more than %d sizes for one input", text->key,
                           SY_MAX_RANK);
        SY_TRY(read_size(text, true, &out->dims[out->rank++]));
    } while (accept(text, ','));
    return bracket && !accept(text, ']') ? fail_at(text, "']'") : SY_OK;
}

static sy_status check_input(cursor *text, const sy_graph *graph, const sy_gear_input *input)
{
    const sy_tensor *tensor = &graph->tensors[sy_graph_find_tensor(graph, input->name)];
    char ours[SY_SHAPE_TEXT], theirs[SY_SHAPE_TEXT];
    bool fits = tensor->shape.rank == SY_NONE || tensor->shape.rank == input->shape.rank;
    for (int i = 0; fits && i < tensor->shape.rank; i++)
        fits = tensor->shape.dims[i] == SY_NONE || tensor->shape.dims[i] == input->shape.dims[i];
    if (fits)
        return SY_OK;
    return sy_fail(text->ctx, SY_E_CONFIG,
                   "%s: %s for input '%s', which the model has as %s; only what is open there can be chosen",
                   text->key, sy_shape_print(&input->shape, ours), input->name,
                   sy_shape_print(&tensor->shape, theirs));
}

/* The name of an input of the graph and the colon behind it. Names may hold colons, so the longest that fits
 * counts. */
static sy_status read_name(cursor *text, const sy_graph *graph, const char **out)
{
    size_t longest = 0;
    peek(text);
    for (int i = 0; i < graph->input_count; i++) {
        const char *name = graph->tensors[graph->inputs[i]].name;
        const size_t length = strlen(name);
        if (length >= longest && strncmp(text->at, name, length) == 0 && text->at[length] == ':') {
            longest = length;
            *out = name;
        }
    }
    if (!*out)
        return fail_at(text, "the name of an input of the model and ':'");
    text->at += longest + 1;
    return SY_OK;
}

static sy_status read_inputs(cursor *text, const sy_graph *graph, sy_gears *out)
{
    do {
        sy_gear_input *input = &out->inputs[out->input_count];
        if (out->input_count == SY_GEAR_INPUTS_MAX)
            return sy_fail(text->ctx, SY_E_CONFIG, "%s: more than %d inputs", text->key, SY_GEAR_INPUTS_MAX);
        *input = (sy_gear_input){0};
        SY_TRY(read_name(text, graph, &input->name));
        for (int i = 0; i < out->input_count; i++)
            if (out->inputs[i].name == input->name)
                return sy_fail(text->ctx, SY_E_CONFIG, "%s names input '%s' twice", text->key, input->name);
        SY_TRY(read_shape(text, &input->shape));
        SY_TRY(check_input(text, graph, input));
        out->input_count++;
    } while (accept(text, ';') && peek(text));
    if (peek(text))
        return fail_at(text, "';'");
    if (out->input_count != graph->input_count)
        return sy_fail(text->ctx, SY_E_CONFIG, "%s says %d of the model's %d inputs", text->key,
                       out->input_count, graph->input_count);
    return SY_OK;
}

static int open_sizes(const sy_gear_input *input)
{
    int count = 0;
    for (int i = 0; i < input->shape.rank; i++)
        count += input->shape.dims[i] == SY_NONE;
    return count;
}

/* "[1~4,8]": the least and the most of each size. */
static sy_status read_profile(cursor *text, int count, int64_t *least, int64_t *most)
{
    if (!accept(text, '['))
        return fail_at(text, "'['");
    for (int i = 0; i < count; i++) {
        if (i && !accept(text, ','))
            return sy_fail(text->ctx, SY_E_CONFIG,
                           "%s: a bracket holds %d sizes where the input has %d open ones", text->key, i,
                           count);
        SY_TRY(read_size(text, false, &least[i]));
        most[i] = least[i];
        if (accept(text, '~'))
            SY_TRY(read_size(text, false, &most[i]));
        if (most[i] < least[i])
            return sy_fail(text->ctx, SY_E_CONFIG, "%s: %lld~%lld goes down", text->key, (long long)least[i],
                           (long long)most[i]);
    }
    return accept(text, ']') ? SY_OK
                             : fail_at(text, "']', as there is a size for each open one of the input,");
}

/* Every combination of a profile, the last size running fastest, as gears from *made on. `first` is where the
 * sizes of the input stand in a gear.
 */
static sy_status expand(cursor *text, sy_gears *out, int first, int count, const int64_t *least,
                        const int64_t *most, int *made)
{
    int64_t now[SY_GEAR_SIZES_MAX] = {0};
    memcpy(now, least, (size_t)count * sizeof *now);
    for (int carry = count - 1; carry >= 0;) {
        if (*made == SY_GEARS_MAX)
            return sy_fail(text->ctx, SY_E_CONFIG,
                           "%s stands for more than %d gears, which is all that the compiler takes",
                           text->key, SY_GEARS_MAX);
        memcpy(&out->sizes[*made][first], now, (size_t)count * sizeof *now);
        ++*made;
        for (carry = count - 1; carry >= 0 && now[carry] == most[carry]; carry--)
            now[carry] = least[carry];
        if (carry >= 0)
            now[carry]++;
    }
    return SY_OK;
}

static sy_status read_gears(cursor *text, sy_gears *out)
{
    int64_t least[SY_GEAR_SIZES_MAX] = {0}, most[SY_GEAR_SIZES_MAX] = {0};
    for (int i = 0; i < out->input_count; i++) {
        const int count = open_sizes(&out->inputs[i]);
        int made = 0;
        if (!count)
            continue;
        if (out->size_count && !accept(text, ';'))
            return fail_at(text, "';' and the sizes of the next open input");
        if (out->size_count + count > SY_GEAR_SIZES_MAX)
            return sy_fail(text->ctx, SY_E_CONFIG, "%s: more than %d open sizes", text->key,
                           SY_GEAR_SIZES_MAX);
        do {
            SY_TRY(read_profile(text, count, least, most));
            SY_TRY(expand(text, out, out->size_count, count, least, most, &made));
        } while (accept(text, ','));
        if (out->count && made != out->count)
            return sy_fail(text->ctx, SY_E_CONFIG, "%s: %d gears for input '%s' and %d for the one before it",
                           text->key, made, out->inputs[i].name, out->count);
        out->count = made;
        out->size_count += count;
    }
    return peek(text) ? fail_at(text, "the end") : SY_OK;
}

sy_status sy_gears_parse(sy_ctx *ctx, const sy_graph *graph, const char *input_shape,
                         const char *dynamic_dims, sy_gears *out)
{
    cursor shapes = {ctx, "[ascend_context] input_shape", input_shape};
    cursor gears = {ctx, "[ascend_context] dynamic_dims", dynamic_dims};
    bool open = false;
    out->input_count = out->size_count = out->count = 0;
    SY_TRY(read_inputs(&shapes, graph, out));
    for (int i = 0; i < out->input_count; i++)
        open |= open_sizes(&out->inputs[i]) > 0;
    if (open && !dynamic_dims)
        return sy_fail(ctx, SY_E_CONFIG,
                       "%s leaves sizes open: say which there will be in dynamic_dims, e.g. [1~4],[8]",
                       shapes.key);
    if (!open && dynamic_dims)
        return sy_fail(ctx, SY_E_CONFIG, "%s: no size in input_shape is -1, so there is nothing to choose",
                       gears.key);
    return open ? read_gears(&gears, out) : SY_OK;
}

/* Only the first size of each open input, and the same for all in every gear. */
static bool only_batches(const sy_gears *gears)
{
    for (int i = 0; i < gears->input_count; i++)
        if (open_sizes(&gears->inputs[i]) > (gears->inputs[i].shape.dims[0] == SY_NONE))
            return false;
    for (int g = 0; g < gears->count; g++)
        for (int i = 1; i < gears->size_count; i++)
            if (gears->sizes[g][i] != gears->sizes[g][0])
                return false;
    return gears->count > 0;
}

/* Height and width of the one open input, which is of four dimensions: NCHW. */
static bool only_an_image(const sy_gears *gears)
{
    for (int i = 0; i < gears->input_count; i++) {
        const sy_shape *shape = &gears->inputs[i].shape;
        if (open_sizes(&gears->inputs[i]) && (gears->size_count != 2 || shape->rank != 4 ||
                                              shape->dims[2] != SY_NONE || shape->dims[3] != SY_NONE))
            return false;
    }
    return gears->count > 0;
}

static void print_shapes(const sy_gears *gears, sy_text *out)
{
    sy_text_printf(out, "--input_shape=\"");
    for (int i = 0; i < gears->input_count; i++) {
        sy_text_printf(out, "%s%s:", i ? ";" : "", gears->inputs[i].name);
        for (int d = 0; d < gears->inputs[i].shape.rank; d++)
            sy_text_printf(out, "%s%lld", d ? "," : "", (long long)gears->inputs[i].shape.dims[d]);
    }
    sy_text_printf(out, "\"\n");
}

void sy_gears_print(const sy_gears *gears, const char *input_format, sy_text *out)
{
    const bool batches = only_batches(gears), image = only_an_image(gears);
    const char *format = input_format ? input_format : batches || image ? "NCHW" : "ND";
    const bool nd = strcmp(format, "ND") == 0;
    const int sizes = batches && !nd ? 1 : gears->size_count;
    if (gears->count || input_format)
        sy_text_printf(out, "--input_format=%s\n", gears->count && !batches && !image ? "ND" : format);
    print_shapes(gears, out);
    if (!gears->count)
        return;
    sy_text_printf(out, "--%s=\"",
                   nd || !(batches || image) ? "dynamic_dims"
                   : batches                 ? "dynamic_batch_size"
                                             : "dynamic_image_size");
    for (int g = 0; g < gears->count; g++)
        for (int i = 0; i < sizes; i++)
            sy_text_printf(out, "%s%lld",
                           i                ? ","
                           : !g             ? ""
                           : batches && !nd ? ","
                                            : ";",
                           (long long)gears->sizes[g][i]);
    sy_text_printf(out, "\"\n");
}
