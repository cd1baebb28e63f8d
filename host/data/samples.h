/* Samples: what a model is calibrated and judged on, from files to the words a device reads.
 *
 * A sample is one file for each input of the model: a photograph, raw elements, or a .npy array. The files of
 * an input are those of one folder, sorted bytewise by name, hidden ones and folders left out; the files of
 * several inputs pair by position. [data_preprocess_param] of the configuration says how a photograph becomes
 * a tensor.
 */
#ifndef SY_DATA_SAMPLES_H
#define SY_DATA_SAMPLES_H

#include "base/hash.h"
#include "config/config.h"
#include "graph/graph.h"

typedef struct sy_sample_input {
    const char *name;
    sy_dtype dtype;
    sy_shape shape; /* known; the first dimension of a photograph's input is 1 */
} sy_sample_input;

typedef struct sy_samples_spec {
    const sy_config *config;
    /* What follows --data: "DIR", or "NAME:DIR,NAME:DIR" with one item for each input. Instead of a folder
     * there may be one file, or a folder with a pattern of file names, as "DIR/x*.bin". NULL: calibrate_path
     * of the configuration, and then what is not set there means what it means to MindSpore Lite (BGR; raw
     * files in NHWC).
     */
    const char *data;
    /* A file of lines "path class", paths relative to its own folder; NULL: no classes. With neither `data`
     * nor calibrate_path its paths are the samples.
     */
    const char *labels;
    const sy_sample_input *inputs;
    int input_count;
    size_t limit; /* the first so many by name; 0: calibrate_size of the configuration, SIZE_MAX: all */
    /* A set opened for the same inputs and configuration: the headers of files it holds, too, are not read
     * again. NULL: none. */
    const struct sy_samples *known;
} sy_samples_spec;

typedef struct sy_samples sy_samples;

/* Lists the files and reads their headers. Each file that cannot be a sample is logged with its reason; then
 * SY_E_DATA with a summary, or, with skip_bad_samples, the set is without them. Missing, empty and unsuitable
 * folders, counts that differ between inputs and preprocessing that cannot fill an input are told apart in
 * words (SY_E_DATA, SY_E_CONFIG). Keeps nothing of `spec`.
 */
sy_status sy_samples_open(sy_ctx *ctx, const sy_samples_spec *spec, sy_samples **out);
void sy_samples_destroy(sy_samples *samples);

size_t sy_samples_count(const sy_samples *samples);
/* The file of the first input, relative to its folder. */
const char *sy_samples_name(const sy_samples *samples, size_t index);
int sy_samples_label(const sy_samples *samples, size_t index); /* the class; SY_NONE where there is none */
/* What happens to a file on its way into the model, one "key = value" a line, nothing about where files are.
 */
const char *sy_samples_preprocess(const sy_samples *samples);

/* Fills out[k] with the words of input k (float32, or int32 for integers and bool), as many as its shape has
 * elements, and *out_hash (may be NULL) with the SHA-256 of the file's bytes; of several inputs, with that of
 * their digests in order. Any number of threads may load at once, each with its own `ctx`.
 *
 * A file that turns out bad here: with skip_bad_samples SY_OK, *out_usable false and nothing else; otherwise
 * every file is tried, the bad ones are logged one by one, and the summary is the error (SY_E_DATA).
 */
sy_status sy_samples_load(sy_ctx *ctx, const sy_samples *samples, size_t index, void *const *out,
                          sy_hash *out_hash, bool *out_usable);

/* The hash that sy_samples_load gives, from the bytes alone. Also from any number of threads. SY_E_IO. */
sy_status sy_samples_hash(sy_ctx *ctx, const sy_samples *samples, size_t index, sy_hash *out);

/* Loads every sample and throws it away: the bad ones are logged one by one; SY_E_DATA with a summary if
 * there are any. */
sy_status sy_samples_check(sy_ctx *ctx, const sy_samples *samples, int workers);

#endif
