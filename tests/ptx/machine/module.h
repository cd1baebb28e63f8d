/* Modules: PTX translated to C, compiled once, kept in a folder, and loaded. */
#ifndef SY_TESTS_PTX_MODULE_H
#define SY_TESTS_PTX_MODULE_H

#include <stddef.h>

#include "machine/options.h"
#include "runtime/abi.h"

typedef struct {
    void *library;
    const vm_module *translated;
} vm_loaded;

/* Loads PTX text; false with a message that names the PTX line, or what the compiler said. */
bool vm_module_load(const vm_options *options, const char *ptx, vm_loaded *out, char *message,
                    size_t message_bytes);
void vm_module_unload(vm_loaded *loaded);
const vm_kernel *vm_module_kernel(const vm_loaded *loaded, const char *name);
const vm_variable *vm_module_variable(const vm_loaded *loaded, const char *name);

#endif
