/* Steelyard: calibrate a float model, quantize it, emit it for a target, and measure the result.
 *
 * A handle belongs to whoever created it and goes back through its _destroy, which takes NULL.
 * A sy_ctx, and what was made from it, serve one thread at a time; two contexts share nothing.
 */
#ifndef STEELYARD_H
#define STEELYARD_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(SY_SHARED_BUILD)
#define SY_API __attribute__((visibility("default")))
#else
#define SY_API
#endif

#define SY_VERSION "0.1.0"

/* Every class of failure, once. The number is also the program's exit code. Append, never renumber. */
#define SY_STATUS_MAP(X)                                                             \
    X(OK, 0, "success")                                                              \
    X(E_ARGUMENT, 1, "the command line or a function argument is wrong")             \
    X(E_CONFIG, 2, "a configuration file, section, key or value is wrong")           \
    X(E_MODEL, 3, "the model file is damaged or is not a valid model")               \
    X(E_UNSUPPORTED, 4, "valid, but this build or this target cannot do it")         \
    X(E_DATA, 5, "the samples or labels are missing, unreadable or do not fit")      \
    X(E_IO, 6, "a file or folder could not be read or written")                      \
    X(E_MEMORY, 7, "out of memory")                                                  \
    X(E_DEVICE, 8, "the compute device is absent or reported an error")              \
    X(E_NUMERIC, 9, "a value is not finite, or a range is empty")                    \
    X(E_ACCURACY, 10, "the result is further from the float model than was allowed") \
    X(E_CANCELLED, 11, "stopped on request")                                         \
    X(E_INTERNAL, 12, "a defect of this program")

typedef enum sy_status {
#define X(name, value, text) SY_##name = value,
    SY_STATUS_MAP(X)
#undef X
} sy_status;

typedef struct sy_ctx sy_ctx; /* errors, log and progress of one user of the library */

typedef enum sy_log_level {
    SY_LOG_ERROR,
    SY_LOG_WARN,  /* the result may be worse than the user thinks */
    SY_LOG_INFO,  /* a line a stage */
    SY_LOG_DEBUG, /* a line a tensor */
} sy_log_level;

typedef void (*sy_log_fn)(void *user, sy_log_level level, const char *line);

/* Called from the thread that called the library. Returns 0 to go on, anything else to stop with
 * SY_E_CANCELLED. `total` is 0 where it is not known yet.
 */
typedef int (*sy_progress_fn)(void *user, const char *stage, size_t done, size_t total);

/* The only failure is SY_E_MEMORY. */
SY_API sy_status sy_ctx_create(sy_ctx **out);
SY_API void sy_ctx_destroy(sy_ctx *ctx);
/* Lines above `level` are not made. NULL: nothing is logged, which is the state after creation. */
SY_API void sy_ctx_set_log(sy_ctx *ctx, sy_log_level level, sy_log_fn log, void *user);
SY_API void sy_ctx_set_progress(sy_ctx *ctx, sy_progress_fn progress, void *user);
/* The message of the last failure, ready to print; "" when there was none. Owned by `ctx`. */
SY_API const char *sy_ctx_error(const sy_ctx *ctx);
/* "E_MODEL" and so on; and one sentence about the class of failure. Both static. */
SY_API const char *sy_status_name(sy_status status);
SY_API const char *sy_status_text(sy_status status);

/* The configuration: MindSpore Lite's INI keys and our own (docs/CONFIG.md lists them). */
typedef struct sy_config sy_config;

SY_API sy_status sy_config_create(sy_ctx *ctx, sy_config **out); /* every key at its default */
SY_API void sy_config_destroy(sy_config *config);
/* Settings of an INI file on top of what is there. SY_E_CONFIG, SY_E_UNSUPPORTED (valid, not supported yet), SY_E_IO. */
SY_API sy_status sy_config_load(sy_ctx *ctx, sy_config *config, const char *path);
/* One setting, "section.key=value"; `option` is what stood before it on the command line, for messages. */
SY_API sy_status sy_config_set(sy_ctx *ctx, sy_config *config, const char *option, const char *assignment);

/* What a command is asked to do. A zeroed one is all defaults; a command says which fields it reads. Texts stay the
 * caller's and are read during the call only.
 */
