/* From a folder, a configuration and the inputs of a model to a set of samples. */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "data/labels.h"
#include "data/set.h"

/* Leaves out the samples that have a reason to be. */
static void drop_bad(sy_samples *samples, char *const *reasons)
{
    size_t kept = 0;
    for (size_t i = 0; i < samples->count; i++) {
        if (reasons[i])
            continue;
        for (int k = 0; k < samples->input_count; k++)
            samples->inputs[k].source.files[kept] = samples->inputs[k].source.files[i];
        kept++;
    }
    samples->count = kept;
}

/* Takes over what another set has read of sample i; false where it has not. Both are sorted by name: the
 * search goes on from *position. */
static bool copy_headers(const sy_samples *known, size_t *position, sy_samples *samples, size_t i)
{
    const char *name = samples->inputs[0].source.files[i].name;
    while (*position < known->count && strcmp(sy_samples_name(known, *position), name) < 0)
        (*position)++;
    if (*position == known->count)
        return false;
    for (int k = 0; k < samples->input_count; k++)
        if (strcmp(known->inputs[k].source.files[*position].path, samples->inputs[k].source.files[i].path) !=
            0)
            return false;
    for (int k = 0; k < samples->input_count; k++) {
        sy_source_file *file = &samples->inputs[k].source.files[i];
        file->width = known->inputs[k].source.files[*position].width;
        file->height = known->inputs[k].source.files[*position].height;
    }
    return true;
}

static sy_status check_headers(sy_ctx *ctx, const sy_samples *known, sy_samples *samples)
{
    sy_status status = SY_OK;
    size_t position = 0;
    const size_t count = samples->count;
    char **reasons = sy_reasons_create(count);
    if (!reasons)
        return sy_check_alloc(ctx, NULL);
    for (size_t i = 0; i < count; i++)
        if (!known || !copy_headers(known, &position, samples, i))
            SY_TRY_DONE(sy_reasons_note(ctx, sy_sample_visit(ctx, samples, i, NULL, NULL), &reasons[i]));
    const size_t bad = sy_reasons_count(reasons, count);
    if (bad == 0)
        goto done;
    status = sy_reasons_report(ctx, reasons, count);
    if (status != SY_E_DATA || bad == count || !samples->skip_bad)
        goto done;
    sy_log(ctx, SY_LOG_WARN, "%zu of %zu samples are left out", bad, count);
    drop_bad(samples, reasons);
    status = SY_OK;
done:
    sy_reasons_destroy(reasons, count);
    return status;
}

static int compare_files(const void *a, const void *b)
{
    return strcmp(((const sy_source_file *)a)->name, ((const sy_source_file *)b)->name);
}

/* The samples are what the labels file lists. */
static sy_status source_from_labels(sy_ctx *ctx, const sy_labels *labels, const char *path,
                                    sy_input_type type, sy_arena *arena, sy_source *out)
{
    sy_source_file *files = sy_arena_alloc(arena, labels->count, sizeof *files);
    SY_TRY(sy_check_alloc(ctx, files));
    for (size_t i = 0; i < labels->count; i++) {
        files[i] = (sy_source_file){.path = labels->items[i].path, .name = labels->items[i].name};
        if (!sy_source_classify(type, files[i].name, &files[i].kind, &files[i].dtype))
            return sy_fail(ctx, SY_E_DATA, "%s: %s is no sample by its name; set input_type if it is", path,
                           files[i].name);
    }
    qsort(files, labels->count, sizeof *files, compare_files);
    for (size_t i = 1; i < labels->count; i++)
        if (strcmp(files[i - 1].name, files[i].name) == 0)
            return sy_fail(ctx, SY_E_DATA, "%s: lists %s twice", path, files[i].name);
    *out = (sy_source){files, labels->count};
    return SY_OK;
}

static sy_status copy_inputs(sy_ctx *ctx, const sy_samples_spec *spec, sy_samples *samples)
{
    if (spec->input_count < 1)
        return sy_fail(ctx, SY_E_MODEL, "the model has no input to give samples to");
    samples->input_count = spec->input_count;
    samples->inputs = sy_arena_alloc(&samples->arena, (size_t)spec->input_count, sizeof *samples->inputs);
    SY_TRY(sy_check_alloc(ctx, samples->inputs));
    for (int k = 0; k < spec->input_count; k++) {
        sy_input_state *input = &samples->inputs[k];
        input->spec = spec->inputs[k];
        input->spec.name = sy_arena_text(&samples->arena, spec->inputs[k].name);
        SY_TRY(sy_check_alloc(ctx, input->spec.name));
        int64_t least, most;
        if (!sy_dtype_is_float(input->spec.dtype) && !sy_elements_limits(input->spec.dtype, &least, &most))
            return sy_fail(ctx, SY_E_UNSUPPORTED, "input %s is of %s, which samples cannot be",
                           input->spec.name, sy_dtype_name(input->spec.dtype));
        if (!sy_shape_count(&input->spec.shape, &input->words))
            return sy_fail(ctx, SY_E_ARGUMENT, "the shape of input %s must be known to read samples",
                           input->spec.name);
    }
    return SY_OK;
}

