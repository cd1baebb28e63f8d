/* Control flow: sub graphs stand in the place of their calls. Which one a Switch calls must follow from the
 * model alone, such as from the rank of a tensor; a graph has no branches.
 */
#include <string.h>

#include "import/mindir/translate.h"

/* The number, or truth, that input i is known to be. */
static bool number_of(sy_mind_translator *work, int i, int64_t *out)
{
    sy_mind_meaning meaning;
    if (sy_mind_input(work, i, &meaning) != SY_OK || meaning.kind != SY_MIND_KIND_CONSTANT ||
        meaning.constant->int_count != 1 || meaning.constant->float_count)
        return false;
    *out = meaning.constant->ints[0];
    return true;
}

static sy_status refuse(sy_mind_translator *work, const char *what)
{
    return sy_fail(work->ctx, SY_E_UNSUPPORTED,
                   "%s depends on the input's values or open sizes, and a graph has no branches: export the "
                   "network with a fixed input shape, or without the branch",
                   what);
}

/* A sub graph, or one that has its first inputs. */
static sy_status function_input(sy_mind_translator *work, int i, sy_mind_meaning *out)
{
    if (i >= work->node->input_count)
        return sy_fail(work->ctx, SY_E_MODEL, "input %d is missing", i);
    const int function = sy_mind_find_function(work->model, work->node->inputs[i]);
    if (function != SY_NONE) {
        *out = (sy_mind_meaning){.kind = SY_MIND_KIND_FUNCTION, .function = function};
        return SY_OK;
    }
    SY_TRY(sy_mind_input(work, i, out));
    if (out->kind != SY_MIND_KIND_FUNCTION)
        return sy_fail(work->ctx, SY_E_UNSUPPORTED, "input %d ('%s') is no sub graph", i,
                       work->node->inputs[i]);
    return SY_OK;
}

/* Those that a function has already, and the inputs of the node from `first` on. */
static sy_status add_arguments(sy_mind_translator *work, int first, sy_mind_meaning *function)
{
    const int had = function->element_count, more = work->node->input_count - first;
    sy_mind_meaning *list = sy_arena_alloc(&work->arena, (size_t)had + (size_t)more, sizeof *list);
    SY_TRY(sy_check_alloc(work->ctx, list));
    if (had)
        memcpy(list, function->elements, (size_t)had * sizeof *list);
    for (int i = 0; i < more; i++)
        SY_TRY(sy_mind_input(work, first + i, &list[had + i]));
    function->elements = list;
    function->element_count = had + more;
    return SY_OK;
}

static sy_status partial(sy_mind_translator *work)
{
    sy_mind_meaning function;
    SY_TRY(function_input(work, 0, &function));
    SY_TRY(add_arguments(work, 1, &function));
    work->meanings[work->index] = function;
    return SY_OK;
}

/* Whether a sub graph does nothing but end with an error. */
static bool raises(const sy_mind_translator *work, const sy_mind_meaning *function)
{
    const sy_mind_function *called = &work->model->functions[function->function];
    for (int n = called->first; n < called->end; n++)
        if (strcmp(work->model->nodes[n].type, "raise") == 0)
            return true;
    return false;
}

/* Of two sub graphs one; a branch that ends with an error is not what a sound input takes. */
static sy_status switch_functions(sy_mind_translator *work)
{
    sy_mind_meaning branches[2];
    int64_t condition;
    for (int i = 0; i < 2; i++)
        SY_TRY(function_input(work, 1 + i, &branches[i]));
    bool known = number_of(work, 0, &condition);
    if (!known && raises(work, &branches[0]) != raises(work, &branches[1])) {
        condition = !raises(work, &branches[0]);
        known = true;
    }
    if (!known)
        return refuse(work, "its condition");
    work->meanings[work->index] = branches[condition ? 0 : 1];
    return SY_OK;
}

static sy_status sequence_len(sy_mind_translator *work)
{
    sy_mind_meaning sequence;
    SY_TRY(sy_mind_input(work, 0, &sequence));
    if (sequence.kind == SY_MIND_KIND_TUPLE)
        return sy_mind_means_int(work, sequence.element_count);
    if (sequence.kind == SY_MIND_KIND_CONSTANT && sequence.constant->type == SY_MIND_TUPLE)
        return sy_mind_means_int(work,
                                 (int64_t)(sequence.constant->int_count + sequence.constant->float_count));
    const int of = sequence.kind == SY_MIND_KIND_TENSOR ? sy_mind_shape_of(work, sequence.tensor) : SY_NONE;
    if (of == SY_NONE || sy_mind_shape(work, of)->rank == SY_NONE)
        return refuse(work, "the length of its input");
    return sy_mind_means_int(work, sy_mind_shape(work, of)->rank);
}

