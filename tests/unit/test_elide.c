/* Concat and Slice that need no copying: the results stay what they were, and the copies are gone. */
#include "base/text.h"
#include "ops/lowering.h"
#include "run/run.h"
#include "support/graph.h"
#include "support/machine.h"

enum { COLUMNS = 5, NODES = 30, TENSORS = NODES + 1, ROWS_MAX = 40 };

static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

/* A tensor of a random graph and, computed apart from any program, its values. */
typedef struct {
    int index, rows;
    float values[ROWS_MAX * COLUMNS];
} rows_tensor;

typedef struct {
    sy_ctx *ctx;
    sy_graph *graph;
    rows_tensor tensors[TENSORS];
    int count;
    uint32_t random;
} rows_graph;

static rows_tensor *pick(rows_graph *made)
{
    return &made->tensors[next_random(&made->random) % (uint32_t)made->count];
}

static void add_unary(rows_graph *made, const char *name, rows_tensor *out)
{
    const rows_tensor *x = pick(made);
    const bool relu = next_random(&made->random) % 2;
    out->index = graph_node(made->ctx, made->graph, relu ? "Relu" : "Neg", name, x->index);
    out->rows = x->rows;
    for (int i = 0; i < x->rows * COLUMNS; i++)
        out->values[i] = relu ? (x->values[i] < 0 ? 0 : x->values[i]) : -x->values[i];
}

static void add_concat(rows_graph *made, const char *name, rows_tensor *out)
{
    const rows_tensor *parts[3];
    int indices[3], count = 0;
    out->rows = 0;
    for (int i = 0; i < 3; i++) {
        const rows_tensor *part = pick(made);
        if (out->rows + part->rows > ROWS_MAX)
            continue;
        memcpy(out->values + out->rows * COLUMNS, part->values,
               (size_t)(part->rows * COLUMNS) * sizeof(float));
        out->rows += part->rows;
        parts[count] = part;
        indices[count] = parts[count]->index;
        count++;
    }
    if (count == 0) {
        add_unary(made, name, out);
        return;
    }
    out->index = graph_node_of(made->ctx, made->graph, "Concat", name, indices, count);
    graph_int_attr(made->ctx, made->graph, "axis", 0);
}

static void add_slice(rows_graph *made, const char *name, rows_tensor *out)
{
    const rows_tensor *x = pick(made);
    const int start = (int)(next_random(&made->random) % (uint32_t)x->rows);
    char starts[24], ends[24];
    out->rows = 1 + (int)(next_random(&made->random) % (uint32_t)(x->rows - start));
    snprintf(starts, sizeof starts, "%s_start", name);
    snprintf(ends, sizeof ends, "%s_end", name);
    const int from = graph_ints(made->ctx, made->graph, starts, 1, (int64_t[]){start});
    const int to = graph_ints(made->ctx, made->graph, ends, 1, (int64_t[]){start + out->rows});
    out->index = graph_node(made->ctx, made->graph, "Slice", name, x->index, from, to);
    memcpy(out->values, x->values + start * COLUMNS, (size_t)(out->rows * COLUMNS) * sizeof(float));
}

static void fill_graph(rows_graph *made)
{
    rows_tensor *x = &made->tensors[0];
    made->graph = graph_create(made->ctx, 13);
    x->index = graph_input(made->ctx, made->graph, "x", SY_DTYPE_FLOAT, SHAPE(3, COLUMNS));
    x->rows = 3;
    for (int i = 0; i < 3 * COLUMNS; i++)
        x->values[i] = (float)((int)(next_random(&made->random) % 2001) - 1000) / 256;
    for (made->count = 1; made->count < TENSORS; made->count++) {
        static void (*const add[])(rows_graph *, const char *, rows_tensor *) = {add_unary, add_concat,
                                                                                 add_slice};
        char name[16];
        snprintf(name, sizeof name, "t%d", made->count);
        add[next_random(&made->random) % 3](made, name, &made->tensors[made->count]);
    }
    assert_ok(made->ctx, sy_infer_shapes(made->ctx, made->graph));
}

static size_t skipped_steps(const sy_program *program)
{
    sy_text text = {0};
    size_t count = 0;
    sy_program_print(program, &text);
    for (const char *at = text.bytes; (at = strstr(at, "\nskip ")); at++)
        count++;
    sy_text_release(&text);
    return count;
}

