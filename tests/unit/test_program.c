#include <math.h>

#include "base/pool.h"
#include "base/text.h"
#include "ops/lowering.h"
#include "run/run.h"
#include "support/graph.h"
#include "support/machine.h"

enum { WIDTH = 37 };

static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

static void fill_at_random(float *values, size_t count, uint32_t seed)
{
    for (size_t i = 0; i < count; i++)
        values[i] = (float)((int)(next_random(&seed) % 2001) - 1000) / 256;
}

static void read_output(sy_ctx *ctx, const machine *made, int index, float *out, size_t count)
{
    assert_ok(ctx, sy_runner_read(ctx, made->runner, 0, index, out, count));
}

/* y = relu(x + bias) * x, and what is in between. */
typedef struct {
    sy_graph *graph;
    int x, bias, sum, cut, y;
} small;

static const float bias_values[WIDTH] = {[0] = 1.5f, [1] = -2, [5] = 0.25f, [36] = 3};

static small small_create(sy_ctx *ctx)
{
    small made = {.graph = graph_create(ctx, 13)};
    made.x = graph_input(ctx, made.graph, "x", SY_DTYPE_FLOAT, SHAPE(1, WIDTH));
    made.bias = graph_floats(ctx, made.graph, "bias", SHAPE(WIDTH), bias_values);
    made.sum = graph_node(ctx, made.graph, "Add", "sum", made.x, made.bias);
    made.cut = graph_node(ctx, made.graph, "Relu", "cut", made.sum);
    made.y = graph_node(ctx, made.graph, "Mul", "y", made.cut, made.x);
    graph_output(made.graph, made.y);
    assert_ok(ctx, sy_infer_shapes(ctx, made.graph));
    return made;
}

static void assert_small_result(const float *x, const float *bias, const float *y)
{
    for (int i = 0; i < WIDTH; i++)
        assert_true(y[i] == fmaxf(x[i] + bias[i], 0) * x[i]);
}

static void outputs_are_what_the_nodes_compute(void **state)
{
    small net = small_create(*state);
    machine made = machine_create(
        *state, &sy_backend_cpu,
        &(sy_program_spec){
            .graph = net.graph, .inputs = &net.x, .input_count = 1, .outputs = &net.y, .output_count = 1});
    for (uint32_t seed = 1; seed < 4; seed++) {
        float x[WIDTH], y[WIDTH];
        fill_at_random(x, WIDTH, seed);
        assert_ok(*state, sy_runner_run(*state, made.runner, 1, (const void *[]){x}, NULL, NULL));
        read_output(*state, &made, 0, y, WIDTH);
        assert_small_result(x, bias_values, y);
    }
    machine_destroy(&made);
    sy_graph_destroy(net.graph);
}

static void inner_tensors_can_be_supplied_and_what_makes_them_does_not_run(void **state)
{
    small net = small_create(*state);
    const int inputs[] = {net.cut, net.x};
    machine made = machine_create(
        *state, &sy_backend_cpu,
        &(sy_program_spec){
            .graph = net.graph, .inputs = inputs, .input_count = 2, .outputs = &net.y, .output_count = 1});
    float cut[WIDTH], x[WIDTH], y[WIDTH];
    fill_at_random(cut, WIDTH, 5);
    fill_at_random(x, WIDTH, 6);
    assert_int_equal(sy_program_lowering(made.program)->step_count, 1);
    assert_ok(*state, sy_runner_run(*state, made.runner, 1, (const void *[]){cut, x}, NULL, NULL));
    read_output(*state, &made, 0, y, WIDTH);
    for (int i = 0; i < WIDTH; i++)
        assert_true(y[i] == cut[i] * x[i]);
    machine_destroy(&made);
    sy_graph_destroy(net.graph);
}

