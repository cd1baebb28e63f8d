#include "import/onnx/versions.h"

#include <stdlib.h>
#include <string.h>

#include "import/onnx/fields.h"
#include "import/onnx/file.h"

/* When a newer version reads a node differently. */
typedef enum condition {
    ALWAYS,
    HAS_ATTRIBUTE, /* `attribute` */
    ATTRIBUTE_NOT, /* the integer `attribute` is not `number`, or not there */
    ATTRIBUTE_IS,  /* the text `attribute` is `text` */
    MORE_OUTPUTS,  /* than `number` */
    FEWER_INPUTS,  /* than `number` */
} condition;

typedef struct change {
    const char *type;
    int since;
    condition condition;
    const char *attribute;
    int number;
    const char *text;
} change;

/* Every change of meaning or form up to version 21. Source: ONNX's Changelog.md; tests/judges compares the
 * forms with the schemas of the onnx package.
 */
static const change changes[] = {
    {"BatchNormalization", 9, HAS_ATTRIBUTE, "spatial", 0, NULL},
    {"BatchNormalization", 14, MORE_OUTPUTS, NULL, 1, NULL},
    {"Clip", 11, ALWAYS, NULL, 0, NULL},
    {"DFT", 20, ALWAYS, NULL, 0, NULL},
    {"Dropout", 10, MORE_OUTPUTS, NULL, 1, NULL},
    {"Dropout", 12, HAS_ATTRIBUTE, "ratio", 0, NULL},
    {"GridSample", 20, HAS_ATTRIBUTE, "mode", 0, NULL},
    {"GroupNormalization", 21, ALWAYS, NULL, 0, NULL},
    {"Hardmax", 13, ATTRIBUTE_NOT, "axis", -1, NULL},
    {"LogSoftmax", 13, ATTRIBUTE_NOT, "axis", -1, NULL},
    {"OneHot", 11, ALWAYS, NULL, 0, NULL}, /* negative indices */
    {"Pad", 11, ALWAYS, NULL, 0, NULL},
    {"ReduceL1", 18, HAS_ATTRIBUTE, "axes", 0, NULL},
    {"ReduceL2", 18, HAS_ATTRIBUTE, "axes", 0, NULL},
    {"ReduceLogSum", 18, HAS_ATTRIBUTE, "axes", 0, NULL},
    {"ReduceLogSumExp", 18, HAS_ATTRIBUTE, "axes", 0, NULL},
    {"ReduceMax", 18, HAS_ATTRIBUTE, "axes", 0, NULL},
    {"ReduceMean", 18, HAS_ATTRIBUTE, "axes", 0, NULL},
    {"ReduceMin", 18, HAS_ATTRIBUTE, "axes", 0, NULL},
    {"ReduceProd", 18, HAS_ATTRIBUTE, "axes", 0, NULL},
    {"ReduceSum", 13, HAS_ATTRIBUTE, "axes", 0, NULL},
    {"ReduceSumSquare", 18, HAS_ATTRIBUTE, "axes", 0, NULL},
    {"Resize", 11, ALWAYS, NULL, 0, NULL},
    {"Resize", 13, ATTRIBUTE_IS, "coordinate_transformation_mode", 0, "tf_half_pixel_for_nn"},
    {"RoiAlign", 16, ALWAYS, NULL, 0, NULL}, /* the default of a new attribute */
    {"Scan", 9, ALWAYS, NULL, 0, NULL},
    {"Scatter", 11, ALWAYS, NULL, 0, NULL},
    {"Slice", 10, ALWAYS, NULL, 0, NULL},
    {"Softmax", 13, ATTRIBUTE_NOT, "axis", -1, NULL},
    {"Split", 13, HAS_ATTRIBUTE, "split", 0, NULL},
    {"Split", 18, FEWER_INPUTS, NULL, 2, NULL},
    {"Squeeze", 13, HAS_ATTRIBUTE, "axes", 0, NULL},
    {"TopK", 10, ALWAYS, NULL, 0, NULL},
    {"Unsqueeze", 13, HAS_ATTRIBUTE, "axes", 0, NULL},
    {"Upsample", 9, ALWAYS, NULL, 0, NULL},
    {"Upsample", 10, ALWAYS, NULL, 0, NULL},
};