/* Of two numbers that are known. What is not known means nothing, until a Switch needs it. */
static sy_status scalar(sy_mind_translator *work)
{
    static const char *const types[] = {"ScalarEq",  "ScalarLt",  "ScalarGt", "ScalarLe",
                                        "ScalarGe",  "BoolAnd",   "BoolOr",   "ScalarAdd",
                                        "ScalarSub", "ScalarMul", "is_",      "BoolEq"};
    int64_t a, b;
    size_t k = 0;
    while (k + 1 < sizeof types / sizeof types[0] && !sy_mind_is(work, types[k]))
        k++;
    work->meanings[work->index] = (sy_mind_meaning){.kind = SY_MIND_KIND_NOTHING};
    if (!number_of(work, 0, &a) || !number_of(work, 1, &b))
        return SY_OK;
    const int64_t limit = INT64_C(1) << 31; /* sums and products of sizes cannot overflow */
    if (a < -limit || a > limit || b < -limit || b > limit)
        return SY_OK;
    const int64_t results[] = {a == b, a<b, a> b, a <= b, a >= b, a && b, a || b,
                               a + b,  a - b,     a * b,  a == b, a == b};
    return sy_mind_means_int(work, results[k]);
}

/* BoolNot and ScalarUsub. */
static sy_status of_one_number(sy_mind_translator *work)
{
    int64_t value;
    work->meanings[work->index] = (sy_mind_meaning){.kind = SY_MIND_KIND_NOTHING};
    if (!number_of(work, 0, &value) || value == INT64_MIN)
        return SY_OK;
    return sy_mind_means_int(work, sy_mind_is(work, "BoolNot") ? !value : -value);
}

static sy_status rank_of(sy_mind_translator *work)
{
    int x;
    SY_TRY(sy_mind_tensor_input(work, 0, SY_NONE, &x));
    if (sy_mind_shape(work, x)->rank == SY_NONE)
        return refuse(work, "the rank of its input");
    return sy_mind_means_int(work, sy_mind_shape(work, x)->rank);
}

/* The sizes that input i holds; NULL: it holds none. */
static const sy_shape *sizes_of(sy_mind_translator *work, int i, int *out_tensor)
{
    sy_mind_meaning meaning;
    if (sy_mind_input(work, i, &meaning) != SY_OK || meaning.kind != SY_MIND_KIND_TENSOR)
        return NULL;
    *out_tensor = sy_mind_shape_of(work, meaning.tensor);
    return *out_tensor == SY_NONE ? NULL : sy_mind_shape(work, *out_tensor);
}

/* Whether two tensors have the same sizes, where that is known. */
static sy_status tuple_equal(sy_mind_translator *work)
{
    int tensors[2] = {SY_NONE, SY_NONE};
    const sy_shape *a = sizes_of(work, 0, &tensors[0]), *b = sizes_of(work, 1, &tensors[1]);
    work->meanings[work->index] = (sy_mind_meaning){.kind = SY_MIND_KIND_NOTHING};
    if (!a || !b || a->rank == SY_NONE || b->rank == SY_NONE)
        return SY_OK;
    if (tensors[0] == tensors[1])
        return sy_mind_means_int(work, 1);
    bool known = true;
    if (a->rank != b->rank)
        return sy_mind_means_int(work, 0);
    for (int i = 0; i < a->rank; i++) {
        known &= a->dims[i] != SY_NONE && b->dims[i] != SY_NONE;
        if (a->dims[i] != SY_NONE && b->dims[i] != SY_NONE && a->dims[i] != b->dims[i])
            return sy_mind_means_int(work, 0);
    }
    return known ? sy_mind_means_int(work, 1) : SY_OK;
}

static bool is_among(const int64_t *list, int count, int64_t value)
{
    for (int i = 0; i < count; i++)
        if (list[i] == value)
            return true;
    return false;
}

/* Whether a number is in a list, or among the sizes of a tensor, of which none is -1 when the network runs.
 */
static sy_status in_sequence(sy_mind_translator *work)
{
    const sy_mind_attr *list = sy_mind_constant(work->model, work->node, 1);
    int tensor;
    int64_t value;
    work->meanings[work->index] = (sy_mind_meaning){.kind = SY_MIND_KIND_NOTHING};
    if (!number_of(work, 0, &value))
        return SY_OK;
    if (list && !list->nested && !list->float_count)
        return sy_mind_means_int(work, is_among(list->ints, (int)list->int_count, value));
    const sy_shape *sizes = sizes_of(work, 1, &tensor);
    if (!sizes || sizes->rank == SY_NONE)
        return SY_OK;
    if (value >= 0 && is_among(sizes->dims, sizes->rank, value))
        return sy_mind_means_int(work, 1);
    return value >= 0 && is_among(sizes->dims, sizes->rank, SY_NONE) ? SY_OK : sy_mind_means_int(work, 0);
}

static sy_status raise_error(sy_mind_translator *work)
{
    return sy_fail(work->ctx, SY_E_MODEL, "the network ends with an error here, whatever its input is");
}