static void inputs_and_constants_can_be_outputs_and_unread_inputs_need_no_words(void **state)
{
    small net = small_create(*state);
    const int aside = graph_input(*state, net.graph, "aside", SY_DTYPE_FLOAT, SHAPE(1000));
    const int inputs[] = {aside, net.x}, outputs[] = {net.bias, net.x};
    machine made = machine_create(
        *state, &sy_backend_cpu,
        &(sy_program_spec){
            .graph = net.graph, .inputs = inputs, .input_count = 2, .outputs = outputs, .output_count = 2});
    float x[WIDTH], got[WIDTH];
    size_t activations, constants;
    fill_at_random(x, WIDTH, 7);
    assert_ok(*state, sy_runner_run(*state, made.runner, 1, (const void *[]){NULL, x}, NULL, NULL));
    read_output(*state, &made, 0, got, WIDTH);
    assert_memory_equal(got, bias_values, sizeof got);
    read_output(*state, &made, 1, got, WIDTH);
    assert_memory_equal(got, x, sizeof got);
    sy_program_memory(made.program, &activations, &constants);
    assert_int_equal(activations, 48 * sizeof(float));
    assert_int_equal(constants, WIDTH * sizeof(float));
    machine_destroy(&made);
    sy_graph_destroy(net.graph);
}

/* Everything an observer sees. */
typedef struct {
    const machine *made;
    int indices[8], count, fail_at;
    float values[8][WIDTH];
} sight;

static sy_status watch(sy_ctx *ctx, void *user, const sy_observed *tensor)
{
    sight *seen = user;
    if (seen->count == seen->fail_at)
        return sy_fail(ctx, SY_E_CANCELLED, "enough");
    assert_int_equal(tensor->words, WIDTH);
    seen->indices[seen->count] = tensor->index;
    return sy_backend_cpu.read(ctx, sy_runner_stream(seen->made->runner), tensor->view,
                               seen->values[seen->count++], WIDTH);
}

static machine observed_machine(sy_ctx *ctx, const small *net)
{
    const int observed[] = {net->y, net->cut, net->bias, net->sum, net->x};
    return machine_create(ctx, &sy_backend_cpu,
                          &(sy_program_spec){.graph = net->graph,
                                             .inputs = &net->x,
                                             .input_count = 1,
                                             .outputs = &net->y,
                                             .output_count = 1,
                                             .observed = observed,
                                             .observed_count = 5});
}

static void tensors_are_shown_whole_and_in_the_order_they_are_computed(void **state)
{
    small net = small_create(*state);
    machine made = observed_machine(*state, &net);
    sight seen = {.made = &made, .fail_at = -1};
    float x[WIDTH];
    fill_at_random(x, WIDTH, 8);
    assert_ok(*state, sy_runner_run(*state, made.runner, 1, (const void *[]){x}, watch, &seen));
    assert_int_equal(seen.count, 5);
    assert_memory_equal(seen.indices, ((int[]){2, 4, 3, 1, 0, 0, 0, 0}), sizeof seen.indices);
    assert_memory_equal(seen.values[0], bias_values, sizeof bias_values);
    assert_memory_equal(seen.values[1], x, sizeof x);
    for (int i = 0; i < WIDTH; i++) {
        assert_true(seen.values[2][i] == x[i] + bias_values[i]);
        assert_true(seen.values[3][i] == fmaxf(x[i] + bias_values[i], 0));
    }
    assert_small_result(x, bias_values, seen.values[4]);
    machine_destroy(&made);
    sy_graph_destroy(net.graph);
}

static void a_failing_observer_ends_the_run(void **state)
{
    small net = small_create(*state);
    machine made = observed_machine(*state, &net);
    sight seen = {.made = &made, .fail_at = 3};
    float x[WIDTH] = {0}, y[WIDTH];
    assert_fails(*state, sy_runner_run(*state, made.runner, 1, (const void *[]){x}, watch, &seen),
                 SY_E_CANCELLED, "enough");
    assert_int_equal(seen.count, 3);
    assert_ok(*state, sy_runner_run(*state, made.runner, 1, (const void *[]){x}, NULL, NULL));
    read_output(*state, &made, 0, y, WIDTH);
    assert_small_result(x, bias_values, y);
    machine_destroy(&made);
    sy_graph_destroy(net.graph);
}

