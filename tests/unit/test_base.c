#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/pool.h"
#include "base/text.h"
#include "support/test.h"

static void a_message_grows_from_the_inside_out(void **state)
{
    assert_int_equal(sy_while(*state, sy_fail(*state, SY_E_MODEL, "bad %d", 7), "reading %s", "x"),
                     SY_E_MODEL);
    assert_string_equal(sy_ctx_error(*state), "reading x: bad 7");
    assert_int_equal(sy_while(*state, SY_OK, "not recorded"), SY_OK);
    assert_string_equal(sy_ctx_error(*state), "reading x: bad 7");
}

static void a_prefix_too_long_leaves_the_message(void **state)
{
    char prefix[4000];
    memset(prefix, 'p', sizeof prefix);
    prefix[sizeof prefix - 1] = '\0';
    sy_while(*state, sy_fail(*state, SY_E_MODEL, "the fault"), "%s", prefix);
    assert_string_equal(sy_ctx_error(*state), "the fault");
}

static void every_status_has_a_name_and_a_sentence(void **state)
{
    (void)state;
    for (int status = SY_OK; status <= SY_E_INTERNAL; status++) {
        assert_string_not_equal(sy_status_name((sy_status)status), "E_UNKNOWN");
        assert_string_not_equal(sy_status_text((sy_status)status), "unknown status");
    }
}

static void arena_memory_is_zeroed_aligned_and_apart(void **state)
{
    (void)state;
    sy_arena arena = {0};
    unsigned char *previous = NULL;
    for (size_t size = 0; size < 300000; size = size * 3 + 1) {
        unsigned char *memory = sy_arena_alloc(&arena, size, 1);
        assert_non_null(memory);
        assert_int_equal((uintptr_t)memory % 64, 0);
        for (size_t i = 0; i < size; i++)
            assert_int_equal(memory[i], 0);
        memset(memory, 0xAB, size);
        assert_ptr_not_equal(memory, previous);
        previous = memory;
    }
    assert_null(sy_arena_alloc(&arena, SIZE_MAX / 2, 4));
    assert_null(sy_arena_alloc(&arena, SIZE_MAX, 1));
    sy_arena_release(&arena);
}

