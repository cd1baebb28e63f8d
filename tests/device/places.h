/* Every backend of this build, its first device open until the process ends. */
#ifndef SY_TESTS_DEVICE_PLACES_H
#define SY_TESTS_DEVICE_PLACES_H

#include "device/device.h"

typedef struct test_place {
    sy_ctx *ctx;
    const sy_backend *backend;
    sy_device *device; /* NULL: absent, which has been told with the reason */
    sy_stream *stream;
} test_place;

test_place *test_places(int *out_count);

#endif
