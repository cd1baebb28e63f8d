/* Device memory: which addresses are allocated, and what checked mode remembers of each byte. */
#ifndef SY_TESTS_PTX_MEMORY_H
#define SY_TESTS_PTX_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

#include "runtime/abi.h"

/* Who touched a word of 4 bytes last, for finding races. `stamp` tells this launch (or block, for shared
 * memory) from others; a phase is the time between two barriers. */
typedef struct {
    u32 stamp;
    u32 write_block, read_block;
    u16 write_thread, read_thread;
    u32 write_phase, read_phase;
    u8 write_bytes, read_bytes; /* bit i: byte i of the word */
    u8 write_atomic;
    u8 many_blocks_read, many_threads_read; /* others than the last read too (in its phase) */
} vm_word;

typedef enum { VM_DEVICE, VM_PINNED, VM_MODULE } vm_origin;

typedef struct {
    u64 base, bytes;
    u64 mapped; /* bytes of address space, guard included */
    u32 serial; /* from 1, in the order of allocation */
    vm_origin origin;
    bool freed, constant;
    const char *name; /* of a module's variable */
    u8 *written;      /* checked mode: one byte for each byte, 1 if it was written */
    vm_word *words;   /* checked mode: one for each 4 bytes */
} vm_allocation;

typedef struct {
    vm_allocation **list; /* by address */
    size_t count, capacity;
    size_t freed; /* of them, kept to recognise use after free */
    u32 serials;
    u64 used; /* bytes of device memory */
    bool checked;
} vm_memory;

/* NULL if the system has no memory. `origin` VM_MODULE: takes `base` as it is. */
vm_allocation *vm_memory_add(vm_memory *memory, vm_origin origin, u64 base, u64 bytes);
/* False if no allocation of this origin begins there. */
bool vm_memory_free(vm_memory *memory, vm_origin origin, u64 base);
/* The allocation, freed ones too, that holds `address`; else the last that lies below it; NULL if none does.
 */
vm_allocation *vm_memory_find(const vm_memory *memory, u64 address);
/* The first that begins above `address`; NULL if none does. */
vm_allocation *vm_memory_above(const vm_memory *memory, u64 address);
/* The live allocation that holds all of [address, address + bytes), or NULL. */
vm_allocation *vm_memory_holding(const vm_memory *memory, u64 address, u64 bytes);
void vm_memory_release(vm_memory *memory);

/* Notes for checked mode that bytes were written; harmless on memory that is not the device's. */
void vm_memory_wrote(const vm_memory *memory, u64 address, u64 bytes);
/* What is known of `from` becomes known of `to`. */
void vm_memory_copied(const vm_memory *memory, u64 to, u64 from, u64 bytes);

#endif
