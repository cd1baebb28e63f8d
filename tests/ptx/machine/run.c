#include "machine/run.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#endif

/* Stacks begin at different sets of the cache, or threads would evict each other at every barrier. */
enum { STACK = 128 * 1024, STACK_STEP = STACK + 9 * 64, SHARED_ROOM = VM_MAX_SHARED + 4096, FRESH = 0xcd };

vm_machine *vm_machine_of(const vm_thread *thread)
{
    return (vm_machine *)((char *)thread->block - offsetof(vm_machine, block));
}

static void print_report(const vm_machine *machine)
{
    fprintf(stderr, "ptx: %s\n", machine->report);
    FILE *file = machine->options.report ? fopen(machine->options.report, "a") : NULL;
    if (file) {
        fprintf(file, "%s\n", machine->report);
        fclose(file);
    }
}

/* Fibers left in the middle of a call leave marks of the sanitizer on their stacks. */
static void forget_stacks(vm_machine *machine)
{
#if defined(__SANITIZE_ADDRESS__)
    __asan_unpoison_memory_region(machine->stacks, (size_t)STACK_STEP * VM_MAX_THREADS);
#else
    (void)machine;
#endif
}

static void leave(vm_machine *machine)
{
    if (machine->fibers_run)
        vm_fiber_switch(&machine->fibers[0], &machine->home);
    longjmp(machine->jump, 1);
}

void vm_fault(vm_thread *thread, int error, u32 line, const char *format, ...)
{
    vm_machine *machine = vm_machine_of(thread);
    const vm_block *block = thread->block;
    va_list values;
    int used = snprintf(machine->report, sizeof machine->report,
                        "kernel '%s', PTX line %u, block (%u,%u,%u), thread (%u,%u,%u): ",
                        machine->launch->kernel->name, line, block->ctaid[0], block->ctaid[1],
                        block->ctaid[2], thread->tid[0], thread->tid[1], thread->tid[2]);
    va_start(values, format);
    vsnprintf(machine->report + used, sizeof machine->report - (size_t)used, format, values);
    va_end(values);
    print_report(machine);
    machine->error = error;
    leave(machine);
    abort();
}

static __attribute__((noreturn)) void divided_by_zero(vm_thread *thread, u32 line)
{
    vm_fault(thread, VM_LAUNCH_FAILED, line, "integer division by zero");
}

static __attribute__((noreturn)) void trapped(vm_thread *thread, const char *why, u32 line)
{
    vm_fault(thread, VM_LAUNCH_FAILED, line, "%s", why);
}

/* All threads that are not at their end wait. They must wait at one barrier, and none may have ended without
 * it. */
static void check_phase(vm_machine *machine, u32 some)
{
    const u32 line = machine->waits_at[some];
    for (u32 i = 0; i < machine->thread_count; i++) {
        if (machine->waits_at[i] == line)
            continue;
        if (machine->waits_at[i] == 0)
            vm_fault(&machine->threads[some], VM_LAUNCH_FAILED, line,
                     "divergent barrier: this thread waits, thread (%u,%u,%u) ended without it",
                     machine->threads[i].tid[0], machine->threads[i].tid[1], machine->threads[i].tid[2]);
        vm_fault(&machine->threads[some], VM_LAUNCH_FAILED, line,
                 "divergent barrier: this thread waits here, thread (%u,%u,%u) at line %u",
                 machine->threads[i].tid[0], machine->threads[i].tid[1], machine->threads[i].tid[2],
                 machine->waits_at[i]);
    }
}

static void begin_phase(vm_machine *machine, u32 some)
{
    if (machine->launch->checked)
        check_phase(machine, some);
    machine->phase++;
}

static void wait_at_barrier(vm_thread *thread, u32 line)
{
    vm_machine *machine = vm_machine_of(thread);
    const u32 self = thread->index, next = machine->next[self];
    machine->waits_at[self] = line;
    if (next <= self)
        begin_phase(machine, self);
    machine->current = next;
    if (next != self)
        vm_fiber_switch(&machine->fibers[self], &machine->fibers[next]);
}

static const vm_services services = {.barrier = wait_at_barrier,
                                     .access = vm_access_checked,
                                     .division_by_zero = divided_by_zero,
                                     .trap = trapped};

/* The machine whose fibers run on this thread of the process: a fiber begins without arguments. */
static _Thread_local vm_machine *running;

static void run_fiber(void)
{
    vm_machine *machine = running;
    const u32 self = machine->current;
    machine->launch->kernel->run(&machine->threads[self]);
    const u32 next = machine->next[self];
    machine->next[machine->previous[self]] = next;
    machine->previous[next] = machine->previous[self];
    machine->waits_at[self] = 0;
    if (next == self)
        vm_fiber_switch(&machine->fibers[self], &machine->home);
    if (next <= self)
        begin_phase(machine, next);
    machine->current = next;
    vm_fiber_switch(&machine->fibers[self], &machine->fibers[next]);
    abort();
}

