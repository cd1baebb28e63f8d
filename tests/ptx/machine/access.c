/* Checked mode: every access of a kernel to memory. */
#include <stdio.h>

#include "machine/run.h"

static const char *const access_names[] = {"read", "write", "atomic update"};

typedef struct {
    vm_thread *thread;
    vm_machine *machine;
    const char *space;
    u64 address; /* as the kernel gave it */
    u32 bytes, line;
    vm_access kind;
    vm_space kind_of_memory;
} request;

void vm_describe(const vm_machine *machine, u64 address, char *text, size_t bytes)
{
    static const char *const origins[] = {"allocation", "pinned memory", "variable"};
    const vm_allocation *a = vm_memory_find(&machine->memory, address);
    if (!a) {
        snprintf(text, bytes, "address %#llx, no allocation lies below it", (unsigned long long)address);
        return;
    }
    const unsigned long long offset = address - a->base, size = a->bytes;
    const int used = snprintf(text, bytes, "address %#llx, ", (unsigned long long)address);
    if (offset < size)
        snprintf(text + used, bytes - (size_t)used, "byte %llu of %s%s %u%s%s of %llu bytes", offset,
                 a->freed ? "freed " : "", origins[a->origin], a->serial, a->name ? " " : "",
                 a->name ? a->name : "", size);
    else
        snprintf(text + used, bytes - (size_t)used, "%llu bytes behind the end of %s%s %u%s%s of %llu bytes",
                 offset - size, a->freed ? "freed " : "", origins[a->origin], a->serial, a->name ? " " : "",
                 a->name ? a->name : "", size);
}

static _Noreturn void outside(const request *r, const char *what)
{
    char place[256];
    vm_describe(r->machine, r->address, place, sizeof place);
    vm_fault(r->thread, VM_ILLEGAL_ADDRESS, r->line, "%s: %s %s of %u bytes at %s", what, r->space,
             access_names[r->kind], r->bytes, place);
}

static void check_alignment(const request *r)
{
    if (r->address & (r->bytes - 1))
        vm_fault(r->thread, VM_MISALIGNED_ADDRESS, r->line, "misaligned %s %s of %u bytes at address %#llx",
                 r->space, access_names[r->kind], r->bytes, (unsigned long long)r->address);
}

static _Noreturn void uninitialised(const request *r, u64 byte)
{
    char place[256] = "";
    if (r->kind_of_memory == VM_GLOBAL)
        vm_describe(r->machine, r->address, place, sizeof place);
    else
        snprintf(place, sizeof place, "byte %llu", (unsigned long long)r->address);
    vm_fault(r->thread, VM_LAUNCH_FAILED, r->line,
             "uninitialised: %s %s of %u bytes at %s; nothing has written its byte %llu", r->space,
             access_names[r->kind], r->bytes, place, (unsigned long long)byte);
}

/* `written` points at the mark of the first byte. */
static void check_written(const request *r, u8 *written)
{
    for (u32 i = 0; i < r->bytes; i++) {
        if (r->kind != VM_WRITE && !written[i])
            uninitialised(r, i);
        if (r->kind != VM_READ)
            written[i] = 1;
    }
}

static _Noreturn void race(const request *r, u64 offset, const char *other, u32 block, u32 thread)
{
    const u32 *extent = r->thread->block->ntid, *grid = r->thread->block->nctaid;
    vm_fault(
        r->thread, VM_LAUNCH_FAILED, r->line,
        "race: %s %s of %u bytes at byte %llu, no barrier since a %s by block (%u,%u,%u), thread (%u,%u,%u)",
        r->space, access_names[r->kind], r->bytes, (unsigned long long)offset, other, block % grid[0],
        block / grid[0] % grid[1], block / grid[0] / grid[1], thread % extent[0],
        thread / extent[0] % extent[1], thread / extent[0] / extent[1]);
}

static void check_against_write(const request *r, const vm_word *w, u8 mask, u64 offset)
{
    const u32 self = r->thread->index, block = r->machine->block_index;
    if (!(w->write_bytes & mask) || (w->write_atomic && r->kind == VM_ATOMIC))
        return;
    const bool ordered =
        w->write_block == block && (w->write_thread == self || w->write_phase != r->machine->phase);
    if (!ordered)
        race(r, offset, w->write_atomic ? "atomic update" : "write", w->write_block, w->write_thread);
}

static void check_against_reads(const request *r, const vm_word *w, u8 mask, u64 offset)
{
    const u32 self = r->thread->index, block = r->machine->block_index;
    if (!(w->read_bytes & mask))
        return;
    const bool others = w->read_block != block || w->many_blocks_read;
    const bool now = w->read_phase == r->machine->phase && (w->read_thread != self || w->many_threads_read);
    if (others || now)
        race(r, offset, "read", w->read_block, w->read_thread);
}

