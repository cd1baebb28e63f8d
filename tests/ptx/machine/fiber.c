#include "machine/fiber.h"

#include <stdint.h>

#if !defined(__x86_64__) || defined(SY_PTX_UCONTEXT)

void vm_fiber_start(vm_fiber *fiber, void *stack, size_t bytes, void (*entry)(void))
{
    getcontext(&fiber->context);
    fiber->context.uc_stack.ss_sp = stack;
    fiber->context.uc_stack.ss_size = bytes;
    fiber->context.uc_link = NULL;
    makecontext(&fiber->context, entry, 0);
}

void vm_fiber_switch(vm_fiber *from, vm_fiber *to)
{
    swapcontext(&from->context, &to->context);
}

#else

/* What the System V ABI lets a call keep is on the stack: the rest is saved by the compiler around the call.
 * The modes of the floating-point unit are the same on every fiber whenever it is switched. */
__asm__(".text\n"
        ".p2align 4\n"
        ".local vm_fiber_exchange\n"
        ".type vm_fiber_exchange, @function\n"
        "vm_fiber_exchange:\n"
        "    push %rbp\n"
        "    push %rbx\n"
        "    push %r12\n"
        "    push %r13\n"
        "    push %r14\n"
        "    push %r15\n"
        "    mov %rsp, (%rdi)\n"
        "    mov %rsi, %rsp\n"
        "    pop %r15\n"
        "    pop %r14\n"
        "    pop %r13\n"
        "    pop %r12\n"
        "    pop %rbx\n"
        "    pop %rbp\n"
        "    ret\n"
        ".size vm_fiber_exchange, . - vm_fiber_exchange\n");

void vm_fiber_exchange(void **save, void *stack_pointer);

void vm_fiber_start(vm_fiber *fiber, void *stack, size_t bytes, void (*entry)(void))
{
    /* As after a call of `entry`: the stack pointer is 8 off a multiple of 16. */
    uintptr_t top = ((uintptr_t)stack + bytes) & ~(uintptr_t)15;
    void **at = (void **)top;
    *--at = NULL;
    *--at = (void *)(uintptr_t)entry;
    for (int i = 0; i < 6; i++)
        *--at = NULL;
    fiber->stack_pointer = at;
}

void vm_fiber_switch(vm_fiber *from, vm_fiber *to)
{
    vm_fiber_exchange(&from->stack_pointer, to->stack_pointer);
}

#endif
