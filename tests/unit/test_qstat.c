#include <unistd.h>

#include "base/bytes.h"
#include "base/file.h"
#include "support/fake_stats.h"

static void path_of(char *out, size_t size, const char *name)
{
    snprintf(out, size, "qstat-%ld-%s.qstat", (long)getpid(), name);
}

/* The bytes of a file of `stats`, to be freed. */
static unsigned char *bytes_of(sy_ctx *ctx, const sy_stats *stats, size_t *out_size)
{
    char path[128];
    sy_mapped file = {0};
    path_of(path, sizeof path, "bytes");
    assert_ok(ctx, sy_stats_save(ctx, stats, path));
    assert_ok(ctx, sy_file_map(ctx, path, &file));
    unsigned char *bytes = malloc(file.size);
    assert_non_null(bytes);
    memcpy(bytes, file.bytes, file.size);
    *out_size = file.size;
    sy_file_unmap(&file);
    unlink(path);
    return bytes;
}

/* Makes the checksum fit again. */
static void seal(unsigned char *bytes, size_t size)
{
    enum { SECTION = 12 + SY_HASH_BYTES };
    const sy_hash hash = sy_hash_of(bytes, size - SECTION);
    memcpy(bytes + size - SY_HASH_BYTES, hash.bytes, SY_HASH_BYTES);
}

static void assert_same(sy_ctx *ctx, const sy_stats *a, const sy_stats *b)
{
    sy_hash of_a, of_b;
    assert_ok(ctx, sy_stats_content_hash(ctx, a, &of_a));
    assert_ok(ctx, sy_stats_content_hash(ctx, b, &of_b));
    assert_memory_equal(&of_a, &of_b, sizeof of_a);
    for (uint32_t t = 0; t < a->tensor_count; t++) {
        const sy_tensor_stats *x = &a->tensors[t], *y = &b->tensors[t];
        assert_string_equal(x->name, y->name);
        assert_true(x->elements == y->elements && x->zeros == y->zeros && x->not_finite == y->not_finite);
        assert_true(x->min == y->min && x->max == y->max && x->exponent == y->exponent);
        assert_true(x->sum == y->sum && x->sum_of_squares == y->sum_of_squares);
        assert_memory_equal(x->positive, y->positive, SY_HISTOGRAM_SIDE * sizeof *x->positive);
        assert_memory_equal(x->negative, y->negative, SY_HISTOGRAM_SIDE * sizeof *x->negative);
        assert_memory_equal(x->records, y->records, a->sample_count * sizeof *x->records);
        assert_int_equal(x->record_count, y->record_count);
        assert_int_equal(x->channel_count, y->channel_count);
        for (uint32_t c = 0; c < x->channel_count; c++)
            assert_true(x->channel_means[c] == y->channel_means[c]);
    }
}

static void what_is_saved_is_loaded(void **state)
{
    sy_stats *stats = fake_stats(*state, 0, 11, 1), *loaded = NULL;
    char path[128];
    path_of(path, sizeof path, "whole");
    assert_ok(*state, sy_stats_save(*state, stats, path));
    assert_ok(*state, sy_stats_load(*state, path, &loaded));
    assert_same(*state, stats, loaded);
    assert_memory_equal(&loaded->model, &stats->model, sizeof stats->model);
    assert_string_equal(loaded->input_shape, "x:1,4,60");
    assert_string_equal(loaded->preprocess, "resize_method = LINEAR\n");
    assert_int_equal(loaded->sample_count, 11);
    assert_string_equal(loaded->samples[10], "s010.png");
    assert_memory_equal(loaded->sample_hashes, stats->sample_hashes, 11 * sizeof *stats->sample_hashes);
    assert_non_null(sy_stats_find(loaded, "tensor2"));
    assert_null(sy_stats_find(loaded, "tensor9"));
    unlink(path);
    sy_stats_destroy(stats);
    sy_stats_destroy(loaded);
}

static void the_content_hash_is_the_checksum_of_the_file(void **state)
{
    sy_stats *stats = fake_stats(*state, 0, 3, 1);
    size_t size;
    sy_hash hash;
    unsigned char *bytes = bytes_of(*state, stats, &size);
    assert_ok(*state, sy_stats_content_hash(*state, stats, &hash));
    assert_memory_equal(bytes + size - SY_HASH_BYTES, hash.bytes, SY_HASH_BYTES);
    free(bytes);
    sy_stats_destroy(stats);
}