static void note_read(const request *r, vm_word *w, u8 mask)
{
    const vm_machine *m = r->machine;
    const bool same_phase = w->read_bytes && w->read_block == m->block_index && w->read_phase == m->phase;
    w->many_blocks_read |= w->read_bytes && w->read_block != m->block_index;
    w->many_threads_read = same_phase && (w->many_threads_read || w->read_thread != r->thread->index);
    w->read_bytes = same_phase ? w->read_bytes | mask : mask;
    w->read_block = m->block_index;
    w->read_thread = (u16)r->thread->index;
    w->read_phase = m->phase;
}

static void note_write(const request *r, vm_word *w, u8 mask)
{
    w->write_bytes = mask;
    w->write_atomic = r->kind == VM_ATOMIC;
    w->write_block = r->machine->block_index;
    w->write_thread = (u16)r->thread->index;
    w->write_phase = r->machine->phase;
}

/* One word, of which the access touches the bytes in `mask`. */
static void check_word(const request *r, vm_word *w, u32 stamp, u8 mask, u64 offset)
{
    if (w->stamp != stamp)
        *w = (vm_word){.stamp = stamp};
    check_against_write(r, w, mask, offset);
    if (r->kind == VM_READ) {
        note_read(r, w, mask);
        return;
    }
    check_against_reads(r, w, mask, offset);
    note_write(r, w, mask);
}

static void check_races(const request *r, vm_word *words, u64 offset, u32 stamp)
{
    if (r->bytes < 4) {
        check_word(r, &words[offset / 4], stamp, (u8)(((1u << r->bytes) - 1) << (offset & 3)), offset);
        return;
    }
    for (u32 i = 0; i < r->bytes; i += 4)
        check_word(r, &words[(offset + i) / 4], stamp, 15, offset + i);
}

static u64 in_shared(const request *r)
{
    vm_machine *m = r->machine;
    const u32 offset = (u32)r->address, size = m->launch->kernel->shared_bytes + m->launch->dynamic_shared;
    if (offset > size || r->bytes > size - offset)
        vm_fault(r->thread, VM_ILLEGAL_ADDRESS, r->line,
                 "out of bounds: shared %s of %u bytes at byte %u, the block has %u bytes",
                 access_names[r->kind], r->bytes, offset, size);
    check_alignment(r);
    check_written(r, m->shared_written + offset);
    check_races(r, m->shared_words, offset, m->block_serial);
    return (u64)(m->shared + offset);
}

static const vm_frame *frame_of(const vm_thread *thread, u64 address)
{
    const vm_frame *frame = thread->frames;
    while (frame && address - (u64)frame->base >= frame->bytes)
        frame = frame->caller;
    return frame;
}

static u64 in_local(const request *r)
{
    const vm_frame *frame = frame_of(r->thread, r->address);
    const u64 offset = frame ? r->address - (u64)frame->base : 0;
    if (!frame || r->bytes > frame->bytes - offset)
        vm_fault(r->thread, VM_ILLEGAL_ADDRESS, r->line,
                 "out of bounds: local %s of %u bytes, which is in no array of the thread",
                 access_names[r->kind], r->bytes);
    check_alignment(r);
    check_written(r, frame->written + offset);
    return r->address;
}

static vm_allocation *allocation_of(const request *r)
{
    vm_allocation **recent = &r->machine->recent[r->line % 256];
    vm_allocation *a = *recent;
    if (!a || r->address - a->base >= a->bytes)
        a = vm_memory_find(&r->machine->memory, r->address);
    *recent = a;
    return a;
}

static u64 in_global(const request *r)
{
    const vm_allocation *a = allocation_of(r);
    const u64 offset = a ? r->address - a->base : 0;
    if (!a || offset >= a->bytes || r->bytes > a->bytes - offset)
        outside(r, "out of bounds");
    if (a->freed)
        outside(r, "use after free");
    check_alignment(r);
    if (a->constant && r->kind != VM_READ)
        outside(r, "constant memory");
    if (!a->written)
        return r->address;
    check_written(r, a->written + offset);
    check_races(r, a->words, offset, r->machine->launch_serial);
    return r->address;
}

static bool is_param(const vm_machine *m, u64 address)
{
    return address - (u64)m->launch->params < m->launch->kernel->param_bytes;
}

u64 vm_access_checked(vm_thread *thread, vm_space space, u64 address, u32 bytes, vm_access kind, u32 line)
{
    vm_machine *m = vm_machine_of(thread);
    request r = {thread, m, "global", address, bytes, line, kind, space};
    if (space == VM_GENERIC) {
        space = address - (u64)m->shared < VM_MAX_SHARED ? VM_SHARED
                : frame_of(thread, address)              ? VM_LOCAL
                                                         : VM_GLOBAL;
        r.space = "generic";
        r.address = space == VM_SHARED ? address - (u64)m->shared : address;
        if (space == VM_GLOBAL && kind == VM_READ && is_param(m, address))
            return address;
    }
    r.kind_of_memory = space == VM_CONST ? VM_GLOBAL : space;
    switch (space) {
    case VM_SHARED: r.space = "shared"; return in_shared(&r);
    case VM_LOCAL: r.space = "local"; return in_local(&r);
    case VM_CONST: r.space = "constant"; return in_global(&r);
    default: return in_global(&r);
    }
}