static void run_with_barriers(vm_machine *machine)
{
    const u32 count = machine->thread_count;
    for (u32 i = 0; i < count; i++) {
        machine->next[i] = (i + 1) % count;
        machine->previous[i] = (i + count - 1) % count;
        machine->waits_at[i] = 0;
        vm_fiber_start(&machine->fibers[i], machine->stacks + (size_t)i * STACK_STEP, STACK, run_fiber);
    }
    machine->current = 0;
    running = machine;
    machine->fibers_run = true;
    vm_fiber_switch(&machine->home, &machine->fibers[0]);
    machine->fibers_run = false;
}

static void run_alone(vm_machine *machine)
{
    const vm_kernel *kernel = machine->launch->kernel;
    const u32 count = machine->thread_count;
    if (setjmp(machine->jump))
        return;
    for (u32 i = 0; i < count; i++)
        kernel->run(&machine->threads[machine->options.reversed ? count - 1 - i : i]);
}

static void run_block(vm_machine *machine)
{
    const vm_launch *launch = machine->launch;
    machine->phase = 1;
    machine->block_serial++;
    for (u32 i = 0; i < machine->thread_count; i++)
        machine->threads[i].frames = NULL;
    if (launch->checked) {
        memset(machine->shared, FRESH, launch->kernel->shared_bytes + launch->dynamic_shared);
        memset(machine->shared_written, 0, VM_MAX_SHARED);
    }
    if (launch->kernel->has_barrier)
        run_with_barriers(machine);
    else
        run_alone(machine);
}

static void set_up_threads(vm_machine *machine)
{
    const u32 *extent = machine->launch->block;
    for (u32 i = 0; i < machine->thread_count; i++)
        machine->threads[i] = (vm_thread){
            .tid = {i % extent[0], i / extent[0] % extent[1], i / extent[0] / extent[1]},
            .index = i,
            .block = &machine->block,
        };
}

int vm_run(vm_machine *machine, const vm_launch *launch)
{
    const u32 *grid = launch->grid;
    const u64 blocks = (u64)grid[0] * grid[1] * grid[2];
    machine->launch = launch;
    machine->launch_serial++;
    machine->error = VM_OK;
    machine->thread_count = launch->block[0] * launch->block[1] * launch->block[2];
    memset(machine->recent, 0, sizeof machine->recent);
    machine->block = (vm_block){.dynamic_shared = launch->dynamic_shared,
                                .param = launch->params,
                                .shared = machine->shared,
                                .services = &services};
    memcpy(machine->block.ntid, launch->block, sizeof machine->block.ntid);
    memcpy(machine->block.nctaid, grid, sizeof machine->block.nctaid);
    set_up_threads(machine);
    for (u64 i = 0; i < blocks && machine->error == VM_OK; i++) {
        const u64 at = machine->options.reversed ? blocks - 1 - i : i;
        machine->block.ctaid[0] = (u32)(at % grid[0]);
        machine->block.ctaid[1] = (u32)(at / grid[0] % grid[1]);
        machine->block.ctaid[2] = (u32)(at / grid[0] / grid[1]);
        machine->block_index = (u32)at;
        run_block(machine);
    }
    if (machine->error != VM_OK)
        forget_stacks(machine);
    machine->fibers_run = false;
    return machine->error;
}

static void *map(size_t bytes)
{
    void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return at == MAP_FAILED ? NULL : at;
}

static void unmap(void *at, size_t bytes)
{
    if (at)
        munmap(at, bytes);
}

enum { WORDS_BYTES = (VM_MAX_SHARED / 4 + 4) * sizeof(vm_word) };

bool vm_machine_open(vm_machine *machine)
{
    *machine = (vm_machine){0};
    vm_options_read(&machine->options);
    machine->memory.checked = machine->options.checked;
    machine->stacks = map((size_t)STACK_STEP * VM_MAX_THREADS);
    machine->shared = map(SHARED_ROOM);
    machine->shared_written = map(SHARED_ROOM);
    machine->shared_words = map(WORDS_BYTES);
    return machine->stacks && machine->shared && machine->shared_written && machine->shared_words;
}

void vm_machine_close(vm_machine *machine)
{
    unmap(machine->stacks, (size_t)STACK_STEP * VM_MAX_THREADS);
    unmap(machine->shared, SHARED_ROOM);
    unmap(machine->shared_written, SHARED_ROOM);
    unmap(machine->shared_words, WORDS_BYTES);
    vm_memory_release(&machine->memory);
}
