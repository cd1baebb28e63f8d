/* What the outputs are compared on. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "data/npy_write.h"
#include "pipeline/tune.h"

enum { DRAWN = 4 }; /* samples */

/* Uniform in [0.1, 1], as in MindSpore Lite; the same on every machine. */
static void draw(float *out, size_t count, uint32_t *seed)
{
    for (size_t i = 0; i < count; i++) {
        *seed = *seed * 1664525u + 1013904223u;
        out[i] = 0.1F + 0.9F * ((float)(*seed >> 8) * 0x1p-24F);
    }
}

static const char *path_of(sy_job *job, const char *folder, int input, int sample)
{
    return sy_arena_printf(&job->arena, "%s/%d/%d.npy", folder, input, sample);
}

static sy_status draw_input(sy_job *job, const char *folder, int input, uint32_t *seed)
{
    const sy_tensor *tensor = &job->bound->tensors[job->bound->inputs[input]];
    const char *own = sy_arena_printf(&job->arena, "%s/%d", folder, input);
    size_t count = 0;
    sy_status status = SY_OK;
    if (tensor->dtype != SY_DTYPE_FLOAT || !sy_shape_count(&tensor->shape, &count))
        return sy_fail(
            job->ctx, SY_E_DATA,
            "auto_tune draws inputs of float32 only, and '%s' is %s: name samples with --data, or with "
            "use_cv_data = true and calibrate_path",
            tensor->name, sy_dtype_name(tensor->dtype));
    float *values = malloc((count + !count) * sizeof *values);
    SY_TRY(sy_check_alloc(job->ctx, values));
    if (!own)
        status = sy_check_alloc(job->ctx, own);
    if (status == SY_OK)
        status = sy_folder_make(job->ctx, own);
    for (int s = 0; s < DRAWN && status == SY_OK; s++) {
        const char *path = path_of(job, folder, input, s);
        draw(values, count, seed);
        status = sy_check_alloc(job->ctx, path);
        if (status == SY_OK)
            status = sy_npy_save(job->ctx, path, SY_DTYPE_FLOAT, &tensor->shape, values);
    }
    free(values);
    return status;
}

static sy_status draw_all(sy_job *job, const char *folder, const char **out_data)
{
    const int count = job->bound->input_count;
    sy_text data = {0};
    uint32_t seed = 5489;
    sy_status status = SY_OK;
    for (int i = 0; i < count && status == SY_OK; i++) {
        status = draw_input(job, folder, i, &seed);
        if (count > 1)
            sy_text_printf(&data, "%s%s:", i ? "," : "", job->bound->tensors[job->bound->inputs[i]].name);
        sy_text_printf(&data, "%s/%d", folder, i);
    }
    *out_data = sy_arena_text(&job->arena, data.bytes && !data.failed ? data.bytes : "");
    sy_text_release(&data);
    return status == SY_OK ? sy_check_alloc(job->ctx, *out_data) : status;
}

/* Removes the samples of one input, and what a run that was killed left of them; what has another name is not
 * ours. */
static void forget_input(sy_job *job, const char *own)
{
    char **names;
    size_t count;
    if (!sy_path_is_folder(own) || sy_folder_list(NULL, own, &job->arena, &names, &count) != SY_OK)
        return;
    for (size_t i = 0; i < count; i++) {
        const char *path =
            strstr(names[i], ".npy") ? sy_arena_printf(&job->arena, "%s/%s", own, names[i]) : NULL;
        if (path)
            unlink(path);
    }
    rmdir(own);
}

void sy_tune_forget_inputs(sy_job *job, const char *folder)
{
    for (int i = 0; job->bound && i < job->bound->input_count; i++) {
        const char *own = sy_arena_printf(&job->arena, "%s/%d", folder, i);
        if (own)
            forget_input(job, own);
    }
    rmdir(folder);
}

sy_status sy_tune_open_inputs(sy_job *job, const char *folder, bool *out_drawn)
{
    const char *data = job->request->data;
    const bool configured = job->config->mixed_bit_weight_quant_param.use_cv_data;
    *out_drawn = !data && !configured;
    if (*out_drawn) {
        sy_tune_forget_inputs(job, folder); /* half a file would be a sample */
        SY_TRY(draw_all(job, folder, &data));
    }
    return sy_job_open_samples(job, data, NULL, *out_drawn ? SIZE_MAX : job->request->limit, &job->samples);
}
