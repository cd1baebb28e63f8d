#include "translate/opcodes.h"

#include <string.h>

#define ATOM(name, T, value)
#define OP1(name, R, A, value)          {#name, #R, {#A}, 1},
#define OP2(name, R, A, B, value)       {#name, #R, {#A, #B}, 2},
#define OP3(name, R, A, B, C, value)    {#name, #R, {#A, #B, #C}, 3},
#define OP4(name, R, A, B, C, D, value) {#name, #R, {#A, #B, #C, #D}, 4},
const ptx_opcode ptx_opcodes[] = {
#include "runtime/opcodes.def"
};
const uint32_t ptx_opcode_count = sizeof ptx_opcodes / sizeof ptx_opcodes[0];
#undef ATOM
#undef OP1
#undef OP2
#undef OP3
#undef OP4

#define OP1(name, R, A, value)
#define OP2(name, R, A, B, value)
#define OP3(name, R, A, B, C, value)
#define OP4(name, R, A, B, C, D, value)
#define ATOM(name, T, value) #name,
const char *const ptx_atomics[] = {
#include "runtime/opcodes.def"
};
const uint32_t ptx_atomic_count = sizeof ptx_atomics / sizeof ptx_atomics[0];

const ptx_opcode *ptx_opcode_find(const char *opcode)
{
    for (uint32_t i = 0; i < ptx_opcode_count; i++) {
        const char *name = ptx_opcodes[i].name, *word = opcode;
        while (*name && *word == (*name == '_' ? '.' : *name))
            name++, word++;
        if (!*name && !*word)
            return &ptx_opcodes[i];
    }
    return NULL;
}
