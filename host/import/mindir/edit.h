/* A MindIR file with other weights: integers in the place of floats, and the nodes that turn them back,
 * before what reads them. Everything else is copied byte for byte, understood or not.
 */
#ifndef SY_IMPORT_MINDIR_EDIT_H
#define SY_IMPORT_MINDIR_EDIT_H

#include "import/mindir/model.h"

/* What turns integers into floats: Cast, which every backend has, or AscendAntiQuant. */
typedef enum sy_mind_widen { SY_MIND_WIDEN_CAST, SY_MIND_WIDEN_ANTI_QUANT } sy_mind_widen;

/* A parameter becomes integers of `integer_type`; floats = (widen(integers) + zps) * scales, of the type the
 * parameter had (float32 or float16). The three nodes stand behind node `after`, and take its place at what
 * reads it: behind the Load of the parameter, or a Gather of it. SY_NONE: behind the parameter itself.
 */
typedef struct sy_mind_edit {
    int parameter; /* of the model */
    int after;     /* node */
    sy_dtype integer_type;
    const void *integers;
    size_t integer_bytes;
    sy_shape factor_shape; /* of scales and zps; broadcasts to what they are applied to */
    const void *scales, *zps;
    size_t factor_bytes;
} sy_mind_edit;

/* Writes the edited model, whole or not at all; edits in order of their nodes. Data in other files that is
 * still needed is copied to the new folder where that is another one. SY_E_UNSUPPORTED where the file would
 * end up above 2 GiB.
 */
sy_status sy_mind_save(sy_ctx *ctx, const sy_mind_model *model, const char *folder, const sy_mind_edit *edits,
                       int count, sy_mind_widen widen, const char *path);

/* The same as bytes, without data in other files. */
sy_status sy_mind_print(sy_ctx *ctx, const sy_mind_model *model, const sy_mind_edit *edits, int count,
                        sy_mind_widen widen, sy_text *out);

#endif
