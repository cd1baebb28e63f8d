/* A folder of a test's own, and files in it. */
#ifndef SY_TESTS_SUPPORT_FOLDER_H
#define SY_TESTS_SUPPORT_FOLDER_H

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "support/test.h"

typedef struct {
    char path[64];
} test_folder;

static inline void folder_open(test_folder *folder)
{
    snprintf(folder->path, sizeof folder->path, "/tmp/steelyard-test-XXXXXX");
    assert_non_null(mkdtemp(folder->path));
}

static inline int folder_remove_entry(const char *path, const struct stat *info, int kind, struct FTW *walk)
{
    (void)info;
    (void)kind;
    (void)walk;
    return remove(path);
}

static inline void folder_close(test_folder *folder)
{
    nftw(folder->path, folder_remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

/* The path of `name` in the folder, in one of a few buffers used in turn. */
static inline const char *folder_path(const test_folder *folder, const char *name)
{
    static char paths[8][512];
    static int next;
    char *path = paths[next++ % 8];
    snprintf(path, sizeof paths[0], "%s/%s", folder->path, name);
    return path;
}

static inline void folder_make(const test_folder *folder, const char *name)
{
    assert_int_equal(mkdir(folder_path(folder, name), 0700), 0);
}

static inline void folder_write(const test_folder *folder, const char *name, const void *bytes, size_t size)
{
    FILE *file = fopen(folder_path(folder, name), "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

/* A colour photograph whose pixel (x, y) is (x, y, shade). */
static inline void folder_write_ppm(const test_folder *folder, const char *name, int width, int height,
                                    int shade)
{
    FILE *file = fopen(folder_path(folder, name), "wb");
    assert_non_null(file);
    fprintf(file, "P6\n%d %d\n255\n", width, height);
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            const unsigned char pixel[3] = {(unsigned char)x, (unsigned char)y, (unsigned char)shade};
            fwrite(pixel, 1, 3, file);
        }
    assert_int_equal(fclose(file), 0);
}

#endif