static void the_content_hash_sees_every_part(void **state)
{
    sy_stats *stats = fake_stats(*state, 0, 3, 1);
    sy_hash before, after;
    assert_ok(*state, sy_stats_content_hash(*state, stats, &before));
    float *const floats[] = {&stats->tensors[1].max, (float *)&stats->tensors[2].records[1].low};
    for (size_t i = 0; i < sizeof floats / sizeof floats[0]; i++) {
        const float kept = *floats[i];
        *floats[i] = nextafterf(kept, INFINITY);
        assert_ok(*state, sy_stats_content_hash(*state, stats, &after));
        assert_memory_not_equal(&before, &after, sizeof before);
        *floats[i] = kept;
    }
    stats->tensors[0].exact_sum.words[4] ^= 1;
    assert_ok(*state, sy_stats_content_hash(*state, stats, &after));
    assert_memory_not_equal(&before, &after, sizeof before);
    sy_stats_destroy(stats);
}

static void shards_merge_to_what_one_run_gives(void **state)
{
    sy_stats *whole = fake_stats(*state, 0, 15, 1), *merged = NULL;
    sy_stats *shards[] = {fake_stats(*state, 7, 5, 1), fake_stats(*state, 0, 7, 3),
                          fake_stats(*state, 12, 3, 2)};
    const sy_stats *const list[] = {shards[0], shards[1], shards[2]};
    assert_ok(*state, sy_stats_merge(*state, list, 3, &merged));
    assert_same(*state, whole, merged);
    sy_stats_destroy(merged);
    sy_stats_destroy(whole);
    for (int i = 0; i < 3; i++)
        sy_stats_destroy(shards[i]);
}

static void shards_that_do_not_belong_together_are_refused(void **state)
{
    sy_stats *a = fake_stats(*state, 0, 3, 1), *b = fake_stats(*state, 3, 3, 1), *out = NULL;
    const sy_stats *const list[] = {a, b};
    const sy_stats *const twice[] = {a, a};
    assert_fails(*state, sy_stats_merge(*state, twice, 2, &out), SY_E_DATA,
                 "sample s000.png is in more than one of the statistics to merge");
    assert_fails(*state, sy_stats_merge(*state, list, 0, &out), SY_E_ARGUMENT,
                 "there are no statistics to merge");
    const char *name = b->tensors[1].name;
    b->tensors[1].name = "other";
    assert_fails(*state, sy_stats_merge(*state, list, 2, &out), SY_E_DATA,
                 "statistics 2 hold tensor other of 0 channels where the first hold tensor1 of 0");
    b->tensors[1].name = name;
    b->tensor_count--;
    assert_fails(*state, sy_stats_merge(*state, list, 2, &out), SY_E_DATA,
                 "statistics 2 hold 2 tensors, the first 3");
    b->preprocess = "";
    assert_fails(*state, sy_stats_merge(*state, list, 2, &out), SY_E_DATA,
                 "statistics 2 were taken with other preprocessing than the first");
    b->input_shape = "x:2";
    assert_fails(*state, sy_stats_merge(*state, list, 2, &out), SY_E_DATA,
                 "statistics 2 are for input shape x:2, the first for x:1,4,60");
    b->model.bytes[0] ^= 1;
    assert_fails(*state, sy_stats_merge(*state, list, 2, &out), SY_E_DATA,
                 "statistics 2 are of another model file than the first");
    assert_null(out);
    sy_stats_destroy(a);
    sy_stats_destroy(b);
}

static void a_file_that_is_something_else_is_told_apart_from_a_damaged_one(void **state)
{
    sy_stats *stats = fake_stats(*state, 0, 2, 1), *out = NULL;
    size_t size;
    unsigned char *bytes = bytes_of(*state, stats, &size);
    assert_fails(*state, sy_stats_parse(*state, "a.png", "\x89PNG and so on", 15, &out), SY_E_DATA,
                 "a.png is no statistics file of steelyard (.qstat)");
    bytes[8] = 9;
    assert_fails(*state, sy_stats_parse(*state, "a.qstat", bytes, size, &out), SY_E_UNSUPPORTED,
                 "a.qstat is of version 9; this program reads version 1");
    bytes[8] = 1;
    bytes[size / 2] ^= 4;
    assert_fails(
        *state, sy_stats_parse(*state, "a.qstat", bytes, size, &out), SY_E_DATA,
        "a.qstat is damaged: its checksum does not fit its contents; make it again with `steelyard stats`");
    assert_null(out);
    free(bytes);
    sy_stats_destroy(stats);
}

