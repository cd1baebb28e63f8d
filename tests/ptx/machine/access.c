/* Checked mode: every access of a kernel to memory. */
#include <stdio.h>
#include <string.h>

#include "machine/run.h"

/* Requests go by value, and reports stay out of line, so that what is checked often is checked in registers.
 */
#define COLD __attribute__((cold, noinline))

static const char *const access_names[] = {"read", "write", "atomic update"};

typedef struct {
    vm_thread *thread;
    vm_machine *machine;
    const char *space;
    u64 address; /* as the kernel gave it */
    u32 bytes, line;
    vm_access kind;
    vm_space memory;
} request;

void vm_describe(const vm_machine *machine, u64 address, char *text, size_t bytes)
{
    static const char *const origins[] = {"allocation", "pinned memory", "variable"};
    const vm_allocation *below = vm_memory_find(&machine->memory, address);
    const vm_allocation *above = vm_memory_above(&machine->memory, address);
    const bool inside = below && address - below->base < below->bytes;
    const u64 behind = below && !inside ? address - below->base - below->bytes : 0;
    const bool near_next = !inside && above && (!below || above->base - address < behind);
    const vm_allocation *a = near_next ? above : below;
    if (!a) {
        snprintf(text, bytes, "address %#llx, where nothing is allocated", (unsigned long long)address);
        return;
    }
    const u64 distance = inside ? address - a->base : near_next ? a->base - address : behind;
    snprintf(text, bytes, "address %#llx, %s%llu%s %s%s %u%s%s of %llu bytes", (unsigned long long)address,
             inside ? "byte " : "", (unsigned long long)distance,
             inside      ? " of"
             : near_next ? " bytes before"
                         : " bytes behind the end of",
             a->freed ? "freed " : "", origins[a->origin], a->serial, a->name ? " " : "",
             a->name ? a->name : "", (unsigned long long)a->bytes);
}

static _Noreturn COLD void outside(request r, const char *what)
{
    char place[256];
    vm_describe(r.machine, r.address, place, sizeof place);
    vm_fault(r.thread, VM_ILLEGAL_ADDRESS, r.line, "%s: %s %s of %u bytes at %s", what, r.space,
             access_names[r.kind], r.bytes, place);
}

static inline void check_alignment(request r)
{
    if (r.address & (r.bytes - 1))
        vm_fault(r.thread, VM_MISALIGNED_ADDRESS, r.line, "misaligned %s %s of %u bytes at address %#llx",
                 r.space, access_names[r.kind], r.bytes, (unsigned long long)r.address);
}

static _Noreturn COLD void uninitialised(request r, const u8 *written)
{
    char place[256] = "";
    u32 byte = 0;
    while (written[byte])
        byte++;
    if (r.memory == VM_GLOBAL)
        vm_describe(r.machine, r.address, place, sizeof place);
    else
        snprintf(place, sizeof place, "byte %llu", (unsigned long long)r.address);
    vm_fault(r.thread, VM_LAUNCH_FAILED, r.line,
             "uninitialised: %s %s of %u bytes at %s; nothing has written its byte %u", r.space,
             access_names[r.kind], r.bytes, place, byte);
}

/* Of `bytes` marks; accesses are of 1, 2, 4, 8 or 16 bytes. */
static inline bool all_written(const u8 *written, u32 bytes)
{
    static const u8 all[16] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    return bytes == 4 ? memcmp(written, all, 4) == 0 : memcmp(written, all, bytes) == 0;
}

/* `written` points at the mark of the first byte. */
static inline void check_written(request r, u8 *written)
{
    if (r.kind != VM_WRITE && !all_written(written, r.bytes))
        uninitialised(r, written);
    if (r.kind != VM_READ)
        memset(written, 1, r.bytes);
}

static _Noreturn COLD void race(request r, u64 offset, const vm_word *w, bool with_write)
{
    const u32 *extent = r.thread->block->ntid, *grid = r.thread->block->nctaid;
    const u32 block = with_write ? w->write_block : w->read_block;
    const u32 thread = with_write ? w->write_thread : w->read_thread;
    char place[256];
    if (r.memory == VM_GLOBAL)
        vm_describe(r.machine, r.address, place, sizeof place);
    else
        snprintf(place, sizeof place, "byte %llu", (unsigned long long)offset);
    vm_fault(r.thread, VM_LAUNCH_FAILED, r.line,
             "race: %s %s of %u bytes at %s, no barrier since the %s by block (%u,%u,%u), thread (%u,%u,%u)",
             r.space, access_names[r.kind], r.bytes, place,
             !with_write       ? "read"
             : w->write_atomic ? "atomic update"
                               : "write",
             block % grid[0], block / grid[0] % grid[1], block / grid[0] / grid[1], thread % extent[0],
             thread / extent[0] % extent[1], thread / extent[0] / extent[1]);
}

