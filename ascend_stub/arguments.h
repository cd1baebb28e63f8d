/* What Ascend's offline compiler has to be told about a model, as a text beside it. */
#ifndef SY_ASCEND_STUB_ARGUMENTS_H
#define SY_ASCEND_STUB_ARGUMENTS_H

#include "target/target.h"

/* SY_E_CONFIG when [ascend_context] does not fit the inputs of the model: before long work. */
sy_status sy_ascend_check_arguments(sy_ctx *ctx, const sy_graph *model, const sy_emit_spec *spec);

/* Writes "<name>.atc.txt" beside the model "<name>.onnx": an argument a line, comments begin with '#'. */
sy_status sy_ascend_write_arguments(sy_ctx *ctx, const sy_graph *emitted, const sy_emit_spec *spec);

#endif
