/* A target: the numbers it computes with, how its file is laid out, and what that file must satisfy. One
 * const struct each; the pipeline needs no other knowledge of it, and a target knows no backend.
 */
#ifndef SY_TARGET_TARGET_H
#define SY_TARGET_TARGET_H

#include "base/text.h"
#include "quant/traits.h"
#include "solve/plan.h"

/* ASCEND: [ascend_context], for the arguments of its compiler that are written beside the model. NULL where
 * the configuration says nothing. */
typedef struct sy_ascend_options {
    const char *input_shape, *dynamic_dims, *input_format; /* ascend_stub/gears.h says how they are read */
    const char *output_type, *precision_mode, *op_select_impl_mode, *fusion_switch_file, *buffer_optimize,
        *insert_op_file;          /* handed on as they are */
    const char *calibrated_shape; /* "x:1,3,224,224": stands for input_shape where there is none */
    const char *chip;             /* "910b" of ascend_oriented:910b */
} sy_ascend_options;

/* What a caller asks of the files of one target. */
typedef struct sy_emit_spec {
    const char *path;                /* of the model; files beside it take its name, less ".onnx" */
    bool encodings_0_6_1;            /* DSP: that version of the quantization encodings instead of 1.0.0 */
    int tensorrt_version;            /* NVGPU: of whose calibration cache one is written; 0: none is */
    const sy_ascend_options *ascend; /* NULL: no arguments are written */
    sy_text
        *notes; /* lines for the user about what was written beside the model are added here; may be NULL */
} sy_emit_spec;

typedef struct sy_target {
    const char *name;    /* "GENERIC": as in --target and [full_quant_param] target_device */
    const char *summary; /* a line for --help */
    const char *suffix;  /* in file names: model.<suffix>.onnx */
    const sy_traits *traits;
    /* Whether what the caller asks fits the model, before long work: SY_E_CONFIG. NULL: it always does. */
    sy_status (*check)(sy_ctx *ctx, const sy_graph *model, const sy_emit_spec *spec);
    /* Writes the file(s) of a plan made with these traits; whole or not at all. */
    sy_status (*emit)(sy_ctx *ctx, const sy_plan *plan, const char *path);
    /* Checks a file that was read back: every rule of the target's LAYOUT.md that can be read off the graph.
     * SY_E_INTERNAL names the nodes that break one.
     */
    sy_status (*lint)(sy_ctx *ctx, const sy_graph *emitted);
    bool all_ranges; /* its files list the ranges of all tensors: plans are made with
                        sy_plan_options.all_ranges */
    /* Writes what belongs beside the model, from the plan and the model read back and checked. NULL: nothing
     * does. */
    sy_status (*companions)(sy_ctx *ctx, const sy_plan *plan, const sy_graph *emitted,
                            const sy_emit_spec *spec);
} sy_target;

/* The path of a file beside the model: its name with another ending than ".onnx". In the arena; NULL without
 * memory. */
const char *sy_path_beside(sy_arena *arena, const char *model, const char *ending);

extern const sy_target sy_target_generic;
extern const sy_target sy_target_nvgpu;
extern const sy_target sy_target_dsp;
extern const sy_target sy_target_ascend;

/* In the order of --help; NULL past the end. */
const sy_target *sy_target_at(int index);

/* By name, in any case; "" and "CPU" mean GENERIC, which is what a configuration without target_device means.
 * SY_E_UNSUPPORTED for a known target this build cannot write, SY_E_CONFIG for an unknown word; both say
 * which there are.
 */
sy_status sy_target_find(sy_ctx *ctx, const char *name, const sy_target **out);

/* Emits, reads the file back, checks it, and writes what belongs beside it; a model that fails the check is
 * removed. */
sy_status sy_target_emit(sy_ctx *ctx, const sy_target *target, const sy_plan *plan, const sy_emit_spec *spec);

#endif