/* Fills every input's source; *out_mindspore says whether the configuration named them. */
static sy_status find_files(sy_ctx *ctx, const sy_samples_spec *spec, const sy_labels *labels,
                            sy_samples *samples, bool *out_mindspore)
{
    const sy_input_type type = spec->config->data_preprocess_param.input_type;
    const char *configured = spec->config->data_preprocess_param.calibrate_path;
    *out_mindspore = !spec->data && configured;
    if (!spec->data && !configured) {
        if (spec->labels && spec->input_count == 1)
            return source_from_labels(ctx, labels, spec->labels, type, &samples->arena,
                                      &samples->inputs[0].source);
        return sy_fail(ctx, SY_E_DATA, "there are no samples: name a folder with --data or calibrate_path");
    }
    const sy_source_request wanted = {.text = spec->data ? spec->data : configured,
                                      .option = spec->data ? "--data" : "calibrate_path",
                                      .misuse = spec->data ? SY_E_ARGUMENT : SY_E_CONFIG,
                                      .type = type,
                                      .inputs = spec->inputs,
                                      .input_count = spec->input_count};
    sy_source *sources = sy_arena_alloc(&samples->arena, (size_t)spec->input_count, sizeof *sources);
    SY_TRY(sy_check_alloc(ctx, sources));
    SY_TRY(sy_sources_find(ctx, &wanted, &samples->arena, sources));
    for (int k = 0; k < spec->input_count; k++)
        samples->inputs[k].source = sources[k];
    return SY_OK;
}

static sy_status choose_count(sy_ctx *ctx, const sy_samples_spec *spec, sy_samples *samples)
{
    const size_t wanted =
        spec->limit ? spec->limit : (size_t)spec->config->data_preprocess_param.calibrate_size;
    const size_t count = samples->inputs[0].source.count;
    for (int k = 1; k < samples->input_count; k++)
        if (samples->inputs[k].source.count != count)
            return sy_fail(
                ctx, SY_E_DATA,
                "input %s has %zu files and input %s has %zu: files pair by sorted position, so there must "
                "be as many of each",
                samples->inputs[0].spec.name, count, samples->inputs[k].spec.name,
                samples->inputs[k].source.count);
    if (!spec->limit && wanted > count)
        return sy_fail(ctx, SY_E_DATA,
                       "calibrate_size = %zu, but there are %zu samples: lower it, or leave it out for all",
                       wanted, count);
    samples->count = wanted && wanted < count ? wanted : count;
    return SY_OK;
}

/* Whether dimension 3, rather than 1, holds the channels of an input of rank 4. */
static bool is_channels_last(const sy_shape *shape)
{
    int64_t first = shape->dims[1], last = shape->dims[3];
    bool first_may = first == 1 || first == 3 || first == 4, last_may = last == 1 || last == 3 || last == 4;
    return last_may && !first_may;
}

static sy_order raw_order(sy_ctx *ctx, const sy_config *config, const sy_input_state *input,
                          bool like_mindspore)
{
    sy_bin_layout layout = config->data_preprocess_param.bin_layout;
    if (input->spec.shape.rank != 4)
        return SY_ORDER_SAME;
    const bool last = is_channels_last(&input->spec.shape);
    if (layout == SY_BIN_LAYOUT_UNSET && like_mindspore) {
        layout = SY_BIN_LAYOUT_NHWC;
        if (!last && input->spec.shape.dims[1] > 1)
            sy_log(ctx, SY_LOG_WARN,
                   "input %s: bin_layout is not set: raw files are read as NHWC, as MindSpore Lite does; for "
                   "files in the model's own layout set bin_layout = MODEL",
                   input->spec.name);
    }
    if (layout == SY_BIN_LAYOUT_NHWC && !last)
        return SY_ORDER_NHWC_TO_NCHW;
    return layout == SY_BIN_LAYOUT_NCHW && last ? SY_ORDER_NCHW_TO_NHWC : SY_ORDER_SAME;
}

static size_t count_kind(const sy_samples *samples, const sy_input_state *input, sy_file_kind kind)
{
    size_t found = 0;
    for (size_t i = 0; i < samples->count; i++)
        found += input->source.files[i].kind == kind;
    return found;
}

static sy_status plan_inputs(sy_ctx *ctx, const sy_config *config, bool like_mindspore, sy_samples *samples)
{
    for (int k = 0; k < samples->input_count; k++) {
        sy_input_state *input = &samples->inputs[k];
        input->has_photos = count_kind(samples, input, SY_FILE_IMAGE) > 0;
        if (input->has_photos)
            SY_TRY(sy_photo_plan_make(ctx, config, &input->spec, like_mindspore, &input->photo));
        if (count_kind(samples, input, SY_FILE_RAW))
            input->raw_order = raw_order(ctx, config, input, like_mindspore);
    }
    return SY_OK;
}

