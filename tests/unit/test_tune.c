#include <math.h>

#include "pipeline/tune.h"
#include "support/folder.h"

enum { MOST = 60 };

/* 1 - cosine grows with a power of the scale; with steps, also where a larger scale happens to do better. */
typedef struct {
    double factor, power, ripple;
} curve;

static double cosine_at(const curve *model, double scale)
{
    const double wave = 1 + model->ripple * sin(400 * scale);
    return fmax(1 - model->factor * pow(scale, model->power) * wave, -1);
}

static size_t search(const curve *model, double first, double target, sy_tune_probe probes[MOST])
{
    size_t count = 0;
    double scale;
    while (count < MOST && sy_tune_next(probes, count, first, target, &scale)) {
        assert_true(scale > 0 && scale < 1);
        probes[count++] = (sy_tune_probe){scale, cosine_at(model, scale)};
    }
    return count;
}

static void the_search_ends_just_above_the_target(void **state)
{
    (void)state;
    static const curve curves[] = {{1, 2, 0},  {5, 2, 0}, {0.05, 2, 0}, {300, 2, 0},
                                   {40, 3, 0}, {2, 1, 0}, {5, 2, 0.1}};
    static const double firsts[] = {0.02, 0.0001, 0.8};
    for (size_t c = 0; c < sizeof curves / sizeof curves[0]; c++)
        for (size_t f = 0; f < sizeof firsts / sizeof firsts[0]; f++) {
            sy_tune_probe probes[MOST];
            const size_t count = search(&curves[c], firsts[f], 0.995, probes);
            const sy_tune_probe *best = sy_tune_best(probes, count, 0.995);
            assert_non_null(best);
            assert_true(best->cosine >= 0.995);
            assert_true(best->cosine <= 0.9975);
            assert_true(count <= 20);
        }
}

static void an_interrupted_search_goes_on_as_if_it_had_not_been(void **state)
{
    (void)state;
    const curve model = {900, 4, 0.05};
    sy_tune_probe whole[MOST], part[MOST];
    const size_t count = search(&model, 0.02, 0.995, whole);
    assert_true(count >= 3);
    for (size_t cut = 0; cut <= count; cut++) {
        size_t at = cut;
        double scale;
        memcpy(part, whole, cut * sizeof *part);
        while (sy_tune_next(part, at, 0.02, 0.995, &scale)) {
            part[at] = (sy_tune_probe){scale, cosine_at(&model, scale)};
            at++;
        }
        assert_int_equal(at, count);
        assert_memory_equal(part, whole, count * sizeof *part);
    }
}

static void what_cannot_be_reached_ends_too(void **state)
{
    (void)state;
    sy_tune_probe probes[MOST];
    /* Everything is near enough, up to the largest scale. */
    size_t count = search(&(curve){1e-6, 2, 0}, 0.02, 0.995, probes);
    assert_true(count < 10);
    assert_true(sy_tune_best(probes, count, 0.995)->scale == 0.9);
    /* Nothing is. */
    count = search(&(curve){0.5, 0.001, 0}, 0.02, 0.995, probes);
    assert_true(count < MOST);
    assert_null(sy_tune_best(probes, count, 0.995));
    /* A cliff: no scale is in the band, and the best is the last before it. */
    size_t at = 0;
    double scale;
    while (at < MOST && sy_tune_next(probes, at, 0.02, 0.995, &scale)) {
        probes[at] = (sy_tune_probe){scale, scale < 0.05 ? 0.9999 : 0.5};
        at++;
    }
    assert_true(at < MOST);
    const double best = sy_tune_best(probes, at, 0.995)->scale;
    assert_true(best < 0.05 && best > 0.0498);
}

static void a_scale_above_one_that_fell_short_is_not_the_best(void **state)
{
    (void)state;
    static const sy_tune_probe probes[] = {{0.1, 0.996}, {0.05, 0.99}, {0.02, 0.999}, {0.01, 0.9995}};
    assert_true(sy_tune_best(probes, 4, 0.995) == &probes[2]);
}

static void one_that_is_just_above_the_target_is_preferred(void **state)
{
    (void)state;
    static const sy_tune_probe probes[] = {
        {0.0015, 0.99551}, {0.002005, 0.9958}, {0.00201, 0.997558}, {0.0021, 0.994}};
    assert_true(sy_tune_best(probes, 4, 0.995) == &probes[1]);
    /* There is none. */
    assert_true(sy_tune_best(probes + 2, 2, 0.995) == &probes[2]);
    /* What is above one that fell short does not count. */
    static const sy_tune_probe jump[] = {{0.01, 0.9999}, {0.02, 0.99}, {0.03, 0.996}};
    assert_true(sy_tune_best(jump, 3, 0.995) == &jump[0]);
}

static void probes_are_kept_to_the_last_bit(void **state)
{
    static const sy_tune_probe probes[] = {
        {0.02, 0.99500000000000011}, {1.0 / 3, -0.1}, {1e-5, 1.0000000000000002}};
    const sy_hash key = {{1}}, other = {{2}};
    test_folder folder;
    sy_text got = {0};
    bool is_other = true;
    folder_open(&folder);
    const char *path = folder_path(&folder, "m.tune");
    assert_ok(*state, sy_tune_load(*state, path, &key, &got, &is_other));
    assert_int_equal(got.size, 0);
    assert_ok(*state, sy_tune_save(*state, path, &key, probes, 3));
    assert_ok(*state, sy_tune_load(*state, path, &key, &got, &is_other));
    assert_false(is_other);
    assert_int_equal(got.size, sizeof probes);
    assert_memory_equal(got.bytes, probes, sizeof probes);
    sy_text_release(&got);
    assert_ok(*state, sy_tune_load(*state, path, &other, &got, &is_other));
    assert_true(is_other);
    assert_int_equal(got.size, 0);
    folder_close(&folder);
}

static void files_that_are_none_are_refused(void **state)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"", "is no file of a search by auto_tune; remove it, or write elsewhere"},
        {"hello\nworld\n", "is no file of a search by auto_tune; remove it, or write elsewhere"},
        {"steelyard auto_tune 1\n0100000000000000000000000000000000000000000000000000000000000000\n0.5\n",
         "is damaged; remove it, and the search begins anew"},
        {"steelyard auto_tune 1\n0100000000000000000000000000000000000000000000000000000000000000\n1.5 0.9\n",
         "is damaged; remove it, and the search begins anew"},
    };
    const sy_hash key = {{1}};
    test_folder folder;
    folder_open(&folder);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char message[256];
        sy_text got = {0};
        bool is_other;
        folder_write(&folder, "m.tune", cases[i].text, strlen(cases[i].text));
        const char *path = folder_path(&folder, "m.tune");
        snprintf(message, sizeof message, "%s: %s", path, cases[i].message);
        assert_fails(*state, sy_tune_load(*state, path, &key, &got, &is_other), SY_E_DATA, message);
        sy_text_release(&got);
    }
    folder_close(&folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_search_ends_just_above_the_target),
        cmocka_unit_test(an_interrupted_search_goes_on_as_if_it_had_not_been),
        cmocka_unit_test(what_cannot_be_reached_ends_too),
        cmocka_unit_test(a_scale_above_one_that_fell_short_is_not_the_best),
        cmocka_unit_test(one_that_is_just_above_the_target_is_preferred),
        cmocka_unit_test(probes_are_kept_to_the_last_bit),
        cmocka_unit_test(files_that_are_none_are_refused),
    };
    return cmocka_run_group_tests_name("tune", tests, open_ctx, close_ctx);
}
