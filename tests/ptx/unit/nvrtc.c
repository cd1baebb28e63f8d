#include "unit/nvrtc.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

#include "support/test.h"

typedef struct nvrtc_program *program;

#define NVRTC_CALLS(X)                                                                        \
    X(nvrtcCreateProgram,                                                                     \
      (program *, const char *, const char *, int, const char *const *, const char *const *)) \
    X(nvrtcCompileProgram, (program, int, const char *const *))                               \
    X(nvrtcGetPTXSize, (program, size_t *))                                                   \
    X(nvrtcGetPTX, (program, char *))                                                         \
    X(nvrtcGetProgramLogSize, (program, size_t *))                                            \
    X(nvrtcGetProgramLog, (program, char *))                                                  \
    X(nvrtcDestroyProgram, (program *))

static struct {
#define X(name, arguments) int(*name) arguments;
    NVRTC_CALLS(X)
#undef X
} rtc;

bool nvrtc_open(const char **why_not)
{
    const char *path = getenv("SY_NVRTC");
    path = path ? path : PTX_NVRTC;
    void *library = *path ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : NULL;
    if (!library) {
        *why_not = *path ? "NVRTC cannot be opened" : "the build found no NVRTC";
        return false;
    }
#define X(name, arguments)                       \
    *(void **)&rtc.name = dlsym(library, #name); \
    if (!rtc.name)                               \
        fail_msg("%s is missing", #name);
    NVRTC_CALLS(X)
#undef X
    return true;
}

static void fail_with_log(program p, const char *name)
{
    char log[4096] = "";
    size_t bytes = 0;
    if (rtc.nvrtcGetProgramLogSize(p, &bytes) == 0 && bytes <= sizeof log)
        rtc.nvrtcGetProgramLog(p, log);
    fail_msg("%s does not compile: %s", name, log);
}

char *nvrtc_compile_in(const char *source, const char *name, const char *first, const char *second)
{
    char folders[2][512];
    const char *options[] = {"--gpu-architecture=compute_75",
                             "--fmad=false",
                             "--ftz=false",
                             "--prec-div=true",
                             "--prec-sqrt=true",
                             folders[0],
                             folders[1]};
    program p = NULL;
    size_t bytes = 0;
    snprintf(folders[0], sizeof folders[0], "--include-path=%s", first);
    snprintf(folders[1], sizeof folders[1], "--include-path=%s", second);
    assert_int_equal(rtc.nvrtcCreateProgram(&p, source, name, 0, NULL, NULL), 0);
    if (rtc.nvrtcCompileProgram(p, sizeof options / sizeof options[0], options) != 0)
        fail_with_log(p, name);
    assert_int_equal(rtc.nvrtcGetPTXSize(p, &bytes), 0);
    char *ptx = calloc(1, bytes + 1);
    assert_non_null(ptx);
    assert_int_equal(rtc.nvrtcGetPTX(p, ptx), 0);
    rtc.nvrtcDestroyProgram(&p);
    return ptx;
}

char *nvrtc_compile(const char *source, const char *name, const char *include)
{
    return nvrtc_compile_in(source, name, include ? include : ".", ".");
}
