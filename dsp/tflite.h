/* TensorFlow Lite models: what of the format is needed to write one, and writing it. Numbers and names are
 * those of the format's schema, version 3. LAYOUT.md says which operators are made from which.
 */
#ifndef SY_DSP_TFLITE_H
#define SY_DSP_TFLITE_H

#include "graph/graph.h"

typedef enum sy_tflite_type {
    SY_TFLITE_INT32 = 2,
    SY_TFLITE_INT8 = 9,
} sy_tflite_type;

/* Operators: X(name, number, version that takes int8, number of its table of options or 0). */
#define SY_TFLITE_OPERATORS(X)            \
    X(ADD, 0, 2, 11)                      \
    X(CONCATENATION, 2, 2, 10)            \
    X(CONV_2D, 3, 3, 1)                   \
    X(DEPTHWISE_CONV_2D, 4, 3, 2)         \
    X(DEPTH_TO_SPACE, 5, 1, 94)           \
    X(FULLY_CONNECTED, 9, 4, 8)           \
    X(LOGISTIC, 14, 2, 0)                 \
    X(MAX_POOL_2D, 17, 2, 5)              \
    X(MUL, 18, 2, 21)                     \
    X(RESHAPE, 22, 1, 17)                 \
    X(RESIZE_BILINEAR, 23, 3, 15)         \
    X(SOFTMAX, 25, 2, 9)                  \
    X(SPACE_TO_DEPTH, 26, 2, 19)          \
    X(TANH, 28, 2, 0)                     \
    X(PAD, 34, 2, 22)                     \
    X(TRANSPOSE, 39, 2, 26)               \
    X(MEAN, 40, 2, 27)                    \
    X(SUB, 41, 3, 28)                     \
    X(STRIDED_SLICE, 45, 2, 32)           \
    X(PADV2, 60, 2, 43)                   \
    X(TRANSPOSE_CONV, 67, 3, 49)          \
    X(RESIZE_NEAREST_NEIGHBOR, 97, 3, 74) \
    X(LEAKY_RELU, 98, 2, 75)              \
    X(QUANTIZE, 114, 2, 89)               \
    X(HARD_SWISH, 117, 1, 91)

typedef enum sy_tflite_code {
#define X(name, number, version, options) SY_TFLITE_##name = number,
    SY_TFLITE_OPERATORS(X)
#undef X
} sy_tflite_code;

enum { SY_TFLITE_SAME = 0, SY_TFLITE_VALID = 1 };                                      /* padding */
enum { SY_TFLITE_NO_ACTIVATION = 0, SY_TFLITE_ACT_RELU = 1, SY_TFLITE_ACT_RELU6 = 3 }; /* of what is fused */

typedef struct sy_tflite_tensor {
    const char *name;
    sy_tflite_type type;
    int rank;
    int32_t dims[SY_MAX_RANK];
    const float *scales; /* [scale_count]; value = scale * (code - zero) */
    int64_t zero;        /* of each */
    size_t scale_count;  /* 0: no numbers of quantization */
    int axis;            /* of several scales */
    const void *data;    /* of a constant, little endian; NULL for computed ones */
    size_t bytes;
} sy_tflite_tensor;

/* A field of an operator's table of options. */
typedef struct sy_tflite_option {
    int field;
    enum { SY_TFLITE_BYTE, SY_TFLITE_WORD, SY_TFLITE_REAL } kind; /* int8 or bool, int32, float32 */
    int32_t value;
    float real;
} sy_tflite_option;

enum { SY_TFLITE_OPTIONS = 8 };

typedef struct sy_tflite_operator {
    sy_tflite_code code;
    const int32_t *inputs, *outputs; /* tensors; -1 for an omitted input */
    int input_count, output_count;
    sy_tflite_option options[SY_TFLITE_OPTIONS];
    int option_count;
} sy_tflite_operator;

/* A model being made; a zeroed one is empty. What it points to is in its arena or outlives it. */
typedef struct sy_tflite_model {
    sy_tflite_tensor *tensors;
    int tensor_count, tensor_capacity;
    sy_tflite_operator *operators; /* in an order in which they can run */
    int operator_count, operator_capacity;
    int32_t *inputs, *outputs;
    int input_count, output_count;
    sy_arena arena;
} sy_tflite_model;

sy_status sy_tflite_add_tensor(sy_ctx *ctx, sy_tflite_model *model, const sy_tflite_tensor *tensor, int *out);
/* The lists are copied. The operator's options are filled in afterwards. */
sy_status sy_tflite_add_operator(sy_ctx *ctx, sy_tflite_model *model, sy_tflite_code code, const int *inputs,
                                 int input_count, const int *outputs, int output_count,
                                 sy_tflite_operator **out);
void sy_tflite_model_release(sy_tflite_model *model);

/* An integer model from an emitted DSP graph. SY_E_UNSUPPORTED names the node that has no form, and why. */
sy_status sy_tflite_from_graph(sy_ctx *ctx, const sy_graph *emitted, sy_tflite_model *out);
/* Writes the file, whole or not at all. */
sy_status sy_tflite_save(sy_ctx *ctx, const sy_tflite_model *model, const char *path);

#endif
