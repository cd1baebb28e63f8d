/* Which files are the samples: folders, patterns and lists of files, sorted and told apart by kind. */
#ifndef SY_DATA_SOURCE_H
#define SY_DATA_SOURCE_H

#include "data/samples.h"

typedef enum sy_file_kind {
    SY_FILE_IMAGE,
    SY_FILE_RAW,
    SY_FILE_NPY,
} sy_file_kind;

typedef struct sy_source_file {
    const char *path, *name; /* `name` is relative to the folder */
    sy_file_kind kind;
    sy_dtype dtype;    /* of a RAW file, where its name says so ("x.i32"); else UNDEFINED: the input's */
    int width, height; /* of an IMAGE, once its header has been read */
} sy_source_file;

typedef struct sy_source {
    sy_source_file *files; /* sorted bytewise by name */
    size_t count;
} sy_source;

/* What a file is by `type`, or for AUTO by the end of its name; false when that tells nothing. */
bool sy_source_classify(sy_input_type type, const char *name, sy_file_kind *out_kind, sy_dtype *out_dtype);

typedef struct sy_source_request {
    const char *text;   /* what the user gave; see sy_samples_spec.data */
    const char *option; /* what it was given with, for messages: "--data" */
    sy_status misuse;   /* the status for a text that is wrong */
    sy_input_type type;
    const sy_sample_input *inputs;
    int input_count;
} sy_source_request;

/* The files of each input, in `arena`; out[] has input_count elements. Each folder that will not do has its
 * own message. */
sy_status sy_sources_find(sy_ctx *ctx, const sy_source_request *wanted, sy_arena *arena, sy_source *out);

#endif
