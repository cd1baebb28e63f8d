/* An ONNX file with other constants and nodes: what is not named here is copied byte for byte, understood or
 * not.
 *
 * Changes are collected and the file is written once. Numbers of nodes and constants are those of the file,
 * whatever was dropped or added.
 */
#ifndef SY_IMPORT_ONNX_EDIT_H
#define SY_IMPORT_ONNX_EDIT_H

#include "import/onnx/file.h"

typedef struct sy_onnx_edit sy_onnx_edit;

/* `file` must outlive the edit. */
sy_status sy_onnx_edit_create(sy_ctx *ctx, const sy_onnx_file *file, sy_onnx_edit **out);
void sy_onnx_edit_destroy(sy_onnx_edit *edit);

/* A name that nothing in the file has, bodies included, for a value or a node: "<base><ending>", with a
 * number behind it where that is taken. Lives as long as the edit; NULL without memory.
 */
const char *sy_onnx_edit_name(sy_onnx_edit *edit, const char *base, const char *ending);

/* Leaves out a constant: an initializer, and where the graph lists it as an input that too, or a Constant
 * node. Its name may then be given to the output of a new node.
 */
void sy_onnx_edit_drop_constant(sy_onnx_edit *edit, int constant);
void sy_onnx_edit_drop_node(sy_onnx_edit *edit, int node);
/* The node reads `name` as its input number `input` from now on; the number of its inputs adds one. The text
 * is copied. */
sy_status sy_onnx_edit_set_input(sy_onnx_edit *edit, int node, int input, const char *name);

/* An initializer of these name, type, shape and elements; `tensor->data` must outlive the edit, the rest is
 * copied. */
sy_status sy_onnx_edit_add_tensor(sy_onnx_edit *edit, const sy_tensor *tensor);

/* A node of ONNX's own domain. Names are as they shall stand in the file; "" for an input that is left out.
 */
typedef struct sy_onnx_new_node {
    const char *type, *name;
    const char *const *inputs;
    int input_count;
    const char *const *outputs;
    int output_count;
    const sy_attr *attrs; /* FLOAT, INT, STRING and INTS */
    int attr_count;
    const sy_onnx_node *same_attrs; /* its attributes too, byte for byte; NULL: none */
} sy_onnx_new_node;

/* Puts a node right before node `before` of the file, behind what was put there earlier; node_count: at the
 * end. Everything is copied. */
sy_status sy_onnx_edit_add_node(sy_onnx_edit *edit, int before, const sy_onnx_new_node *node);

/* The operator set of the written file: that of the file until it is raised. */
int sy_onnx_edit_opset(const sy_onnx_edit *edit);
/* Whether every node of the file, bodies included, means the same in `version`, at most 21. false: *out_why
 * says in words which does not, and lives as long as the edit. SY_E_MODEL; SY_E_MEMORY.
 */
sy_status sy_onnx_edit_can_raise(sy_onnx_edit *edit, int version, bool *out, const char **out_why);
/* Raises the operator set to at least this version, and the IR version to what it came with.
 * SY_E_UNSUPPORTED where a node would mean something else. */
sy_status sy_onnx_edit_require_opset(sy_onnx_edit *edit, int version);

/* Writes the edited file, whole or not at all. Elements of initializers that the file holds elsewhere are put
 * into it where it stays below 2 GiB; else they and the new ones go into "<path>.data". SY_E_UNSUPPORTED
 * where a Constant node or a subgraph holds its elements elsewhere and `path` is in another folder than the
 * file, and where nothing but inner data makes more than 2 GiB.
 */
sy_status sy_onnx_edit_save(sy_onnx_edit *edit, const char *path);
/* The same with another limit of bytes than 2 GiB. */
sy_status sy_onnx_edit_save_within(sy_onnx_edit *edit, const char *path, size_t limit);

#endif