/* One word, of which the access touches the bytes in `mask`. */
static inline void check_word(request r, vm_word *w, u32 stamp, u8 mask, u64 offset)
{
    const u32 self = r.thread->index, block = r.machine->block_index, phase = r.machine->phase;
    if (w->stamp != stamp)
        *w = (vm_word){.stamp = stamp};
    const bool written = w->write_bytes & mask && !(w->write_atomic && r.kind == VM_ATOMIC);
    if (written && !(w->write_block == block && (w->write_thread == self || w->write_phase != phase)))
        race(r, offset, w, true);
    const bool read_now = w->read_bytes && w->read_block == block && w->read_phase == phase;
    if (r.kind == VM_READ) {
        w->many_blocks_read |= w->read_bytes && w->read_block != block;
        w->many_threads_read = read_now && (w->many_threads_read || w->read_thread != self);
        w->read_bytes = read_now ? w->read_bytes | mask : mask;
        w->read_block = block;
        w->read_thread = (u16)self;
        w->read_phase = phase;
        return;
    }
    const bool others_read = w->read_block != block || w->many_blocks_read ||
                             (read_now && (w->read_thread != self || w->many_threads_read));
    if (w->read_bytes & mask && others_read)
        race(r, offset, w, false);
    w->write_bytes = mask;
    w->write_atomic = r.kind == VM_ATOMIC;
    w->write_block = block;
    w->write_thread = (u16)self;
    w->write_phase = phase;
}

static inline void check_races(request r, vm_word *words, u64 offset, u32 stamp)
{
    if (r.bytes < 4) {
        check_word(r, &words[offset / 4], stamp, (u8)(((1u << r.bytes) - 1) << (offset & 3)), offset);
        return;
    }
    for (u32 i = 0; i < r.bytes; i += 4)
        check_word(r, &words[(offset + i) / 4], stamp, 15, offset + i);
}

static inline u64 in_shared(request r)
{
    vm_machine *m = r.machine;
    const u32 offset = (u32)r.address, size = m->launch->kernel->shared_bytes + m->launch->dynamic_shared;
    if (offset > size || r.bytes > size - offset)
        vm_fault(r.thread, VM_ILLEGAL_ADDRESS, r.line,
                 "out of bounds: shared %s of %u bytes at byte %u, the block has %u bytes",
                 access_names[r.kind], r.bytes, offset, size);
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

static u64 in_local(request r)
{
    const vm_frame *frame = frame_of(r.thread, r.address);
    const u64 offset = frame ? r.address - (u64)frame->base : 0;
    if (!frame || r.bytes > frame->bytes - offset)
        vm_fault(r.thread, VM_ILLEGAL_ADDRESS, r.line,
                 "out of bounds: local %s of %u bytes, which is in no array of the thread",
                 access_names[r.kind], r.bytes);
    check_alignment(r);
    const u64 at = r.address;
    r.address = offset;
    check_written(r, frame->written + offset);
    return at;
}

static inline vm_allocation *allocation_of(request r)
{
    vm_allocation **recent = &r.machine->recent[r.line % 256];
    vm_allocation *a = *recent;
    if (!a || r.address - a->base >= a->bytes)
        a = vm_memory_find(&r.machine->memory, r.address);
    *recent = a;
    return a;
}

static inline u64 in_global(request r)
{
    const vm_allocation *a = allocation_of(r);
    const u64 offset = a ? r.address - a->base : 0;
    if (!a || offset >= a->bytes || r.bytes > a->bytes - offset)
        outside(r, "out of bounds");
    if (a->freed)
        outside(r, "use after free");
    check_alignment(r);
    if (a->constant && r.kind != VM_READ)
        outside(r, "constant memory");
    if (!a->written)
        return r.address;
    check_written(r, a->written + offset);
    check_races(r, a->words, offset, r.machine->launch_serial);
    return r.address;
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
    r.memory = space == VM_CONST ? VM_GLOBAL : space;
    switch (space) {
    case VM_SHARED: r.space = "shared"; return in_shared(r);
    case VM_LOCAL: r.space = "local"; return in_local(r);
    case VM_CONST: r.space = "constant"; return in_global(r);
    default: return in_global(r);
    }
}
