/* auto_tune: the largest init_scale of mixed bits whose model still answers as the float one does. */
#ifndef SY_PIPELINE_TUNE_H
#define SY_PIPELINE_TUNE_H

#include "pipeline/job.h"

/* What was tried, and how near the outputs were. */
typedef struct sy_tune_probe {
    double scale, cosine;
} sy_tune_probe;

/* Whether there is another scale to try, after those of `probes` in any order; *out is it. The first is
 * `first`; the search ends with a cosine in [target, target + SY_TUNE_BAND], or where two scales are too
 * close to have one between them that matters. What comes next follows from the probes alone, so a search
 * that was interrupted goes on as if it had not been.
 */
#define SY_TUNE_BAND 0.0005
bool sy_tune_next(const sy_tune_probe *probes, size_t count, double first, double target, double *out);
/* The probe with the largest scale among those with a cosine of at least `target` and below any that fell
 * short, and among these rather one that is just above the target, by no more than SY_TUNE_WIDE_BAND: where
 * cosines jump, the largest may owe its own to chance. NULL: none.
 */
#define SY_TUNE_WIDE_BAND 0.0025
const sy_tune_probe *sy_tune_best(const sy_tune_probe *probes, size_t count, double target);

/* Probes on disk: of a search that `key` names. */
sy_status sy_tune_save(sy_ctx *ctx, const char *path, const sy_hash *key, const sy_tune_probe *probes,
                       size_t count);
/* Appends the probes of a file, to a list of sy_tune_probe; none where there is no file, or it is one of
 * another search, which *out_other tells. SY_E_DATA: it is no such file.
 */
sy_status sy_tune_load(sy_ctx *ctx, const char *path, const sy_hash *key, sy_text *out, bool *out_other);

/* Searches, and leaves the best model written, with its container, whenever it is interrupted; reports what
 * was tried. SY_E_ACCURACY: no scale that was tried reaches target_cosine.
 */
sy_status sy_job_tune(sy_job *job, sy_report *report);

/* Opens the samples that outputs are compared on: those of --data, with use_cv_data those of the
 * configuration, else drawn ones, the same each time, which are put below `folder` and are gone with
 * sy_tune_forget_inputs.
 */
sy_status sy_tune_open_inputs(sy_job *job, const char *folder, bool *out_drawn);
void sy_tune_forget_inputs(sy_job *job, const char *folder);

#endif
