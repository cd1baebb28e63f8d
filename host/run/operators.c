/* Naming every operator of a model that we do not have, in one message. */
#include <string.h>

#include "ops/op.h"
#include "run/run.h"

enum { NAMES_SHOWN = 3 };

static bool same_operator(const sy_node *a, const sy_node *b)
{
    return strcmp(a->type, b->type) == 0 && strcmp(a->domain, b->domain) == 0;
}

static bool is_unknown(const sy_node *node)
{
    return !node->op && !node->removed;
}

static bool seen_before(const sy_graph *graph, int index)
{
    for (int i = 0; i < index; i++)
        if (is_unknown(&graph->nodes[i]) && same_operator(&graph->nodes[i], &graph->nodes[index]))
            return true;
    return false;
}

/* "com.acme.Foo (4 nodes: 'a', 'b', 'c' ...; the nearest we have is Floor)" */
static void print_operator(const sy_graph *graph, int first, sy_text *out)
{
    const sy_node *node = &graph->nodes[first];
    const char *nearest = sy_op_nearest(node->type);
    int count = 0;
    for (int i = first; i < graph->node_count; i++)
        count += is_unknown(&graph->nodes[i]) && same_operator(&graph->nodes[i], node);
    sy_text_printf(out, "%s%s%s (%d node%s: ", node->domain, node->domain[0] ? "." : "", node->type, count,
                   count == 1 ? "" : "s");
    int shown = 0;
    for (int i = first; i < graph->node_count && shown < NAMES_SHOWN; i++)
        if (is_unknown(&graph->nodes[i]) && same_operator(&graph->nodes[i], node))
            sy_text_printf(out, "%s'%s'", shown++ ? ", " : "", graph->nodes[i].name);
    if (count > NAMES_SHOWN)
        sy_text_printf(out, " ...");
    if (nearest)
        sy_text_printf(out, "; the nearest we have is %s", nearest);
    sy_text_printf(out, ")");
}

sy_status sy_graph_require_operators(sy_ctx *ctx, const sy_graph *graph)
{
    sy_text list = {0};
    int operators = 0;
    for (int i = 0; i < graph->node_count; i++) {
        if (!is_unknown(&graph->nodes[i]) || seen_before(graph, i))
            continue;
        sy_text_printf(&list, "%s", operators++ ? ", " : "");
        print_operator(graph, i, &list);
    }
    sy_status status = SY_OK;
    if (list.failed)
        status = sy_check_alloc(ctx, NULL);
    else if (operators)
        status = sy_fail(ctx, SY_E_UNSUPPORTED, "the model uses %d operator%s we do not have: %s", operators,
                         operators == 1 ? "" : "s", list.bytes);
    sy_text_release(&list);
    return status;
}
