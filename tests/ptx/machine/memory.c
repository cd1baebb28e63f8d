#include "machine/memory.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { PAGE = 4096, FRESH = 0xcd, MAX_FREED = 1024 };

static u64 paged(u64 bytes)
{
    return (bytes + PAGE - 1) / PAGE * PAGE;
}

static void *map(u64 bytes)
{
    void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return at == MAP_FAILED ? NULL : at;
}

static u64 words_bytes(u64 bytes)
{
    return (bytes / 4 + 2) * sizeof(vm_word);
}

static void unmap_shadows(vm_allocation *a)
{
    if (a->written)
        munmap(a->written, paged(a->bytes + 1));
    if (a->words)
        munmap(a->words, paged(words_bytes(a->bytes)));
    a->written = NULL;
    a->words = NULL;
}

static void discard(vm_allocation *a)
{
    unmap_shadows(a);
    if (a->mapped)
        munmap((void *)a->base, a->mapped);
    free(a);
}

/* First entry whose base is above `address`. */
static size_t upper(const vm_memory *memory, u64 address)
{
    size_t low = 0, high = memory->count;
    while (low < high) {
        const size_t middle = (low + high) / 2;
        if (memory->list[middle]->base > address)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

static bool insert(vm_memory *memory, vm_allocation *a)
{
    if (memory->count == memory->capacity) {
        const size_t capacity = 2 * memory->capacity + 64;
        vm_allocation **list = realloc(memory->list, capacity * sizeof *list);
        if (!list)
            return false;
        memory->list = list;
        memory->capacity = capacity;
    }
    const size_t at = upper(memory, a->base);
    memmove(memory->list + at + 1, memory->list + at, (memory->count - at) * sizeof *memory->list);
    memory->list[at] = a;
    memory->count++;
    return true;
}

static void remove_at(vm_memory *memory, size_t at)
{
    discard(memory->list[at]);
    memory->count--;
    memmove(memory->list + at, memory->list + at + 1, (memory->count - at) * sizeof *memory->list);
}

/* The page behind device memory is never there, so that what runs over the end does not go unnoticed. */
static bool map_allocation(vm_allocation *a)
{
    a->mapped = paged(a->bytes) + PAGE;
    a->base = (u64)map(a->mapped);
    return a->base && mprotect((void *)(a->base + a->mapped - PAGE), PAGE, PROT_NONE) == 0;
}

static bool map_shadows(vm_allocation *a)
{
    a->written = map(paged(a->bytes + 1));
    a->words = map(paged(words_bytes(a->bytes)));
    if (a->written && a->origin == VM_MODULE)
        memset(a->written, 1, a->bytes);
    if (a->origin == VM_DEVICE)
        memset((void *)a->base, FRESH, a->bytes);
    return a->written && a->words;
}

vm_allocation *vm_memory_add(vm_memory *memory, vm_origin origin, u64 base, u64 bytes)
{
    vm_allocation *a = calloc(1, sizeof *a);
    if (!a)
        return NULL;
    a->origin = origin;
    a->base = base;
    a->bytes = bytes;
    a->serial = ++memory->serials;
    if ((origin != VM_MODULE && !map_allocation(a)) ||
        (memory->checked && origin != VM_PINNED && !map_shadows(a)) || !insert(memory, a)) {
        a->base = a->mapped ? a->base : 0;
        discard(a);
        return NULL;
    }
    memory->used += origin == VM_DEVICE ? bytes : 0;
    return a;
}

/* Keeps the addresses, not the memory, so that a use after free is recognised. */
static void quarantine(vm_memory *memory, vm_allocation *a)
{
    unmap_shadows(a);
    madvise((void *)a->base, a->mapped, MADV_DONTNEED);
    mprotect((void *)a->base, a->mapped, PROT_NONE);
    a->freed = true;
    memory->freed++;
    for (size_t i = 0, oldest = 0; memory->freed > MAX_FREED; i++) {
        if (i == memory->count) {
            remove_at(memory, oldest);
            memory->freed--;
            return;
        }
        const bool older = memory->list[i]->freed && (!memory->list[oldest]->freed ||
                                                      memory->list[i]->serial < memory->list[oldest]->serial);
        oldest = older ? i : oldest;
    }
}

bool vm_memory_free(vm_memory *memory, vm_origin origin, u64 base)
{
    const size_t at = upper(memory, base);
    vm_allocation *a = at ? memory->list[at - 1] : NULL;
    if (!a || a->base != base || a->freed || a->origin != origin)
        return false;
    memory->used -= origin == VM_DEVICE ? a->bytes : 0;
    if (memory->checked && origin == VM_DEVICE)
        quarantine(memory, a);
    else
        remove_at(memory, at - 1);
    return true;
}

vm_allocation *vm_memory_find(const vm_memory *memory, u64 address)
{
    const size_t at = upper(memory, address);
    return at ? memory->list[at - 1] : NULL;
}

vm_allocation *vm_memory_above(const vm_memory *memory, u64 address)
{
    const size_t at = upper(memory, address);
    return at < memory->count ? memory->list[at] : NULL;
}

vm_allocation *vm_memory_holding(const vm_memory *memory, u64 address, u64 bytes)
{
    vm_allocation *a = vm_memory_find(memory, address);
    const bool holds = a && !a->freed && bytes <= a->bytes && address - a->base <= a->bytes - bytes;
    return holds ? a : NULL;
}

void vm_memory_release(vm_memory *memory)
{
    for (size_t i = 0; i < memory->count; i++)
        discard(memory->list[i]);
    free(memory->list);
    *memory = (vm_memory){.checked = memory->checked};
}

void vm_memory_wrote(const vm_memory *memory, u64 address, u64 bytes)
{
    vm_allocation *a = vm_memory_holding(memory, address, bytes);
    if (a && a->written)
        memset(a->written + (address - a->base), 1, bytes);
}

void vm_memory_copied(const vm_memory *memory, u64 to, u64 from, u64 bytes)
{
    const vm_allocation *a = vm_memory_holding(memory, to, bytes),
                        *b = vm_memory_holding(memory, from, bytes);
    if (a && b && a->written && b->written)
        memmove(a->written + (to - a->base), b->written + (from - b->base), bytes);
    else
        vm_memory_wrote(memory, to, bytes);
}
