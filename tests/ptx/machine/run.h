/* Runs launches: block after block, the threads of a block in turns between barriers. */
#ifndef SY_TESTS_PTX_RUN_H
#define SY_TESTS_PTX_RUN_H

#include <setjmp.h>

#include "machine/fiber.h"
#include "machine/memory.h"
#include "machine/options.h"

/* What a launch can end with: the driver's numbers. */
enum { VM_OK = 0, VM_ILLEGAL_ADDRESS = 700, VM_MISALIGNED_ADDRESS = 716, VM_LAUNCH_FAILED = 719 };

typedef struct {
    const vm_kernel *kernel;
    bool checked; /* the kernel was translated for checked mode */
    u32 grid[3], block[3];
    u32 dynamic_shared;
    const u8 *params;
} vm_launch;

typedef struct {
    vm_options options;
    vm_memory memory;
    char report[1024]; /* the last finding */
    u64 launches;

    /* Of the launch that runs. `block` comes with every call from translated code and leads back to this. */
    const vm_launch *launch;
    vm_block block;
    vm_thread threads[VM_MAX_THREADS];
    u32 thread_count;
    vm_fiber fibers[VM_MAX_THREADS], home;
    u32 next[VM_MAX_THREADS], previous[VM_MAX_THREADS]; /* ring of those not at their end */
    u32 waits_at[VM_MAX_THREADS];                       /* line of the barrier; 0: at its end */
    u32 current, phase, launch_serial, block_serial, block_index;
    bool fibers_run;
    jmp_buf jump;
    int error;
    u8 *shared, *shared_written;
    vm_word *shared_words;
    char *stacks;
    vm_allocation *recent[256]; /* by line */
} vm_machine;

/* Reads the environment; false if there is no memory for it. */
bool vm_machine_open(vm_machine *machine);
void vm_machine_close(vm_machine *machine);

/* VM_OK or what went wrong, which is then in machine->report. The launch's form must be right. */
int vm_run(vm_machine *machine, const vm_launch *launch);

/* Ends the launch from inside it with `error`. The message gets kernel, line, block and thread in front. */
void vm_fault(vm_thread *thread, int error, u32 line, const char *format, ...)
    __attribute__((noreturn, format(printf, 4, 5)));

vm_machine *vm_machine_of(const vm_thread *thread);

/* vm_services.access (machine/access.c). */
u64 vm_access_checked(vm_thread *thread, vm_space space, u64 address, u32 bytes, vm_access access, u32 line);

/* What is at `address`, for messages: "4 bytes behind allocation 3 of 400 bytes". */
void vm_describe(const vm_machine *machine, u64 address, char *text, size_t bytes);

#endif