/* Every operator of versions 7 to 21, sorted. */
static const char *const known[] = {
    "Abs",
    "Acos",
    "Acosh",
    "Add",
    "AffineGrid",
    "And",
    "ArgMax",
    "ArgMin",
    "Asin",
    "Asinh",
    "Atan",
    "Atanh",
    "AveragePool",
    "BatchNormalization",
    "Bernoulli",
    "BitShift",
    "BitwiseAnd",
    "BitwiseNot",
    "BitwiseOr",
    "BitwiseXor",
    "BlackmanWindow",
    "Cast",
    "CastLike",
    "Ceil",
    "Celu",
    "CenterCropPad",
    "Clip",
    "Col2Im",
    "Compress",
    "Concat",
    "ConcatFromSequence",
    "Constant",
    "ConstantOfShape",
    "Conv",
    "ConvInteger",
    "ConvTranspose",
    "Cos",
    "Cosh",
    "CumSum",
    "DFT",
    "DeformConv",
    "DepthToSpace",
    "DequantizeLinear",
    "Det",
    "Div",
    "Dropout",
    "DynamicQuantizeLinear",
    "Einsum",
    "Elu",
    "Equal",
    "Erf",
    "Exp",
    "Expand",
    "EyeLike",
    "Flatten",
    "Floor",
    "GRU",
    "Gather",
    "GatherElements",
    "GatherND",
    "Gelu",
    "Gemm",
    "GlobalAveragePool",
    "GlobalLpPool",
    "GlobalMaxPool",
    "Greater",
    "GreaterOrEqual",
    "GridSample",
    "GroupNormalization",
    "HammingWindow",
    "HannWindow",
    "HardSigmoid",
    "HardSwish",
    "Hardmax",
    "Identity",
    "If",
    "ImageDecoder",
    "InstanceNormalization",
    "IsInf",
    "IsNaN",
    "LRN",
    "LSTM",
    "LayerNormalization",
    "LeakyRelu",
    "Less",
    "LessOrEqual",
    "Log",
    "LogSoftmax",
    "Loop",
    "LpNormalization",
    "LpPool",
    "MatMul",
    "MatMulInteger",
    "Max",
    "MaxPool",
    "MaxRoiPool",
    "MaxUnpool",
    "Mean",
    "MeanVarianceNormalization",
    "MelWeightMatrix",
    "Min",
    "Mish",
    "Mod",
    "Mul",
    "Multinomial",
    "Neg",
    "NegativeLogLikelihoodLoss",
    "NonMaxSuppression",
    "NonZero",
    "Not",
    "OneHot",
    "Optional",
    "OptionalGetElement",
    "OptionalHasElement",
    "Or",
    "PRelu",
    "Pad",
    "Pow",
    "QLinearConv",
    "QLinearMatMul",
    "QuantizeLinear",
    "RNN",
    "RandomNormal",
    "RandomNormalLike",
    "RandomUniform",
    "RandomUniformLike",
    "Range",
    "Reciprocal",
    "ReduceL1",
    "ReduceL2",
    "ReduceLogSum",
    "ReduceLogSumExp",
    "ReduceMax",
    "ReduceMean",
    "ReduceMin",
    "ReduceProd",
    "ReduceSum",
    "ReduceSumSquare",
    "RegexFullMatch",
    "Relu",
    "Reshape",
    "Resize",
    "ReverseSequence",
    "RoiAlign",
    "Round",
    "STFT",
    "Scan",
    "Scatter",
    "ScatterElements",
    "ScatterND",
    "Selu",
    "SequenceAt",
    "SequenceConstruct",
    "SequenceEmpty",
    "SequenceErase",
    "SequenceInsert",
    "SequenceLength",
    "SequenceMap",
    "Shape",
    "Shrink",
    "Sigmoid",
    "Sign",
    "Sin",
    "Sinh",
    "Size",
    "Slice",
    "Softmax",
    "SoftmaxCrossEntropyLoss",
    "Softplus",
    "Softsign",
    "SpaceToDepth",
    "Split",
    "SplitToSequence",
    "Sqrt",
    "Squeeze",
    "StringConcat",
    "StringNormalizer",
    "StringSplit",
    "Sub",
    "Sum",
    "Tan",
    "Tanh",
    "TfIdfVectorizer",
    "ThresholdedRelu",
    "Tile",
    "TopK",
    "Transpose",
    "Trilu",
    "Unique",
    "Unsqueeze",
    "Upsample",
    "Where",
    "Xor",
};

static int compare_names(const void *a, const void *b)
{
    return strcmp(a, *(const char *const *)b);
}

static bool applies(const change *row, sy_span node)
{
    sy_onnx_attribute attribute = {0};
    const bool found = row->attribute && sy_onnx_find_attribute(node, row->attribute, &attribute);
    switch (row->condition) {
    case ALWAYS: return true;
    case HAS_ATTRIBUTE: return found;
    case ATTRIBUTE_NOT: return !found || attribute.i != row->number;
    case ATTRIBUTE_IS:
        return found && attribute.s.size == strlen(row->text) &&
               memcmp(attribute.s.at, row->text, attribute.s.size) == 0;
    case MORE_OUTPUTS: return (int)sy_wire_count(node, SY_NODE_OUTPUT) > row->number;
    case FEWER_INPUTS: return (int)sy_wire_count(node, SY_NODE_INPUT) < row->number;
    }
    return true;
}

sy_onnx_change sy_onnx_compare_versions(sy_span node, const char *type, int from, int to, int *out_version)
{
    if (!bsearch(type, known, sizeof known / sizeof known[0], sizeof known[0], compare_names))
        return SY_ONNX_UNKNOWN;
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        const change *row = &changes[i];
        if (row->since <= from || row->since > to || strcmp(row->type, type) != 0 || !applies(row, node))
            continue;
        *out_version = row->since;
        return SY_ONNX_CHANGED;
    }
    return SY_ONNX_SAME;
}

int64_t sy_onnx_ir_version(int opset)
{
    static const struct {
        int opset, ir;
    } came_with[] = {{23, 11}, {21, 10}, {19, 9}, {15, 8}, {12, 7}, {11, 6}, {10, 5}, {0, 4}};
    size_t row = 0;
    while (opset < came_with[row].opset)
        row++;
    return came_with[row].ir;
}
