/* CUDA C to PTX by NVRTC, opened at run time: SY_NVRTC, or where the build found it. */
#ifndef SY_TESTS_PTX_NVRTC_H
#define SY_TESTS_PTX_NVRTC_H

#include <stdbool.h>

/* False, with a reason, if there is no NVRTC here. */
bool nvrtc_open(const char **why_not);

/* The PTX, to be freed, compiled as the project's kernels are; a source that does not compile fails the test.
 * `include` is a folder, or NULL. */
char *nvrtc_compile(const char *source, const char *name, const char *include);

/* With headers looked for in two folders. */
char *nvrtc_compile_in(const char *source, const char *name, const char *first, const char *second);

#endif