/* A graph of sums, products and clamps over earlier tensors, chosen at random. */
enum { NODES = 40, TENSORS = NODES + 2 };

static sy_graph *random_graph(sy_ctx *ctx, uint32_t seed, int tensors[TENSORS])
{
    static const char *const types[] = {"Add", "Sub", "Max", "Relu"};
    sy_graph *graph = graph_create(ctx, 13);
    tensors[0] = graph_input(ctx, graph, "x", SY_DTYPE_FLOAT, SHAPE(WIDTH));
    tensors[1] = graph_input(ctx, graph, "y", SY_DTYPE_FLOAT, SHAPE(WIDTH));
    for (int i = 2; i < TENSORS; i++) {
        char name[16];
        const char *type = types[next_random(&seed) % 4];
        const int from = i > 12 ? i - 12 : 0; /* so that many tensors die on the way */
        const int a = from + (int)(next_random(&seed) % (uint32_t)(i - from));
        const int b = from + (int)(next_random(&seed) % (uint32_t)(i - from));
        snprintf(name, sizeof name, "t%d", i);
        tensors[i] = graph_node_of(ctx, graph, type, name, (int[]){tensors[a], tensors[b]},
                                   strcmp(type, "Relu") == 0 ? 1 : 2);
    }
    assert_ok(ctx, sy_infer_shapes(ctx, graph));
    return graph;
}

/* Without any memory plan: every tensor has its own array. */
static void compute_plainly(const sy_graph *graph, float values[][WIDTH])
{
    for (int n = 0; n < graph->node_count; n++) {
        const sy_node *node = &graph->nodes[n];
        const float *a = values[node->inputs[0]], *b = values[node->inputs[node->input_count - 1]];
        float *out = values[node->outputs[0]];
        for (int i = 0; i < WIDTH; i++)
            out[i] = node->type[0] == 'A'   ? a[i] + b[i]
                     : node->type[0] == 'S' ? a[i] - b[i]
                     : node->type[0] == 'M' ? fmaxf(a[i], b[i])
                                            : fmaxf(a[i], 0);
    }
}

static void shared_memory_never_changes_a_result(void **state)
{
    for (uint32_t seed = 1; seed <= 30; seed++) {
        static float values[TENSORS][WIDTH];
        int tensors[TENSORS];
        float got[WIDTH];
        size_t activations, constants;
        sy_graph *graph = random_graph(*state, seed, tensors);
        const int outputs[] = {tensors[TENSORS - 1], tensors[TENSORS / 2]};
        machine made = machine_create(
            *state, &sy_backend_cpu,
            &(sy_program_spec){
                .graph = graph, .inputs = tensors, .input_count = 2, .outputs = outputs, .output_count = 2});
        fill_at_random(values[0], 2 * WIDTH, seed);
        compute_plainly(graph, values);
        assert_ok(*state,
                  sy_runner_run(*state, made.runner, 1, (const void *[]){values[0], values[1]}, NULL, NULL));
        for (int i = 0; i < 2; i++) {
            read_output(*state, &made, i, got, WIDTH);
            assert_memory_equal(got, values[outputs[i]], sizeof got);
        }
        sy_program_memory(made.program, &activations, &constants);
        assert_true(activations < TENSORS * 48 * sizeof(float));
        machine_destroy(&made);
        sy_graph_destroy(graph);
    }
}

/* Every tensor of every sample, as the observer of a batch finds it. */
typedef struct {
    sy_runner *runner;
    float (*values)[TENSORS][WIDTH]; /* [sample] */
    uint32_t samples;
    int shown;
} batch_sight;

static sy_status compare_batch(sy_ctx *ctx, void *user, const sy_observed *tensor)
{
    batch_sight *seen = user;
    assert_int_equal(tensor->samples, seen->samples);
    for (uint32_t s = 0; s < seen->samples; s++) {
        float got[WIDTH];
        const sy_view view = {tensor->view.buffer, tensor->view.offset + s * tensor->stride};
        SY_TRY(sy_backend_cpu.read(ctx, sy_runner_stream(seen->runner), view, got, WIDTH));
        assert_memory_equal(got, seen->values[s][tensor->index], sizeof got);
    }
    seen->shown++;
    return SY_OK;
}

