/* Whether a node written for one version of ONNX's operators means the same in a newer one. */
#ifndef SY_IMPORT_ONNX_VERSIONS_H
#define SY_IMPORT_ONNX_VERSIONS_H

#include "import/wire.h"

enum { SY_ONNX_VERSION_KNOWN = 21 }; /* the table ends here */

typedef enum sy_onnx_change {
    SY_ONNX_SAME,
    SY_ONNX_CHANGED, /* *out_version is the version that reads it differently */
    SY_ONNX_UNKNOWN, /* no operator of the table */
} sy_onnx_change;

/* For a node's message, of ONNX's own domain; from <= to <= SY_ONNX_VERSION_KNOWN. An attribute that came
 * with a default that does what was done before changes nothing, nor do more types.
 */
sy_onnx_change sy_onnx_compare_versions(sy_span node, const char *type, int from, int to, int *out_version);

/* The IR version that an operator set came with, at least 4: from there on initializers need not be inputs as
 * well. Source: the table of versions in ONNX's docs/Versioning.md.
 */
int64_t sy_onnx_ir_version(int opset);

#endif
