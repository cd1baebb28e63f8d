/* Integer codes of a tensor as short streams of bytes: MindSpore Lite's bit packing, indexing, sparse and FSE
 * forms. */
#ifndef SY_PACK_CODES_H
#define SY_PACK_CODES_H

#include <stdbool.h>

#include "base/text.h"
#include "pack/elements.h"

/* The numbers are those of MindSpore Lite's WeightQuantCompressType; above 15 they are ours. */
typedef enum sy_coding {
    SY_CODING_NONE = 0, /* the elements as they are */
    SY_CODING_INDEXING = 1,
    SY_CODING_SPARSE = 2,
    SY_CODING_BITPACKING = 4,
    SY_CODING_FSE_INT = 5,
    SY_CODING_FSE_SHORT = 16, /* FSE_INT whose table of symbols is coded too */
} sy_coding;

/* Whether its streams have segments. */
static inline bool sy_coding_is_fse(sy_coding coding)
{
    return coding == SY_CODING_FSE_INT || coding == SY_CODING_FSE_SHORT;
}

/* NULL for numbers that are no coding. */
const char *sy_coding_name(int coding);

enum {
    SY_CODE_BITS_MAX = 16,
    SY_FSE_SYMBOLS_MAX = 65535,
    SY_FSE_SEGMENT_CODES = 10000, /* a tensor with no more codes has one segment */
};

/* Most codes that INDEXING, SPARSE and FSE_INT take: their fields have 32 bits. */
#define SY_CODES_MAX UINT32_MAX

/* What of a tensor's codes does not stand in its stream. */
typedef struct sy_code_form {
    size_t count; /* codes */
    int bits;     /* 1 to 16: codes are in [-2^(bits-1), 2^(bits-1) - 1] */

    /* SPARSE leaves out the fill of each channel; code i is of channel (i / inner) % channels. */
    size_t channels, inner;
    const int16_t *fills; /* [channels] */

    uint32_t segments; /* of FSE, at least 1: how many parts decode apart from each other */
} sy_code_form;

/* Which codes a tensor has. */
typedef struct sy_code_set {
    uint32_t count;      /* different codes */
    int32_t least, most; /* of them */
    int16_t *values;     /* [count], ascending */
    uint64_t *uses;      /* [count] */
    uint16_t *places;    /* of code c: places[c - least] is where it stands in `values` */
} sy_code_set;

/* SY_E_MEMORY only. `count` is at least 1. Release in either case. */
sy_status sy_code_set_init(sy_ctx *ctx, const int16_t *codes, size_t count, sy_code_set *out);
void sy_code_set_release(sy_code_set *set);
/* Bits of a number below set->count: ceil(log2(count)). */
int sy_code_set_bits(const sy_code_set *set);
/* The fewest bits that hold every code of the set. */
int sy_code_set_width(const sy_code_set *set);
/* Shannon's entropy: bits a code, as the best code without memory has them. */
double sy_code_set_entropy(const sy_code_set *set);

/* Encoders append to `out`, whose `failed` tells that there was no memory. Decoders take exactly the bytes
 * that the encoder wrote and fill out[form->count]; SY_E_MODEL with the reason where the bytes are damaged:
 * nothing is read or written beyond what was given, whatever they hold.
 */

/* Codes above their least one, LSB first, one behind the other; to a byte, above 8 bits to two. */
size_t sy_bitpack_bytes(size_t count, int bits); /* 0: too many to be counted */
void sy_bitpack_encode(const int16_t *codes, const sy_code_form *form, sy_text *out);
sy_status sy_bitpack_decode(sy_ctx *ctx, const void *stream, size_t bytes, const sy_code_form *form,
                            int16_t *out);

/* A table of the codes there are, then each code as its place in it; MSB first. */
size_t sy_index_bytes(const sy_code_set *set, size_t count, int bits);
void sy_index_encode(const int16_t *codes, const sy_code_form *form, const sy_code_set *set, sy_text *out);
sy_status sy_index_decode(sy_ctx *ctx, const void *stream, size_t bytes, const sy_code_form *form,
                          int16_t *out);

/* The most frequent code of each channel, the lower of two: fills[channels]. SY_E_MEMORY only. */
sy_status sy_sparse_find_fills(sy_ctx *ctx, const int16_t *codes, size_t count, size_t channels, size_t inner,
                               const sy_code_set *set, int16_t *fills);
/* A table of codes; then of each code that is not its channel's fill its place in the table, then how many
 * fills stand before each; MSB first. `gap_bits`, 2 to 10, is the best width of these; *out_kept how many
 * codes are written.
 */
size_t sy_sparse_bytes(const int16_t *codes, const sy_code_form *form, const sy_code_set *set, int *gap_bits,
                       size_t *out_kept);
void sy_sparse_encode(const int16_t *codes, const sy_code_form *form, const sy_code_set *set, sy_text *out);
sy_status sy_sparse_decode(sy_ctx *ctx, const void *stream, size_t bytes, const sy_code_form *form,
                           int16_t *out);

/* Asymmetric numeral systems by table; `coding` is FSE_INT or FSE_SHORT. Appends nothing where the set has
 * more than SY_FSE_SYMBOLS_MAX codes. `out` is taken to begin where the stream does: its paddings count from
 * there. SY_E_MEMORY only.
 */
sy_status sy_fse_encode(sy_ctx *ctx, sy_coding coding, const int16_t *codes, const sy_code_form *form,
                        const sy_code_set *set, sy_text *out);
/* Straight into elements of 8 or 16 bits. */
sy_status sy_fse_decode_elements(sy_ctx *ctx, sy_coding coding, const void *stream, size_t bytes,
                                 const sy_code_form *form, sy_element element, void *out);

/* Segments of a tensor when no more than `most`, at least 1, are wanted: 1 where it is small. They are
 * equally long, but for the last: ceil(count / segments) codes.
 */
uint32_t sy_fse_segments(size_t count, uint32_t most);

/* The elements that the codes of a stream stand for; any coding but NONE. SY_E_MODEL where a code does not
 * fit. */
sy_status sy_codes_decode(sy_ctx *ctx, sy_coding coding, const void *stream, size_t bytes,
                          const sy_code_form *form, sy_element element, void *out);

/* A tensor in its shortest form. */
typedef struct sy_packed_codes {
    sy_coding coding;
    sy_code_form form; /* fills are owned */
    sy_text stream;    /* nothing for NONE */
    double entropy;    /* bits a code */
    uint32_t values;   /* different codes */
} sy_packed_codes;

/* The shortest of all codings, the first of equals in the order NONE, BITPACKING, INDEXING, SPARSE, FSE_INT,
 * with streams that decode into no more than SY_EXPANSION_MAX times their size. `plain_bytes` is the size for
 * NONE; `dims`, whose product is `count`, are the axes along which SPARSE looks for channels. SY_E_MEMORY
 * only. Release in either case.
 */
sy_status sy_codes_encode(sy_ctx *ctx, const int16_t *codes, size_t count, size_t plain_bytes,
                          const int64_t *dims, int rank, uint32_t max_segments, sy_packed_codes *out);
void sy_packed_codes_release(sy_packed_codes *packed);

/* Streams may say little of many codes; a damaged one must not ask for all memory. */
enum { SY_EXPANSION_MAX = 4096 };
bool sy_expansion_allowed(size_t plain_bytes, size_t stream_bytes);

#endif