static void samples_run_together_give_what_each_gives_alone(void **state)
{
    enum { BATCH = 5 };
    static const uint32_t counts[] = {5, 1, 3, 5}; /* a short batch, and a full one after it */
    static float values[BATCH][TENSORS][WIDTH];
    for (uint32_t seed = 1; seed <= 10; seed++) {
        int tensors[TENSORS];
        sy_graph *graph = random_graph(*state, seed, tensors);
        sy_runner *runner = NULL;
        machine made = machine_create(*state, &sy_backend_cpu,
                                      &(sy_program_spec){.graph = graph,
                                                         .inputs = tensors,
                                                         .input_count = 2,
                                                         .outputs = &tensors[TENSORS - 1],
                                                         .output_count = 1,
                                                         .observed = tensors,
                                                         .observed_count = TENSORS});
        assert_ok(*state, sy_runner_create(*state, made.program, BATCH, &runner));
        for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
            const void *inputs[2 * BATCH];
            batch_sight seen = {runner, values, counts[i], 0};
            for (uint32_t s = 0; s < counts[i]; s++) {
                fill_at_random(values[s][0], 2 * WIDTH, seed * 100 + s + (uint32_t)i);
                compute_plainly(graph, values[s]);
                inputs[2 * s] = values[s][0];
                inputs[2 * s + 1] = values[s][1];
            }
            assert_ok(*state, sy_runner_run(*state, runner, counts[i], inputs, compare_batch, &seen));
            assert_int_equal(seen.shown, TENSORS);
            for (uint32_t s = 0; s < counts[i]; s++) {
                float got[WIDTH];
                assert_ok(*state, sy_runner_read(*state, runner, s, 0, got, WIDTH));
                assert_memory_equal(got, values[s][TENSORS - 1], sizeof got);
            }
        }
        sy_runner_destroy(runner);
        machine_destroy(&made);
        sy_graph_destroy(graph);
    }
}

static void a_runner_takes_no_more_samples_than_it_has_room_for(void **state)
{
    small net = small_create(*state);
    sy_runner *runner = NULL;
    machine made = machine_create(
        *state, &sy_backend_cpu,
        &(sy_program_spec){
            .graph = net.graph, .inputs = &net.x, .input_count = 1, .outputs = &net.y, .output_count = 1});
    const float x[WIDTH] = {0};
    const void *const inputs[] = {x, x, x};
    float y[WIDTH];
    assert_ok(*state, sy_runner_create(*state, made.program, 2, &runner));
    assert_fails(*state, sy_runner_run(*state, runner, 3, inputs, NULL, NULL), SY_E_ARGUMENT,
                 "a runner of up to 2 samples cannot run 3");
    assert_fails(*state, sy_runner_run(*state, runner, 0, inputs, NULL, NULL), SY_E_ARGUMENT,
                 "a runner of up to 2 samples cannot run 0");
    assert_ok(*state, sy_runner_run(*state, runner, 1, inputs, NULL, NULL));
    assert_fails(*state, sy_runner_read(*state, runner, 1, 0, y, WIDTH), SY_E_ARGUMENT,
                 "sample 1 does not exist, there are 1");
    sy_runner_destroy(runner);
    machine_destroy(&made);
    sy_graph_destroy(net.graph);
}

static void a_constant_can_be_replaced(void **state)
{
    small net = small_create(*state);
    machine made = machine_create(
        *state, &sy_backend_cpu,
        &(sy_program_spec){
            .graph = net.graph, .inputs = &net.x, .input_count = 1, .outputs = &net.y, .output_count = 1});
    float x[WIDTH], y[WIDTH], bias[WIDTH];
    fill_at_random(x, WIDTH, 9);
    fill_at_random(bias, WIDTH, 10);
    assert_ok(*state, sy_program_set_constant(*state, made.program, net.bias, bias, WIDTH));
    assert_ok(*state, sy_runner_run(*state, made.runner, 1, (const void *[]){x}, NULL, NULL));
    read_output(*state, &made, 0, y, WIDTH);
    assert_small_result(x, bias, y);

    assert_fails(*state, sy_program_set_constant(*state, made.program, net.bias, bias, 3), SY_E_ARGUMENT,
                 "constant 'bias' has 37 elements, not 3");
    assert_fails(*state, sy_program_set_constant(*state, made.program, net.sum, bias, WIDTH), SY_E_ARGUMENT,
                 "tensor 'sum' is not a constant that this program reads");
    machine_destroy(&made);
    sy_graph_destroy(net.graph);
}

