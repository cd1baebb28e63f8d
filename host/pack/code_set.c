#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "pack/codes.h"

static void find_ends(const int16_t *codes, size_t count, sy_code_set *set)
{
    int16_t least = codes[0], most = codes[0];
    for (size_t i = 1; i < count; i++) {
        least = codes[i] < least ? codes[i] : least;
        most = codes[i] > most ? codes[i] : most;
    }
    set->least = least;
    set->most = most;
}

sy_status sy_code_set_init(sy_ctx *ctx, const int16_t *codes, size_t count, sy_code_set *out)
{
    *out = (sy_code_set){0};
    find_ends(codes, count, out);
    const size_t range = (size_t)(out->most - out->least) + 1;
    uint64_t *uses = calloc(range, sizeof *uses);
    out->values = malloc(range * sizeof *out->values);
    out->places = calloc(range, sizeof *out->places);
    out->uses = uses;
    SY_TRY(sy_check_alloc(ctx, uses && out->values && out->places ? uses : NULL));
    for (size_t i = 0; i < count; i++)
        uses[codes[i] - out->least]++;
    for (size_t c = 0; c < range; c++)
        if (uses[c]) {
            out->values[out->count] = (int16_t)(out->least + (int32_t)c);
            out->places[c] = (uint16_t)out->count;
            uses[out->count++] = uses[c]; /* never ahead of c */
        }
    return SY_OK;
}

void sy_code_set_release(sy_code_set *set)
{
    free(set->values);
    free(set->uses);
    free(set->places);
    *set = (sy_code_set){0};
}

int sy_code_set_bits(const sy_code_set *set)
{
    int bits = 0;
    while (bits < SY_CODE_BITS_MAX && set->count > 1u << bits)
        bits++;
    return bits;
}

int sy_code_set_width(const sy_code_set *set)
{
    int bits = 1;
    while (set->least < -(1 << (bits - 1)) || set->most > (1 << (bits - 1)) - 1)
        bits++;
    return bits;
}

double sy_code_set_entropy(const sy_code_set *set)
{
    double total = 0, entropy = 0;
    for (uint32_t s = 0; s < set->count; s++)
        total += (double)set->uses[s];
    for (uint32_t s = 0; s < set->count; s++)
        entropy -= (double)set->uses[s] / total * log2((double)set->uses[s] / total);
    return entropy;
}
