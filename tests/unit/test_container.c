#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "pack/container.h"
#include "support/folder.h"

enum { HEAD = 500, CODES = 30000, TAIL = 77, MODEL = HEAD + CODES + CODES + TAIL };

/* A model of two tensors of 6-bit codes in int8, between other bytes. */
typedef struct {
    sy_ctx *ctx;
    test_folder folder;
    unsigned char model[MODEL], other[9];
    sy_pack_source sources[2];
    sy_pack_tensor tensors[2];
    sy_packed_tensor results[2];
    char path[512];
} fixture;

static void fill(fixture *self)
{
    uint32_t state = 9;
    for (size_t i = 0; i < MODEL; i++) {
        state = state * 1664525u + 1013904223u;
        self->model[i] = (unsigned char)(state >> 24);
        if (i < HEAD || i >= MODEL - TAIL)
            continue;
        const int a = (int)(state >> 28), b = (int)(state >> 20 & 15), c = (int)(state >> 12 & 15);
        self->model[i] = (unsigned char)(a + b + c - 22);
    }
    memcpy(self->other, "elsewhere", 9);
    self->sources[0] = (sy_pack_source){"m.onnx", self->model, MODEL};
    self->sources[1] = (sy_pack_source){"parts/data", self->other, 9};
    for (int t = 0; t < 2; t++)
        self->tensors[t] = (sy_pack_tensor){.name = t ? "second" : "first",
                                            .place = HEAD + (uint64_t)t * CODES,
                                            .element = {8, true},
                                            .count = CODES,
                                            .rank = 2,
                                            .dims = {300, 100}};
}

static int set_up(void **state)
{
    fixture *self = calloc(1, sizeof *self);
    if (!self || sy_ctx_create(&self->ctx) != SY_OK)
        return 1;
    folder_open(&self->folder);
    snprintf(self->path, sizeof self->path, "%s/m.syw", self->folder.path);
    fill(self);
    *state = self;
    return 0;
}

static int tear_down(void **state)
{
    fixture *self = *state;
    folder_close(&self->folder);
    sy_ctx_destroy(self->ctx);
    free(self);
    return 0;
}

static sy_status write_container(fixture *self)
{
    return sy_container_write(self->ctx, self->sources, 2, self->tensors, 2, 4, self->path, self->results);
}

/* The container's bytes, to be changed and freed. */
static unsigned char *read_container(fixture *self, size_t *out_size)
{
    sy_mapped file;
    assert_ok(self->ctx, write_container(self));
    assert_ok(self->ctx, sy_file_map(self->ctx, self->path, &file));
    unsigned char *bytes = malloc(file.size);
    assert_non_null(bytes);
    memcpy(bytes, file.bytes, file.size);
    *out_size = file.size;
    sy_file_unmap(&file);
    return bytes;
}

static const sy_section *section_of(const sy_container *container, const char *name)
{
    for (uint32_t s = 0; s < container->section_count; s++)
        if (container->sections[s].name && strcmp(container->sections[s].name, name) == 0)
            return &container->sections[s];
    return NULL;
}

static void files_come_out_as_they_went_in(void **state)
{
    fixture *self = *state;
    size_t size;
    sy_container container;
    unsigned char *bytes = read_container(self, &size), *model = NULL, *other = NULL;
    assert_true(size < MODEL - 10000);
    assert_ok(self->ctx, sy_container_open(self->ctx, bytes, size, &container));
    assert_int_equal(container.file_count, 2);
    assert_string_equal(container.files[1].name, "parts/data");
    assert_ok(self->ctx, sy_container_read_file(self->ctx, &container, 0, &model));
    assert_ok(self->ctx, sy_container_read_file(self->ctx, &container, 1, &other));
    assert_memory_equal(model, self->model, MODEL);
    assert_memory_equal(other, self->other, 9);
    for (int t = 0; t < 2; t++) {
        assert_int_equal(self->results[t].coding, SY_CODING_FSE_SHORT);
        assert_int_equal(self->results[t].bits, 6);
        assert_true(8.0 * (double)self->results[t].packed_bytes < (self->results[t].entropy + 0.05) * CODES);
    }
    free(model);
    free(other);
    sy_container_release(&container);
    free(bytes);
}

