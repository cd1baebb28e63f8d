/* What the commands share: the model in its stages, the device, the samples. */
#ifndef SY_PIPELINE_JOB_H
#define SY_PIPELINE_JOB_H

#include "calib/stats.h"
#include "config/config.h"
#include "data/samples.h"
#include "device/device.h"
#include "pipeline/report.h"
#include "solve/plan.h"
#include "target/target.h"

typedef struct sy_job {
    sy_ctx *ctx;
    const sy_request *request;
    const sy_config *config;
    sy_config *default_config; /* owned; where the request brought none */
    int workers;
    uint32_t batch; /* samples a worker runs at once; 0: what suits the device */

    sy_graph *model, *fused, *bound; /* as imported; fused; with every shape known */
    sy_hash model_hash;
    const char *input_shape; /* as bound, "x:1,3,224,224" */

    const sy_backend *backend;
    sy_device *device;
    sy_samples *samples;
    double init_scale;        /* error of mixed bits, as the configuration says or as is tried */
    const char *weights_file; /* of weight quantization: the model that it writes */
    sy_arena arena;
} sy_job;

/* Checks what every command needs. Close also after a failure. */
sy_status sy_job_open(sy_ctx *ctx, const sy_request *request, sy_job *out);
void sy_job_close(sy_job *job);

/* Opens a job and a report, does the command's work, and hands the finished report over; a command is this
 * and its work. */
sy_status sy_job_command(sy_ctx *ctx, const sy_request *request,
                         sy_status (*work)(sy_job *job, sy_report *report), sy_report **out);

/* Imports, fuses and binds the float model. */
sy_status sy_job_open_model(sy_job *job);
sy_status sy_job_open_device(sy_job *job);
/* Of the bound float model. NULL for `data` and `labels` means what it means in data/samples.h. A class must
 * be an element of the model's first output. The caller owns *out. */
sy_status sy_job_open_samples(sy_job *job, const char *data, const char *labels, size_t limit,
                              sy_samples **out);

/* A quantized model file, its products as integer runtimes compute them, bound to the shapes of the job's
 * bound model by input name. The caller owns *out.
 */
sy_status sy_job_load_like(sy_job *job, const char *path, sy_graph **out);

/* Targets of the request, or the configuration's; found before any long work begins. In the job's arena. */
sy_status sy_job_targets(sy_job *job, const sy_target ***out, int *out_count);

/* The file's name without folder and suffix; in the job's arena. */
const char *sy_job_stem(sy_job *job);

/* provider = ge is about models for Ascend. */
sy_status sy_job_check_provider(sy_job *job, bool is_ascend);

sy_status sy_job_require(sy_job *job, const char *value, const char *what);

/* The stages, each in a file of its own. */

/* One pass over job->samples, whose statistics go to the file `path`. What has been gathered is written to
 * `path`.part now and then, and stays there when the run ends in the middle; with --resume the run goes on from
 * there. SY_E_ARGUMENT where there is nothing to go on from, SY_E_DATA where it is of another run; the message
 * of any other failure tells what is kept.
 */
sy_status sy_job_collect(sy_job *job, const char *path, sy_stats **out);

/* Decides, corrects and writes the model of one target. `stats` are the job's, samples may be closed: then
 * biases stay. */
sy_status sy_job_emit(sy_job *job, const sy_stats *stats, const sy_target *target, const char *path,
                      sy_report *report, cJSON *json);

/* Whether the configuration's nodes are in the model, and what it asks of the targets fits them: before long
 * work. */
sy_status sy_job_check_plan(sy_job *job, const sy_target *const *targets, int count);

/* Ends a report with a table of its targets: file, size, accuracy, what stayed float and why. */
void sy_report_summary(sy_report *report);

struct sy_verify_report;
/* Compares a written file with the float model over `samples`. */
sy_status sy_job_verify(sy_job *job, const sy_samples *samples, const char *path, bool tensors,
                        struct sy_verify_report **out);
/* Compares the float model, a DSP file and the file's integers in a DSP's arithmetic over job->samples, and
 * appends that to a report. SY_E_UNSUPPORTED names a node that has no integer form. */
sy_status sy_job_simulate(sy_job *job, const char *path, sy_report *report);
/* Appends the outcome to a report. */
sy_status sy_job_report_verify(sy_ctx *ctx, const struct sy_verify_report *result, sy_report *report,
                               cJSON *json);

#endif