/* A backend that likes the second operand of a binary kernel packed as twice its value. */
static int packs_made, packed_launches;

static sy_status pack_doubled(sy_ctx *ctx, sy_stream *stream, const sy_launch *launch, int operand,
                              sy_buffer **out)
{
    float words[WIDTH];
    *out = NULL;
    if (launch->kernel != SY_KERNEL_binary || operand != 1)
        return SY_OK;
    SY_TRY(sy_backend_cpu.read(ctx, stream, launch->operands[1], words, WIDTH));
    for (int i = 0; i < WIDTH; i++)
        words[i] *= 2;
    packs_made++;
    SY_TRY(sy_backend_cpu.alloc(ctx, NULL, WIDTH, out));
    return sy_backend_cpu.write(ctx, stream, (sy_view){*out, 0}, words, WIDTH);
}

static sy_status launch_doubled(sy_ctx *ctx, sy_stream *stream, const sy_launch *launch)
{
    if (!launch->packed)
        return sy_backend_cpu.launch(ctx, stream, launch);
    assert_int_equal(launch->packed, 2);
    float words[WIDTH];
    sy_launch plain = *launch;
    sy_buffer *halved = NULL;
    SY_TRY(sy_backend_cpu.alloc(ctx, NULL, WIDTH, &halved));
    SY_TRY(sy_backend_cpu.read(ctx, stream, launch->operands[1], words, WIDTH));
    for (int i = 0; i < WIDTH; i++)
        words[i] /= 2;
    SY_TRY(sy_backend_cpu.write(ctx, stream, (sy_view){halved, 0}, words, WIDTH));
    plain.operands[1] = (sy_view){halved, 0};
    plain.packed = 0;
    packed_launches++;
    sy_status status = sy_backend_cpu.launch(ctx, stream, &plain);
    sy_backend_cpu.free(NULL, halved);
    return status;
}

static sy_backend packing_backend(void)
{
    sy_backend backend = sy_backend_cpu;
    backend.pack = pack_doubled;
    backend.launch = launch_doubled;
    packs_made = packed_launches = 0;
    return backend;
}

/* Three steps read the constant, the last two with the same params. */
static void a_packed_constant_is_kept_once_for_equal_params_and_can_be_replaced(void **state)
{
    const sy_backend backend = packing_backend();
    small net = small_create(*state);
    const int twice = graph_node(*state, net.graph, "Add", "twice", net.y, net.bias);
    const int thrice = graph_node(*state, net.graph, "Add", "thrice", twice, net.bias);
    assert_ok(*state, sy_infer_shapes(*state, net.graph));
    machine made = machine_create(
        *state, &backend,
        &(sy_program_spec){
            .graph = net.graph, .inputs = &net.x, .input_count = 1, .outputs = &thrice, .output_count = 1});
    float x[WIDTH], got[WIDTH], bias[WIDTH];
    size_t activations, constants;
    fill_at_random(x, WIDTH, 11);
    fill_at_random(bias, WIDTH, 12);
    assert_int_equal(packs_made, 2);
    sy_program_memory(made.program, &activations, &constants);
    assert_int_equal(constants, 2 * WIDTH * sizeof(float)); /* the plain one is gone */

    for (int round = 0; round < 2; round++) {
        const float *now = round ? bias : bias_values;
        if (round)
            assert_ok(*state, sy_program_set_constant(*state, made.program, net.bias, bias, WIDTH));
        packed_launches = 0;
        assert_ok(*state, sy_runner_run(*state, made.runner, 1, (const void *[]){x}, NULL, NULL));
        assert_int_equal(packed_launches, 3);
        read_output(*state, &made, 0, got, WIDTH);
        for (int i = 0; i < WIDTH; i++)
            assert_true(got[i] == fmaxf(x[i] + now[i], 0) * x[i] + now[i] + now[i]);
    }
    machine_destroy(&made);
    sy_graph_destroy(net.graph);
}

