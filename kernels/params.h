/* The one by-value argument of each kernel. Host, CUDA and OpenCL all read this file, so the only
 * types here are 32-bit scalars: then every compiler lays a struct out alike.
 *
 * Every element on a device is one 32-bit word: float32, or int32 for every integer type and for bool
 * (0 and 1). Tensors are dense and row-major; sizes, strides and offsets count words.
 */
#ifndef SY_KERNELS_PARAMS_H
#define SY_KERNELS_PARAMS_H

#if defined(__OPENCL_VERSION__) || defined(__CUDACC__)
typedef unsigned int sy_u32;
typedef int sy_i32;
typedef float sy_f32;
#else
#include <stdint.h>
typedef uint32_t sy_u32;
typedef int32_t sy_i32;
typedef float sy_f32;
#endif

#define SY_KERNEL_RANK 8

/* Where the operands of a launch on a GPU lie: operand i of sample s begins at word offset[i] + s * stride[i] of
 * its buffer.
 */
#define SY_PLACES 6
typedef struct {
    sy_u32 offset[SY_PLACES], stride[SY_PLACES];
} sy_places;

/* The usual group of device kernels. */
#define SY_GROUP 256

/* y = clamp(x, lo, hi) with lo <= hi; a NaN stays a NaN. No activation: -infinity and infinity. */
typedef struct {
    sy_f32 lo, hi;
} sy_clamp;

/* 2-D convolution of NCHW, weights [filters][channels/groups][kernel_h][kernel_w]. 1-D is height 1.
 * Each output is a chain of fma over (channel, ky, kx) ascending from 0 (padding counts as 0, or is left out:
 * the same for finite weights), plus bias (where there is none, or it is -0, plus 0), clamped.
 */
typedef struct {
    sy_u32 batch, channels, in_h, in_w;
    sy_u32 filters, kernel_h, kernel_w, groups;
    sy_u32 stride_h, stride_w, dilation_h, dilation_w;
    sy_i32 pad_top, pad_left; /* bottom and right follow from out_h and out_w */
    sy_u32 out_h, out_w;
    sy_u32 has_bias; /* 0: the bias buffer is not read */
    sy_clamp clamp;
} sy_conv2d_params;

/* Transposed convolution; weights [channels][filters/groups][kernel_h][kernel_w]. The chain of each output
 * runs over (channel, ky, kx) ascending, taps that hit no input left out.
 */
typedef sy_conv2d_params sy_conv_transpose2d_params;

/* y[b] = clamp(alpha * op(a[b]) * op(b[b]) + beta * c): the chain of fma runs over k ascending from 0; then
 * the product with alpha, then + beta * c (each left out when it is the identity). Batches are counted
 * row-major over batch_dims with a stride for each operand (0 broadcasts).
 */
typedef struct {
    sy_u32 m, n, k;
    sy_u32 a_transposed, b_transposed; /* 1: stored [k][m], [n][k] */
    sy_u32 batch_rank, batch_dims[SY_KERNEL_RANK], a_strides[SY_KERNEL_RANK], b_strides[SY_KERNEL_RANK];
    sy_u32 has_c, c_row_stride, c_column_stride; /* 0 broadcasts; c is not batched */
    sy_f32 alpha, beta;
    sy_clamp clamp;
} sy_gemm_params;

#define SY_POOL_MAX     0
#define SY_POOL_AVERAGE 1
/* Pooling of `planes` images of in_h by in_w. The largest, or a NaN where there is one. An average adds over
 * (ky, kx) ascending from 0 and divides by the window's positions inside the image, or, with count_padding,
 * inside the image and its explicit padding (pad_bottom, pad_right).
 */
typedef struct {
    sy_u32 kind, planes, in_h, in_w, out_h, out_w;
    sy_u32 kernel_h, kernel_w, stride_h, stride_w, dilation_h, dilation_w;
    sy_i32 pad_top, pad_left, pad_bottom, pad_right;
    sy_u32 count_padding;
} sy_pool2d_params;

/* Words moved by strides: for every index i in dims, y[y_offset + sum i*y_strides] = x[x_offset + sum
 * i*x_strides]. Transpose, Slice, Expand, Concat, Split, Tile and Pad's interior are this.
 */
typedef struct {
    sy_u32 rank, dims[SY_KERNEL_RANK];
    sy_i32 x_strides[SY_KERNEL_RANK], y_strides[SY_KERNEL_RANK];
    sy_u32 x_offset, y_offset;
} sy_move_params;

