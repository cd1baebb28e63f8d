/* Runs that end in the middle and go on: what the second one gives is what one alone would have given. */
#include <unistd.h>

#include "base/file.h"
#include "support/collect.h"

static void path_of(char out[64])
{
    snprintf(out, 64, "resume-%ld.part", (long)getpid());
}

static sy_hash hash_of(sy_ctx *ctx, sy_stats *stats)
{
    sy_hash hash;
    assert_ok(ctx, sy_stats_content_hash(ctx, stats, &hash));
    sy_stats_destroy(stats);
    return hash;
}

static sy_hash hash_of_one_run(sy_ctx *ctx, const net *n, const made_up *set)
{
    sy_stats *stats = NULL;
    assert_ok(ctx, collect_batches(ctx, n, set, 1, 1, &stats));
    return hash_of(ctx, stats);
}

/* A run that ends at sample `broken`, and what it kept. */
static sy_stats *interrupted(sy_ctx *ctx, const net *n, made_up *set, int broken, int workers, uint32_t batch)
{
    char path[64], message[64];
    sy_stats *stats = NULL, *kept = NULL;
    path_of(path);
    sy_calib_keep keep = {.path = path};
    const run_options how = {.workers = workers, .batch = batch, .keep = &keep};
    snprintf(message, sizeof message, "s%03d: is broken", broken);
    set->broken = broken;
    assert_fails(ctx, collect_with(ctx, n, set, &how, &stats), SY_E_DATA, message);
    set->broken = SY_NONE;
    assert_ok(ctx, sy_stats_load(ctx, path, &kept));
    assert_int_equal(kept->sample_count, keep.samples);
    unlink(path);
    return kept;
}

static void what_goes_on_ends_as_one_run_does(void **state)
{
    static const struct {
        int workers;
        uint32_t batch;
    } runs[] = {{1, 1}, {1, 3}, {2, 1}, {2, 4}, {3, 2}, {2, 13}};
    enum { RUNS = sizeof runs / sizeof runs[0] };
    net n = net_create(*state);
    made_up *set = made_up_create(SAMPLES);
    set->unusable = 1;
    set->not_a_number = 3;
    const sy_hash want = hash_of_one_run(*state, &n, set);
    for (int first = 0; first < RUNS - 1; first++) {
        sy_stats *kept = interrupted(*state, &n, set, 12, runs[first].workers, runs[first].batch);
        assert_true(kept->sample_count > 0 && kept->sample_count < SAMPLES - 1);
        for (int second = 0; second < RUNS; second++) {
            const run_options how = {
                .workers = runs[second].workers, .batch = runs[second].batch, .resumed = kept};
            sy_stats *stats = NULL;
            set->reversed = second % 2;
            assert_ok(*state, collect_with(*state, &n, set, &how, &stats));
            const sy_hash got = hash_of(*state, stats);
            assert_memory_equal(&got, &want, sizeof want);
        }
        set->reversed = false;
        sy_stats_destroy(kept);
    }
    free(set);
    sy_graph_destroy(n.graph);
}

/* Ends three times, each time a little further on. */
static void what_goes_on_can_be_interrupted_again(void **state)
{
    net n = net_create(*state);
    made_up *set = made_up_create(SAMPLES);
    char path[64];
    sy_stats *kept = NULL, *stats = NULL;
    const sy_hash want = hash_of_one_run(*state, &n, set);
    path_of(path);
    for (int broken = 3; broken < SAMPLES; broken += 3) {
        sy_calib_keep keep = {.path = path};
        const run_options how = {.workers = 1, .batch = 1, .keep = &keep, .resumed = kept};
        set->broken = broken;
        assert_int_equal(collect_with(*state, &n, set, &how, &stats), SY_E_DATA);
        assert_int_equal(keep.samples, broken);
        sy_stats_destroy(kept);
        assert_ok(*state, sy_stats_load(*state, path, &kept));
    }
    set->broken = 0; /* is not read again */
    const run_options how = {.workers = 2, .batch = 2, .resumed = kept};
    assert_ok(*state, collect_with(*state, &n, set, &how, &stats));
    const sy_hash got = hash_of(*state, stats);
    assert_memory_equal(&got, &want, sizeof want);
    sy_stats_destroy(kept);
    unlink(path);
    free(set);
    sy_graph_destroy(n.graph);
}

static void where_nothing_is_left_nothing_is_run(void **state)
{
    net n = net_create(*state);
    made_up *set = made_up_create(SAMPLES);
    sy_stats *whole = NULL, *stats = NULL;
    const sy_hash want = hash_of_one_run(*state, &n, set);
    assert_ok(*state, collect_batches(*state, &n, set, 1, 1, &whole));
    const run_options how = {.workers = 2, .resumed = whole};
    set->broken = 4;
    assert_ok(*state, collect_with(*state, &n, set, &how, &stats));
    const sy_hash got = hash_of(*state, stats);
    assert_memory_equal(&got, &want, sizeof want);
    sy_stats_destroy(whole);
    free(set);
    sy_graph_destroy(n.graph);
}

