/* Host code with one bug each, on the kernels of fixtures/launches.ptx: x[i] += v, x[i] *= v. */
#include <string.h>

#include "unit/seeded.h"

enum { N = 64, BYTES = N * sizeof(uint32_t) };

typedef struct {
    CUfunction add, scale;
    CUdeviceptr x, y;
    CUstream compute, copy;
    CUevent event, second;
    uint32_t *pinned, *result;
} program;

static seeded_outcome open_program(program *p, CUmodule module)
{
    SEEDED_TRY(cu.cuModuleGetFunction(&p->add, module, "add"));
    SEEDED_TRY(cu.cuModuleGetFunction(&p->scale, module, "scale"));
    SEEDED_TRY(cu.cuMemAlloc_v2(&p->x, BYTES));
    SEEDED_TRY(cu.cuMemAlloc_v2(&p->y, BYTES));
    SEEDED_TRY(cu.cuStreamCreate(&p->compute, CU_STREAM_NON_BLOCKING));
    SEEDED_TRY(cu.cuStreamCreate(&p->copy, CU_STREAM_NON_BLOCKING));
    SEEDED_TRY(cu.cuEventCreate(&p->event, CU_EVENT_DISABLE_TIMING));
    SEEDED_TRY(cu.cuEventCreate(&p->second, CU_EVENT_DISABLE_TIMING));
    SEEDED_TRY(cu.cuMemHostAlloc((void **)&p->pinned, BYTES, 0));
    SEEDED_TRY(cu.cuMemHostAlloc((void **)&p->result, BYTES, 0));
    for (uint32_t i = 0; i < N; i++)
        p->pinned[i] = i;
    memset(p->result, 0, BYTES);
    return SEEDED_RIGHT;
}

#define OPEN(p, module)                               \
    program p = {0};                                  \
    do {                                              \
        if (open_program(&p, module) != SEEDED_RIGHT) \
            return SEEDED_ERROR;                      \
    } while (0)

static CUresult add(const program *p, CUdeviceptr x, uint32_t v)
{
    uint32_t n = N;
    return cu.cuLaunchKernel(p->add, 1, 1, 1, N, 1, 1, 0, p->compute, (void *[]){&x, &v, &n}, NULL);
}

/* result[i] is pinned[i] + v. */
static seeded_outcome judge(const uint32_t *result, uint32_t v)
{
    for (uint32_t i = 0; i < N; i++)
        if (result[i] != i + v)
            return SEEDED_WRONG_RESULT;
    return SEEDED_RIGHT;
}

static seeded_outcome finish(const program *p, uint32_t v)
{
    SEEDED_TRY(cu.cuMemcpyDtoHAsync_v2(p->result, p->x, BYTES, p->compute));
    SEEDED_TRY(cu.cuStreamSynchronize(p->compute));
    return judge(p->result, v);
}

static seeded_outcome stream_wait(CUmodule module, bool with_bug)
{
    OPEN(p, module);
    SEEDED_TRY(cu.cuMemsetD32Async(p.x, 0, N, p.copy));
    SEEDED_TRY(cu.cuStreamSynchronize(p.copy));
    SEEDED_TRY(cu.cuMemcpyHtoDAsync_v2(p.x, p.pinned, BYTES, p.copy));
    SEEDED_TRY(cu.cuEventRecord(p.event, p.copy));
    if (!with_bug)
        SEEDED_TRY(cu.cuStreamWaitEvent(p.compute, p.event, 0));
    SEEDED_TRY(add(&p, p.x, 5));
    return finish(&p, 5);
}

static seeded_outcome record_too_early(CUmodule module, bool with_bug)
{
    OPEN(p, module);
    SEEDED_TRY(cu.cuMemsetD32Async(p.x, 0, N, p.copy));
    if (with_bug)
        SEEDED_TRY(cu.cuEventRecord(p.event, p.copy));
    SEEDED_TRY(cu.cuMemcpyHtoDAsync_v2(p.x, p.pinned, BYTES, p.copy));
    if (!with_bug)
        SEEDED_TRY(cu.cuEventRecord(p.event, p.copy));
    SEEDED_TRY(cu.cuStreamWaitEvent(p.compute, p.event, 0));
    SEEDED_TRY(add(&p, p.x, 5));
    return finish(&p, 5);
}

static seeded_outcome staging_reused(CUmodule module, bool with_bug)
{
    OPEN(p, module);
    SEEDED_TRY(cu.cuMemcpyHtoDAsync_v2(p.x, p.pinned, BYTES, p.compute));
    SEEDED_TRY(cu.cuEventRecord(p.event, p.compute));
    if (!with_bug)
        SEEDED_TRY(cu.cuEventSynchronize(p.event));
    memset(p.pinned, 0xff, BYTES);
    SEEDED_TRY(cu.cuMemcpyHtoDAsync_v2(p.y, p.pinned, BYTES, p.compute));
    return finish(&p, 0);
}