/* y[i] = word for i < count. */
typedef struct {
    sy_u32 count, word; /* the bits of a float or an int */
} sy_fill_params;

#define SY_KIND_FLOAT 0
#define SY_KIND_INT   1

#define SY_UNARY_MAP(X)                                                                                    \
    X(CLAMP)                                                                                               \
    X(ABS) X(NEG) X(SIGN) X(FLOOR) X(CEIL) X(ROUND) X(SQRT) X(RECIPROCAL) X(EXP) X(LOG) X(ERF) X(SIGMOID)  \
        X(TANH) X(HARD_SIGMOID) X(HARD_SWISH) X(LEAKY_RELU) X(ELU) X(SELU) X(CELU) X(SOFTPLUS) X(SOFTSIGN) \
            X(THRESHOLDED_RELU) X(GELU) X(GELU_TANH) X(MISH) X(SWISH) X(NOT) X(SIN) X(COS) X(TAN) X(ASIN)  \
                X(ACOS) X(ATAN) X(SINH) X(COSH) X(ASINH) X(ACOSH) X(ATANH) X(IS_NAN) X(IS_INF) X(SHRINK)

enum {
#define X(name) SY_UNARY_##name,
    SY_UNARY_MAP(X)
#undef X
        SY_UNARY_COUNT
};

/* y[i] = f(x[i]), as kernels/elementwise.h writes each f; alpha and beta as the ONNX operator of that name
 * uses them (CLAMP: lo, hi; SELU: alpha, gamma; SHRINK: lambd, bias; IS_INF: whether to detect negative,
 * positive). IS_NAN and IS_INF take floats and give ints; NOT takes ints.
 */
typedef struct {
    sy_u32 function, kind, count;
    sy_f32 alpha, beta;
} sy_unary_params;

#define SY_BINARY_MAP(X)                                                                                \
    X(ADD)                                                                                              \
    X(SUB) X(MUL) X(DIV) X(POW) X(MIN) X(MAX) X(MOD) X(FMOD) X(PRELU) X(EQUAL) X(LESS) X(LESS_OR_EQUAL) \
        X(GREATER) X(GREATER_OR_EQUAL) X(AND) X(OR) X(XOR)

enum {
#define X(name) SY_BINARY_##name,
    SY_BINARY_MAP(X)
#undef X
        SY_BINARY_COUNT
};

/* y = clamp(f(a, b)), broadcast: y is dense over dims, a and b are read by strides (0 broadcasts). `kind` is
 * that of a and b; comparisons give int; each f is written in kernels/elementwise.h. The clamp applies to
 * float results. y may be a or b where that one is dense over dims.
 */
typedef struct {
    sy_u32 function, kind, rank, dims[SY_KERNEL_RANK];
    sy_u32 a_strides[SY_KERNEL_RANK], b_strides[SY_KERNEL_RANK];
    sy_clamp clamp;
} sy_binary_params;

/* y = condition ? a : b, broadcast as in binary. */
typedef struct {
    sy_u32 rank, dims[SY_KERNEL_RANK];
    sy_u32 condition_strides[SY_KERNEL_RANK], a_strides[SY_KERNEL_RANK], b_strides[SY_KERNEL_RANK];
} sy_where_params;

#define SY_CAST_INT_TO_FLOAT 0
#define SY_CAST_FLOAT_TO_INT 1 /* truncates, saturates at lo and hi; NaN gives 0 */
#define SY_CAST_INT_TO_INT   2 /* wraps to `bits`, sign-extended when is_signed */
#define SY_CAST_TO_BOOL      3 /* x != 0; kind says how to read x */
typedef struct {
    sy_u32 mode, kind, count, bits, is_signed;
    sy_i32 lo, hi;
} sy_cast_params;

#define SY_REDUCE_MAP(X) \
    X(SUM) X(MEAN) X(MAX) X(MIN) X(PROD) X(SUM_SQUARE) X(L1) X(L2) X(LOG_SUM) X(LOG_SUM_EXP)

enum {
#define X(name) SY_REDUCE_##name,
    SY_REDUCE_MAP(X)
#undef X
        SY_REDUCE_COUNT
};

/* y is dense over the kept dimensions. The one order of every longer float sum in this program: the reduced
 * elements are numbered row-major; element r is added to partial sum r mod 16 in ascending order; then
 * partial sum i takes i+8, then i+4, i+2, i+1. Partial sums begin at 0 (PROD 1, MAX -infinity, MIN infinity);
 * a square is added by fma; a mean is the sum divided by the count; LOG_SUM_EXP is m + log(sum of exp(x - m))
 * where m is the maximum, or 0 where that is not finite. Integers are summed in 64 bits, saturated at the
 * end, and their mean truncated.
 */
