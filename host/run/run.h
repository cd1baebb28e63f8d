/* A graph on a device: shapes fixed, constants uploaded, memory planned, then run sample by sample.
 *
 * A program is made once and shared; each worker has a runner: its stream and its memory for activations.
 * The results have the same bits for any number of workers and on every backend (see HOUSE: numbers).
 */
#ifndef SY_RUN_RUN_H
#define SY_RUN_RUN_H

#include "device/device.h"
#include "graph/graph.h"

typedef struct sy_input_shape {
    const char *name;
    sy_shape shape;
} sy_input_shape;

/* Parses "x:1,3,224,224;state:2,1,128" (a lone "1,3,224,224" where the graph has one input). The result is in
 * `arena`; names are the graph's. SY_E_ARGUMENT names the part that is wrong.
 */
sy_status sy_input_shapes_parse(sy_ctx *ctx, const sy_graph *graph, const char *text, sy_arena *arena,
                                sy_input_shape **out, int *out_count);

/* SY_E_UNSUPPORTED naming every operator of the graph that is not one of ours, with its nodes. */
sy_status sy_graph_require_operators(sy_ctx *ctx, const sy_graph *graph);

/* A copy of the graph with every shape known: input shapes as given; a symbol that one input settles holds
 * for the others; a first dimension still unknown becomes 1. What then depends only on shapes and constants
 * is computed and becomes a constant, and what nothing needs any more is gone. Tensors keep their names, not
 * their indices.
 *
 * Fails as sy_graph_require_operators() does (of the nodes that are needed); with SY_E_ARGUMENT when a shape
 * does not fit or a dimension must be chosen, with an example of what to write; with SY_E_UNSUPPORTED when a
 * size depends on the values of a sample.
 */
sy_status sy_graph_bind(sy_ctx *ctx, const sy_graph *graph, const sy_input_shape *shapes, int shape_count,
                        sy_graph **out);

/* Computes the outputs of one node, on the CPU backend; each becomes a constant of the graph and the node is
 * marked removed. Its inputs are constants (those of Shape and Size need only a known shape) and the shapes
 * of its outputs are known.
 */
sy_status sy_graph_fold_node(sy_ctx *ctx, sy_graph *graph, int index);

typedef struct sy_program sy_program;
typedef struct sy_runner sy_runner;

typedef struct sy_program_spec {
    const sy_graph *graph; /* bound; outlives the program */
    const int *inputs;     /* tensors the caller supplies; any tensor that is not a constant */
    int input_count;
    const int *outputs; /* tensors the caller can read after a run */
    int output_count;
    const int *observed; /* tensors shown to the observer as soon as they are computed; their memory is reused
                            later */
    int observed_count;
} sy_program_spec;

sy_status sy_program_create(sy_ctx *ctx, const sy_backend *backend, sy_device *device,
                            const sy_program_spec *spec, sy_program **out);
void sy_program_destroy(sy_program *program);
/* Bytes of device memory of one sample's activations in a runner, and of the constants. */
void sy_program_memory(const sy_program *program, size_t *out_activations, size_t *out_constants);
/* Replaces a constant of the graph (say a bias) from the next run on: `count` elements, as the device holds
 * them. No runner may be running. SY_E_ARGUMENT when the program reads no such constant of that size; after
 * any other failure the program is only good to be destroyed.
 */
sy_status sy_program_set_constant(sy_ctx *ctx, sy_program *program, int tensor, const void *words,
                                  size_t count);

/* What it runs: steps, in order, with their kernels and nodes (ops/lowering.h). */
struct sy_lowering;
const struct sy_lowering *sy_program_lowering(const sy_program *program);
/* Slots, steps, and where each slot lives in memory and when; the same on every machine. */
void sy_program_print(const sy_program *program, sy_text *out);

/* One that runs up to `batch` samples at once, at least 1; each has its own copy of the activations, one
 * behind the other. How many run together changes no bit of a result.
 */
sy_status sy_runner_create(sy_ctx *ctx, sy_program *program, uint32_t batch, sy_runner **out);
void sy_runner_destroy(sy_runner *runner);
sy_stream *sy_runner_stream(sy_runner *runner);
/* From now on each run adds the time of each step to nanoseconds[step], and waits for every step on its own,
 * which is slower. NULL ends it. The array has an element for each step of the program, and outlives its use.
 */
void sy_runner_set_profile(sy_runner *runner, uint64_t *nanoseconds);

/* A tensor of every sample of a run, while it is in memory. */
typedef struct sy_observed {
    int index;        /* into spec.observed */
    sy_view view;     /* of sample 0; sample s begins stride * s words behind it */
    size_t words;     /* of one sample */
    uint32_t samples; /* of this run */
    size_t stride;    /* 0 where all samples share it: a constant */
} sy_observed;

/* Called in the order tensors are computed, inputs first, with `seen->view` valid until it returns (work may
 * be left queued on the runner's stream).
 */
typedef sy_status (*sy_observe_fn)(sy_ctx *ctx, void *user, const sy_observed *seen);

/* Runs `samples` samples, 1 to the runner's batch. inputs[s * spec.input_count + i] holds the words of
 * spec.inputs[i] (graph/words.h) of sample s; it may be NULL where nothing reads that input. `observe` may be
 * NULL; when it fails, so does the run. Ends with a sync.
 */
sy_status sy_runner_run(sy_ctx *ctx, sy_runner *runner, uint32_t samples, const void *const *inputs,
                        sy_observe_fn observe, void *user);
/* After a run: copies output `index` of spec.outputs, of one sample of that run. */
sy_status sy_runner_read(sy_ctx *ctx, sy_runner *runner, uint32_t sample, int index, void *out, size_t words);

#endif
