/* The factors of quantization as a text that Ascend's own quantization tool reads, for those who want it to
 * make the model: one record a product, in protobuf's text form.
 */
#ifndef SY_ASCEND_STUB_RECORD_H
#define SY_ASCEND_STUB_RECORD_H

#include "target/target.h"

void sy_ascend_print_record(const sy_graph *emitted, sy_text *out);

/* The same in "<name>.record.txt", where the model is "<name>.onnx". */
sy_status sy_ascend_write_record(sy_ctx *ctx, const sy_graph *emitted, const sy_emit_spec *spec);

#endif