static void every_cut_and_every_changed_bit_is_noticed(void **state)
{
    sy_stats *stats = fake_stats(*state, 0, 2, 1), *out = NULL;
    size_t size;
    unsigned char *bytes = bytes_of(*state, stats, &size);
    for (size_t cut = 0; cut < size; cut += 1 + cut / 64)
        assert_int_not_equal(sy_stats_parse(*state, "a.qstat", bytes, cut, &out), SY_OK);
    for (size_t i = 0; i < size; i += 1 + i / 64) {
        bytes[i] ^= 0x10;
        assert_int_not_equal(sy_stats_parse(*state, "a.qstat", bytes, size, &out), SY_OK);
        bytes[i] ^= 0x10;
    }
    assert_null(out);
    free(bytes);
    sy_stats_destroy(stats);
}

/* What the checksum would catch first, were it not made to fit. */
static void damage_under_a_fitting_checksum_is_never_worse_than_an_error(void **state)
{
    sy_stats *stats = fake_stats(*state, 0, 2, 1);
    size_t size;
    unsigned char *bytes = bytes_of(*state, stats, &size);
    int refused = 0, accepted = 0;
    for (size_t i = 0; i + 44 < size; i += 1 + i / 128) {
        static const unsigned char values[] = {0x00, 0x7f, 0x80, 0xff};
        const unsigned char kept = bytes[i];
        for (size_t v = 0; v < sizeof values; v++) {
            sy_stats *out = NULL;
            bytes[i] = values[v];
            seal(bytes, size);
            if (sy_stats_parse(*state, "a.qstat", bytes, size, &out) == SY_OK)
                accepted++;
            else
                refused++;
            sy_stats_destroy(out);
        }
        bytes[i] = kept;
    }
    assert_true(refused > 100 && accepted > 0);
    free(bytes);
    sy_stats_destroy(stats);
}

/* Where a section's bytes begin. */
static size_t find_section(const unsigned char *bytes, size_t size, const char *tag)
{
    sy_bytes in = {.at = bytes + 12, .end = bytes + size};
    while (in.at < in.end) {
        const char *found = sy_bytes_take(&in, 4);
        const uint64_t length = sy_bytes_u64(&in);
        if (memcmp(found, tag, 4) == 0)
            return (size_t)(in.at - bytes);
        sy_bytes_take(&in, (size_t)length);
    }
    fail_msg("no section %s", tag);
    return 0;
}

