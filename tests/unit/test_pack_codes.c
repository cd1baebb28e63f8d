#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "pack/bits.h"
#include "pack/codes.h"
#include "pack/fse.h"
#include "support/test.h"

static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

/* Codes as weights have them: crowded about the middle of what `bits` bits hold. */
static void fill_codes(int16_t *codes, size_t count, int bits, uint32_t seed)
{
    const int32_t least = -(1 << (bits - 1)), most = -least - 1;
    for (size_t i = 0; i < count; i++) {
        int64_t sum = 0;
        for (int j = 0; j < 4; j++)
            sum += (int64_t)(next_random(&seed) % (2 * (uint32_t)most + 2)) + least;
        sum = sum / 4;
        codes[i] = (int16_t)(sum < least ? least : sum > most ? most : sum);
    }
}

/* As stand in the text: bits, LSB or MSB first, and bytes worked out by hand. */
static void bit_packing_is_lsb_first_and_ends_at_a_unit(void **state)
{
    static const struct {
        int bits;
        size_t count;
        int16_t codes[4];
        size_t bytes;
        uint8_t stream[8];
    } cases[] = {
        {1, 4, {-1, 0, 0, -1}, 1, {0x06}},
        {3, 3, {-4, 3, 0}, 2, {0x38, 0x01}},
        {4, 2, {7, -8}, 1, {0x0f}},
        {10, 1, {1}, 2, {0x01, 0x02}},
        {12, 2, {-2048, 2047}, 4, {0x00, 0xf0, 0xff, 0x00}},
        {16, 1, {-32768}, 2, {0, 0}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const sy_code_form form = {.count = cases[i].count, .bits = cases[i].bits};
        sy_text out = {0};
        int16_t got[4];
        sy_bitpack_encode(cases[i].codes, &form, &out);
        assert_int_equal(out.size, cases[i].bytes);
        assert_int_equal(out.size, sy_bitpack_bytes(form.count, form.bits));
        assert_memory_equal(out.bytes, cases[i].stream, out.size);
        assert_ok(*state, sy_bitpack_decode(*state, out.bytes, out.size, &form, got));
        assert_memory_equal(got, cases[i].codes, form.count * sizeof *got);
        sy_text_release(&out);
    }
}

static void indexing_is_a_table_and_places_in_it(void **state)
{
    /* u = 3 on 4 bits, values -8, 0 and 7 as 0, 8 and 15, places on 2 bits: 0011 0000 1000 1111, 10 00 01 10.
     */
    static const int16_t codes[] = {7, -8, 0, 7};
    static const uint8_t stream[] = {0x30, 0x8f, 0x86};
    const sy_code_form form = {.count = 4, .bits = 4};
    sy_code_set set;
    sy_text out = {0};
    int16_t got[4];
    assert_ok(*state, sy_code_set_init(*state, codes, 4, &set));
    sy_index_encode(codes, &form, &set, &out);
    assert_int_equal(out.size, sizeof stream);
    assert_int_equal(out.size, sy_index_bytes(&set, 4, 4));
    assert_memory_equal(out.bytes, stream, sizeof stream);
    assert_ok(*state, sy_index_decode(*state, stream, sizeof stream, &form, got));
    assert_memory_equal(got, codes, sizeof codes);
    sy_text_release(&out);
    sy_code_set_release(&set);
}

static void a_table_of_all_codes_says_that_it_has_none(void **state)
{
    static const int16_t codes[] = {-2, -1, 0, 1};
    const sy_code_form form = {.count = 4, .bits = 2};
    sy_code_set set;
    sy_text out = {0};
    int16_t got[4];
    assert_ok(*state, sy_code_set_init(*state, codes, 4, &set));
    sy_index_encode(codes, &form, &set, &out);
    assert_int_equal((uint8_t)out.bytes[0], 0x06); /* 00, then 00 01 10 11 */
    assert_ok(*state, sy_index_decode(*state, out.bytes, out.size, &form, got));
    assert_memory_equal(got, codes, sizeof codes);
    sy_text_release(&out);
    sy_code_set_release(&set);
}

static void sparse_leaves_out_the_fill_of_each_channel(void **state)
{
    /* Channels along the last axis, filled with 1 and -1. Gaps of 2 bits: the code behind 3 fills is written
     * even if it is one. Kept: at 5 the 0 (behind a kept fill at 3, so after 1), and at 3 the -1.
     */
    static const int16_t codes[] = {1, -1, 1, -1, 1, 0, 1, -1}, fills[] = {1, -1};
    const sy_code_form form = {.count = 8, .bits = 2, .channels = 2, .inner = 1, .fills = fills};
    /* 00000010; 2 on 32 bits; u = 3: 11; values 01 10 11; places 00 01; gaps 11 01. */
    static const uint8_t stream[] = {0x02, 0, 0, 0, 2, 0xdb, 0x1d};
    sy_code_set set;
    sy_text out = {0};
    int16_t got[8];
    int gap_bits;
    size_t kept;
    assert_ok(*state, sy_code_set_init(*state, codes, 8, &set));
    sy_sparse_encode(codes, &form, &set, &out);
    /* Three bits for gaps cost one bit more for each of fewer kept codes: 1 * (2 + 3) < 2 * (2 + 2). */
    assert_int_equal(sy_sparse_bytes(codes, &form, &set, &gap_bits, &kept), out.size);
    assert_int_equal(gap_bits, 3);
    assert_int_equal(kept, 1);
    assert_ok(*state, sy_sparse_decode(*state, out.bytes, out.size, &form, got));
    assert_memory_equal(got, codes, sizeof codes);
    assert_ok(*state, sy_sparse_decode(*state, stream, sizeof stream, &form, got));
    assert_memory_equal(got, codes, sizeof codes);
    sy_text_release(&out);
    sy_code_set_release(&set);
}

static void fills_are_the_most_frequent_code_of_each_channel(void **state)
{
    /* [2, 3]: columns {5, 5}, {1, 2} and {-3, 0}. */
    static const int16_t codes[] = {5, 2, 0, 5, 1, -3};
    sy_code_set set;
    int16_t fills[3];
    assert_ok(*state, sy_code_set_init(*state, codes, 6, &set));
    assert_ok(*state, sy_sparse_find_fills(*state, codes, 6, 3, 1, &set, fills));
    assert_int_equal(fills[0], 5);
    assert_int_equal(fills[1], 1);
    assert_int_equal(fills[2], -3);
    sy_code_set_release(&set);
}

static void frequencies_add_up_to_the_table(void **state)
{
    (void)state;
    static const struct {
        uint32_t symbols;
        uint64_t uses[4];
        int log;
        uint32_t want[4];
    } cases[] = {
        {1, {1000}, 4, {16}},
        {2, {1, 1}, 5, {16, 16}},
        /* 0.5 and less become 1; the excess comes from the largest. */
        {4, {1000000, 1, 1, 1}, 6, {61, 1, 1, 1}},
        /* 10.67 each becomes 11: the first loses the one that is too much. */
        {3, {5, 5, 5}, 5, {10, 11, 11}},
        /* 5.33 each becomes 5: the first gains what is missing. */
        {3, {7, 7, 7}, 4, {6, 5, 5}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint32_t got[4];
        sy_fse_normalise(cases[i].uses, cases[i].symbols, cases[i].log, got);
        assert_memory_equal(got, cases[i].want, cases[i].symbols * sizeof *got);
    }
    assert_int_equal(sy_fse_log(1), 4);
    assert_int_equal(sy_fse_log(115), 10);
    assert_int_equal(sy_fse_log(256), 12);
    assert_int_equal(sy_fse_log(65535), 16);
}

/* Level by level is what one by one from the first of the largest gives. */
static void the_excess_is_taken_one_by_one(void **state)
{
    (void)state;
    enum { SYMBOLS = 200, LOG = 11 };
    uint64_t uses[SYMBOLS];
    uint32_t got[SYMBOLS], want[SYMBOLS], seed = 7, sum = 0;
    for (int s = 0; s < SYMBOLS; s++)
        uses[s] = s < 150 ? 1 : 100 + next_random(&seed) % 9;
    uint64_t total = 0;
    for (int s = 0; s < SYMBOLS; s++)
        total += uses[s];
    for (int s = 0; s < SYMBOLS; s++) {
        const double exact = (double)(1 << LOG) * (double)uses[s] / (double)total;
        want[s] = fmax(1, floor(exact + 0.5)) > 0 ? (uint32_t)fmax(1, floor(exact + 0.5)) : 1;
        sum += want[s];
    }
    assert_true(sum > 1 << LOG);
    for (; sum > 1 << LOG; sum--) {
        int largest = 0;
        for (int s = 1; s < SYMBOLS; s++)
            largest = want[s] > want[largest] ? s : largest;
        want[largest]--;
    }
    sy_fse_normalise(uses, SYMBOLS, LOG, got);
    assert_memory_equal(got, want, sizeof got);
}

static void spreading_meets_every_place_once(void **state)
{
    (void)state;
    for (int log = SY_FSE_LOG_LEAST; log <= SY_FSE_LOG_MOST; log++) {
        const uint32_t size = 1u << log, frequencies[] = {size / 4, size - size / 4 - 1, 1};
        uint16_t *places = malloc(size * sizeof *places);
        assert_non_null(places);
        memset(places, 0xff, size * sizeof *places);
        uint32_t got[3] = {0};
        sy_fse_spread(frequencies, 3, log, places);
        for (uint32_t i = 0; i < size; i++) {
            assert_true(places[i] < 3);
            got[places[i]]++;
        }
        assert_memory_equal(got, frequencies, sizeof got);
        free(places);
    }
}

/* Streams written out by hand: symbols 5 and 9 with 8 places each of 16. Steps of 13 from place 0 give 5 the
 * places 0 13 10 7 4 1 14 11; ascending, 0 1 4 7 10 11 13 14 have the bases 0 2 4 ... 14 and one bit each,
 * and so have 2 3 5 6 8 9 12 15 of 9. Bits 1 0 1 1001: the place is 9, code 9, base 10; with the 1 before it
 * 11, code 5, base 10; with the 0 before it 10, code 5; and the first bit ends it. Short, the table is
 * 0001000 0001000 for 8 and 8, 10000101 for 5 + 128, 00100 for 4 to the next.
 */
static void an_fse_stream_is_what_it_is_by_hand(void **state)
{
    static const int16_t codes[] = {5, 5, 9};
    static const uint8_t plain[] = {2, 0, 4, 0, 1, 0, 0, 0, 8, 0, 0, 0, 8, 0, 0,    0, 5,
                                    0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xb2, 7};
    static const uint8_t coded[] = {2, 0, 4, 0, 1, 0, 0, 0, 0x10, 0x22, 0x14, 0x80, 0,
                                    0, 0, 0, 0, 0, 0, 0, 0, 0,    0,    0xb2, 7};
    const sy_code_form form = {.count = 3, .bits = 8, .segments = 1};
    const sy_element element = {16, true};
    int16_t got[3];
    assert_ok(*state, sy_codes_decode(*state, SY_CODING_FSE_INT, plain, sizeof plain, &form, element, got));
    assert_memory_equal(got, codes, sizeof codes);
    memset(got, 0, sizeof got);
    assert_ok(*state, sy_codes_decode(*state, SY_CODING_FSE_SHORT, coded, sizeof coded, &form, element, got));
    assert_memory_equal(got, codes, sizeof codes);
}

static void assert_round_trip_in(sy_ctx *ctx, sy_coding coding, const int16_t *codes, size_t count, int bits,
                                 uint32_t segments)
{
    const sy_code_form form = {.count = count, .bits = bits, .segments = sy_fse_segments(count, segments)};
    int16_t *got = calloc(count, sizeof *got);
    sy_text out = {0};
    sy_code_set set;
    assert_non_null(got);
    assert_ok(ctx, sy_code_set_init(ctx, codes, count, &set));
    assert_ok(ctx, sy_fse_encode(ctx, coding, codes, &form, &set, &out));
    if (set.count > SY_FSE_SYMBOLS_MAX) {
        assert_int_equal(out.size, 0);
    } else {
        assert_ok(ctx, sy_codes_decode(ctx, coding, out.bytes, out.size, &form, (sy_element){16, true}, got));
        assert_memory_equal(got, codes, count * sizeof *codes);
        /* The table costs; but for it, a code takes hardly more than its entropy, or than the least that a
         * table of a few symbols can say: log2(32 / 31) bits. */
        const double bound = sy_code_set_entropy(&set) * 1.03 + 0.06;
        assert_true(8 * ((double)out.size - 8.0 * set.count - 32 - 8.0 * form.segments) <=
                    bound * (double)count + 64);
    }
    sy_text_release(&out);
    sy_code_set_release(&set);
    free(got);
}

static void assert_round_trip(sy_ctx *ctx, const int16_t *codes, size_t count, int bits, uint32_t segments)
{
    assert_round_trip_in(ctx, SY_CODING_FSE_INT, codes, count, bits, segments);
    assert_round_trip_in(ctx, SY_CODING_FSE_SHORT, codes, count, bits, segments);
}

static void every_width_length_and_number_of_segments_comes_back(void **state)
{
    static const size_t counts[] = {1, 2, 3, 4, 5, 63, 64, 65, 1000, 10000, 10001, 20011};
    static const uint32_t segments[] = {1, 2, 3, 4, 7, 9, 5000, 65535};
    static int16_t codes[20011];
    for (int bits = 1; bits <= 16; bits++)
        for (size_t c = 0; c < sizeof counts / sizeof counts[0]; c++)
            for (size_t s = 0; s < sizeof segments / sizeof segments[0]; s++) {
                if (counts[c] <= 10000 && s)
                    continue;
                fill_codes(codes, counts[c], bits, (uint32_t)(bits + (int)c));
                assert_round_trip(*state, codes, counts[c], bits, segments[s]);
            }
}

static void codes_that_are_all_the_same_take_no_bits(void **state)
{
    static int16_t codes[20000];
    assert_round_trip(*state, codes, 20000, 1, 1);
    assert_round_trip(*state, codes, 20000, 1, 3);
    codes[11111] = -7;
    assert_round_trip(*state, codes, 20000, 4, 1);
    assert_round_trip(*state, codes, 20000, 4, 4);
}

static void all_65536_codes_are_too_many_for_fse(void **state)
{
    static int16_t codes[65536];
    for (int i = 0; i < 65536; i++)
        codes[i] = (int16_t)(i - 32768);
    assert_round_trip(*state, codes, 65536, 16, 1);
    assert_round_trip(*state, codes, 65535, 16, 1);
}

static void segments_are_for_large_tensors_only(void **state)
{
    (void)state;
    assert_int_equal(sy_fse_segments(10000, 8), 1);
    assert_int_equal(sy_fse_segments(10001, 8), 8);
    assert_int_equal(sy_fse_segments(10001, 65535), 10001);
    /* 20000 in 7 is 2858 each; 6 of them leave 2852. */
    assert_int_equal(sy_fse_segments(20000, 7), 7);
    /* 10001 in 5000 is 3 each, and 3334 of these are all there is. */
    assert_int_equal(sy_fse_segments(10001, 5000), 3334);
}

static void elements_and_codes_are_one_to_one(void **state)
{
    (void)state;
    static const struct {
        sy_element element;
        uint8_t bytes[4];
        size_t count;
        int16_t codes[4];
    } cases[] = {
        {{4, true}, {0x8f, 0x07}, 3, {-1, -8, 7}},
        {{4, false}, {0x8f, 0x07}, 3, {7, 0, -1}},
        {{8, true}, {0xff, 0x7f}, 2, {-1, 127}},
        {{8, false}, {0xff, 0x00}, 2, {127, -128}},
        {{16, true}, {0x00, 0x80, 0xff, 0xff}, 2, {-32768, -1}},
        {{16, false}, {0x00, 0x80, 0xff, 0xff}, 2, {0, 32767}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int16_t codes[4];
        uint8_t bytes[4];
        sy_elements_to_codes(cases[i].element, cases[i].bytes, cases[i].count, codes);
        assert_memory_equal(codes, cases[i].codes, cases[i].count * sizeof *codes);
        sy_elements_from_codes(cases[i].element, codes, cases[i].count, bytes);
        assert_memory_equal(bytes, cases[i].bytes, sy_element_bytes(cases[i].element, cases[i].count));
    }
}

static void the_shortest_form_is_chosen(void **state)
{
    static int16_t codes[40000];
    static const int64_t dims[] = {200, 200};
    sy_packed_codes packed;
    uint32_t seed = 1;

    /* Every code of 8 bits as often as any other: nothing is shorter. */
    for (int i = 0; i < 40000; i++)
        codes[i] = (int16_t)(i % 256 - 128);
    assert_ok(*state, sy_codes_encode(*state, codes, 40000, 40000, dims, 2, 1, &packed));
    assert_int_equal(packed.coding, SY_CODING_NONE);
    sy_packed_codes_release(&packed);

    /* The same with 6 bits. */
    for (int i = 0; i < 40000; i++)
        codes[i] = (int16_t)(i % 64 - 32);
    assert_ok(*state, sy_codes_encode(*state, codes, 40000, 40000, dims, 2, 1, &packed));
    assert_int_equal(packed.coding, SY_CODING_BITPACKING);
    assert_int_equal(packed.stream.size, 30000);
    sy_packed_codes_release(&packed);

    /* Four codes far apart. */
    for (int i = 0; i < 40000; i++)
        codes[i] = (int16_t)((i % 4 - 2) * 31);
    assert_ok(*state, sy_codes_encode(*state, codes, 40000, 40000, dims, 0, 1, &packed));
    assert_int_equal(packed.coding, SY_CODING_INDEXING);
    sy_packed_codes_release(&packed);

    /* Each column all but one value of its own: only the channels of axis 1 tell. */
    for (int i = 0; i < 40000; i++)
        codes[i] = (int16_t)(next_random(&seed) % 100 == 0 ? 0 : i % 200 - 100);
    assert_ok(*state, sy_codes_encode(*state, codes, 40000, 40000, dims, 2, 1, &packed));
    assert_int_equal(packed.coding, SY_CODING_SPARSE);
    assert_int_equal(packed.form.channels, 200);
    assert_int_equal(packed.form.inner, 1);
    sy_packed_codes_release(&packed);

    fill_codes(codes, 40000, 8, 3);
    assert_ok(*state, sy_codes_encode(*state, codes, 40000, 40000, dims, 2, 4, &packed));
    assert_int_equal(packed.coding, SY_CODING_FSE_SHORT);
    assert_int_equal(packed.form.segments, 4);
    assert_true(packed.stream.size < 39000);
    sy_packed_codes_release(&packed);

    /* No bits at all would be shorter still, but nobody could bound what a stream asks for. */
    memset(codes, 0, sizeof codes);
    assert_ok(*state, sy_codes_encode(*state, codes, 40000, 40000 * 4096ull, dims, 2, 1, &packed));
    assert_int_equal(packed.coding, SY_CODING_NONE);
    sy_packed_codes_release(&packed);
}

static void streams_that_end_early_or_late_are_refused(void **state)
{
    static const sy_coding codings[] = {SY_CODING_BITPACKING, SY_CODING_INDEXING, SY_CODING_SPARSE,
                                        SY_CODING_FSE_INT, SY_CODING_FSE_SHORT};
    static int16_t codes[12000], got[12000];
    static const int16_t fill = 0;
    const sy_element element = {16, true};
    fill_codes(codes, 12000, 6, 5);
    for (size_t c = 0; c < sizeof codings / sizeof codings[0]; c++) {
        const sy_code_form form = {
            .count = 12000, .bits = 6, .segments = 2, .channels = 1, .inner = 12000, .fills = &fill};
        sy_code_set set;
        sy_text out = {0};
        assert_ok(*state, sy_code_set_init(*state, codes, 12000, &set));
        if (codings[c] == SY_CODING_BITPACKING)
            sy_bitpack_encode(codes, &form, &out);
        else if (codings[c] == SY_CODING_INDEXING)
            sy_index_encode(codes, &form, &set, &out);
        else if (codings[c] == SY_CODING_SPARSE)
            sy_sparse_encode(codes, &form, &set, &out);
        else
            assert_ok(*state, sy_fse_encode(*state, codings[c], codes, &form, &set, &out));
        assert_ok(*state, sy_codes_decode(*state, codings[c], out.bytes, out.size, &form, element, got));
        assert_memory_equal(got, codes, sizeof codes);
        for (size_t size = 0; size < out.size; size += 1 + size / 16)
            assert_int_equal(sy_codes_decode(*state, codings[c], out.bytes, size, &form, element, got),
                             SY_E_MODEL);
        sy_put_u8(&out, 0);
        assert_int_equal(sy_codes_decode(*state, codings[c], out.bytes, out.size, &form, element, got),
                         SY_E_MODEL);
        sy_text_release(&out);
        sy_code_set_release(&set);
    }
}

/* Any byte of a stream may be wrong: the decoder says so, or other codes come out; under a sanitizer this
 * also shows that nothing else is touched. */
static void damage_streams(sy_ctx *ctx, sy_coding coding, size_t head)
{
    enum { COUNT = 11000 };
    static int16_t codes[COUNT], got[COUNT];
    const sy_code_form form = {.count = COUNT, .bits = 7, .segments = 5};
    sy_code_set set;
    sy_text out = {0};
    uint32_t seed = 11, refused = 0;
    fill_codes(codes, COUNT, 7, 5);
    assert_ok(ctx, sy_code_set_init(ctx, codes, COUNT, &set));
    assert_ok(ctx, sy_fse_encode(ctx, coding, codes, &form, &set, &out));
    for (int round = 0; round < 400; round++) {
        const size_t at = round < 200 ? next_random(&seed) % head : next_random(&seed) % out.size;
        const char before = out.bytes[at];
        out.bytes[at] = (char)(before ^ (1 << next_random(&seed) % 8));
        refused +=
            sy_codes_decode(ctx, coding, out.bytes, out.size, &form, (sy_element){8, true}, got) != SY_OK;
        out.bytes[at] = before;
    }
    assert_true(refused > 150);
    sy_text_release(&out);
    sy_code_set_release(&set);
}

static void damaged_streams_do_no_harm(void **state)
{
    damage_streams(*state, SY_CODING_FSE_INT, 1100);
    damage_streams(*state, SY_CODING_FSE_SHORT, 120);
}

static void messages_say_what_is_wrong(void **state)
{
    int16_t got[64];
    const sy_element byte = {8, true};
    const sy_code_form form = {.count = 3, .bits = 4, .segments = 1};
    static const uint8_t far_index[] = {0x30, 0x8f, 0xc0}, bad_gaps[] = {11, 0, 0, 0, 0, 0x10},
                         no_symbols[] = {0, 0, 5, 0, 1, 0, 0, 0};
    assert_fails(*state, sy_codes_decode(*state, SY_CODING_BITPACKING, "ab", 1, &form, byte, got), SY_E_MODEL,
                 "3 packed codes of 4 bits take 2 bytes, not 1");
    assert_fails(*state, sy_codes_decode(*state, SY_CODING_INDEXING, far_index, 3, &form, byte, got),
                 SY_E_MODEL, "code 0 is number 3 of a table of 3");
    assert_fails(*state, sy_codes_decode(*state, SY_CODING_SPARSE, bad_gaps, 6, &form, byte, got), SY_E_MODEL,
                 "gaps of 11 bits: 2 to 10 were expected");
    assert_fails(*state, sy_codes_decode(*state, SY_CODING_FSE_INT, no_symbols, 8, &form, byte, got),
                 SY_E_MODEL, "0 symbols in a table of 2^5: at least 1, and 2^4 to 2^16, were expected");
    assert_fails(*state, sy_codes_decode(*state, (sy_coding)3, "", 0, &form, byte, got), SY_E_MODEL,
                 "coding 3 is not known");
    assert_fails(*state,
                 sy_codes_decode(*state, SY_CODING_BITPACKING, "", 0,
                                 &(sy_code_form){.count = 3, .bits = 9, .segments = 1}, byte, got),
                 SY_E_MODEL, "codes of 9 bits in elements of 8");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bit_packing_is_lsb_first_and_ends_at_a_unit),
        cmocka_unit_test(indexing_is_a_table_and_places_in_it),
        cmocka_unit_test(a_table_of_all_codes_says_that_it_has_none),
        cmocka_unit_test(sparse_leaves_out_the_fill_of_each_channel),
        cmocka_unit_test(fills_are_the_most_frequent_code_of_each_channel),
        cmocka_unit_test(frequencies_add_up_to_the_table),
        cmocka_unit_test(the_excess_is_taken_one_by_one),
        cmocka_unit_test(spreading_meets_every_place_once),
        cmocka_unit_test(an_fse_stream_is_what_it_is_by_hand),
        cmocka_unit_test(every_width_length_and_number_of_segments_comes_back),
        cmocka_unit_test(codes_that_are_all_the_same_take_no_bits),
        cmocka_unit_test(all_65536_codes_are_too_many_for_fse),
        cmocka_unit_test(segments_are_for_large_tensors_only),
        cmocka_unit_test(elements_and_codes_are_one_to_one),
        cmocka_unit_test(the_shortest_form_is_chosen),
        cmocka_unit_test(streams_that_end_early_or_late_are_refused),
        cmocka_unit_test(damaged_streams_do_no_harm),
        cmocka_unit_test(messages_say_what_is_wrong),
    };
    return cmocka_run_group_tests_name("pack_codes", tests, open_ctx, close_ctx);
}
