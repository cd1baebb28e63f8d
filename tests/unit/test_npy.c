#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/npy.h"
#include "support/test.h"

typedef struct {
    unsigned char *bytes; /* exactly `size` of them, so that the sanitizer sees a read past the end */
    size_t size;
} file;

/* As numpy.save writes it: the header ends in a newline and is padded so that the elements begin at a
 * multiple of 64. */
static file make(int version, const char *dictionary, const void *elements, size_t bytes)
{
    const size_t lead = version == 1 ? 10 : 12;
    const size_t length = (lead + strlen(dictionary) + 1 + 63) / 64 * 64 - lead;
    file npy = {malloc(lead + length + bytes), lead + length + bytes};
    assert_non_null(npy.bytes);
    memcpy(npy.bytes, "\x93NUMPY", 6);
    npy.bytes[6] = (unsigned char)version;
    npy.bytes[7] = 0;
    npy.bytes[8] = (unsigned char)length;
    npy.bytes[9] = (unsigned char)(length >> 8);
    if (version > 1)
        npy.bytes[10] = npy.bytes[11] = 0;
    memset(npy.bytes + lead, ' ', length);
    memcpy(npy.bytes + lead, dictionary, strlen(dictionary));
    npy.bytes[lead + length - 1] = '\n';
    memcpy(npy.bytes + lead + length, elements, bytes);
    return npy;
}

static void every_version_of_the_format_is_read(void **state)
{
    const float values[6] = {1, 2, 3, 4, 5, 6};
    for (int version = 1; version <= 3; version++) {
        file f = make(version, "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2, 3), }", values,
                      sizeof values);
        sy_npy npy;
        assert_ok(*state, sy_npy_read(*state, f.bytes, f.size, &npy));
        assert_int_equal(npy.dtype, SY_DTYPE_FLOAT);
        assert_int_equal(npy.count, 6);
        assert_int_equal(npy.shape.rank, 3);
        assert_int_equal(npy.shape.dims[2], 3);
        assert_memory_equal(npy.elements, values, sizeof values);
        free(f.bytes);
    }
}

static void every_type_of_element_is_told_apart(void **state)
{
    static const struct {
        const char *descr;
        sy_dtype dtype;
        size_t bytes;
    } cases[] = {
        {"<f8", SY_DTYPE_DOUBLE, 8}, {"<f2", SY_DTYPE_FLOAT16, 2}, {"|i1", SY_DTYPE_INT8, 1},
        {"|u1", SY_DTYPE_UINT8, 1},  {"<i4", SY_DTYPE_INT32, 4},   {"<i8", SY_DTYPE_INT64, 8},
        {"|b1", SY_DTYPE_BOOL, 1},   {"<u2", SY_DTYPE_UINT16, 2},  {"<i2", SY_DTYPE_INT16, 2},
        {"<u4", SY_DTYPE_UINT32, 4}, {"<u8", SY_DTYPE_UINT64, 8},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char dictionary[128];
        const uint64_t element = 0;
        sy_npy npy;
        snprintf(dictionary, sizeof dictionary, "{'descr': '%s', 'fortran_order': False, 'shape': (1,), }",
                 cases[i].descr);
        file f = make(1, dictionary, &element, cases[i].bytes);
        assert_ok(*state, sy_npy_read(*state, f.bytes, f.size, &npy));
        assert_int_equal(npy.dtype, cases[i].dtype);
        free(f.bytes);
    }
}

static void a_scalar_and_an_empty_array_have_their_counts(void **state)
{
    const float one = 1;
    sy_npy npy;
    file f = make(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (), }", &one, sizeof one);
    assert_ok(*state, sy_npy_read(*state, f.bytes, f.size, &npy));
    assert_true(npy.count == 1 && npy.shape.rank == 0);
    free(f.bytes);
    f = make(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 0), }", &one, 0);
    assert_ok(*state, sy_npy_read(*state, f.bytes, f.size, &npy));
    assert_true(npy.count == 0 && npy.shape.rank == 2);
    free(f.bytes);
}

static void a_header_that_will_not_do_is_refused_in_words(void **state)
{
    static const struct {
        const char *dictionary, *message;
    } cases[] = {
        {"{'descr': '<f4', 'fortran_order': True, 'shape': (2,), }",
         "it is in Fortran order: save it with numpy.ascontiguousarray"},
        {"{'descr': '>f4', 'fortran_order': False, 'shape': (2,), }",
         "its elements are big-endian: save it with x.astype(x.dtype.newbyteorder('<'))"},
        {"{'descr': '<c8', 'fortran_order': False, 'shape': (1,), }",
         "its elements are of a type that is not read: save it as float32 or int64"},
        {"{'descr': '|O', 'fortran_order': False, 'shape': (1,), }",
         "its elements are of a type that is not read: save it as float32 or int64"},
        {"{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,), }",
         "its header names no simple element type"},
        {"{'fortran_order': False, 'shape': (2,), }", "its header names no simple element type"},
        {"{'descr': '<f4', 'shape': (2,), }", "its header has no fortran_order"},
        {"{'descr': '<f4', 'fortran_order': False, }", "its header has no shape"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': 2, }", "its header has no shape"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (-2,), }", "its shape is not valid"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (x,), }", "its shape is not valid"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,), }",
         "its shape is not valid"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,1), }",
         "its shape has more than 8 dimensions"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000, 1000000000), }",
         "its shape is too large"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }",
         "has 8 bytes of elements where its shape needs 12"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }",
         "has 8 bytes of elements where its shape needs 4"},
    };
    const float values[2] = {1, 2};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        file f = make(1, cases[i].dictionary, values, sizeof values);
        sy_npy npy;
        assert_fails(*state, sy_npy_read(*state, f.bytes, f.size, &npy), SY_E_DATA, cases[i].message);
        free(f.bytes);
    }
}

static void a_file_that_is_cut_short_or_foreign_is_refused(void **state)
{
    const float values[2] = {1, 2};
    file f = make(2, "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", values, sizeof values);
    sy_npy npy;
    for (size_t size = 0; size < f.size; size++) {
        unsigned char *cut = malloc(size ? size : 1);
        assert_non_null(cut);
        memcpy(cut, f.bytes, size);
        assert_int_equal(sy_npy_read(*state, cut, size, &npy), SY_E_DATA);
        free(cut);
    }
    f.bytes[6] = 4;
    assert_fails(*state, sy_npy_read(*state, f.bytes, f.size, &npy), SY_E_DATA,
                 "is a .npy file of version 4, known are 1 to 3");
    f.bytes[0] = 'P';
    assert_fails(*state, sy_npy_read(*state, f.bytes, f.size, &npy), SY_E_DATA, "is no .npy file");
    free(f.bytes);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_ctx, close_ctx)
    const struct CMUnitTest tests[] = {
        TEST(every_version_of_the_format_is_read),
        TEST(every_type_of_element_is_told_apart),
        TEST(a_scalar_and_an_empty_array_have_their_counts),
        TEST(a_header_that_will_not_do_is_refused_in_words),
        TEST(a_file_that_is_cut_short_or_foreign_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
