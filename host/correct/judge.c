#include "correct/judge.h"

#include "base/pool.h"
#include "compare/distance.h"
#include "compare/inputs.h"
#include "run/run.h"

typedef struct {
    const sy_judge_spec *spec;
    const sy_graph *graphs[2]; /* reference, quantized */
    sy_program *programs[2];
    sy_runner **runners[2]; /* [worker] */
    int *positions[2];      /* of the inputs, among those of the reference */
    int *outputs[2];        /* float outputs, paired by name */
    int output_count;
    double *db; /* [sample]: sum over outputs */
    bool *usable;
    sy_arena arena;
} judgement;

static size_t elements(const sy_graph *graph, int tensor)
{
    size_t count = 0;
    sy_shape_count(&graph->tensors[tensor].shape, &count);
    return count;
}

static sy_status load(sy_ctx *ctx, const judgement *work, size_t item, sy_arena *arena, void ***out)
{
    const sy_graph *graph = work->graphs[0];
    void **words = sy_arena_alloc(arena, (size_t)graph->input_count, sizeof *words);
    SY_TRY(sy_check_alloc(ctx, words));
    for (int i = 0; i < graph->input_count; i++) {
        words[i] = sy_arena_alloc(arena, elements(graph, graph->inputs[i]), sizeof(uint32_t));
        SY_TRY(sy_check_alloc(ctx, words[i]));
    }
    *out = words;
    return work->spec->samples->load(ctx, work->spec->samples->user, item, words, NULL, &work->usable[item]);
}

/* Runs graph `which` on the inputs of the reference. */
static sy_status run(sy_ctx *ctx, const judgement *work, int which, int worker, void *const *words,
                     sy_arena *arena)
{
    const int count = work->graphs[which]->input_count;
    const void **inputs = sy_arena_alloc(arena, (size_t)count, sizeof *inputs);
    SY_TRY(sy_check_alloc(ctx, inputs));
    for (int i = 0; i < count; i++)
        inputs[i] = words[work->positions[which][i]];
    return sy_runner_run(ctx, work->runners[which][worker], 1, inputs, NULL, NULL);
}

static sy_status judge_sample(sy_ctx *ctx, const judgement *work, int worker, size_t item, sy_arena *arena)
{
    void **words;
    SY_TRY(load(ctx, work, item, arena, &words));
    if (!work->usable[item])
        return SY_OK;
    for (int which = 0; which < 2; which++)
        SY_TRY(run(ctx, work, which, worker, words, arena));
    for (int o = 0; o < work->output_count; o++) {
        size_t count = elements(work->graphs[0], work->outputs[0][o]);
        float *values[2];
        for (int which = 0; which < 2; which++) {
            values[which] = sy_arena_alloc(arena, count, sizeof **values);
            SY_TRY(sy_check_alloc(ctx, values[which]));
            SY_TRY(sy_runner_read(ctx, work->runners[which][worker], 0, o, values[which], count));
        }
        const sy_comparison comparison = sy_compare(values[0], values[1], count);
        work->db[item] += sy_comparison_db(&comparison);
    }
    return SY_OK;
}

static sy_status judge_item(sy_ctx *ctx, void *user, int worker, size_t item)
{
    sy_arena arena = {0};
    sy_status status = judge_sample(ctx, user, worker, item, &arena);
    sy_arena_release(&arena);
    return status;
}

static sy_status pair_outputs(sy_ctx *ctx, judgement *work)
{
    const sy_graph *a = work->graphs[0], *b = work->graphs[1];
    for (int which = 0; which < 2; which++) {
        work->outputs[which] = sy_arena_alloc(&work->arena, (size_t)a->output_count, sizeof(int));
        SY_TRY(sy_check_alloc(ctx, work->outputs[which]));
    }
    for (int o = 0; o < a->output_count; o++) {
        int other = sy_graph_find_tensor(b, a->tensors[a->outputs[o]].name);
        if (!sy_dtype_is_float(a->tensors[a->outputs[o]].dtype) || other == SY_NONE ||
            b->tensors[other].data || elements(a, a->outputs[o]) != elements(b, other))
            continue;
        work->outputs[0][work->output_count] = a->outputs[o];
        work->outputs[1][work->output_count++] = other;
    }
    return work->output_count ? SY_OK
                              : sy_fail(ctx, SY_E_INTERNAL, "the quantized graph has lost its outputs");
}

static sy_status open_programs(sy_ctx *ctx, judgement *work)
{
    for (int which = 0; which < 2; which++) {
        const sy_program_spec spec = {.graph = work->graphs[which],
                                      .inputs = work->graphs[which]->inputs,
                                      .input_count = work->graphs[which]->input_count,
                                      .outputs = work->outputs[which],
                                      .output_count = work->output_count};
        SY_TRY(
            sy_program_create(ctx, work->spec->backend, work->spec->device, &spec, &work->programs[which]));
        work->runners[which] = sy_arena_alloc(&work->arena, (size_t)work->spec->workers, sizeof(sy_runner *));
        SY_TRY(sy_check_alloc(ctx, work->runners[which]));
        for (int w = 0; w < work->spec->workers; w++)
            SY_TRY(sy_runner_create(ctx, work->programs[which], 1, &work->runners[which][w]));
    }
    return SY_OK;
}

static sy_status judge(sy_ctx *ctx, judgement *work, double *out)
{
    size_t count = work->spec->samples->count, used = 0;
    work->db = sy_arena_alloc(&work->arena, count, sizeof *work->db);
    work->usable = sy_arena_alloc(&work->arena, count, sizeof *work->usable);
    SY_TRY(sy_check_alloc(ctx, work->db && work->usable ? work : NULL));
    for (int which = 0; which < 2; which++)
        SY_TRY(sy_inputs_match(ctx, work->graphs[0], work->graphs[which], &work->arena,
                               &work->positions[which]));
    SY_TRY(pair_outputs(ctx, work));
    SY_TRY(open_programs(ctx, work));
    SY_TRY(sy_pool_run(ctx, NULL, work->spec->workers, count, judge_item, work));
    double sum = 0;
    for (size_t s = 0; s < count; s++)
        if (work->usable[s]) {
            sum += work->db[s] / work->output_count;
            used++;
        }
    *out = used ? sum / (double)used : 0;
    return SY_OK;
}

sy_status sy_judge_outputs(sy_ctx *ctx, const sy_judge_spec *spec, const sy_graph *quantized, double *out_db)
{
    judgement work = {.spec = spec, .graphs = {spec->reference, quantized}};
    sy_status status = judge(ctx, &work, out_db);
    for (int which = 0; which < 2; which++) {
        for (int w = 0; w < spec->workers && work.runners[which]; w++)
            sy_runner_destroy(work.runners[which][w]);
        sy_program_destroy(work.programs[which]);
    }
    sy_arena_release(&work.arena);
    return status;
}
