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

/* Parses "x:1,3,224,224;state:2,1,128" (a lone "1,3,224,224" where the graph has one input). */
sy_status sy_input_shapes_parse(sy_ctx *ctx, const sy_graph *graph, const char *text, sy_arena *arena,
                                sy_input_shape **out, int *out_count);

/* A copy of the graph with every shape known: input shapes as given; a symbolic first dimension not given becomes 1;
 * what then depends only on shapes and constants is computed and becomes a constant (tensors keep their names).
 * SY_E_UNSUPPORTED names the nodes of operators we do not have (all of them, with counts), SY_E_ARGUMENT a symbolic dimension that needs
 * --inputShape, with an example of what to write.
 */
sy_status sy_graph_bind(sy_ctx *ctx, const sy_graph *graph, const sy_input_shape *shapes, int shape_count,
                        sy_graph **out);

/* Computes the outputs of one node whose inputs are all constants, on the CPU backend; each becomes a constant of the
 * graph. The node is marked removed. Used to fold.
 */
sy_status sy_graph_fold_node(sy_ctx *ctx, sy_graph *graph, int node);

typedef struct sy_program sy_program;
typedef struct sy_runner sy_runner;

typedef struct sy_program_spec {
    const sy_graph *graph; /* bound; outlives the program */
    const int *inputs;     /* tensors the caller supplies; any tensor that is not a constant */
    int input_count;
    const int *outputs; /* tensors the caller can read after a run */
    int output_count;
    const int *observed; /* tensors shown to the observer as soon as they are computed; their memory is reused later */
    int observed_count;
} sy_program_spec;

sy_status sy_program_create(sy_ctx *ctx, const sy_backend *backend, sy_device *device,
                            const sy_program_spec *spec, sy_program **out);
void sy_program_destroy(sy_program *program);
/* Bytes of device memory of one runner's activations, and of the constants. */
void sy_program_memory(const sy_program *program, size_t *out_activations, size_t *out_constants);
/* Replaces a constant of the graph (say a bias) from the next run on; `words` elements as the device holds them. No runner may be
 * running. SY_E_ARGUMENT when the program has no such constant of that size.
 */
sy_status sy_program_set_constant(sy_ctx *ctx, sy_program *program, int tensor, const void *words, size_t count);

sy_status sy_runner_create(sy_ctx *ctx, sy_program *program, sy_runner **out);
void sy_runner_destroy(sy_runner *runner);
sy_stream *sy_runner_stream(sy_runner *runner);

/* Called in the order tensors are computed, inputs first, with `view` valid until it returns (work may be left queued on the
 * runner's stream). `index` counts into spec.observed.
 */
typedef sy_status (*sy_observe_fn)(sy_ctx *ctx, void *user, int index, sy_view view, size_t words);

/* inputs[i] holds the words of spec.inputs[i] (see params.h: float32, or int32 for integers). `observe` may be NULL.
 * Ends with a sync.
 */
sy_status sy_runner_run(sy_ctx *ctx, sy_runner *runner, const void *const *inputs, sy_observe_fn observe, void *user);
/* After a run: copies output `index` of spec.outputs. */
sy_status sy_runner_read(sy_ctx *ctx, sy_runner *runner, int index, void *out, size_t words);

#endif
