/* Sizes of the inputs a model is compiled for: [ascend_context] input_shape and dynamic_dims, as its compiler
 * wants them. The compiler takes gears, that is lists of sizes, where the configuration may say ranges.
 */
#ifndef SY_ASCEND_STUB_GEARS_H
#define SY_ASCEND_STUB_GEARS_H

#include "graph/graph.h"

enum { SY_GEARS_MAX = 100, SY_GEAR_SIZES_MAX = 16, SY_GEAR_INPUTS_MAX = 16 };

typedef struct sy_gear_input {
    const char *name; /* of the graph */
    sy_shape shape;   /* SY_NONE where the size is one of a gear */
} sy_gear_input;

typedef struct sy_gears {
    sy_gear_input inputs[SY_GEAR_INPUTS_MAX]; /* in the order of the text */
    int input_count;
    int size_count; /* of a gear: all SY_NONE of all inputs, in order */
    int64_t sizes[SY_GEARS_MAX][SY_GEAR_SIZES_MAX];
    int count; /* 0: every size is fixed */
} sy_gears;

/* `input_shape` is "x:[-1,32,32,4];y:[1,8]" (brackets may be left out), `dynamic_dims` "[1~4],[8],[16]" for
 * each input with a -1, separated by ';'; NULL where no size is open. A range stands for each of its numbers,
 * several in one bracket for each combination. SY_E_CONFIG names the part that is wrong, or does not fit the
 * graph's inputs.
 */
sy_status sy_gears_parse(sy_ctx *ctx, const sy_graph *graph, const char *input_shape,
                         const char *dynamic_dims, sy_gears *out);

/* The arguments that say the same to the compiler, a line each: --input_format, --input_shape, and one of
 * --dynamic_batch_size (only first sizes are open, and all alike), --dynamic_image_size (height and width of
 * the one open input are) and --dynamic_dims. `input_format` is what the configuration says, or NULL.
 */
void sy_gears_print(const sy_gears *gears, const char *input_format, sy_text *out);

#endif