static void the_nearest_name_is_found_or_none(void **state)
{
    (void)state;
    static const char *const names[] = {"bias_correction", "per_channel", "activation_quant_method"};
    static const struct {
        const char *word, *want;
    } cases[] = {
        {"bias_corection", "bias_correction"},
        {"BIAS_CORRECTION", "bias_correction"},
        {"per_chanel", "per_channel"},
        {"activation_method", "activation_quant_method"},
        {"zzz", NULL},
        {"", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *got = sy_text_nearest(cases[i].word, names, sizeof names[0], 3);
        if (cases[i].want)
            assert_string_equal(got, cases[i].want);
        else
            assert_null(got);
    }
}

static void numbers_are_whole_strings(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool good;
        double want;
    } cases[] = {
        {"1", true, 1},      {"-2.5e1", true, -25}, {"1/127.5", true, 1 / 127.5},
        {"1/0", false, 0},   {"", false, 0},        {"1x", false, 0},
        {" 1", false, 0},    {"nan", false, 0},     {"inf", false, 0},
        {"1/", false, 0},    {"0x10", false, 0},    {"1e999", false, 0},
        {"1/2/3", false, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        double got = -1;
        assert_int_equal(sy_parse_double(cases[i].text, &got), cases[i].good);
        if (cases[i].good)
            assert_true(got == cases[i].want);
        else
            assert_true(got == -1);
    }
    int64_t whole = 5;
    assert_true(sy_parse_int("-12", &whole) && whole == -12);
    assert_false(sy_parse_int("12 ", &whole) || sy_parse_int(" 12", &whole) || sy_parse_int("", &whole) ||
                 sy_parse_int("99999999999999999999", &whole));
}

static void bytes_come_back_as_they_were_put(void **state)
{
    (void)state;
    static const uint64_t values[] = {0, 1, 127, 128, 300, 1u << 31, UINT64_MAX};
    sy_text text = {0};
    sy_put_u8(&text, 200);
    sy_put_u32(&text, 0x12345678);
    sy_put_f32(&text, -1.5f);
    sy_put_f64(&text, 3.25);
    sy_put_string(&text, "steelyard");
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
        sy_put_varint(&text, values[i]);

    sy_bytes bytes = {(const unsigned char *)text.bytes, (const unsigned char *)text.bytes + text.size,
                      false};
    size_t length;
    assert_int_equal(sy_bytes_u8(&bytes), 200);
    assert_int_equal(sy_bytes_u32(&bytes), 0x12345678);
    assert_true(sy_bytes_f32(&bytes) == -1.5f);
    assert_true(sy_bytes_f64(&bytes) == 3.25);
    assert_memory_equal(sy_bytes_string(&bytes, &length), "steelyard", 9);
    assert_int_equal(length, 9);
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
        assert_true(sy_bytes_varint(&bytes) == values[i]);
    assert_false(bytes.failed);
    assert_ptr_equal(bytes.at, bytes.end);
    sy_text_release(&text);
}

static void reading_past_the_end_sticks(void **state)
{
    (void)state;
    static const unsigned char data[] = {1, 2, 3};
    sy_bytes bytes = {data, data + 3, false};
    assert_int_equal(sy_bytes_u32(&bytes), 0);
    assert_true(bytes.failed);
    assert_int_equal(sy_bytes_u8(&bytes), 0);

    static const unsigned char endless[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    bytes = (sy_bytes){endless, endless + sizeof endless, false};
    sy_bytes_varint(&bytes);
    assert_true(bytes.failed);

    static const unsigned char long_string[] = {200, 1, 'a'};
    size_t length;
    bytes = (sy_bytes){long_string, long_string + sizeof long_string, false};
    assert_null(sy_bytes_string(&bytes, &length));
    assert_int_equal(length, 0);
}

static char *temporary_folder(void)
{
    char *path = strdup("base_XXXXXX");
    assert_non_null(mkdtemp(path));
    return path;
}

static void a_file_appears_whole_or_not_at_all(void **state)
{
    char *folder = temporary_folder(), path[256];
    snprintf(path, sizeof path, "%s/a/b", folder);
    assert_ok(*state, sy_folder_make(*state, path));
    assert_ok(*state, sy_folder_make(*state, path)); /* there already */

    snprintf(path, sizeof path, "%s/a/b/file", folder);
    sy_writer writer;
    assert_ok(*state, sy_writer_open(*state, path, &writer));
    fputs("half", writer.file);
    assert_false(sy_path_exists(path));
    sy_writer_abandon(&writer);
    assert_ok(*state, sy_file_save(*state, path, "whole", 5));

    sy_mapped mapped;
    assert_ok(*state, sy_file_map(*state, path, &mapped));
    assert_int_equal(mapped.size, 5);
    assert_memory_equal(mapped.bytes, "whole", 5);
    sy_file_unmap(&mapped);

    sy_arena arena = {0};
    char **names;
    size_t count;
    snprintf(path, sizeof path, "%s/a/b", folder);
    assert_ok(*state, sy_folder_list(*state, path, &arena, &names, &count));
    assert_int_equal(count, 1); /* no temporary is left */
    assert_string_equal(names[0], "file");
    sy_arena_release(&arena);
    free(folder);
}

static void what_is_no_file_is_refused_in_words(void **state)
{
    char *folder = temporary_folder(), message[300], path[256];
    sy_mapped mapped = {0};
    snprintf(message, sizeof message, "%s: is a folder, a file was expected", folder);
    assert_fails(*state, sy_file_map(*state, folder, &mapped), SY_E_IO, message);
    assert_fails(*state, sy_file_map(*state, "no/such", &mapped), SY_E_IO,
                 "no/such: No such file or directory");
    snprintf(message, sizeof message, "%s: is a folder, a file was to be written there", folder);
    assert_fails(*state, sy_file_save(*state, folder, "", 0), SY_E_IO, message);
    snprintf(path, sizeof path, "%s/fifo", folder);
    assert_int_equal(mkfifo(path, 0600), 0);
    snprintf(message, sizeof message, "%s: is not a regular file", path);
    assert_fails(*state, sy_file_map(*state, path, &mapped), SY_E_IO, message);
    unlink(path);
    rmdir(folder);
    free(folder);
}

static void a_full_disk_is_reported_and_leaves_nothing(void **state)
{
    if (access("/dev/full", W_OK) != 0)
        skip();
    sy_writer writer = {
        .file = fopen("/dev/full", "wb"), .path = strdup("full_out"), .temporary = strdup("full_tmp")};
    assert_non_null(writer.file);
    fputs("some bytes", writer.file);
    assert_fails(*state, sy_writer_commit(*state, &writer), SY_E_IO,
                 "full_out: cannot be written: No space left on device");
    assert_false(sy_path_exists("full_out"));
}

/* The digest of "abc" is in FIPS 180-2, appendix B.1. */
static void the_hash_is_sha256(void **state)
{
    (void)state;
    char text[SY_HASH_TEXT];
    sy_hash hash = sy_hash_of("abc", 3);
    sy_hash_print(&hash, text);
    assert_string_equal(text, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

typedef struct {
    int done[100];
    size_t fail_at;
} counted_work;

static sy_status count_item(sy_ctx *ctx, void *user, int worker, size_t item)
{
    counted_work *work = user;
    assert_in_range(worker, 0, 3);
    if (item >= work->fail_at)
        return sy_fail(ctx, SY_E_DATA, "item %zu", item);
    work->done[item]++;
    return SY_OK;
}

static void the_pool_does_every_item_once(void **state)
{
    for (int workers = 1; workers <= 4; workers++) {
        counted_work work = {.fail_at = SIZE_MAX};
        assert_ok(*state, sy_pool_run(*state, "count", workers, 100, count_item, &work));
        for (int i = 0; i < 100; i++)
            assert_int_equal(work.done[i], 1);
    }
}

static void the_pool_returns_the_first_failure(void **state)
{
    for (int workers = 1; workers <= 4; workers++) {
        counted_work work = {.fail_at = 50};
        assert_fails(*state, sy_pool_run(*state, NULL, workers, 100, count_item, &work), SY_E_DATA,
                     "item 50");
        for (int i = 0; i < 50; i++)
            assert_int_equal(work.done[i], 1);
    }
}

static int stop_at_ten(void *user, const char *stage, size_t done, size_t total)
{
    (void)user;
    assert_string_equal(stage, "count");
    assert_int_equal(total, 100);
    return done >= 10;
}

static void a_wish_to_stop_ends_the_pool(void **state)
{
    sy_ctx_set_progress(*state, stop_at_ten, NULL);
    counted_work work = {.fail_at = SIZE_MAX};
    assert_fails(*state, sy_pool_run(*state, "count", 1, 100, count_item, &work), SY_E_CANCELLED,
                 "stopped during count");
    assert_int_equal(work.done[99], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_message_grows_from_the_inside_out, open_ctx, close_ctx),
        cmocka_unit_test_setup_teardown(a_prefix_too_long_leaves_the_message, open_ctx, close_ctx),
        cmocka_unit_test(every_status_has_a_name_and_a_sentence),
        cmocka_unit_test(arena_memory_is_zeroed_aligned_and_apart),
        cmocka_unit_test(the_nearest_name_is_found_or_none),
        cmocka_unit_test(numbers_are_whole_strings),
        cmocka_unit_test(bytes_come_back_as_they_were_put),
        cmocka_unit_test(reading_past_the_end_sticks),
        cmocka_unit_test_setup_teardown(a_file_appears_whole_or_not_at_all, open_ctx, close_ctx),
        cmocka_unit_test_setup_teardown(what_is_no_file_is_refused_in_words, open_ctx, close_ctx),
        cmocka_unit_test_setup_teardown(a_full_disk_is_reported_and_leaves_nothing, open_ctx, close_ctx),
        cmocka_unit_test(the_hash_is_sha256),
        cmocka_unit_test_setup_teardown(the_pool_does_every_item_once, open_ctx, close_ctx),
        cmocka_unit_test_setup_teardown(the_pool_returns_the_first_failure, open_ctx, close_ctx),
        cmocka_unit_test_setup_teardown(a_wish_to_stop_ends_the_pool, open_ctx, close_ctx),
    };
    return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