typedef struct {
    const rows_graph *graph;
    sy_runner *runner;
    int shown;
} sight;

static sy_status compare(sy_ctx *ctx, void *user, const sy_observed *tensor)
{
    sight *seen = user;
    float got[ROWS_MAX * COLUMNS];
    const rows_tensor *want = &seen->graph->tensors[tensor->index];
    assert_int_equal(tensor->words, want->rows * COLUMNS);
    SY_TRY(sy_backend_cpu.read(ctx, sy_runner_stream(seen->runner), tensor->view, got, tensor->words));
    if (memcmp(got, want->values, tensor->words * sizeof(float)) != 0)
        return sy_fail(ctx, SY_E_INTERNAL, "t%d is wrong", tensor->index);
    seen->shown++;
    return SY_OK;
}

static void no_elided_copy_changes_a_result(void **state)
{
    static rows_graph made;
    size_t skipped = 0;
    for (uint32_t seed = 1; seed <= 100; seed++) {
        made = (rows_graph){.ctx = *state, .random = seed};
        fill_graph(&made);
        int observed[TENSORS];
        for (int i = 0; i < TENSORS; i++)
            observed[i] = made.tensors[i].index;
        const rows_tensor *last = &made.tensors[TENSORS - 1], *middle = &made.tensors[TENSORS / 2];
        const int outputs[] = {last->index, middle->index};
        /* With everything observed every tensor exists; with nothing observed more memory is shared. */
        for (int round = 0; round < 2; round++) {
            machine run = machine_create(*state, &sy_backend_cpu,
                                         &(sy_program_spec){.graph = made.graph,
                                                            .inputs = observed,
                                                            .input_count = 1,
                                                            .outputs = outputs,
                                                            .output_count = 2,
                                                            .observed = observed,
                                                            .observed_count = round ? 0 : TENSORS});
            sight seen = {&made, run.runner, 0};
            float got[ROWS_MAX * COLUMNS];
            assert_ok(*state, sy_runner_run(*state, run.runner, 1, (const void *[]){made.tensors[0].values},
                                            compare, &seen));
            assert_int_equal(seen.shown, round ? 0 : TENSORS);
            assert_ok(*state, sy_runner_read(*state, run.runner, 0, 0, got, (size_t)(last->rows * COLUMNS)));
            assert_memory_equal(got, last->values, (size_t)(last->rows * COLUMNS) * sizeof(float));
            assert_ok(*state,
                      sy_runner_read(*state, run.runner, 0, 1, got, (size_t)(middle->rows * COLUMNS)));
            assert_memory_equal(got, middle->values, (size_t)(middle->rows * COLUMNS) * sizeof(float));
            skipped += skipped_steps(run.program);
            machine_destroy(&run);
        }
        sy_graph_destroy(made.graph);
    }
    assert_true(skipped > 1000);
}

/* y = Concat(a, b, a); z = Concat(y, b): b is copied a second time, as it has only one place, and so is a. */
static void what_is_joined_is_computed_in_its_place_once(void **state)
{
    sy_ctx *ctx = *state;
    sy_graph *graph = graph_create(ctx, 13);
    const int x = graph_input(ctx, graph, "x", SY_DTYPE_FLOAT, SHAPE(2, 16));
    const int a = graph_node(ctx, graph, "Relu", "a", x);
    const int b = graph_node(ctx, graph, "Neg", "b", x);
    const int y = graph_node(ctx, graph, "Concat", "y", a, b, a);
    graph_int_attr(ctx, graph, "axis", 0);
    const int z = graph_node(ctx, graph, "Concat", "z", y, b);
    graph_int_attr(ctx, graph, "axis", 0);
    assert_ok(ctx, sy_infer_shapes(ctx, graph));
    machine run = machine_create(
        ctx, &sy_backend_cpu,
        &(sy_program_spec){.graph = graph, .inputs = &x, .input_count = 1, .outputs = &z, .output_count = 1});
    sy_text text = {0};
    sy_program_print(run.program, &text);
    const char *steps = strstr(text.bytes, "step ");
    assert_non_null(steps);
    assert_string_equal(steps, "step 0 unary 0 1 for a\n"
                               "step 1 unary 0 2 for b\n"
                               "step 2 move 1 3 for y\n"
                               "step 3 move 2 3 for y\n"
                               "step 4 move 1 3 for y\n"
                               "step 5 move 3 4 for z\n"
                               "step 6 move 2 4 for z\n"
                               "place 0 at 128, times 0 to 2\n"
                               "place 1 within 3 at 0\n"
                               "place 2 within 3 at 32\n"
                               "place 3 within 4 at 0\n"
                               "place 4 at 0, times 1 to 8\n"
                               "skip 2\n"
                               "skip 3\n"
                               "skip 5\n"
                               "memory 160\n");
    sy_text_release(&text);
    machine_destroy(&run);
    sy_graph_destroy(graph);
}

