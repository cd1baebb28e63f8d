#include "machine/options.h"

#include <stdio.h>
#include <stdlib.h>

static uint64_t number(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    char *end;
    if (!text || !*text)
        return otherwise;
    const uint64_t value = strtoull(text, &end, 10);
    if (*end || *text == '-') {
        fprintf(stderr, "ptx: %s=%s: it must be a whole number\n", name, text);
        exit(2);
    }
    return value;
}

void vm_options_read(vm_options *options)
{
    *options = (vm_options){
        .checked = number("SY_PTX_CHECK", 0) != 0,
        .lazy = (uint32_t)number("SY_PTX_LAZY", 0),
        .reversed = number("SY_PTX_REVERSE", 0) != 0,
        .devices = (uint32_t)number("SY_PTX_DEVICES", 1),
        .memory = number("SY_PTX_MEMORY", (uint64_t)8 << 30),
        .failing_alloc = number("SY_PTX_FAIL_ALLOC", 0),
        .failing_launch = number("SY_PTX_FAIL_LAUNCH", 0),
        .cache = getenv("SY_PTX_CACHE"),
        .compiler = getenv("SY_PTX_CC"),
        .replacement = getenv("SY_PTX_REPLACE"),
        .report = getenv("SY_PTX_REPORT"),
        .launches = getenv("SY_PTX_LAUNCHES"),
    };
    if (!options->compiler || !*options->compiler)
        options->compiler = PTX_COMPILER;
}
