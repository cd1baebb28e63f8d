/* A MindIR file while it is edited, and the nodes that turn integers into floats. */
#ifndef SY_IMPORT_MINDIR_EDITOR_H
#define SY_IMPORT_MINDIR_EDITOR_H

#include "import/mindir/edit.h"

/* A tensor that is read under another name from now on. */
typedef struct sy_mind_renaming {
    const char *from, *to;
    int edit;
} sy_mind_renaming;

typedef struct sy_mind_editor {
    sy_ctx *ctx;
    const sy_mind_model *model;
    const sy_mind_edit *edits;
    int count;
    sy_mind_widen widen;
    sy_mind_renaming *renamings; /* [count], sorted by `from` */
    int *of_parameter;           /* per parameter: its edit, or SY_NONE */
    bool *sinks; /* per node: only keeps side effects in order; it goes on reading what it read */
    sy_text *out;
    sy_arena arena;
} sy_mind_editor;

/* What a node that is added for an edit makes, "net:first.weight-Cast:0": the loader takes off what stands
 * before the first colon and behind the last. Names of factors, "net:first.weight-scales". Both in the
 * editor's arena; "" and a failed text without memory.
 */
const char *sy_mind_node_output(sy_mind_editor *work, const sy_mind_edit *edit, const char *what);
const char *sy_mind_factor_name(sy_mind_editor *work, const sy_mind_edit *edit, const char *what);
/* The name that the integers of an edit are read under. */
const char *sy_mind_source_name(const sy_mind_editor *work, const sy_mind_edit *edit);
int64_t sy_mind_float_type(const sy_mind_editor *work, const sy_mind_edit *edit);
/* Whether an AttributeProto is the abstract of what its node makes. */
bool sy_mind_is_shape(sy_span attribute);

/* Writes a message field; releases `text`. */
void sy_mind_put_message(sy_text *out, uint32_t number, sy_text *text);
void sy_mind_put_dims(sy_text *out, const sy_shape *shape);

/* What must stand before every node of the model; the three nodes of an edit; their operators. */
void sy_mind_put_first_nodes(sy_mind_editor *work, sy_text *out);
void sy_mind_put_chain(sy_mind_editor *work, sy_text *out, const sy_mind_edit *edit);
void sy_mind_put_primitives(sy_mind_editor *work, sy_text *out);

#endif