/* The first sample alone would be refused: its NaN leaves some tensors without a finite value. */
static void what_is_wrong_with_all_samples_is_known_at_the_end_only(void **state)
{
    net n = net_create(*state);
    made_up *set = made_up_create(SAMPLES);
    log_lines one = {""}, two = {""};
    sy_stats *stats = NULL;
    set->not_a_number = 0;
    sy_ctx_set_log(*state, SY_LOG_WARN, keep_line, &one);
    const sy_hash want = hash_of_one_run(*state, &n, set);
    sy_ctx_set_log(*state, SY_LOG_WARN, keep_line, &two);
    sy_stats *kept = interrupted(*state, &n, set, 1, 1, 1);
    assert_int_equal(kept->sample_count, 1);
    assert_string_equal(two.text, "");
    const run_options how = {.workers = 2, .resumed = kept};
    assert_ok(*state, collect_with(*state, &n, set, &how, &stats));
    sy_ctx_set_log(*state, SY_LOG_WARN, NULL, NULL);
    const sy_hash got = hash_of(*state, stats);
    assert_memory_equal(&got, &want, sizeof want);
    assert_true(strstr(two.text, "in 1 samples, of which s000 is the first by name") != NULL);
    assert_string_equal(one.text, two.text);
    sy_stats_destroy(kept);
    free(set);
    sy_graph_destroy(n.graph);
}

static void what_is_of_another_run_is_refused(void **state)
{
    net n = net_create(*state);
    made_up *set = made_up_create(SAMPLES);
    sy_stats *kept = interrupted(*state, &n, set, 6, 1, 1), *stats = NULL;
    static const struct {
        run_options how;
        int changed;
        size_t count;
        const char *message;
    } cases[] = {
        {{.model = "n"}, SY_NONE, SAMPLES, "holds statistics of another model file"},
        {{.input_shape = "x:2"}, SY_NONE, SAMPLES, "is for input shape x:1,3,6,6, this run for x:2"},
        {{.preprocess = "preset = TF"},
         SY_NONE,
         SAMPLES,
         "was gathered with other preprocessing ([data_preprocess_param])"},
        {{.hidden = 1}, SY_NONE, SAMPLES, "holds 5 tensors, this run looks at 4: another version wrote it"},
        {{0}, SY_NONE, 4, "holds sample s004, which is none of the 4 of this run (--data, --limit)"},
        {{0}, 2, SAMPLES, "holds sample s002, whose bytes are others now"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char message[256];
        run_options how = cases[i].how;
        how.workers = 1;
        how.resumed = kept;
        set->changed = cases[i].changed;
        set->count = cases[i].count;
        snprintf(message, sizeof message, "--resume: x.part: %s; without --resume the run begins anew",
                 cases[i].message);
        assert_fails(*state, collect_with(*state, &n, set, &how, &stats), SY_E_DATA, message);
    }
    assert_null(stats);
    sy_stats_destroy(kept);
    free(set);
    sy_graph_destroy(n.graph);
}

static void tensors_of_another_run_are_refused_by_name(void **state)
{
    net n = net_create(*state);
    made_up *set = made_up_create(SAMPLES);
    sy_stats *kept = interrupted(*state, &n, set, 6, 1, 1), *stats = NULL;
    const run_options how = {.workers = 1, .resumed = kept};
    kept->tensors[2].name = "other";
    assert_fails(
        *state, collect_with(*state, &n, set, &how, &stats), SY_E_DATA,
        "--resume: x.part: holds tensor other of 0 channels where this run looks at pool of 0: another "
        "version wrote it; without --resume the run begins anew");
    kept->tensors[2].name = "pool";
    kept->tensors[1].channel_elements++;
    assert_fails(
        *state, collect_with(*state, &n, set, &how, &stats), SY_E_DATA,
        "--resume: x.part: tensor relu: its channels have other numbers of elements; without --resume "
        "the run begins anew");
    sy_stats_destroy(kept);
    free(set);
    sy_graph_destroy(n.graph);
}

static void a_file_that_cannot_be_kept_is_no_reason_to_stop(void **state)
{
    net n = net_create(*state);
    made_up *set = made_up_create(3);
    log_lines lines = {""};
    sy_stats *stats = NULL;
    sy_calib_keep keep = {.path = "no such folder/x.part"};
    const run_options how = {.workers = 1, .batch = 2, .keep = &keep};
    const sy_hash want = hash_of_one_run(*state, &n, set);
    sy_ctx_set_log(*state, SY_LOG_WARN, keep_line, &lines);
    assert_ok(*state, collect_with(*state, &n, set, &how, &stats));
    sy_ctx_set_log(*state, SY_LOG_WARN, NULL, NULL);
    const sy_hash got = hash_of(*state, stats);
    assert_memory_equal(&got, &want, sizeof want);
    assert_int_equal(keep.samples, 0);
    assert_string_equal(lines.text,
                        "no such folder/x.part: cannot be written: No such file or directory; the run "
                        "goes on, and tries again later\n");
    free(set);
    sy_graph_destroy(n.graph);
}

static void nothing_is_written_before_it_is_due(void **state)
{
    net n = net_create(*state);
    made_up *set = made_up_create(SAMPLES);
    char path[64];
    sy_stats *stats = NULL;
    path_of(path);
    sy_calib_keep keep = {.path = path, .seconds = 3600};
    const run_options how = {.workers = 2, .keep = &keep};
    set->broken = 12;
    assert_int_equal(collect_with(*state, &n, set, &how, &stats), SY_E_DATA);
    assert_int_equal(keep.samples, 0);
    assert_false(sy_path_exists(path));
    free(set);
    sy_graph_destroy(n.graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_goes_on_ends_as_one_run_does),
        cmocka_unit_test(what_goes_on_can_be_interrupted_again),
        cmocka_unit_test(where_nothing_is_left_nothing_is_run),
        cmocka_unit_test(what_is_wrong_with_all_samples_is_known_at_the_end_only),
        cmocka_unit_test(what_is_of_another_run_is_refused),
        cmocka_unit_test(tensors_of_another_run_are_refused_by_name),
        cmocka_unit_test(a_file_that_cannot_be_kept_is_no_reason_to_stop),
        cmocka_unit_test(nothing_is_written_before_it_is_due),
    };
    return cmocka_run_group_tests(tests, open_ctx, close_ctx);
}
