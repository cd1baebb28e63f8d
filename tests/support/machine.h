/* A program on a device of its own, with one runner. */
#ifndef SY_TESTS_SUPPORT_MACHINE_H
#define SY_TESTS_SUPPORT_MACHINE_H

#include "run/run.h"
#include "support/test.h"

typedef struct {
    const sy_backend *backend;
    sy_device *device;
    sy_program *program;
    sy_runner *runner;
} machine;

/* On the CPU, or on a backend derived from it. */
static inline machine machine_create(sy_ctx *ctx, const sy_backend *backend, const sy_program_spec *spec)
{
    machine made = {.backend = backend};
    assert_ok(ctx, backend->open(ctx, 0, &made.device));
    assert_ok(ctx, sy_program_create(ctx, backend, made.device, spec, &made.program));
    assert_ok(ctx, sy_runner_create(ctx, made.program, 1, &made.runner));
    return made;
}

static inline void machine_destroy(machine *made)
{
    sy_runner_destroy(made->runner);
    sy_program_destroy(made->program);
    made->backend->close(made->device);
}

#endif
