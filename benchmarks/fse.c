/* How fast codes come out of FSE streams, on one core, in MB of decoded codes a second (10^6 bytes of int8 or
 * int16, not of the stream): with one segment and with several, beside memcpy of the same bytes and zlib's
 * inflate of them. Best of many runs; the last line is over all that was measured.
 *
 *     fse [FILE ...]    files of int8 codes; none: codes of normal weights, 4, 6 and 8 bits
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/file.h"
#include "benchmarks/clock.h"
#include "pack/codes.h"
#include "pack/elements.h"

enum { RUNS = 30, CODES = 4 << 20, SPEEDS_MAX = 1024 };

static sy_ctx *ctx;

/* Of every FSE stream that was measured. */
static double speeds[SPEEDS_MAX];
static size_t speed_count;

static void *take(size_t bytes)
{
    void *memory = malloc(bytes);
    if (!memory) {
        fputs("fse: out of memory\n", stderr);
        exit(1);
    }
    return memory;
}

static void stop_unless(sy_status status)
{
    if (status == SY_OK)
        return;
    fprintf(stderr, "fse: %s\n", sy_ctx_error(ctx));
    exit(1);
}

static double megabytes(size_t bytes, double seconds)
{
    return (double)bytes / seconds * 1e-6;
}

static double measure_memcpy(const void *from, void *to, size_t bytes)
{
    double best = INFINITY;
    for (int run = 0; run < RUNS; run++) {
        const double start = cpu_seconds();
        memcpy(to, from, bytes);
        best = fmin(best, cpu_seconds() - start);
    }
    return megabytes(bytes, best);
}

static double measure_zlib(const void *from, void *to, size_t bytes, double *out_ratio)
{
    uLongf packed_bytes = compressBound(bytes);
    unsigned char *packed = take(packed_bytes);
    double best = INFINITY;
    if (compress2(packed, &packed_bytes, from, bytes, 6) != Z_OK)
        exit(1);
    *out_ratio = 8.0 * (double)packed_bytes / (double)bytes;
    for (int run = 0; run < RUNS / 4; run++) {
        uLongf size = bytes;
        const double start = cpu_seconds();
        if (uncompress(to, &size, packed, packed_bytes) != Z_OK)
            exit(1);
        best = fmin(best, cpu_seconds() - start);
    }
    free(packed);
    return megabytes(bytes, best);
}

static double measure_fse(const int16_t *codes, const void *from, void *to, size_t count, sy_element element,
                          uint32_t segments, double *out_bits)
{
    const size_t bytes = sy_element_bytes(element, count);
    sy_code_set set;
    sy_text stream = {0};
    double best = INFINITY;
    stop_unless(sy_code_set_init(ctx, codes, count, &set));
    const sy_code_form form = {
        .count = count, .bits = element.bits, .segments = sy_fse_segments(count, segments)};
    stop_unless(sy_fse_encode(ctx, SY_CODING_FSE_INT, codes, &form, &set, &stream));
    for (int run = 0; run < RUNS; run++) {
        const double start = cpu_seconds();
        stop_unless(sy_codes_decode(ctx, SY_CODING_FSE_INT, stream.bytes, stream.size, &form, element, to));
        best = fmin(best, cpu_seconds() - start);
    }
    if (memcmp(from, to, bytes) != 0) {
        fputs("fse: the codes came out wrong\n", stderr);
        exit(1);
    }
    *out_bits = 8.0 * (double)stream.size / (double)count;
    sy_text_release(&stream);
    sy_code_set_release(&set);
    return megabytes(bytes, best);
}

static void measure(const char *name, const int16_t *codes, size_t count, sy_element element)
{
    static const uint32_t segments[] = {1, 2, 4, 8};
    const size_t bytes = sy_element_bytes(element, count);
    void *from = take(bytes), *to = take(bytes);
    double ratio;
    sy_elements_from_codes(element, codes, count, from);
    const double copy = measure_memcpy(from, to, bytes), inflate = measure_zlib(from, to, bytes, &ratio);
    printf("%s: %zu codes in %zu bytes\n  memcpy %.0f MB/s; zlib %.0f MB/s, %.2f bits a byte\n", name, count,
           bytes, copy, inflate, ratio);
    for (size_t i = 0; i < sizeof segments / sizeof segments[0]; i++) {
        double bits;
        const double speed = measure_fse(codes, from, to, count, element, segments[i], &bits);
        printf("  FSE, %u segments: %.0f MB/s, %.1f times zlib, %.3f of memcpy; %.2f bits a code\n",
               segments[i], speed, speed / inflate, speed / copy, bits);
        if (speed_count < SPEEDS_MAX)
            speeds[speed_count++] = speed;
    }
    free(from);
    free(to);
}

/* Roughly normal: the largest of 4 million is at 5 deviations. */
static void fill_normal(int16_t *codes, size_t count, int bits)
{
    uint32_t state = 1;
    const double half = (1 << (bits - 1)) - 1;
    for (size_t i = 0; i < count; i++) {
        double sum = -6;
        for (int j = 0; j < 12; j++) {
            state = state * 1664525u + 1013904223u;
            sum += (double)(state >> 8) * 0x1p-24;
        }
        codes[i] = (int16_t)fmax(-half, fmin(half, rint(sum / 5 * half)));
    }
}

static void measure_file(const char *path)
{
    sy_mapped file;
    stop_unless(sy_file_map(ctx, path, &file));
    int16_t *codes = take(file.size * sizeof *codes);
    sy_elements_to_codes((sy_element){8, true}, file.bytes, file.size, codes);
    measure(path, codes, file.size, (sy_element){8, true});
    free(codes);
    sy_file_unmap(&file);
}

static int by_size(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void print_all(void)
{
    qsort(speeds, speed_count, sizeof *speeds, by_size);
    printf("FSE, %zu streams: %.0f MB/s the slowest, %.0f in the middle, %.0f the fastest\n", speed_count,
           speeds[0], speeds[speed_count / 2], speeds[speed_count - 1]);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        int bits;
        sy_element element;
    } kinds[] = {{"normal, 4 bits in int8", 4, {8, true}},
                 {"normal, 6 bits in int8", 6, {8, true}},
                 {"normal, 8 bits in int8", 8, {8, true}},
                 {"normal, 12 bits in int16", 12, {16, true}}};
    if (sy_ctx_create(&ctx) != SY_OK)
        return 1;
    for (int i = 1; i < argc; i++)
        measure_file(argv[i]);
    int16_t *codes = take(CODES * sizeof *codes);
    for (size_t i = 0; argc == 1 && i < sizeof kinds / sizeof kinds[0]; i++) {
        fill_normal(codes, CODES, kinds[i].bits);
        measure(kinds[i].name, codes, CODES, kinds[i].element);
    }
    free(codes);
    print_all();
    sy_ctx_destroy(ctx);
    return 0;
}
