/* Runs a DSP file as its processor would: run_integer MODEL.onnx ROUNDING INPUT OUTPUT [ALL]
 *
 * ROUNDING is double, single or float. INPUT holds the codes of the first input and OUTPUT gets those of the
 * first output, both as the TensorFlow Lite model has them: int8, NHWC, nothing else in the file. ALL gets
 * those of every tensor that is computed, and of the inputs, in the model's order.
 */
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "dsp/integer.h"
#include "import/import.h"
#include "steelyard/steelyard.h"

static sy_status save_all(sy_ctx *ctx, const sy_integer *integer, const char *path)
{
    const sy_tflite_model *model = integer->model;
    sy_text all = {0};
    for (int t = 0; t < model->tensor_count; t++)
        if (integer->codes[t] && !model->tensors[t].data)
            sy_text_add(&all, integer->codes[t], sy_integer_elements(&model->tensors[t]));
    sy_status status = sy_check_alloc(ctx, all.failed ? NULL : integer);
    if (status == SY_OK)
        status = sy_file_save(ctx, path, all.bytes, all.size);
    sy_text_release(&all);
    return status;
}

static sy_status run(sy_ctx *ctx, char **argv)
{
    static const char *const words[] = {"double", "single", "float"};
    int rounding = 0;
    sy_graph *graph = NULL;
    sy_tflite_model model = {0};
    sy_integer integer = {0};
    sy_mapped codes = {0};
    sy_status status;
    while (rounding < SY_ROUNDINGS && strcmp(argv[2], words[rounding]) != 0)
        rounding++;
    if (rounding == SY_ROUNDINGS)
        return sy_fail(ctx, SY_E_ARGUMENT, "%s is no rounding", argv[2]);
    SY_TRY_DONE(sy_import_onnx(ctx, argv[1], &graph, NULL));
    SY_TRY_DONE(sy_tflite_from_graph(ctx, graph, &model));
    SY_TRY_DONE(sy_integer_init(ctx, &model, (sy_rounding)rounding, &integer));
    SY_TRY_DONE(sy_file_map(ctx, argv[3], &codes));
    const size_t inputs = sy_integer_elements(&model.tensors[model.inputs[0]]);
    if (codes.size != inputs) {
        status = sy_fail(ctx, SY_E_DATA, "%s: %zu bytes, the input has %zu", argv[3], codes.size, inputs);
        goto done;
    }
    memcpy(integer.codes[model.inputs[0]], codes.bytes, inputs);
    SY_TRY_DONE(sy_integer_run(&integer));
    status = sy_file_save(ctx, argv[4], integer.codes[model.outputs[0]],
                          sy_integer_elements(&model.tensors[model.outputs[0]]));
    if (status == SY_OK && argv[5])
        status = save_all(ctx, &integer, argv[5]);
done:
    sy_file_unmap(&codes);
    sy_integer_release(&integer);
    sy_tflite_model_release(&model);
    sy_graph_destroy(graph);
    return status;
}

int main(int argc, char **argv)
{
    sy_ctx *ctx = NULL;
    if (argc < 5 || argc > 6 || sy_ctx_create(&ctx) != SY_OK)
        return 1;
    const sy_status status = run(ctx, argv);
    if (status != SY_OK)
        fprintf(stderr, "%s\n", sy_ctx_error(ctx));
    sy_ctx_destroy(ctx);
    return status;
}
