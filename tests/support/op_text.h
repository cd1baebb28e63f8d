/* One operator, from text to text: what goes in, its attributes, and what must come out.
 *
 * Inputs are separated by spaces: "float32[2,?,3]" is an input of that type and shape, "float32[2]{1,2.5}" a
 * constant,
 * "~float32[2]{1,2.5}" the same values supplied for the run, "int64{3,4}" a constant list, "int64[]{3}" a
 * constant scalar,
 * "-" an omitted input. Attributes too: "axis=1 alpha=0.5 perm=[1,0] mode='edge'". Outputs print as inputs
 * are written.
 */
#ifndef SY_TESTS_SUPPORT_OP_TEXT_H
#define SY_TESTS_SUPPORT_OP_TEXT_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cpu/ref.h"
#include "ops/lowering.h"
#include "support/test.h"

enum { OP_INPUTS = 8, OP_VALUES = 64, OP_WORD = 512 };

typedef struct {
    sy_ctx *ctx;
    sy_graph *graph;
    int tensors[OP_INPUTS];
    double values[OP_INPUTS][OP_VALUES]; /* of those supplied for the run */
    bool supplied[OP_INPUTS];
    int count;
} op_test;

static inline sy_dtype op_dtype(const char *name, size_t length)
{
#define X(dtype, number, bits)                                       \
    if (strlen(sy_dtype_name(SY_DTYPE_##dtype)) == length &&         \
        strncmp(sy_dtype_name(SY_DTYPE_##dtype), name, length) == 0) \
        return SY_DTYPE_##dtype;
    SY_DTYPE_MAP(X)
#undef X
    fail_msg("no type is named '%.*s'", (int)length, name);
    return SY_DTYPE_UNDEFINED;
}

/* Numbers between an opening and a closing bracket; '?' is SY_NONE. `*at` moves behind the closing one. */
static inline int op_numbers(const char **at, char closing, double *out)
{
    int count = 0;
    for ((*at)++; **at != closing; *at += **at == ',') {
        char *end;
        assert_true(count < OP_VALUES);
        if (**at == '?') {
            out[count] = SY_NONE;
            *at += 1;
        } else {
            out[count] = strtod(*at, &end);
            *at = end;
        }
        assert_true(**at == ',' || **at == closing);
        count++;
    }
    (*at)++;
    return count;
}

static inline size_t op_store(sy_dtype dtype, const double *values, int count, void *out)
{
    for (int i = 0; i < count; i++) {
        switch (dtype) {
        case SY_DTYPE_FLOAT: ((float *)out)[i] = (float)values[i]; break;
        case SY_DTYPE_INT64:
            ((int64_t *)out)[i] = values[i] >= 0x1p63 ? INT64_MAX : (int64_t)values[i];
            break;
        case SY_DTYPE_UINT64: ((uint64_t *)out)[i] = (uint64_t)values[i]; break;
        case SY_DTYPE_INT32: ((int32_t *)out)[i] = (int32_t)values[i]; break;
        case SY_DTYPE_UINT8:
        case SY_DTYPE_BOOL: ((uint8_t *)out)[i] = (uint8_t)values[i]; break;
        case SY_DTYPE_INT8: ((int8_t *)out)[i] = (int8_t)values[i]; break;
        default: fail_msg("constants of type %s are not written yet", sy_dtype_name(dtype));
        }
    }
    return (size_t)count * sy_dtype_bits(dtype) / 8;
}

static inline void op_add_input(op_test *test, const char *word)
{
    const int i = test->count++;
    double values[OP_VALUES];
    char name[16];
    const char *at = word + (*word == '~');
    const size_t type_length = strcspn(at, "[{");
    sy_shape shape = {.rank = SY_NONE};
    int64_t storage[OP_VALUES];

    assert_true(i < OP_INPUTS);
    test->tensors[i] = SY_NONE;
    if (strcmp(word, "-") == 0)
        return;
    snprintf(name, sizeof name, "in%d", i);
    const sy_dtype dtype = op_dtype(at, type_length);
    at += type_length;
    if (*at == '[') {
        shape.rank = op_numbers(&at, ']', values);
        for (int d = 0; d < shape.rank; d++)
            shape.dims[d] = (int64_t)values[d];
    }
    if (*at != '{') {
        assert_ok(test->ctx,
                  sy_graph_add_tensor(test->ctx, test->graph, name, dtype, &shape, &test->tensors[i]));
        return;
    }
    const int count = op_numbers(&at, '}', values);
    if (shape.rank == SY_NONE)
        shape = (sy_shape){.rank = 1, .dims = {count}};
    test->supplied[i] = *word == '~';
    memcpy(test->values[i], values, sizeof values);
    if (test->supplied[i])
        assert_ok(test->ctx,
                  sy_graph_add_tensor(test->ctx, test->graph, name, dtype, &shape, &test->tensors[i]));
    else
        assert_ok(test->ctx,
                  sy_graph_add_constant(test->ctx, test->graph, name, dtype, &shape, storage,
                                        op_store(dtype, values, count, storage), &test->tensors[i]));
}

static inline void op_add_attr(op_test *test, int node, const char *word)
{
    char name[32];
    const char *value = strchr(word, '=') + 1;

    snprintf(name, sizeof name, "%.*s", (int)(value - word - 1), word);
    if (*value == '[') {
        double values[OP_VALUES];
        int64_t ints[OP_VALUES];
        const int count = op_numbers(&value, ']', values);
        for (int i = 0; i < count; i++)
            ints[i] = (int64_t)values[i];
        assert_ok(test->ctx, sy_graph_set_attr_ints(test->ctx, test->graph, node, name, ints, (size_t)count));
    } else if (*value == '\'') {
        char text[32];
        snprintf(text, sizeof text, "%.*s", (int)strlen(value) - 2, value + 1);
        assert_ok(test->ctx, sy_graph_set_attr_string(test->ctx, test->graph, node, name, text));
    } else if (strchr(value, '.')) {
        assert_ok(test->ctx,
                  sy_graph_set_attr_float(test->ctx, test->graph, node, name, strtof(value, NULL)));
    } else {
        assert_ok(test->ctx,
                  sy_graph_set_attr_int(test->ctx, test->graph, node, name, strtoll(value, NULL, 10)));
    }
}

/* The words of a text. */
static inline int op_split(const char *text, char words[OP_INPUTS][OP_WORD])
{
    int count = 0;
    for (text += strspn(text, " "); *text; text += strspn(text, " ")) {
        const size_t length = strcspn(text, " ");
        assert_true(count < OP_INPUTS && length < OP_WORD);
        snprintf(words[count++], OP_WORD, "%.*s", (int)length, text);
        text += length;
    }
    return count;
}

/* Of any domain: no two have the same name. */
static inline const sy_op *op_find(const char *type)
{
    for (int i = 0; sy_op_at(i); i++)
        if (strcmp(sy_op_at(i)->type, type) == 0)
            return sy_op_at(i);
    return NULL;
}

/* A graph of one node with `outputs` outputs. */
static inline op_test op_create(sy_ctx *ctx, const char *type, int opset, const char *inputs,
                                const char *attrs, int outputs)
{
    op_test test = {.ctx = ctx};
    int made[OP_INPUTS], node;
    char words[OP_INPUTS][OP_WORD];

    assert_ok(ctx, sy_graph_create(ctx, &test.graph));
    const int input_count = op_split(inputs, words);
    for (int i = 0; i < input_count; i++)
        op_add_input(&test, words[i]);
    for (int i = 0; i < outputs; i++) {
        char name[16];
        snprintf(name, sizeof name, "out%d", i);
        assert_ok(ctx, sy_graph_add_tensor(ctx, test.graph, name, SY_DTYPE_UNDEFINED, NULL, &made[i]));
    }
    assert_ok(ctx, sy_graph_add_node(ctx, test.graph, type, "node", test.tensors, test.count, made, outputs,
                                     &node));
    test.graph->nodes[node].op = op_find(type);
    test.graph->nodes[node].opset = opset;
    if (!test.graph->nodes[node].op)
        fail_msg("%s is no operator of ops.def", type);
    const int attr_count = op_split(attrs, words);
    for (int i = 0; i < attr_count; i++)
        op_add_attr(&test, node, words[i]);
    return test;
}

/* Runs the lowered steps with the reference kernels, each slot in memory of its own, so that a sanitizer sees
 * whoever leaves it.
 */
static inline void op_run_steps(const sy_lowering *lowering, void *const *memory)
{
    static void (*const kernels[])(void *const *operands, const void *params) = {
#define KERNEL(name, operands) sy_ref_##name,
#include "kernels/kernels.def"
#undef KERNEL
    };
    for (int i = 0; i < lowering->step_count; i++) {
        const sy_step *step = &lowering->steps[i];
        void *operands[SY_MAX_OPERANDS] = {NULL};
        for (int k = 0; k < sy_kernel_operands(step->kernel); k++) {
            if (step->operands[k].slot != SY_NONE)
                operands[k] = (uint32_t *)memory[step->operands[k].slot] + step->operands[k].offset;
        }
        kernels[step->kernel](operands, step->params);
    }
}

/* Memory for every slot: constants and supplied inputs filled in. */
static inline void **op_fill_memory(const op_test *test, const sy_lowering *lowering)
{
    void **memory = calloc((size_t)lowering->slot_count + 1, sizeof *memory);
    assert_non_null(memory);
    for (int s = 0; s < lowering->slot_count; s++) {
        const sy_slot *slot = &lowering->slots[s];
        memory[s] = malloc(slot->words * sizeof(uint32_t) + !slot->words);
        assert_non_null(memory[s]);
        memset(memory[s], 0xcd, slot->words * sizeof(uint32_t));
        if (slot->kind == SY_SLOT_CONSTANT)
            memcpy(memory[s], slot->words_data, slot->words * sizeof(uint32_t));
        for (int i = 0; i < test->count; i++) {
            if (slot->kind != SY_SLOT_INPUT || slot->tensor != test->tensors[i])
                continue;
            const bool is_float = sy_dtype_is_float(test->graph->tensors[slot->tensor].dtype);
            for (size_t w = 0; w < slot->words; w++) {
                if (is_float)
                    ((float *)memory[s])[w] = (float)test->values[i][w];
                else
                    ((int32_t *)memory[s])[w] = (int32_t)test->values[i][w];
            }
        }
    }
    return memory;
}

/* The sign of a NaN is the processor's whim. */
static inline void op_print_float(float x, const char *comma, sy_text *out)
{
    if (x != x)
        sy_text_printf(out, "%snan", comma);
    else
        sy_text_printf(out, "%s%g", comma, (double)x);
}

static inline void op_print_tensor(const sy_tensor *tensor, const uint32_t *words, sy_text *out)
{
    char shape[SY_SHAPE_TEXT];
    size_t count;

    sy_text_printf(out, "%s%s", sy_dtype_name(tensor->dtype), sy_shape_print(&tensor->shape, shape));
    if (!words)
        return;
    assert_true(sy_shape_count(&tensor->shape, &count));
    sy_text_printf(out, "{");
    for (size_t i = 0; i < count; i++) {
        if (sy_dtype_is_float(tensor->dtype))
            op_print_float(((const float *)words)[i], i ? "," : "", out);
        else
            sy_text_printf(out, "%s%d", i ? "," : "", ((const int32_t *)words)[i]);
    }
    sy_text_printf(out, "}");
}

/* What the node gives; `values` false: only types and shapes. */
static inline void op_print_outputs(const op_test *test, const uint32_t *const *words, sy_text *out)
{
    const sy_node *node = &test->graph->nodes[0];
    for (int i = 0; i < node->output_count; i++) {
        sy_text_printf(out, "%s", i ? " " : "");
        op_print_tensor(&test->graph->tensors[node->outputs[i]], words ? words[i] : NULL, out);
    }
}

static inline sy_status op_lower(const op_test *test, sy_lowering *out)
{
    const sy_node *node = &test->graph->nodes[0];
    int given[OP_INPUTS], count = 0;
    for (int i = 0; i < test->count; i++) {
        if (test->supplied[i])
            given[count++] = test->tensors[i];
    }
    return sy_lower_graph(test->ctx, test->graph, given, count, node->outputs, node->output_count, NULL, out);
}

/* Types and shapes that follow. */
static inline void op_gives_shapes(sy_ctx *ctx, const char *type, int opset, const char *inputs,
                                   const char *attrs, int outputs, const char *want)
{
    op_test test = op_create(ctx, type, opset, inputs, attrs, outputs);
    sy_text got = {0};
    if (sy_infer_shapes(ctx, test.graph) != SY_OK)
        fail_msg("%s %s %s: %s", type, inputs, attrs, sy_ctx_error(ctx));
    op_print_outputs(&test, NULL, &got);
    if (!got.bytes || strcmp(got.bytes, want) != 0)
        fail_msg("%s (opset %d) of %s, %s gives %s, not %s", type, opset, inputs, attrs, got.bytes, want);
    sy_text_release(&got);
    sy_graph_destroy(test.graph);
}

/* Types, shapes and values that come out of the steps. */
static inline void op_gives_values(sy_ctx *ctx, const char *type, int opset, const char *inputs,
                                   const char *attrs, int outputs, const char *want)
{
    op_test test = op_create(ctx, type, opset, inputs, attrs, outputs);
    sy_lowering lowering;
    sy_text got = {0};
    const uint32_t *words[OP_INPUTS] = {NULL};

    if (sy_infer_shapes(ctx, test.graph) != SY_OK || op_lower(&test, &lowering) != SY_OK)
        fail_msg("%s %s %s: %s", type, inputs, attrs, sy_ctx_error(ctx));
    void **memory = op_fill_memory(&test, &lowering);
    op_run_steps(&lowering, memory);
    for (int i = 0; i < outputs; i++) {
        const sy_operand at = lowering.tensors[test.graph->nodes[0].outputs[i]];
        words[i] = (const uint32_t *)memory[at.slot] + at.offset;
    }
    op_print_outputs(&test, words, &got);
    if (!got.bytes || strcmp(got.bytes, want) != 0)
        fail_msg("%s (opset %d) of %s, %s gives\n%s, not\n%s", type, opset, inputs, attrs, got.bytes, want);
    for (int s = 0; s < lowering.slot_count; s++)
        free(memory[s]);
    free(memory);
    sy_lowering_release(&lowering);
    sy_text_release(&got);
    sy_graph_destroy(test.graph);
}

/* The shape rule, or else the lowering, fails like this; the message goes without the node's part. */
static inline void op_refuses(sy_ctx *ctx, const char *type, int opset, const char *inputs, const char *attrs,
                              int outputs, sy_status want, const char *message)
{
    op_test test = op_create(ctx, type, opset, inputs, attrs, outputs);
    sy_lowering lowering = {0};
    sy_status status = sy_infer_shapes(ctx, test.graph);
    if (status == SY_OK)
        status = op_lower(&test, &lowering);
    const char *got = sy_ctx_error(ctx), *own = strstr(got, "): ");
    if (status != want || !own || strcmp(own + 3, message) != 0)
        fail_msg("%s (opset %d) of %s, %s fails with %s, \"%s\"; expected %s, \"%s\"", type, opset, inputs,
                 attrs, sy_status_name(status), got, sy_status_name(want), message);
    sy_lowering_release(&lowering);
    sy_graph_destroy(test.graph);
}

#endif