static void what_is_not_in_one_piece_is_copied(void **state)
{
    sy_ctx *ctx = *state;
    sy_graph *graph = graph_create(ctx, 13);
    const int x = graph_input(ctx, graph, "x", SY_DTYPE_FLOAT, SHAPE(2, 16));
    const int a = graph_node(ctx, graph, "Relu", "a", x);
    const int y = graph_node(ctx, graph, "Concat", "y", a, x);
    graph_int_attr(ctx, graph, "axis", 1);
    const int z = graph_node(ctx, graph, "Transpose", "z", y);
    assert_ok(ctx, sy_infer_shapes(ctx, graph));
    machine run = machine_create(
        ctx, &sy_backend_cpu,
        &(sy_program_spec){.graph = graph, .inputs = &x, .input_count = 1, .outputs = &z, .output_count = 1});
    assert_int_equal(skipped_steps(run.program), 0);
    machine_destroy(&run);
    sy_graph_destroy(graph);
}

/* An operator that computes the parts of its output one after the other in the same scratch memory, as a
 * recurrence does: y = [-x, --x].
 */
static sy_status lower_in_scratch(sy_lowering *lowering, const sy_node *node)
{
    const sy_unary_params negate = {.function = SY_UNARY_NEG, .kind = SY_KIND_FLOAT, .count = COLUMNS};
    sy_move_params move = {.rank = 1, .dims = {COLUMNS}, .x_strides = {1}, .y_strides = {1}};
    const sy_operand x = sy_lower_input(lowering, node, 0), y = sy_lower_output(lowering, node, 0);
    const sy_operand scratch = sy_lower_scratch(lowering, COLUMNS);
    SY_LOWER(lowering, unary, &negate, x, scratch);
    SY_LOWER(lowering, move, &move, scratch, y);
    SY_LOWER(lowering, unary, &negate, scratch, scratch);
    move.y_offset = COLUMNS;
    SY_LOWER(lowering, move, &move, scratch, y);
    return SY_OK;
}

static void memory_that_is_written_again_is_copied(void **state)
{
    static const sy_op op = {.type = "InScratch", .domain = "", .lower = lower_in_scratch};
    static const float values[COLUMNS] = {1, -2, 3, -4, 5};
    sy_ctx *ctx = *state;
    sy_graph *graph = graph_create(ctx, 13);
    const int x = graph_input(ctx, graph, "x", SY_DTYPE_FLOAT, SHAPE(COLUMNS));
    const int y = graph_node(ctx, graph, "InScratch", "y", x);
    graph->nodes[0].op = &op;
    graph->tensors[y].shape = SHAPE(2, COLUMNS);
    machine run = machine_create(
        ctx, &sy_backend_cpu,
        &(sy_program_spec){.graph = graph, .inputs = &x, .input_count = 1, .outputs = &y, .output_count = 1});
    float got[2 * COLUMNS];
    assert_ok(ctx, sy_runner_run(ctx, run.runner, 1, (const void *[]){values}, NULL, NULL));
    assert_ok(ctx, sy_runner_read(ctx, run.runner, 0, 0, got, 2 * COLUMNS));
    for (int i = 0; i < COLUMNS; i++) {
        assert_true(got[i] == -values[i]);
        assert_true(got[COLUMNS + i] == values[i]);
    }
    machine_destroy(&run);
    sy_graph_destroy(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_elided_copy_changes_a_result),
        cmocka_unit_test(what_is_joined_is_computed_in_its_place_once),
        cmocka_unit_test(what_is_not_in_one_piece_is_copied),
        cmocka_unit_test(memory_that_is_written_again_is_copied),
    };
    return cmocka_run_group_tests(tests, open_ctx, close_ctx);
}