typedef struct {
    sy_program *program;
    float (*inputs)[WIDTH];
    float (*outputs)[WIDTH];
    sy_runner *runners[2];
} crowd;

static sy_status run_one(sy_ctx *ctx, void *user, int worker, size_t item)
{
    crowd *all = user;
    sy_runner *runner = all->runners[worker];
    SY_TRY(sy_runner_run(ctx, runner, 1, (const void *[]){all->inputs[item], all->inputs[item]}, NULL, NULL));
    return sy_runner_read(ctx, runner, 0, 0, all->outputs[item], WIDTH);
}

static void two_runners_in_two_threads_give_the_bits_of_one(void **state)
{
    enum { ITEMS = 64 };
    static float inputs[ITEMS][WIDTH], one[ITEMS][WIDTH], two[ITEMS][WIDTH];
    int tensors[TENSORS];
    sy_graph *graph = random_graph(*state, 77, tensors);
    machine made = machine_create(*state, &sy_backend_cpu,
                                  &(sy_program_spec){.graph = graph,
                                                     .inputs = tensors,
                                                     .input_count = 2,
                                                     .outputs = &tensors[TENSORS - 1],
                                                     .output_count = 1});
    crowd all = {made.program, inputs, one, {made.runner}};
    fill_at_random(inputs[0], ITEMS * WIDTH, 13);
    assert_ok(*state, sy_runner_create(*state, made.program, 1, &all.runners[1]));
    assert_ok(*state, sy_pool_run(*state, NULL, 1, ITEMS, run_one, &all));
    all.outputs = two;
    assert_ok(*state, sy_pool_run(*state, NULL, 2, ITEMS, run_one, &all));
    assert_memory_equal(one, two, sizeof one);
    sy_runner_destroy(all.runners[1]);
    machine_destroy(&made);
    sy_graph_destroy(graph);
}

static void timing_steps_changes_no_result_and_can_be_ended(void **state)
{
    small net = small_create(*state);
    machine made = machine_create(
        *state, &sy_backend_cpu,
        &(sy_program_spec){
            .graph = net.graph, .inputs = &net.x, .input_count = 1, .outputs = &net.y, .output_count = 1});
    float x[WIDTH], y[WIDTH];
    uint64_t times[8] = {0}, after[8];
    fill_at_random(x, WIDTH, 14);
    assert_true(sy_program_lowering(made.program)->step_count <= 8);
    sy_runner_set_profile(made.runner, times);
    assert_ok(*state, sy_runner_run(*state, made.runner, 1, (const void *[]){x}, NULL, NULL));
    read_output(*state, &made, 0, y, WIDTH);
    assert_small_result(x, bias_values, y);
    sy_runner_set_profile(made.runner, NULL);
    memcpy(after, times, sizeof after);
    assert_ok(*state, sy_runner_run(*state, made.runner, 1, (const void *[]){x}, NULL, NULL));
    assert_memory_equal(after, times, sizeof after);
    machine_destroy(&made);
    sy_graph_destroy(net.graph);
}