#define SY_REDUCE_LANES 16
typedef struct {
    sy_u32 function, kind;
    sy_u32 kept_rank, kept_dims[SY_KERNEL_RANK], kept_strides[SY_KERNEL_RANK];
    sy_u32 reduced_rank, reduced_dims[SY_KERNEL_RANK], reduced_strides[SY_KERNEL_RANK];
} sy_reduce_params;

/* Over the middle dimension of [outer][count][inner]: exp(x - max) / sum, or (x - max) - log(sum), the sum of
 * exp(x - max) in the order of reduce.
 */
typedef struct {
    sy_u32 outer, count, inner, logarithm;
} sy_softmax_params;

/* Rows of `count`: y = fma((x - mean) * (1 / sqrt(variance + epsilon)), scale, bias), without bias the
 * product; both sums in the order of reduce, the squares of x - mean added by fma. The scale and bias of row
 * r and column c are at (r / row_period % scale_rows) * scale_row_stride + c * scale_column_stride, which
 * covers LayerNormalization (0, 1) and InstanceNormalization (1, 0).
 */
typedef struct {
    sy_u32 rows, count, has_bias, row_period, scale_rows, scale_row_stride, scale_column_stride;
    sy_f32 epsilon;
} sy_normalize_params;

/* y = fma(x - mean, scale / sqrt(variance + epsilon), bias) for [outer][channels][inner]. */
typedef struct {
    sy_u32 outer, channels, inner;
    sy_f32 epsilon;
    sy_clamp clamp;
} sy_batch_norm_params;

/* y[outer][i][inner] = x[outer][index[i]][inner]; a negative index counts from axis_size; one outside is
 * clamped. */
typedef struct {
    sy_u32 outer, axis_size, inner, index_count;
} sy_gather_params;

/* GatherElements along one axis of dims: y has the indices' dims. */
typedef struct {
    sy_u32 rank, index_dims[SY_KERNEL_RANK], x_strides[SY_KERNEL_RANK], axis, axis_size;
} sy_gather_elements_params;

/* [outer][depth][inner] from indices [outer][inner]; values is [off, on]; negative indices count from depth.
 */
typedef struct {
    sy_u32 outer, depth, inner;
} sy_one_hot_params;

/* First (or last) index of the largest (or smallest) over the middle dimension; the result is int. */
typedef struct {
    sy_u32 outer, count, inner, smallest, last, kind;
} sy_arg_params;

/* Running sum over the middle dimension. */
typedef struct {
    sy_u32 outer, count, inner, exclusive, reverse, kind;
} sy_cumsum_params;

#define SY_RESIZE_NEAREST                  0
#define SY_RESIZE_LINEAR                   1
#define SY_RESIZE_CUBIC                    2
#define SY_COORDINATE_HALF_PIXEL           0
#define SY_COORDINATE_PYTORCH_HALF_PIXEL   1
#define SY_COORDINATE_ALIGN_CORNERS        2
#define SY_COORDINATE_ASYMMETRIC           3
#define SY_COORDINATE_CROP                 4 /* tf_crop_and_resize */
#define SY_COORDINATE_HALF_PIXEL_SYMMETRIC 5
#define SY_NEAREST_ROUND_PREFER_FLOOR      0
#define SY_NEAREST_ROUND_PREFER_CEIL       1
#define SY_NEAREST_FLOOR                   2
#define SY_NEAREST_CEIL                    3
/* One axis of Resize: [outer][in][inner] to [outer][out][inner]. The coordinate is that of ONNX's Resize in
 * float, written from left to right; of pytorch_half_pixel onto one element -0.5, as onnxruntime has it; of
 * half_pixel_symmetric in/2 * (1 - out / (scale * in)) + half_pixel. `nearest` copies words. Linear is
 * fma(t, x1, (1 - t) * x0); cubic a product and three fma, first tap to last. exclude_outside matters to
 * cubic only.
 */
typedef struct {
    sy_u32 mode, coordinate, nearest, outer, in, out, inner, exclude_outside;
    sy_f32 scale, cubic_a, crop_start, crop_end, extrapolation;
} sy_resize_params;

