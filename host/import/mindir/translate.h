/* From MindSpore's operators to ONNX's. A node of the file becomes none, one or several nodes of the graph.
 */
#ifndef SY_IMPORT_MINDIR_TRANSLATE_H
#define SY_IMPORT_MINDIR_TRANSLATE_H

#include "import/mindir/model.h"

typedef enum sy_mind_kind {
    SY_MIND_KIND_UNKNOWN,  /* not made yet */
    SY_MIND_KIND_NOTHING,  /* a monad, or what is not computed here */
    SY_MIND_KIND_TENSOR,   /* of the graph */
    SY_MIND_KIND_TUPLE,    /* of values */
    SY_MIND_KIND_CONSTANT, /* a number or a tuple of numbers, not a tensor yet */
    SY_MIND_KIND_FUNCTION, /* a sub graph, of which `elements` are the first inputs */
} sy_mind_kind;

/* What a name of the file stands for. */
typedef struct sy_mind_meaning {
    sy_mind_kind kind;
    int tensor;
    const struct sy_mind_meaning *elements;
    int element_count;
    const sy_mind_attr *constant;
    int function;
} sy_mind_meaning;

typedef struct sy_mind_translator {
    sy_ctx *ctx;
    sy_mind_model *model;
    sy_graph *graph;
    sy_mind_meaning *meanings;  /* per node of the model, sub graphs included */
    sy_mind_meaning *arguments; /* per input of its sub graphs: of the call that runs */
    sy_arena arena;
    const sy_mind_node *node; /* being translated */
    int index;
} sy_mind_translator;

/* Fills meanings[index]. SY_E_MODEL, SY_E_UNSUPPORTED; the message need not name the node. */
typedef sy_status (*sy_mind_translate)(sy_mind_translator *work);

typedef struct sy_mind_row {
    const char *type;
    sy_mind_translate translate;
} sy_mind_row;

extern const sy_mind_row sy_mind_layers[], sy_mind_windows[], sy_mind_moves[], sy_mind_choices[],
    sy_mind_flow[]; /* type NULL at the end */

/* Translates the nodes of the graph, and of the sub graphs that it calls, as if they stood in the place of
 * the call. Constants have been translated. SY_E_UNSUPPORTED names the operators there is no translation of.
 */
sy_status sy_mind_translate_nodes(sy_mind_translator *work);

/* NULL: not one of ours. */
sy_mind_translate sy_mind_find_translation(const char *type);

/* An input number for arguments that are attributes only. */
enum { SY_MIND_NO_INPUT = 1 << 20 };

/* What a name of the file stands for. SY_E_MODEL where nothing has made it yet. */
sy_status sy_mind_look_up(sy_mind_translator *work, const char *name, sy_mind_meaning *out);
/* For translations. Input i: what it stands for. SY_E_MODEL where it is missing or nothing makes it. */
sy_status sy_mind_input(sy_mind_translator *work, int i, sy_mind_meaning *out);
/* The same as a tensor; a constant becomes one, of the type of tensor `like` (SY_NONE: its own). */
sy_status sy_mind_tensor_input(sy_mind_translator *work, int i, int like, int *out);
/* Numbers of a constant input i, or of the attribute `name` where the file is older; NULL where there is
 * neither. */
const sy_mind_attr *sy_mind_argument(sy_mind_translator *work, int i, const char *name);
/* Whole numbers of such an argument. SY_E_UNSUPPORTED when it is computed, SY_E_MODEL when there are more
 * than `capacity`; *out_count 0 where it is left out.
 */
sy_status sy_mind_ints(sy_mind_translator *work, int i, const char *name, int64_t *out, int capacity,
                       int *out_count);
int64_t sy_mind_int(sy_mind_translator *work, int i, const char *name, int64_t fallback);
double sy_mind_float(sy_mind_translator *work, int i, const char *name, double fallback);

/* Adds a node; *out_node may be NULL. Its tensor has the name of what the node of the file makes, where
 * `ending` is "", else that with the ending. Shapes follow.
 */
sy_status sy_mind_add(sy_mind_translator *work, const char *type, const int *inputs, int input_count,
                      const char *ending, int *out_tensor, int *out_node);
/* Infers the shapes of a node whose attributes have been set since. */
sy_status sy_mind_infer(sy_mind_translator *work, int node);
sy_status sy_mind_add_ints(sy_mind_translator *work, const int64_t *values, int count, const char *ending,
                           int *out);
sy_status sy_mind_add_float(sy_mind_translator *work, float value, const char *ending, int *out);
/* The name of the first node made of the node of the file. */
const char *sy_mind_title(const sy_mind_translator *work);
/* The node of the file stands for this tensor. */
void sy_mind_means(sy_mind_translator *work, int tensor);
/* Both: a node whose result the node of the file stands for. */
sy_status sy_mind_result(sy_mind_translator *work, const char *type, const int *inputs, int count);

/* The node of the file stands for a whole number, or a truth: 0 or 1. */
sy_status sy_mind_means_int(sy_mind_translator *work, int64_t value);
/* The tensor whose sizes a tensor holds; SY_NONE: it is not what Shape made. */
int sy_mind_shape_of(const sy_mind_translator *work, int sizes);

/* Of `count` results the first is this tensor, the others are not computed. */
sy_status sy_mind_means_first_of(sy_mind_translator *work, int tensor, int count);
/* SY_E_UNSUPPORTED unless images have their channels first. */
sy_status sy_mind_require_nchw(sy_mind_translator *work, int input);
/* The tensor that an Unsqueeze added this axis to; SY_NONE: none did. */
int sy_mind_unsqueezed(const sy_mind_translator *work, int tensor, int64_t axis);

bool sy_mind_is(const sy_mind_translator *work, const char *type); /* the node being translated */
bool sy_mind_flag(sy_mind_translator *work, int i, const char *name);
const sy_shape *sy_mind_shape(const sy_mind_translator *work, int tensor);

#endif