const sy_mind_row sy_mind_flow[] = {
    {"Partial", partial},
    {"Switch", switch_functions},
    {"sequence_len", sequence_len},
    {"ScalarEq", scalar},
    {"ScalarLt", scalar},
    {"ScalarGt", scalar},
    {"ScalarLe", scalar},
    {"ScalarGe", scalar},
    {"BoolAnd", scalar},
    {"BoolOr", scalar},
    {"BoolEq", scalar},
    {"BoolNot", of_one_number},
    {"ScalarUsub", of_one_number},
    {"Rank", rank_of},
    {"ScalarAdd", scalar},
    {"ScalarSub", scalar},
    {"ScalarMul", scalar},
    {"is_", scalar},
    {"tuple_equal", tuple_equal},
    {"InSequence", in_sequence},
    {"raise", raise_error},
    {NULL, NULL},
};

/* Nodes that are being translated: of the graph, or of a sub graph. */
typedef struct frame {
    int next, end;
    int caller;         /* the node that what it makes belongs to; SY_NONE: none */
    const char *output; /* what a sub graph makes */
} frame;

/* Every operator in a list of nodes there is no translation of, with the first node of each. */
static sy_status require_translations(const sy_mind_translator *work, int first, int end)
{
    enum { SHOWN = 10 };
    const char *types[SHOWN];
    int count = 0;
    sy_text text = {0};
    for (int n = first; n < end && count < SHOWN; n++) {
        const sy_mind_node *node = &work->model->nodes[n];
        bool seen =
            node->callee || strcmp(node->type, "Constant") == 0 || sy_mind_find_translation(node->type);
        for (int k = 0; k < count && !seen; k++)
            seen = strcmp(types[k], node->type) == 0;
        if (seen)
            continue;
        sy_text_printf(&text, "%s%s (node '%s')", count ? ", " : "", *node->type ? node->type : "no operator",
                       *node->scope ? node->scope : node->output);
        types[count++] = node->type;
    }
    const sy_status status = count ? sy_fail(work->ctx, SY_E_UNSUPPORTED, "operators that are not ours: %s%s",
                                             text.bytes ? text.bytes : "", count == SHOWN ? " ..." : "")
                                   : SY_OK;
    sy_text_release(&text);
    return status;
}

/* What a call calls, with all its inputs. */
static sy_status called_function(sy_mind_translator *work, sy_mind_meaning *out)
{
    const sy_mind_node *node = work->node;
    const int function = sy_mind_find_function(work->model, node->callee);
    if (function != SY_NONE) {
        *out = (sy_mind_meaning){.kind = SY_MIND_KIND_FUNCTION, .function = function};
    } else {
        SY_TRY(sy_mind_look_up(work, node->callee, out));
        if (out->kind != SY_MIND_KIND_FUNCTION)
            return sy_fail(work->ctx, SY_E_UNSUPPORTED, "'%s' is no sub graph", node->callee);
    }
    SY_TRY(add_arguments(work, 0, out));
    const sy_mind_function *called = &work->model->functions[out->function];
    if (out->element_count != called->input_count)
        return sy_fail(work->ctx, SY_E_MODEL, "sub graph '%s' has %d inputs, it is given %d", called->name,
                       called->input_count, out->element_count);
    return SY_OK;
}

static sy_status begin_call(sy_mind_translator *work, frame *out)
{
    sy_mind_meaning function;
    SY_TRY(called_function(work, &function));
    const sy_mind_function *called = &work->model->functions[function.function];
    for (int i = 0; i < called->input_count; i++)
        work->arguments[called->first_argument + i] = function.elements[i];
    *out = (frame){called->first, called->end, work->index, called->output};
    return require_translations(work, called->first, called->end);
}

/* A node by itself; a call only begins. */
static sy_status translate_node(sy_mind_translator *work, frame *out_call, bool *out_calls)
{
    *out_calls = work->node->callee != NULL;
    if (*out_calls)
        return begin_call(work, out_call);
    if (strcmp(work->node->type, "Constant") == 0)
        return SY_OK;
    return sy_mind_find_translation(work->node->type)(work);
}

sy_status sy_mind_translate_nodes(sy_mind_translator *work)
{
    enum { DEPTH_MAX = 32, STEPS_MAX = 1 << 18 };
    frame frames[DEPTH_MAX + 1] = {{0, work->model->node_count, SY_NONE, NULL}};
    int depth = 0, inner = 0;
    SY_TRY(require_translations(work, 0, work->model->node_count));
    while (depth >= 0) {
        frame *top = &frames[depth];
        if (top->next == top->end) {
            if (top->caller != SY_NONE)
                SY_TRY(sy_mind_look_up(work, top->output, &work->meanings[top->caller]));
            depth--;
            continue;
        }
        bool calls;
        work->index = top->next++;
        work->node = &work->model->nodes[work->index];
        inner += depth > 0;
        if (depth == DEPTH_MAX || inner > STEPS_MAX)
            return sy_fail(work->ctx, SY_E_UNSUPPORTED,
                           "its sub graphs call each other too often, or themselves");
        SY_TRY(sy_while(work->ctx, translate_node(work, &frames[depth + 1], &calls), "node '%s' (%s)",
                        *work->node->scope ? work->node->scope : work->node->output, work->node->type));
        depth += calls;
    }
    return SY_OK;
}