#define SY_PAD_CONSTANT 0
#define SY_PAD_REFLECT  1
#define SY_PAD_EDGE     2
#define SY_PAD_WRAP     3
/* One axis of Pad in a mode that copies: [outer][in][inner] to [outer][before+in+after][inner]; before and
 * after may be negative. Constant padding is fill and move.
 */
typedef struct {
    sy_u32 mode, outer, in, inner;
    sy_i32 before, after;
} sy_pad_params;

/* One step of an LSTM for [batch][hidden]: gates is [batch][4*hidden] in ONNX's order i, o, f, c and already
 * holds x*W' + h*R' + biases; writes the new h and c; c may be c_previous. Activations are sigmoid, tanh,
 * tanh. peephole is [3*hidden] in the order i, o, f: gate = fma(p, c_previous, gate), for o with the new c.
 * c = fma(f, c_previous, i * fresh); input_forget makes f = 1 - i. cell_clip bounds what each activation
 * sees.
 */
typedef struct {
    sy_u32 batch, hidden, has_peephole, input_forget;
    sy_f32 cell_clip; /* 0: none */
} sy_lstm_cell_params;

/* q = clamp(rint(x / scale[c]) + zero[c], lo, hi); x = (q - zero[c]) * scale[c], for
 * [outer][channels][inner]; channels 1 is per tensor. q is int. fake_quant is one after the other, and gives
 * float.
 */
typedef struct {
    sy_u32 outer, channels, inner;
    sy_i32 lo, hi;
} sy_quantize_params;
typedef sy_quantize_params sy_dequantize_params;
typedef sy_quantize_params sy_fake_quant_params;

/* y = clamp(rint(float(acc + bias[c]) * multiplier[c]) + zero, lo, hi) for accumulators
 * [outer][channels][inner] that are whole numbers held as float; bias is int and added exactly;
 * multiplier_channels 1 is per tensor. The sum is rounded once to float.
 */
typedef struct {
    sy_u32 outer, channels, inner, multiplier_channels, has_bias;
    sy_i32 zero, lo, hi;
} sy_requantize_params;

/* Statistics of one tensor in one sample, and its histogram added to that of the samples before. All
 * integers, so the same in any order. The words of a summary are [0] min  [1] max of the finite elements
 * (float; a zero is +0; +infinity and -infinity when there are none) [2] elements that are 0   [3] elements
 * that are not finite [4],[5] sum of rint(y) over the finite elements as a 64-bit integer, low word first
 *   [6],[7] sum of rint(y*y * 2^-22), the product rounded to float
 *   [8] e
 *   [9..11] where the value `low` is   [12..14] where `high` is   [15] 0
 * where y = x * 2^(22-e) is exact and e is the least with |x| < 2^e for every finite x of this sample (-126
 * at least).
 *
 * A histogram counts positive and negative values apart: bin b holds |x| in [b, b+1) * 2^e /
 * SY_HISTOGRAM_SIDE; zeros and values that are not finite are in none. `low` and `high` are the values at
 * sorted index int(0.0001f * n) and int(0.9999f * n), at most n - 1, of the n finite ones (n and the products
 * rounded to float), by this sample's histogram: [0] is b + 1 for bin b of the positive values, -(b + 1) of
 * the negative ones, [1] the values in that bin and [2] how many of them lie further out: below low, above
 * high. All three are 0 where the value is 0 or is the first or the last of all.
 *
 * `bins` is working memory of SY_HISTOGRAM_BINS words. A state is [0] 127 + its own e, 0 when nothing was
 * added; [1..3] unused; then SY_HISTOGRAM_SIDE bins of positive values and as many of negative ones. Before
 * the sample's are added, e is raised to the sample's, merging pairs of bins; where it is above, pairs of the
 * sample's are merged. The counts of a bin must stay below 2^32.
 */
#define SY_SUMMARY_WORDS   16
#define SY_SUMMARY_LOW     9
#define SY_SUMMARY_HIGH    12
#define SY_HISTOGRAM_SIDE  4096
#define SY_HISTOGRAM_BINS  (2 * SY_HISTOGRAM_SIDE)
#define SY_HISTOGRAM_HEAD  4
#define SY_HISTOGRAM_WORDS (SY_HISTOGRAM_HEAD + SY_HISTOGRAM_BINS)
#define SY_HISTOGRAM_BIAS  127
typedef struct {
    sy_u32 count;
} sy_observe_params;

/* Per-channel sums over [outer][channels][inner] in the order of reduce, for each channel: the sum of x. */
typedef struct {
    sy_u32 outer, channels, inner;
} sy_channel_sum_params;

#endif