typedef struct sy_request {
    const char *model;        /* path of the float model */
    const char *quantized;    /* verify: path of the model to compare with it */
    const char *stats;        /* emit: path of a .qstat, of a TensorRT calibration cache or of ranges as JSON */
    const char *data;         /* "FOLDER", "NAME:FOLDER,NAME:FOLDER"; a file name may hold one asterisk, to select files */
    const char *labels;       /* a line a sample: path relative to this file, class index */
    const char *as;           /* verify: "DSP": also the integers of that target's arithmetic; NULL: not */
    const char *verify_data;  /* quantize: samples to measure on; NULL: those of `labels`, else those of `data` */
    const char *input_shape;  /* "x:1,3,224,224;y:1,8" */
    const char *output;       /* a file for stats; a folder for quantize, emit and run */
    const char *model_output; /* quantize with one target: exact path of its model; `output` is then not read */
    const char *device;       /* "auto" (NULL), "cpu", "cuda:0", "opencl:1" */
    int ascend;               /* quantize: the model is for Ascend, as --optimize=ascend_oriented says */
    const char *chip;         /* "910b" of ascend_oriented:910b, or NULL */
    const char *const *targets; /* "GENERIC", "NVGPU", "DSP", "ASCEND" */
    int target_count;           /* 0: the configuration's target_device */
    const char *const *inputs;  /* run: "NAME=FILE.npy" */
    int input_count;
    int workers;                /* 0: one for each processor this process may use */
    int batch;                  /* samples a worker runs at once; 0: as the configuration says */
    int max_memory;             /* MiB of a GPU's memory to use at most; 0: as the configuration says */
    int resume;                 /* stats, quantize: go on from what an earlier run that ended in the middle left */
    int time_budget;            /* quantize, auto_tune: seconds after which no probe is begun; 0: no limit */
    size_t limit;               /* at most so many samples, the first by name; 0: as the configuration says */
    const sy_config *config;    /* NULL: every default */
} sy_request;

/* What a command found out. */
typedef struct sy_report sy_report;

SY_API const char *sy_report_text(const sy_report *report); /* for a terminal; ends in a newline */
SY_API const char *sy_report_json(const sy_report *report); /* the same facts, and more; one object */
SY_API void sy_report_destroy(sy_report *report);

/* Statistics, ranges, quantized models, and how far they are from the float one. Writes output/<stem>.<target>.onnx for
 * each target, output/<stem>.qstat and output/manifest.json. With quant_type = WEIGHT_QUANT, of an ONNX or MindIR model,
 * one whose weights become floats while it runs, with DYNAMIC_QUANT, of an ONNX model, one whose products are of integers:
 * `model_output`, or output/<stem>.quant.onnx or .mindir, and with enable_encode a container (.syw) of it.
 * Reads model, data, labels, verify_data, input_shape, output, device, targets, workers, batch,
 * max_memory, limit, resume, config.
 */
SY_API sy_status sy_quantize(sy_ctx *ctx, const sy_request *request, sy_report **out);
/* Runs the float model over the samples and writes their statistics to the file `output`. What has been gathered is
 * written to `output`.part every [run_param] keep_seconds, and stays there if the run ends in the middle: with `resume`
 * the next one goes on from there, on any device, to the same bits. sy_quantize does the same beside its .qstat.
 */
SY_API sy_status sy_collect(sy_ctx *ctx, const sy_request *request, sy_report **out);
/* Quantized models from saved statistics, without running the model. Reads stats, model, output, targets, config. */
SY_API sy_status sy_emit(sy_ctx *ctx, const sy_request *request, sy_report **out);
/* Runs `model` and `quantized` over the samples and compares their outputs. */
SY_API sy_status sy_verify(sy_ctx *ctx, const sy_request *request, sy_report **out);
/* Runs the model once on .npy inputs; writes output/<output name, '/' as '_'>.npy. */
SY_API sy_status sy_run(sy_ctx *ctx, const sy_request *request, sy_report **out);
/* Puts the model file `model`, with integers as its weights, into the compressed container `output` (a file), from which it
 * comes out bit for bit. Reads model, output, config. docs/CONTAINER.md specifies the file.
 */
SY_API sy_status sy_pack(sy_ctx *ctx, const sy_request *request, sy_report **out);
/* Writes what the container `model` holds below the folder `output`. Every other function that reads a model takes a
 * container in its place.
 */
SY_API sy_status sy_unpack(sy_ctx *ctx, const sy_request *request, sy_report **out);
/* Operators, shapes, weights, what can be quantized. Reads model, input_shape. */
SY_API sy_status sy_inspect(sy_ctx *ctx, const sy_request *request, sy_report **out);
/* The effective configuration, with where each value came from. Reads config. */
SY_API sy_status sy_describe_config(sy_ctx *ctx, const sy_request *request, sy_report **out);
/* Every configuration key with its default, range and meaning. */
SY_API sy_status sy_describe_keys(sy_ctx *ctx, sy_report **out);
/* The devices of this machine, and the backends of this build. */
SY_API sy_status sy_list_devices(sy_ctx *ctx, sy_report **out);

#ifdef __cplusplus
}
#endif
#endif