/* With everything else overwritten. */
static void one_tensor_is_read_without_the_others(void **state)
{
    fixture *self = *state;
    size_t size;
    sy_container container;
    unsigned char *bytes = read_container(self, &size), *model = NULL;
    assert_ok(self->ctx, sy_container_open(self->ctx, bytes, size, &container));
    const sy_section *second = section_of(&container, "second");
    assert_non_null(second);
    for (uint32_t s = 0; s < container.section_count; s++)
        if (&container.sections[s] != second)
            memset(bytes + container.sections[s].offset, 0xee, container.sections[s].bytes);
    unsigned char got[CODES];
    assert_int_equal(second->size, CODES);
    assert_ok(self->ctx, sy_container_read_section(self->ctx, &container, second, got));
    assert_memory_equal(got, self->model + HEAD + CODES, CODES);
    assert_fails(self->ctx, sy_container_read_file(self->ctx, &container, 0, &model), SY_E_MODEL,
                 "section 0 of the container is damaged");
    sy_container_release(&container);
    free(bytes);
}

/* Whatever bit is turned over, either a part says that it is damaged or nothing was there. */
static void every_damage_is_noticed(void **state)
{
    fixture *self = *state;
    size_t size;
    unsigned char *bytes = read_container(self, &size);
    for (size_t at = 0; at < size; at += 1 + at / 97) {
        sy_container container;
        unsigned char *file = NULL;
        bytes[at] ^= 0x10;
        sy_status status = sy_container_open(self->ctx, bytes, size, &container);
        for (uint32_t f = 0; f < 2 && status == SY_OK; f++) {
            status = sy_container_read_file(self->ctx, &container, f, &file);
            if (status == SY_OK)
                free(file);
        }
        assert_true(status == SY_E_MODEL || (status == SY_E_UNSUPPORTED && at >= 8 && at < 16));
        sy_container_release(&container);
        bytes[at] ^= 0x10;
    }
    free(bytes);
}

static void every_length_but_the_right_one_is_refused(void **state)
{
    fixture *self = *state;
    size_t size;
    unsigned char *bytes = read_container(self, &size);
    for (size_t cut = 0; cut < size; cut += 1 + cut / 50) {
        sy_container container;
        assert_int_equal(sy_container_open(self->ctx, bytes, cut, &container), SY_E_MODEL);
        sy_container_release(&container);
    }
    free(bytes);
}

static void what_does_not_become_smaller_stays_as_it_is(void **state)
{
    fixture *self = *state;
    self->tensors[1] =
        (sy_pack_tensor){.name = "noise", .place = MODEL - TAIL, .element = {8, true}, .count = TAIL};
    assert_ok(self->ctx, write_container(self));
    assert_int_equal(self->results[0].coding, SY_CODING_FSE_SHORT);
    assert_int_equal(self->results[1].coding, SY_CODING_NONE);
    assert_int_equal(self->results[1].packed_bytes, TAIL);
}

static void what_cannot_be_packed_leaves_nothing(void **state)
{
    fixture *self = *state;
    char message[700];
    self->tensors[1].place = MODEL - CODES + 1;
    snprintf(message, sizeof message, "%s: tensor 'second' does not stand inside 'm.onnx'", self->path);
    assert_fails(self->ctx, write_container(self), SY_E_MODEL, message);
    assert_false(sy_path_exists(self->path));
    fill(self);
    self->sources[1].name = "../data";
    snprintf(message, sizeof message,
             "%s: ../data: cannot stand in a container: its name must have no empty part, '.' or '..'",
             self->path);
    assert_fails(self->ctx, write_container(self), SY_E_ARGUMENT, message);
    assert_false(sy_path_exists(self->path));
}

static void names_lead_nowhere_else(void **state)
{
    (void)state;
    static const char *const good[] = {"m", "m.onnx", "a/b/c", "..a", "a..", ".hidden"};
    static const char *const bad[] = {"", "/m", "../m", "a/../m", "a//m", "./m", "a/.", "a/", "a\\m", "c:m"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_null(sy_container_name_fault(good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_non_null(sy_container_name_fault(bad[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(files_come_out_as_they_went_in, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_tensor_is_read_without_the_others, set_up, tear_down),
        cmocka_unit_test_setup_teardown(every_damage_is_noticed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(every_length_but_the_right_one_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_does_not_become_smaller_stays_as_it_is, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_cannot_be_packed_leaves_nothing, set_up, tear_down),
        cmocka_unit_test(names_lead_nowhere_else),
    };
    return cmocka_run_group_tests_name("container", tests, NULL, NULL);
}