static void a_program_can_be_printed(void **state)
{
    small net = small_create(*state);
    const int observed[] = {net.sum};
    machine made = machine_create(*state, &sy_backend_cpu,
                                  &(sy_program_spec){.graph = net.graph,
                                                     .inputs = &net.x,
                                                     .input_count = 1,
                                                     .outputs = &net.y,
                                                     .output_count = 1,
                                                     .observed = observed,
                                                     .observed_count = 1});
    sy_text text = {0};
    sy_program_print(made.program, &text);
    assert_string_equal(text.bytes, "slot 0 input 37 x\n"
                                    "slot 1 value 37 sum\n"
                                    "slot 2 constant 37 bias\n"
                                    "slot 3 value 37 cut\n"
                                    "slot 4 value 37 y\n"
                                    "step 0 binary 0 2 1 for sum\n"
                                    "step 1 unary 1 3 for cut\n"
                                    "step 2 binary 3 0 4 for y\n"
                                    "place 0 at 0, times 0 to 3\n"
                                    "place 1 at 48, times 1 to 2\n"
                                    "place 3 at 96, times 2 to 3\n"
                                    "place 4 at 48, times 3 to 4\n"
                                    "memory 144\n");
    sy_text_release(&text);
    machine_destroy(&made);
    sy_graph_destroy(net.graph);
}

static void a_program_that_cannot_be_is_refused(void **state)
{
    small net = small_create(*state);
    const int loose = graph_node(*state, net.graph, "Frobnicate", "loose", net.y);
    sy_device *device = NULL;
    sy_program *program = NULL;
    assert_ok(*state, sy_backend_cpu.open(*state, 0, &device));
    sy_program_spec spec = {
        .graph = net.graph, .inputs = &net.bias, .input_count = 1, .outputs = &net.y, .output_count = 1};
    assert_fails(*state, sy_program_create(*state, &sy_backend_cpu, device, &spec, &program), SY_E_ARGUMENT,
                 "tensor 'bias' is a constant and cannot be supplied");
    spec.inputs = &net.sum;
    assert_int_equal(sy_program_create(*state, &sy_backend_cpu, device, &spec, &program), SY_E_ARGUMENT);
    assert_non_null(
        strstr(sy_ctx_error(*state), "tensor 'x' is needed, but nothing computes or supplies it"));
    spec.inputs = &net.x;
    spec.outputs = &loose;
    assert_int_equal(sy_program_create(*state, &sy_backend_cpu, device, &spec, &program), SY_E_UNSUPPORTED);
    assert_null(program);
    sy_backend_cpu.close(device);
    sy_graph_destroy(net.graph);
}

static void an_output_is_read_whole_or_not_at_all(void **state)
{
    small net = small_create(*state);
    machine made = machine_create(
        *state, &sy_backend_cpu,
        &(sy_program_spec){
            .graph = net.graph, .inputs = &net.x, .input_count = 1, .outputs = &net.y, .output_count = 1});
    float y[WIDTH];
    assert_fails(*state, sy_runner_read(*state, made.runner, 0, 0, y, 3), SY_E_ARGUMENT,
                 "output 'y' has 37 elements, not 3");
    assert_fails(*state, sy_runner_read(*state, made.runner, 0, 1, y, WIDTH), SY_E_ARGUMENT,
                 "output 1 does not exist, there are 1");
    machine_destroy(&made);
    sy_graph_destroy(net.graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(outputs_are_what_the_nodes_compute),
        cmocka_unit_test(inner_tensors_can_be_supplied_and_what_makes_them_does_not_run),
        cmocka_unit_test(inputs_and_constants_can_be_outputs_and_unread_inputs_need_no_words),
        cmocka_unit_test(tensors_are_shown_whole_and_in_the_order_they_are_computed),
        cmocka_unit_test(a_failing_observer_ends_the_run),
        cmocka_unit_test(shared_memory_never_changes_a_result),
        cmocka_unit_test(samples_run_together_give_what_each_gives_alone),
        cmocka_unit_test(a_runner_takes_no_more_samples_than_it_has_room_for),
        cmocka_unit_test(a_constant_can_be_replaced),
        cmocka_unit_test(a_packed_constant_is_kept_once_for_equal_params_and_can_be_replaced),
        cmocka_unit_test(two_runners_in_two_threads_give_the_bits_of_one),
        cmocka_unit_test(timing_steps_changes_no_result_and_can_be_ended),
        cmocka_unit_test(a_program_can_be_printed),
        cmocka_unit_test(a_program_that_cannot_be_is_refused),
        cmocka_unit_test(an_output_is_read_whole_or_not_at_all),
    };
    return cmocka_run_group_tests(tests, open_ctx, close_ctx);
}
