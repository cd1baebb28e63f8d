/* What translated PTX and the machine that runs it know of each other. This file is also part of every
 * translated module, so it includes nothing of the project.
 */
#ifndef SY_TESTS_PTX_ABI_H
#define SY_TESTS_PTX_ABI_H

#include <stdint.h>

typedef uint8_t u8;
typedef int8_t s8;
typedef uint16_t u16;
typedef int16_t s16;
typedef uint32_t u32;
typedef int32_t s32;
typedef uint64_t u64;
typedef int64_t s64;
typedef float f32;
typedef double f64;
typedef uint8_t pred;

enum { VM_ABI = 1, VM_MAX_PARAM_BYTES = 4096, VM_MAX_THREADS = 1024, VM_MAX_SHARED = 48 * 1024 };

/* Where an address points. A shared address is an offset into the block's shared memory; all others are
 * addresses of this process. A generic one may point to any of them.
 */
typedef enum { VM_GLOBAL, VM_SHARED, VM_LOCAL, VM_CONST, VM_GENERIC } vm_space;

typedef enum { VM_READ, VM_WRITE, VM_ATOMIC } vm_access;

typedef struct vm_block vm_block;

/* Stack arrays of one function call, newest first; kept in checked mode only. */
typedef struct vm_frame {
    struct vm_frame *caller;
    u8 *base;
    u8 *written; /* one byte for each of base */
    u64 bytes;
} vm_frame;

typedef struct {
    u32 tid[3];
    u32 index; /* in the block */
    const vm_block *block;
    vm_frame *frames;
} vm_thread;

/* What translated code calls. `line` is the line of the PTX. */
typedef struct {
    void (*barrier)(vm_thread *thread, u32 line);
    /* The address in this process of `bytes` bytes at `address`, after every check (checked mode only). */
    u64 (*access)(vm_thread *thread, vm_space space, u64 address, u32 bytes, vm_access access, u32 line);
    void (*division_by_zero)(vm_thread *thread, u32 line) __attribute__((noreturn));
    void (*trap)(vm_thread *thread, const char *why, u32 line) __attribute__((noreturn));
} vm_services;

struct vm_block {
    u32 ntid[3], ctaid[3], nctaid[3];
    u32 dynamic_shared; /* bytes */
    const u8 *param;
    u8 *shared;
    const vm_services *services;
};

typedef struct {
    u32 offset, bytes;
} vm_param;

typedef struct {
    const char *name;
    void (*run)(vm_thread *thread);
    const vm_param *params;
    u32 param_count, param_bytes;
    u32 shared_bytes; /* static */
    u32 local_bytes;
    u32 max_threads; /* .maxntid, or VM_MAX_THREADS */
    u32 has_barrier;
} vm_kernel;

typedef struct {
    const char *name;
    void *address;
    u64 bytes;
    vm_space space;
} vm_variable;

/* What a translated module exports, as `vm_translated`. */
typedef struct {
    u32 abi;
    u32 checked;
    const vm_kernel *kernels;
    u32 kernel_count;
    const vm_variable *variables;
    u32 variable_count;
} vm_module;

#endif
