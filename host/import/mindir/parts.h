/* What reading each part of a MindIR file needs. Before a message is read, sy_mind_check has said that it is
 * whole. */
#ifndef SY_IMPORT_MINDIR_PARTS_H
#define SY_IMPORT_MINDIR_PARTS_H

#include "import/mindir/model.h"

enum { SY_MIND_WHAT = 200 }; /* characters of what begins a message */

/* sy_wire_take() from the model's arena. */
void *sy_mind_take(sy_ctx *ctx, sy_mind_model *model, size_t count, size_t size);

#define SY_MIND_TAKE(ctx, model, out, count)                              \
    do {                                                                  \
        (out) = sy_mind_take(ctx, model, (size_t)(count), sizeof *(out)); \
        if (!(out))                                                       \
            return SY_E_MODEL;                                            \
    } while (0)

/* SY_E_MODEL unless the fields of a message fill its bytes. */
sy_status sy_mind_check(sy_ctx *ctx, sy_span message, const char *what);
/* A name, as a string in the arena. */
sy_status sy_mind_read_text(sy_ctx *ctx, sy_mind_model *model, const sy_wire_field *field, const char *what,
                            const char **out);
/* All attributes in fields `number` of a message. */
sy_status sy_mind_read_attrs(sy_ctx *ctx, sy_mind_model *model, sy_span message, uint64_t number,
                             const char *what, sy_mind_attr **out, int *out_count);

/* A node; node `index` of the file where a message has no better name. */
sy_status sy_mind_read_node(sy_ctx *ctx, sy_mind_model *model, sy_span span, int index, sy_mind_node *out);

/* Nodes of all sub graphs. */
size_t sy_mind_count_inner_nodes(const sy_mind_model *model);
/* Sub graphs, behind the nodes of the graph, for which there is room. */
sy_status sy_mind_read_functions(sy_ctx *ctx, sy_mind_model *model);
/* Sorts all nodes by what they make, which in the graph must be different names, and finds what is called. */
sy_status sy_mind_index_nodes(sy_ctx *ctx, sy_mind_model *model);

#endif