/* What the automatic rule did: nobody asked for it by name. */
static void log_geometry(sy_ctx *ctx, const sy_samples *samples, const sy_input_state *input)
{
    size_t same = 0, cropped = 0, resized = 0;
    const sy_photo_plan *plan = &input->photo;
    for (size_t i = 0; i < samples->count; i++) {
        const sy_source_file *file = &input->source.files[i];
        sy_fit fit;
        if (file->kind != SY_FILE_IMAGE || sy_photo_fit(NULL, plan, file->width, file->height, &fit) != SY_OK)
            continue;
        if (fit.width != file->width || fit.height != file->height)
            resized++;
        else if (fit.width == plan->width && fit.height == plan->height)
            same++;
        else
            cropped++;
    }
    sy_log(ctx, SY_LOG_INFO,
           "input %s: no geometry is set: %zu photographs as they are, %zu cropped to their centre, %zu with "
           "the short "
           "side resized to %d and cropped, to %d x %d",
           input->spec.name, same, cropped, resized, plan->short_side, plan->width, plan->height);
}

static void describe_input(const sy_samples *samples, const sy_input_state *input, sy_text *out)
{
    static const char *const layouts[] = {
        [SY_ORDER_SAME] = "MODEL", [SY_ORDER_NHWC_TO_NCHW] = "NHWC", [SY_ORDER_NCHW_TO_NHWC] = "NCHW"};
    if (samples->input_count > 1)
        sy_text_printf(out, "# input %s\n", input->spec.name);
    if (input->has_photos)
        sy_photo_print(&input->photo, out);
    if (count_kind(samples, input, SY_FILE_RAW))
        sy_text_printf(out, "input_type = BIN\nbin_layout = %s\n", layouts[input->raw_order]);
    if (count_kind(samples, input, SY_FILE_NPY))
        sy_text_printf(out, "input_type = NPY\n");
}

static sy_status describe(sy_ctx *ctx, sy_samples *samples)
{
    sy_text text = {0};
    for (int k = 0; k < samples->input_count; k++) {
        const sy_input_state *input = &samples->inputs[k];
        describe_input(samples, input, &text);
        if (input->has_photos && input->photo.geometry == SY_GEOMETRY_AUTOMATIC)
            log_geometry(ctx, samples, input);
    }
    samples->preprocess = text.failed ? NULL : sy_arena_text(&samples->arena, text.bytes);
    sy_text_release(&text);
    return sy_check_alloc(ctx, samples->preprocess);
}

static sy_status match_labels(sy_ctx *ctx, const sy_labels *labels, const char *path, sy_samples *samples)
{
    sy_status status;
    const char **paths = calloc(samples->count, sizeof *paths);
    samples->classes = sy_arena_alloc(&samples->arena, samples->count, sizeof *samples->classes);
    SY_TRY_DONE(sy_check_alloc(ctx, paths));
    SY_TRY_DONE(sy_check_alloc(ctx, samples->classes));
    for (size_t i = 0; i < samples->count; i++)
        paths[i] = samples->inputs[0].source.files[i].path;
    SY_TRY_DONE(sy_labels_match(ctx, labels, path, paths, samples->count, samples->classes));
done:
    free(paths);
    return status;
}

static sy_status make_verdict(sy_ctx *ctx, sy_samples *samples)
{
    struct verdict *verdict = calloc(1, sizeof *verdict);
    SY_TRY(sy_check_alloc(ctx, verdict));
    if (pthread_mutex_init(&verdict->lock, NULL) != 0) {
        free(verdict);
        return sy_check_alloc(ctx, NULL);
    }
    samples->verdict = verdict;
    return SY_OK;
}

static sy_status open_set(sy_ctx *ctx, const sy_samples_spec *spec, sy_samples *samples)
{
    sy_labels labels = {0};
    bool like_mindspore;
    samples->skip_bad = spec->config->data_preprocess_param.skip_bad_samples;
    SY_TRY(make_verdict(ctx, samples));
    SY_TRY(copy_inputs(ctx, spec, samples));
    if (spec->labels)
        SY_TRY(sy_labels_load(ctx, spec->labels, &samples->arena, &labels));
    SY_TRY(find_files(ctx, spec, &labels, samples, &like_mindspore));
    SY_TRY(choose_count(ctx, spec, samples));
    SY_TRY(plan_inputs(ctx, spec->config, like_mindspore, samples));
    SY_TRY(check_headers(ctx, spec->known, samples));
    SY_TRY(describe(ctx, samples));
    return spec->labels ? match_labels(ctx, &labels, spec->labels, samples) : SY_OK;
}

sy_status sy_samples_open(sy_ctx *ctx, const sy_samples_spec *spec, sy_samples **out)
{
    sy_samples *samples = calloc(1, sizeof *samples);
    SY_TRY(sy_check_alloc(ctx, samples));
    sy_status status = open_set(ctx, spec, samples);
    if (status == SY_OK)
        *out = samples;
    else
        sy_samples_destroy(samples);
    return status;
}
