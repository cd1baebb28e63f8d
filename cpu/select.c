#include <stdlib.h>
#include <string.h>

#include "cpu/kernels.h"

static const char *const level_names[] = {
#define X(name, text) [SY_CPU_LEVEL_##name] = text,
    SY_CPU_LEVEL_MAP(X)
#undef X
};

enum { LEVEL_COUNT = sizeof level_names / sizeof level_names[0] };

static sy_cpu_level highest_level(void)
{
#if defined(__x86_64__) && defined(__GNUC__)
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma"))
        return SY_CPU_LEVEL_PORTABLE;
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
        return SY_CPU_LEVEL_AVX512;
    return SY_CPU_LEVEL_AVX2;
#else
    return SY_CPU_LEVEL_PORTABLE;
#endif
}

const char *sy_cpu_level_name(sy_cpu_level level)
{
    return level_names[level];
}

sy_status sy_cpu_level_choose(sy_ctx *ctx, sy_cpu_level *out)
{
    const sy_cpu_level highest = highest_level();
    const char *asked = getenv("SY_CPU_LEVEL");
    if (!asked || !*asked) {
        *out = highest;
        return SY_OK;
    }
    for (int i = 0; i < LEVEL_COUNT; i++) {
        if (strcmp(asked, level_names[i]) != 0)
            continue;
        if ((sy_cpu_level)i > highest)
            return sy_fail(ctx, SY_E_DEVICE, "SY_CPU_LEVEL=%s: this processor has at most %s", asked,
                           level_names[highest]);
        *out = (sy_cpu_level)i;
        return SY_OK;
    }
    return sy_fail(ctx, SY_E_ARGUMENT, "SY_CPU_LEVEL=%s: must be reference, portable, avx2 or avx512", asked);
}

const sy_cpu_variant *sy_cpu_variant_find(sy_kernel kernel, const void *params, sy_cpu_level level)
{
    const sy_cpu_variant *best = NULL;
    if (level == SY_CPU_LEVEL_REFERENCE)
        return NULL;
    for (const sy_cpu_variant *const *at = sy_cpu_variants; *at; at++) {
        const sy_cpu_variant *variant = *at;
        if (variant->kernel != kernel || variant->level > level || (best && variant->level <= best->level))
            continue;
        if (!variant->accepts || variant->accepts(params))
            best = variant;
    }
    return best;
}