/* The next batch is copied over the one that is still worked on. */
static seeded_outcome buffer_reused(CUmodule module, bool with_bug)
{
    OPEN(p, module);
    SEEDED_TRY(cu.cuMemcpyHtoDAsync_v2(p.x, p.pinned, BYTES, p.copy));
    SEEDED_TRY(cu.cuEventRecord(p.event, p.copy));
    SEEDED_TRY(cu.cuStreamWaitEvent(p.compute, p.event, 0));
    SEEDED_TRY(add(&p, p.x, 5));
    SEEDED_TRY(cu.cuMemcpyDtoHAsync_v2(p.result, p.x, BYTES, p.compute));
    SEEDED_TRY(cu.cuEventRecord(p.second, p.compute));
    if (!with_bug)
        SEEDED_TRY(cu.cuStreamWaitEvent(p.copy, p.second, 0));
    SEEDED_TRY(cu.cuMemsetD32Async(p.x, 0, N, p.copy));
    SEEDED_TRY(cu.cuStreamSynchronize(p.compute));
    return judge(p.result, 5);
}

static seeded_outcome missing_sync(CUmodule module, bool with_bug)
{
    OPEN(p, module);
    SEEDED_TRY(cu.cuMemcpyHtoDAsync_v2(p.x, p.pinned, BYTES, p.compute));
    SEEDED_TRY(add(&p, p.x, 1));
    SEEDED_TRY(cu.cuMemcpyDtoHAsync_v2(p.result, p.x, BYTES, p.compute));
    if (!with_bug)
        SEEDED_TRY(cu.cuStreamSynchronize(p.compute));
    return judge(p.result, 1);
}

static seeded_outcome used_after_free(CUmodule module, bool with_bug)
{
    OPEN(p, module);
    SEEDED_TRY(cu.cuMemcpyHtoDAsync_v2(p.x, p.pinned, BYTES, p.compute));
    SEEDED_TRY(cu.cuMemcpyHtoDAsync_v2(p.y, p.pinned, BYTES, p.compute));
    if (with_bug)
        SEEDED_TRY(cu.cuMemFree_v2(p.y));
    SEEDED_TRY(add(&p, p.y, 1));
    SEEDED_TRY(add(&p, p.x, 1));
    return finish(&p, 1);
}

static seeded_outcome never_cleared(CUmodule module, bool with_bug)
{
    OPEN(p, module);
    if (!with_bug)
        SEEDED_TRY(cu.cuMemsetD32Async(p.y, 0, N, p.compute));
    SEEDED_TRY(add(&p, p.y, 1));
    SEEDED_TRY(cu.cuMemcpyHtoDAsync_v2(p.x, p.pinned, BYTES, p.compute));
    return finish(&p, 0);
}

/* The default stream is no substitute for a wait when streams do not block. */
static seeded_outcome default_stream(CUmodule module, bool with_bug)
{
    OPEN(p, module);
    SEEDED_TRY(cu.cuMemcpyHtoDAsync_v2(p.x, p.pinned, BYTES, p.compute));
    SEEDED_TRY(add(&p, p.x, 3));
    if (!with_bug)
        SEEDED_TRY(cu.cuStreamSynchronize(p.compute));
    SEEDED_TRY(cu.cuMemcpyDtoH_v2(p.result, p.x, BYTES));
    return judge(p.result, 3);
}

/* One element more than the array has. */
static seeded_outcome count_too_large(CUmodule module, bool with_bug)
{
    OPEN(p, module);
    uint32_t n = with_bug ? N + 1 : N, v = 2;
    SEEDED_TRY(cu.cuMemcpyHtoDAsync_v2(p.x, p.pinned, BYTES, p.compute));
    SEEDED_TRY(cu.cuLaunchKernel(p.add, 2, 1, 1, N, 1, 1, 0, p.compute, (void *[]){&p.x, &v, &n}, NULL));
    return finish(&p, 2);
}

const seeded_host seeded_hosts[] = {
    {"a stream does not wait for the event of a copy", stream_wait},
    {"the event is recorded before the copy", record_too_early},
    {"a staging buffer is reused too early", staging_reused},
    {"a device buffer is overwritten while it is read", buffer_reused},
    {"no wait before the result is read", missing_sync},
    {"the default stream is trusted to wait", default_stream},
    {"memory is used after it was freed", used_after_free},
    {"memory is never cleared", never_cleared},
    {"the count is one too large", count_too_large},
};
const size_t seeded_host_count = sizeof seeded_hosts / sizeof seeded_hosts[0];
