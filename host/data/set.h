/* What a set of samples is made of. Inside data only: open.c makes it, samples.c reads from it. */
#ifndef SY_DATA_SET_H
#define SY_DATA_SET_H

#include <pthread.h>

#include "data/elements.h"
#include "data/photo.h"
#include "data/samples.h"
#include "data/source.h"

typedef struct sy_input_state {
    sy_sample_input spec; /* its name in the arena of the set */
    size_t words;
    bool has_photos;
    sy_photo_plan photo;
    sy_order raw_order;
    sy_source source;
} sy_input_state;

struct sy_samples {
    sy_arena arena;
    sy_input_state *inputs;
    int input_count;
    size_t count;
    int *classes; /* NULL: no labels */
    bool skip_bad;
    const char *preprocess;
    /* The one thing that changes after opening: the verdict on all files, made when the first turns out bad.
     */
    struct verdict {
        pthread_mutex_t lock;
        char *summary; /* NULL: not made */
    } * verdict;
};

/* Reads the files of one sample: with `words`, all of them into words[k]; without, what their headers tell.
 * Fails with SY_E_DATA or SY_E_IO, naming the file, when one is bad. `out_hash` may be NULL.
 */
sy_status sy_sample_visit(sy_ctx *ctx, const sy_samples *samples, size_t index, void *const *words,
                          sy_hash *out_hash);

/* Why samples are bad: reasons[i] is a message, or NULL for a good one. */
char **sy_reasons_create(size_t count); /* NULL: no memory */
void sy_reasons_destroy(char **reasons, size_t count);
size_t sy_reasons_count(char *const *reasons, size_t count); /* the bad ones */
/* Keeps the message of a bad file and returns SY_OK; any other status passes through. */
sy_status sy_reasons_note(sy_ctx *ctx, sy_status status, char **out);
/* Logs each bad sample; fails with SY_E_DATA and a summary that names the first few. */
sy_status sy_reasons_report(sy_ctx *ctx, char *const *reasons, size_t count);

#endif
