/* Every row of opcodes.def as a function of its name. */
#define OP1(name, R, A, value) \
    static inline R name(A a)  \
    {                          \
        return (R)(value);     \
    }
#define OP2(name, R, A, B, value)  \
    static inline R name(A a, B b) \
    {                              \
        return (R)(value);         \
    }
#define OP3(name, R, A, B, C, value)    \
    static inline R name(A a, B b, C c) \
    {                                   \
        return (R)(value);              \
    }
#define OP4(name, R, A, B, C, D, value)      \
    static inline R name(A a, B b, C c, D d) \
    {                                        \
        return (R)(value);                   \
    }
#define ATOM(name, T, value)                \
    static inline T atom_##name(T old, T b) \
    {                                       \
        return (T)(value);                  \
    }
#include "opcodes.def"
#undef OP1
#undef OP2
#undef OP3
#undef OP4
#undef ATOM
