#include "places.h"

#include <stdlib.h>
#include <string.h>

#include "support/test.h"

enum { BACKENDS_MAX = 4 };

static test_place places[BACKENDS_MAX];
static int place_count;

static void close_places(void)
{
    for (int i = 0; i < place_count; i++) {
        if (places[i].stream)
            places[i].backend->stream_destroy(places[i].stream);
        if (places[i].device)
            places[i].backend->close(places[i].device);
        sy_ctx_destroy(places[i].ctx);
    }
}

/* Whether SY_TEST_DEVICES names the backend that must not be absent. */
static bool is_required(const char *backend)
{
    const char *required = getenv("SY_TEST_DEVICES");
    return required && strcmp(required, backend) == 0;
}

static void open_places(void)
{
    for (const sy_backend *const *at = sy_backends; *at; at++) {
        test_place *p = &places[place_count++];
        *p = (test_place){.backend = *at};
        assert_int_equal(sy_ctx_create(&p->ctx), SY_OK);
        if ((*at)->open(p->ctx, 0, &p->device) == SY_OK)
            assert_ok(p->ctx, (*at)->stream_create(p->ctx, p->device, &p->stream));
        else if (is_required((*at)->name))
            fail_msg("%s cannot be tested: %s", (*at)->name, sy_ctx_error(p->ctx));
        else
            print_message("not tested on %s: %s\n", (*at)->name, sy_ctx_error(p->ctx));
    }
    for (const char *const *at = sy_backends_absent; *at; at++)
        print_message("not tested on %s: this build does not have it\n", *at);
    atexit(close_places);
}

test_place *test_places(int *out_count)
{
    if (place_count == 0)
        open_places();
    *out_count = place_count;
    return places;
}
