/* Threads of a block that wait for each other at barriers are fibers: stacks that one thread of the process
 * switches between. */
#ifndef SY_TESTS_PTX_FIBER_H
#define SY_TESTS_PTX_FIBER_H

#include <stddef.h>

#if !defined(__x86_64__) || defined(SY_PTX_UCONTEXT)
#include <ucontext.h>
typedef struct {
    ucontext_t context;
} vm_fiber;
#else
typedef struct {
    void *stack_pointer;
} vm_fiber;
#endif

/* The next switch to `fiber` calls `entry`, which must never return, on this stack. */
void vm_fiber_start(vm_fiber *fiber, void *stack, size_t bytes, void (*entry)(void));

/* Goes on with `to`; returns when something switches to `from` again. */
void vm_fiber_switch(vm_fiber *from, vm_fiber *to);

#endif
