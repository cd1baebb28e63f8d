/* load_samples DATA CHANNELS HEIGHT WIDTH [section.key=value]... : the words of every sample of a set, one
 * after another, to the standard output.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "data/samples.h"

static sy_status write_all(sy_ctx *ctx, const sy_samples *samples, size_t words)
{
    float *values = malloc(words * sizeof *values);
    void *out[] = {values};
    sy_status status = sy_check_alloc(ctx, values);
    for (size_t i = 0; i < sy_samples_count(samples) && status == SY_OK; i++) {
        bool usable;
        status = sy_samples_load(ctx, samples, i, out, NULL, &usable);
        if (status == SY_OK && fwrite(values, sizeof *values, words, stdout) != words)
            status = sy_fail(ctx, SY_E_IO, "standard output: cannot be written");
    }
    free(values);
    return status;
}

static sy_status run(sy_ctx *ctx, sy_config *config, int argc, char **argv)
{
    sy_sample_input input = {"x", SY_DTYPE_FLOAT, {4, {1, 0, 0, 0}}};
    size_t words;
    for (int i = 0; i < 3; i++)
        if (!sy_parse_int(argv[2 + i], &input.shape.dims[1 + i]))
            return sy_fail(ctx, SY_E_ARGUMENT, "%s: must be a number", argv[2 + i]);
    for (int i = 5; i < argc; i++)
        SY_TRY(sy_config_set(ctx, config, "--set", argv[i]));
    SY_TRY(sy_config_check(ctx, config));
    const sy_samples_spec spec = {.config = config, .data = argv[1], .inputs = &input, .input_count = 1};
    sy_samples *samples;
    SY_TRY(sy_samples_open(ctx, &spec, &samples));
    sy_shape_count(&input.shape, &words);
    const sy_status status = write_all(ctx, samples, words);
    sy_samples_destroy(samples);
    return status;
}

int main(int argc, char **argv)
{
    sy_ctx *ctx = NULL;
    sy_config *config = NULL;
    if (argc < 5 || sy_ctx_create(&ctx) != SY_OK || sy_config_create(ctx, &config) != SY_OK) {
        fprintf(stderr, "usage: load_samples DATA CHANNELS HEIGHT WIDTH [section.key=value]...\n");
        return 1;
    }
    const sy_status status = run(ctx, config, argc, argv);
    if (status != SY_OK)
        fprintf(stderr, "%s\n", sy_ctx_error(ctx));
    sy_config_destroy(config);
    sy_ctx_destroy(ctx);
    return (int)status;
}
