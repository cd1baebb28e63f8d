/* Compressed models in the pipeline. */
#ifndef SY_PIPELINE_CONTAINER_H
#define SY_PIPELINE_CONTAINER_H

#include "pipeline/job.h"

/* Imports a model file, or the model in a container. SY_E_UNSUPPORTED: a container of a model with external
 * data, which has to be unpacked first.
 */
sy_status sy_job_import(sy_job *job, const char *path, sy_graph **out, sy_hash *out_hash);

/* Puts a model file, and the files of its external data, into the container `path`, and tells of every tensor
 * that stands there as codes.
 */
sy_status sy_job_pack(sy_job *job, const char *model, const char *path, sy_report *report, cJSON *json);

/* Tells what a container holds; nothing where the file is none. */
sy_status sy_job_report_container(sy_job *job, const char *path, sy_report *report);

#endif
