/* Modules: PTX translated to C, compiled once, kept in a folder, and loaded. */
#ifndef SY_TESTS_PTX_MODULE_H
#define SY_TESTS_PTX_MODULE_H

#include <stddef.h>

#include "machine/options.h"
#include "runtime/abi.h"
#include "translate/unit.h"

typedef struct {
    vm_kernel kernel; /* `run` is NULL until the kernel is compiled */
    char *c;          /* its source until then; NULL if the module is one library */
    void *library;
    bool launched; /* to its end, without a finding */
} vm_part;

typedef struct {
    ptx_unit unit;
    vm_part *parts; /* one for each kernel */
    u32 part_count;
    void *library; /* of a module that has variables */
    const vm_variable *variables;
    u32 variable_count;
    bool checked;
} vm_loaded;

/* Loads PTX text; false with a message that names the PTX line, or what the compiler said. Kernels are
 * compiled one by one when they are asked for; a module with variables, which its kernels share, at once.
 */
bool vm_module_load(const vm_options *options, const char *ptx, vm_loaded *out, char *message,
                    size_t message_bytes);
void vm_module_unload(vm_loaded *loaded);

/* Compiles a kernel that is not compiled yet. */
bool vm_module_ready(const vm_options *options, const vm_loaded *loaded, vm_part *part, char *message,
                     size_t message_bytes);

vm_part *vm_module_find(const vm_loaded *loaded, const char *kernel);
const vm_variable *vm_module_variable(const vm_loaded *loaded, const char *name);

#endif