static void what_is_wrong_inside_is_named(void **state)
{
    sy_stats *stats = fake_stats(*state, 0, 2, 1), *out = NULL;
    size_t size;
    unsigned char *bytes = bytes_of(*state, stats, &size);
    const struct {
        const char *section;
        size_t offset;
        unsigned char value;
        const char *message;
    } cases[] = {
        {"SAMP", 0, 0xff, "a.qstat is damaged: the number of samples; make it again with `steelyard stats`"},
        {"SAMP", 2, 'z',
         "a.qstat is damaged: the samples are not in order; make it again with `steelyard stats`"},
        {"SAMP", 4, 0, "a.qstat is damaged: the name of a sample; make it again with `steelyard stats`"},
        {"TENS", 0, 2,
         "a.qstat is damaged: the size of the records of samples; make it again with `steelyard stats`"},
        {"TENS", 11, 2,
         "a.qstat is damaged: tensor tensor0: its histogram and zeros do not add up to its elements; make it "
         "again with `steelyard stats`"},
        {"RECO", 3, 0x7f,
         "a.qstat is damaged: tensor tensor0: the record of a sample is no range; make it again with "
         "`steelyard "
         "stats`"},
        {"CHAN", 0, 5,
         "a.qstat is damaged: tensor tensor0: the sum of a channel is cut short or wrong; make it again with "
         "`steelyard stats`"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        unsigned char *at = bytes + find_section(bytes, size, cases[i].section) + cases[i].offset;
        const unsigned char kept = *at;
        *at = cases[i].value;
        seal(bytes, size);
        assert_fails(*state, sy_stats_parse(*state, "a.qstat", bytes, size, &out), SY_E_DATA,
                     cases[i].message);
        *at = kept;
    }
    memset(bytes + find_section(bytes, size, "CHAN") - 12, 'X', 4);
    seal(bytes, size);
    assert_fails(*state, sy_stats_parse(*state, "a.qstat", bytes, size, &out), SY_E_DATA,
                 "a.qstat is damaged: section CHAN is missing");
    free(bytes);
    sy_stats_destroy(stats);
}

static void sections_of_a_later_program_are_skipped(void **state)
{
    enum { EXTRA = 12 + 5, SEAL = 12 + SY_HASH_BYTES };
    sy_stats *stats = fake_stats(*state, 0, 2, 1), *out = NULL;
    size_t size;
    unsigned char *bytes = bytes_of(*state, stats, &size);
    unsigned char *more = malloc(size + EXTRA);
    assert_non_null(more);
    memcpy(more, bytes, size - SEAL);
    memcpy(more + size - SEAL, "NEW!\5\0\0\0\0\0\0\0hello", EXTRA);
    memcpy(more + size - SEAL + EXTRA, bytes + size - SEAL, SEAL);
    seal(more, size + EXTRA);
    assert_ok(*state, sy_stats_parse(*state, "a.qstat", more, size + EXTRA, &out));
    assert_same(*state, stats, out);
    free(more);
    free(bytes);
    sy_stats_destroy(out);
    sy_stats_destroy(stats);
}

/* Most files have neither section; a merge keeps both. */
static void what_was_not_finite_or_not_exact_is_kept(void **state)
{
    sy_stats *a = fake_stats(*state, 0, 3, 1), *b = fake_stats(*state, 3, 4, 1), *loaded = NULL,
             *merged = NULL;
    const sy_stats *const list[] = {a, b};
    size_t size;
    b->tensors[1].not_finite = a->tensors[1].not_finite = 5;
    b->tensors[1].not_finite_samples = 2;
    b->tensors[1].not_finite_first = "s004.png";
    a->tensors[1].not_finite_samples = 1;
    a->tensors[1].not_finite_first = "s002.png";
    b->fast = true;
    unsigned char *bytes = bytes_of(*state, b, &size);
    assert_ok(*state, sy_stats_parse(*state, "b.qstat", bytes, size, &loaded));
    assert_same(*state, b, loaded);
    assert_true(loaded->fast);
    assert_int_equal(loaded->tensors[0].not_finite_samples, 0);
    assert_null(loaded->tensors[0].not_finite_first);
    assert_int_equal(loaded->tensors[1].not_finite_samples, 2);
    assert_string_equal(loaded->tensors[1].not_finite_first, "s004.png");
    assert_ok(*state, sy_stats_merge(*state, list, 2, &merged));
    assert_true(merged->fast);
    assert_int_equal(merged->tensors[1].not_finite_samples, 3);
    assert_string_equal(merged->tensors[1].not_finite_first, "s002.png");

    bytes[find_section(bytes, size, "NFIN") + 1] = 6;
    seal(bytes, size);
    sy_stats_destroy(loaded);
    assert_fails(
        *state, sy_stats_parse(*state, "b.qstat", bytes, size, &loaded), SY_E_DATA,
        "b.qstat is damaged: tensor tensor1: its number of samples that are not finite; make it again "
        "with `steelyard stats`");
    bytes[find_section(bytes, size, "NFIN") + 1] = 2;
    bytes[find_section(bytes, size, "ARIT")] = 2;
    seal(bytes, size);
    assert_fails(*state, sy_stats_parse(*state, "b.qstat", bytes, size, &loaded), SY_E_DATA,
                 "b.qstat is damaged: the arithmetic; make it again with `steelyard stats`");
    free(bytes);
    sy_stats_destroy(merged);
    sy_stats_destroy(a);
    sy_stats_destroy(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_saved_is_loaded),
        cmocka_unit_test(the_content_hash_is_the_checksum_of_the_file),
        cmocka_unit_test(the_content_hash_sees_every_part),
        cmocka_unit_test(shards_merge_to_what_one_run_gives),
        cmocka_unit_test(shards_that_do_not_belong_together_are_refused),
        cmocka_unit_test(a_file_that_is_something_else_is_told_apart_from_a_damaged_one),
        cmocka_unit_test(every_cut_and_every_changed_bit_is_noticed),
        cmocka_unit_test(damage_under_a_fitting_checksum_is_never_worse_than_an_error),
        cmocka_unit_test(what_is_wrong_inside_is_named),
        cmocka_unit_test(sections_of_a_later_program_are_skipped),
        cmocka_unit_test(what_was_not_finite_or_not_exact_is_kept),
    };
    return cmocka_run_group_tests(tests, open_ctx, close_ctx);
}
