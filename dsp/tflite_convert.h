/* What the parts of the conversion to TensorFlow Lite share. Tensors of four dimensions are NCHW in the graph
 * and NHWC in the model; others are alike in both.
 */
#ifndef SY_DSP_TFLITE_CONVERT_H
#define SY_DSP_TFLITE_CONVERT_H

#include "dsp/tflite.h"
#include "ops/window.h"

typedef struct sy_tflite_maker {
    sy_ctx *ctx;
    const sy_graph *graph;
    sy_tflite_model *model;
    int *tensor_of; /* per tensor of the graph that holds codes: the model's; SY_NONE: not made */
} sy_tflite_maker;

/* An operator between DequantizeLinear and QuantizeLinear. */
typedef struct sy_tflite_unit {
    const sy_node *node;
    int activation; /* SY_TFLITE_ACT_...: the Relu or Clip behind it; what else a Clip does is left to the
                       grid */
    const int
        *codes; /* per output of the node: the tensor of its codes; SY_NONE for one that nothing reads */
} sy_tflite_unit;

/* Appends the operators of one unit. SY_E_UNSUPPORTED says what has no form; the caller names the node. */
typedef sy_status (*sy_tflite_rule)(sy_tflite_maker *maker, const sy_tflite_unit *unit);

typedef struct sy_tflite_row {
    const char *type;
    sy_tflite_rule rule;
} sy_tflite_row;

/* Ends with a row of NULL. */
extern const sy_tflite_row sy_tflite_products[], sy_tflite_pools[], sy_tflite_movements[], sy_tflite_values[];

/* The model's tensor for input i. A constant is laid out for an operator whose result has `rank` dimensions.
 */
sy_status sy_tflite_input(sy_tflite_maker *maker, const sy_tflite_unit *unit, int i, int rank, int *out);
/* The model's tensor for output o. */
sy_status sy_tflite_output(sy_tflite_maker *maker, const sy_tflite_unit *unit, int o, int *out);
/* The model's tensor for codes of the graph. */
sy_status sy_tflite_tensor_of(sy_tflite_maker *maker, int codes, int *out);

/* The tensor of codes that input i is dequantized from. */
int sy_tflite_codes(const sy_tflite_maker *maker, const sy_tflite_unit *unit, int i);
/* Shape of input i, of output o, as the graph has them. */
const sy_shape *sy_tflite_shape_in(const sy_tflite_maker *maker, const sy_tflite_unit *unit, int i);
const sy_shape *sy_tflite_shape_out(const sy_tflite_maker *maker, const sy_tflite_unit *unit, int o);
/* Where dimension `axis` of the graph's `rank` is in the model. */
int sy_tflite_axis(int axis, int rank);
/* The graph's dimensions in the model's order; returns how many. */
int sy_tflite_dims(const sy_shape *shape, int32_t out[SY_MAX_RANK]);

/* A constant of int32; `rank` is 0, 1 or 2 (rows of two). */
sy_status sy_tflite_ints(sy_tflite_maker *maker, const char *base, const char *ending, const int32_t *values,
                         int count, int rank, int *out);
/* A computed tensor with the numbers of quantization of `like` and these dimensions. */
sy_status sy_tflite_scratch(sy_tflite_maker *maker, const char *base, const char *ending, int like, int rank,
                            const int32_t *dims, int *out);
/* Elements of `size` bytes moved so that dimension k of the result is dimension order[k] of the source; in
 * the model's arena, NULL without memory. */
void *sy_tflite_permute(sy_tflite_maker *maker, const void *from, const sy_shape *shape, const int *order,
                        size_t size);

/* Is this padding what SAME means: as many steps as the stride leaves, the odd one after? */
bool sy_tflite_is_same(const sy_window *window, const int64_t *in);
bool sy_tflite_has_padding(const sy_window *window);
/* Makes the padding of a window an operator of its own before *x, which becomes its result: with the code of
 * 0.0, or with the lowest one. */
typedef enum sy_tflite_pad { SY_TFLITE_PAD_ZERO, SY_TFLITE_PAD_LOWEST } sy_tflite_pad;
sy_status sy_tflite_add_pad(sy_tflite_maker *maker, const sy_tflite_unit *unit, const sy_window *window,
                            sy_tflite_pad pad, int *x);

void sy_tflite_byte(sy_tflite_operator *to, int field, int value);
void sy_tflite_word(sy_tflite_operator *to, int field, int value);
void sy_tflite_real(sy_tflite_operator *to, int field, float value);

/* The zero points' distance: codes are uint8 in the graph and int8 in the model. */
enum { SY_TFLITE_SHIFT = 128 };

#endif
