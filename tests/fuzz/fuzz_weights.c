/* Bytes to an ONNX file whose weights become integers, by the editor that copies what it does not know: what
 * is written can be read again, has every node that was there, and is edited once more.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz.h"
#include "pipeline/weight_onnx.h"
#include "weight/bias.h"
#include "weight/dynamic.h"
#include "weight/method.h"

enum { ELEMENTS_MAX = 1 << 16, OPSET_MAX = 21 };

/* What is asked for, which follows from the bytes: then a change of one tries other forms too. */
typedef struct options {
    bool dynamic, rows, blocks;
    sy_weight_task task;
    const sy_weight_method *method;
} options;

typedef struct editing {
    sy_ctx *ctx;
    options asked;
    sy_onnx_file file;
    sy_onnx_edit *edit;
    sy_dynamic *dynamic;
    sy_weight_form form;
    sy_weight_choice *choices;
    int choice_count, written;
    sy_weight_totals totals;
    sy_arena arena;
} editing;

static options options_of(const uint8_t *bytes, size_t size)
{
    static const char *const methods[] = {"MAX_MIN", "MSE", "ADMM", "LOG2", "BINARY", "TERNARY"};
    static const int widths[] = {1, 2, 3, 4, 5, 8, 9, 16};
    unsigned sum = 0;
    for (size_t i = 0; i < size; i++)
        sum = sum * 31 + bytes[i];
    options out = {.dynamic = sum >> 2 & 1, .rows = sum >> 3 & 1, .blocks = (sum >> 4 & 3) == 3};
    out.task =
        (sy_weight_task){.bits = widths[sum >> 6 & 7], .symmetric = sum >> 9 & 1, .correct = sum >> 10 & 1};
    out.method = sy_weight_find_method(methods[(sum >> 11 & 255) % 6]);
    return out;
}

static sy_status choose(editing *work)
{
    const sy_weight_rules rules = {.bits = work->asked.dynamic ? 8 : work->asked.task.bits,
                                   .per_channel = true,
                                   .block = work->asked.blocks && !work->asked.dynamic ? 32 : 0};
    return sy_weight_choose(work->ctx, &work->file, &rules, &work->arena, &work->choices,
                            &work->choice_count);
}

static sy_status open_edit(editing *work)
{
    const int bits = work->asked.dynamic ? 8 : work->asked.task.bits;
    SY_TRY(sy_onnx_edit_create(work->ctx, &work->file, &work->edit));
    if (work->asked.dynamic)
        SY_TRY(sy_onnx_edit_require_opset(work->edit, SY_DYNAMIC_OPSET));
    SY_TRY(sy_weight_choose_form(work->ctx, work->edit, bits, work->asked.blocks, OPSET_MAX, &work->form));
    return work->asked.dynamic ? sy_dynamic_create(work->ctx, &work->file, work->edit, work->asked.rows,
                                                   &work->arena, &work->dynamic)
                               : SY_OK;
}

static sy_status emit(editing *work, const sy_weight_choice *choice, sy_dynamic_form form,
                      const sy_weight_codes *codes)
{
    if (form != SY_DYNAMIC_FLOAT)
        return sy_dynamic_emit(work->dynamic, choice, form, codes);
    size_t outputs;
    if (!work->asked.dynamic && sy_weight_bias_is_free(&work->file, choice->constant, &outputs)) {
        const double *nothing = sy_arena_alloc(&work->arena, outputs, sizeof *nothing);
        SY_TRY(sy_check_alloc(work->ctx, nothing));
        SY_TRY(sy_weight_move_bias(work->ctx, work->edit, &work->file, choice->constant, nothing, outputs,
                                   &work->arena));
    }
    return sy_weight_emit(work->ctx, work->edit, &work->file, choice->constant, choice->first_node, codes,
                          &work->form, &work->arena);
}

static sy_status encode(editing *work, sy_weight_choice *choice, const float *values)
{
    const sy_onnx_constant *constant = &work->file.constants[choice->constant];
    const char *why;
    sy_weight_codes codes;
    sy_weight_cut cut;
    const sy_dynamic_form form =
        work->asked.dynamic ? sy_dynamic_form_of(&work->file, choice, &why) : SY_DYNAMIC_FLOAT;
    sy_weight_task task = work->asked.task;
    if (work->asked.dynamic)
        task = (sy_weight_task){.bits = 8, .symmetric = sy_dynamic_is_symmetric(form)};
    FUZZ_CHECK(sy_weight_cut_init(&constant->shape, form == SY_DYNAMIC_LOOKUP ? 0 : choice->axis,
                                  work->asked.dynamic ? 0 : choice->block, &cut));
    const sy_weight_method *method =
        work->asked.dynamic ? sy_weight_find_method("MAX_MIN") : work->asked.method;
    SY_TRY(sy_weight_encode(work->ctx, &work->arena, method, &task,
                            &(sy_weight_floats){constant->name, &constant->shape, &cut, values}, &codes));
    SY_TRY(sy_weight_check_gain(work->ctx, &work->arena, sy_weight_float_bytes(constant),
                                sy_weight_stored_bytes(&codes, &work->form), &work->totals,
                                &choice->refusal));
    if (choice->refusal)
        return SY_OK;
    work->written++;
    return emit(work, choice, form, &codes);
}

static sy_status quantize(editing *work, sy_weight_choice *choice)
{
    const sy_onnx_constant *constant = &work->file.constants[choice->constant];
    float *values = NULL;
    size_t count;
    if (choice->refusal || !sy_shape_count(&constant->shape, &count) || count > ELEMENTS_MAX)
        return SY_OK;
    sy_status status = sy_weight_load(work->ctx, &work->file, constant, &values);
    if (status == SY_OK)
        status = encode(work, choice, values);
    free(values);
    return status;
}

static sy_status run(editing *work, const uint8_t *bytes, size_t size, const char *path)
{
    SY_TRY(sy_onnx_file_parse(work->ctx, bytes, size, NULL, &work->file));
    SY_TRY(choose(work));
    SY_TRY(open_edit(work));
    for (int i = 0; i < work->choice_count; i++)
        SY_TRY(quantize(work, &work->choices[i]));
    return sy_onnx_edit_save(work->edit, path);
}

static void release(editing *work)
{
    sy_onnx_edit_destroy(work->edit);
    sy_onnx_file_close(&work->file);
    sy_arena_release(&work->arena);
}

/* Nothing that is not about weights is lost: their nodes are the only ones that go, and others come for each.
 */
static void check_file(sy_ctx *ctx, const sy_onnx_file *before, int written, const char *path)
{
    sy_onnx_file after = {0};
    FUZZ_CHECK(sy_onnx_file_open(ctx, path, &after) == SY_OK);
    FUZZ_CHECK(after.output_count == before->output_count);
    FUZZ_CHECK(written ? after.node_count > 0 : after.node_count == before->node_count);
    sy_onnx_file_close(&after);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char path[64];
    editing work = {.asked = options_of(bytes, size)};
    snprintf(path, sizeof path, "fuzz_weights.%ld.onnx", (long)getpid());
    if (sy_ctx_create(&work.ctx) != SY_OK)
        return 0;
    if (run(&work, bytes, size, path) == SY_OK)
        check_file(work.ctx, &work.file, work.written, path);
    release(&work);
    unlink(path);
    sy_ctx_destroy(work.ctx);
    return 0;
}
