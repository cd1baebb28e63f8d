#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "run/memory.h"
#include "support/test.h"

enum { ITEMS = 60, STEPS = 40 };

static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

static void fill_at_random(sy_memory_item *items, int count, uint32_t seed)
{
    for (int i = 0; i < count; i++) {
        const int first = (int)(next_random(&seed) % STEPS), length = (int)(next_random(&seed) % 9);
        const size_t words = next_random(&seed) % (next_random(&seed) % 2 ? 4000 : 40);
        items[i] = (sy_memory_item){.words = words, .first = first, .last = first + length};
    }
}

static bool overlap_in_time(const sy_memory_item *a, const sy_memory_item *b)
{
    for (int t = a->first; t <= a->last; t++)
        if (t >= b->first && t <= b->last)
            return true;
    return false;
}

static bool overlap_in_memory(const sy_memory_item *a, const sy_memory_item *b)
{
    return a->words && b->words && a->offset < b->offset + b->words && b->offset < a->offset + a->words;
}

/* What is live at the fullest moment: no placement needs less. */
static size_t least_words(const sy_memory_item *items, int count)
{
    size_t most = 0;
    for (int t = 0; t < 2 * STEPS; t++) {
        size_t live = 0;
        for (int i = 0; i < count; i++)
            if (items[i].first <= t && t <= items[i].last)
                live += items[i].words;
        most = live > most ? live : most;
    }
    return most;
}

static void what_lives_together_never_overlaps(void **state)
{
    for (uint32_t seed = 1; seed <= 200; seed++) {
        sy_memory_item items[ITEMS];
        size_t total = 0;
        fill_at_random(items, ITEMS, seed);
        assert_ok(*state, sy_memory_place(*state, items, ITEMS, &total));
        for (int i = 0; i < ITEMS; i++) {
            assert_int_equal(items[i].offset % SY_MEMORY_ALIGNMENT, 0);
            assert_true(items[i].offset + items[i].words <= total);
            for (int k = 0; k < i; k++)
                if (overlap_in_time(&items[i], &items[k]) && overlap_in_memory(&items[i], &items[k]))
                    fail_msg("seed %u: items %d and %d overlap", seed, k, i);
        }
    }
}

static void memory_stays_near_the_least_there_can_be(void **state)
{
    for (uint32_t seed = 1; seed <= 200; seed++) {
        sy_memory_item items[ITEMS];
        size_t total = 0;
        fill_at_random(items, ITEMS, seed);
        assert_ok(*state, sy_memory_place(*state, items, ITEMS, &total));
        const size_t least = least_words(items, ITEMS);
        assert_true(total >= least);
        if (total > least + least / 3 + ITEMS * SY_MEMORY_ALIGNMENT)
            fail_msg("seed %u: %zu words, %zu are live at once", seed, total, least);
    }
}

static void a_chain_needs_only_its_two_largest_neighbours(void **state)
{
    sy_memory_item chain[20];
    size_t total = 0;
    for (int i = 0; i < 20; i++)
        chain[i] = (sy_memory_item){.words = 1600, .first = i, .last = i + 1};
    assert_ok(*state, sy_memory_place(*state, chain, 20, &total));
    assert_int_equal(total, 3200);
}

static void the_smallest_gap_is_taken(void **state)
{
    /* The two that end early leave gaps of 320 and 160; what comes later fits either, and goes where less is
     * lost. */
    sy_memory_item items[] = {
        {.words = 640, .first = 0, .last = 9}, {.words = 320, .first = 0, .last = 3},
        {.words = 310, .first = 0, .last = 9}, {.words = 160, .first = 0, .last = 3},
        {.words = 150, .first = 0, .last = 9}, {.words = 128, .first = 5, .last = 9},
    };
    size_t total = 0;
    assert_ok(*state, sy_memory_place(*state, items, 6, &total));
    assert_int_equal(items[5].offset, items[3].offset);
    assert_int_equal(total, 640 + 320 + 320 + 160 + 160);
}

static void nothing_needs_nothing(void **state)
{
    sy_memory_item empty[2] = {{.words = 0, .first = 0, .last = 5}, {.words = 0, .first = 2, .last = 3}};
    size_t total = 1;
    assert_ok(*state, sy_memory_place(*state, NULL, 0, &total));
    assert_int_equal(total, 0);
    assert_ok(*state, sy_memory_place(*state, empty, 2, &total));
    assert_int_equal(total, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_lives_together_never_overlaps),
        cmocka_unit_test(memory_stays_near_the_least_there_can_be),
        cmocka_unit_test(a_chain_needs_only_its_two_largest_neighbours),
        cmocka_unit_test(the_smallest_gap_is_taken),
        cmocka_unit_test(nothing_needs_nothing),
    };
    return cmocka_run_group_tests(tests, open_ctx, close_ctx);
}
