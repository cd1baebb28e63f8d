/* Every row of runtime/opcodes.def as a kernel of its own, run on values at the edges of its types. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit/device.h"
#include "unit/reference.h"

enum { TUPLES = 2048, MAX_EDGES = 40 };

static const uint64_t edges_of_words[] = {0,
                                          1,
                                          2,
                                          3,
                                          7,
                                          8,
                                          15,
                                          16,
                                          31,
                                          32,
                                          33,
                                          63,
                                          64,
                                          65,
                                          127,
                                          128,
                                          255,
                                          256,
                                          0x7fff,
                                          0x8000,
                                          0xffff,
                                          0x10000,
                                          0x3210,
                                          0xfedc,
                                          0x7fffffff,
                                          0x80000000,
                                          0xffffffff,
                                          0xfffffffe,
                                          0xdeadbeef,
                                          0x100000000,
                                          INT64_MAX,
                                          (uint64_t)1 << 63,
                                          UINT64_MAX,
                                          UINT64_MAX - 1,
                                          0x123456789abcdef0};
static const uint32_t edges_of_singles[] = {
    0,          0x80000000, 1,          0x80000001, 0x007fffff, 0x00800000, 0x3f800000,
    0xbf800000, 0x3f800001, 0x3f7fffff, 0x3f000000, 0x3fc00000, 0x40200000, 0xc0200000,
    0x40490fdb, 0x4b000001, 0x4b7fffff, 0x4effffff, 0x4f000000, 0xcf000000, 0x4f7fffff,
    0x4f800000, 0x5effffff, 0x5f000000, 0xdf000000, 0x5f800000, 0x7f7fffff, 0xff7fffff,
    0x7f800000, 0xff800000, 0x7fc00000, 0xffc12345, 0x7f800001, 0x33800000, 0x1e3ce508};
static const double edges_of_doubles[] = {0.0,
                                          -0.0,
                                          1.0,
                                          -1.0,
                                          0.5,
                                          1.5,
                                          2.5,
                                          -2.5,
                                          0.1,
                                          3.14159265358979,
                                          1e-40,
                                          -1e-46,
                                          1e30,
                                          3.4028235e38,
                                          3.5e38,
                                          -1e39,
                                          2147483647.0,
                                          2147483647.5,
                                          2147483648.0,
                                          -2147483648.5,
                                          4294967295.5,
                                          9.3e18,
                                          1.9e19,
                                          -9.3e18,
                                          0x1.fffffffffffffp0,
                                          0x1.000001p0,
                                          0x1.0000010000001p0,
                                          0x1.0000030000000p0,
                                          127.5,
                                          255.5,
                                          -128.5,
                                          65535.5,
                                          0x1p-30};

static uint64_t edge(const char *type, size_t i)
{
    if (strcmp(type, "f32") == 0)
        return edges_of_singles[i % (sizeof edges_of_singles / sizeof edges_of_singles[0])];
    if (strcmp(type, "f64") == 0) {
        static const size_t count = sizeof edges_of_doubles / sizeof edges_of_doubles[0];
        static const uint64_t special[] = {0x7ff0000000000000, 0xfff0000000000000, 0x7ff8000000000000};
        uint64_t bits;
        const size_t at = i % (count + 3);
        if (at >= count)
            return special[at - count];
        memcpy(&bits, &edges_of_doubles[at], sizeof bits);
        return bits;
    }
    const unsigned width = reference_width(type);
    const uint64_t bits = edges_of_words[i % (sizeof edges_of_words / sizeof edges_of_words[0])];
    return width == 64 ? bits : bits & (((uint64_t)1 << width) - 1);
}

static uint64_t random_bits(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *state >> 16 ^ *state << 40;
}

/* All pairs of edges as far as they go, then any bits. */
static void fill(const ptx_opcode *row, uint64_t (*in)[4])
{
    uint64_t state = 1;
    for (size_t i = 0; i < TUPLES; i++)
        for (uint32_t k = 0; k < 4; k++) {
            const char *type = k < row->operand_count ? row->operands[k] : "u64";
            const unsigned width = reference_width(type);
            const uint64_t any = random_bits(&state),
                           mask = width == 64 ? UINT64_MAX : ((uint64_t)1 << width) - 1;
            const size_t at = k == 0 ? i : k == 1 ? i / MAX_EDGES : (size_t)(any >> 20);
            in[i][k] = i < MAX_EDGES * MAX_EDGES ? edge(type, at) : any & mask;
        }
}

static const char *register_of(const char *type)
{
    const unsigned width = reference_width(type);
    if (type[0] == 'f')
        return width == 32 ? "%f" : "%fd";
    return width == 1 ? "%p" : width <= 16 ? "%rs" : width == 32 ? "%r" : "%rd";
}

static void put_load(ptx_buffer *ptx, const char *type, uint32_t i)
{
    const unsigned width = reference_width(type);
    if (width == 1)
        ptx_put(ptx, "ld.global.u32 %%r20, [%%rd20+%u];\nsetp.ne.u32 %%p%u, %%r20, 0;\n", 8 * i, i + 1);
    else
        ptx_put(ptx, "ld.global.%c%u %s%u, [%%rd20+%u];\n", type[0] == 'f' ? 'f' : 'u', width,
                register_of(type), i + 1, 8 * i);
}

static void put_store(ptx_buffer *ptx, const char *type)
{
    const unsigned width = reference_width(type);
    if (width == 1)
        ptx_put(ptx, "selp.u32 %%r9, 1, 0, %%p9;\nst.global.u32 [%%rd21], %%r9;\n");
    else
        ptx_put(ptx, "st.global.%c%u [%%rd21], %s9;\n", type[0] == 'f' ? 'f' : 'u', width, register_of(type));
}

static void put_kernel(ptx_buffer *ptx, const ptx_opcode *row)
{
    char opcode[64];
    snprintf(opcode, sizeof opcode, "%s", row->name);
    for (char *c = opcode; *c; c++)
        *c = *c == '_' ? '.' : *c;
    ptx_put(ptx,
            ".visible .entry t_%s(.param .u64 in, .param .u64 out)\n{\n"
            ".reg .pred %%p<10>; .reg .b16 %%rs<10>; .reg .b32 %%r<24>; .reg .b64 %%rd<24>;\n"
            ".reg .f32 %%f<10>; .reg .f64 %%fd<10>;\n"
            "ld.param.u64 %%rd20, [in]; ld.param.u64 %%rd21, [out];\n"
            "mov.u32 %%r21, %%ctaid.x; mov.u32 %%r22, %%ntid.x; mov.u32 %%r23, %%tid.x;\n"
            "mad.lo.s32 %%r21, %%r21, %%r22, %%r23;\n"
            "mul.wide.u32 %%rd22, %%r21, 32; add.s64 %%rd20, %%rd20, %%rd22;\n"
            "mul.wide.u32 %%rd22, %%r21, 8; add.s64 %%rd21, %%rd21, %%rd22;\n",
            row->name);
    for (uint32_t i = 0; i < row->operand_count; i++)
        put_load(ptx, row->operands[i], i);
    ptx_put(ptx, "%s %s9", opcode, register_of(row->result));
    for (uint32_t i = 0; i < row->operand_count; i++) {
        const bool immediate = i == 3 && strcmp(row->name, "lop3_b32") == 0;
        ptx_put(ptx, immediate ? ", 0x96" : ", %s%u", register_of(row->operands[i]), i + 1);
    }
    ptx_put(ptx, ";\n");
    put_store(ptx, row->result);
    ptx_put(ptx, "ret;\n}\n");
}

static bool is_float(const ptx_opcode *row)
{
    return row->result[0] == 'f' || row->operands[0][0] == 'f';
}

static bool is_nan(uint64_t bits, const char *type, bool canonical)
{
    if (strcmp(type, "f32") == 0)
        return canonical ? bits == 0x7fffffff : (bits & 0x7fffffff) > 0x7f800000;
    return (bits & INT64_MAX) > UINT64_C(0x7ff0000000000000);
}

/* The bits of these are those of an operand, whose payload stays. */
static bool keeps_bits(const ptx_opcode *row)
{
    return reference_after(row->name, "abs") || reference_after(row->name, "neg") ||
           reference_after(row->name, "copysign");
}

static void check(const ptx_opcode *row, uint64_t (*in)[4], const uint64_t *out)
{
    const unsigned width = reference_width(row->result);
    const uint64_t mask = width == 64 ? UINT64_MAX : ((uint64_t)1 << width) - 1;
    for (size_t i = 0; i < TUPLES; i++) {
        uint64_t want = 0;
        if (strcmp(row->name, "lop3_b32") == 0)
            in[i][3] = 0x96;
        const reference_kind kind =
            is_float(row) ? reference_float(row, in[i], &want) : reference_integer(row, in[i], &want);
        if (kind == REFERENCE_MISSING)
            fail_msg("%s has no reference", row->name);
        const uint64_t got = out[i] & mask;
        const bool right = kind == REFERENCE_OPEN ||
                           (kind == REFERENCE_NAN ? is_nan(got, row->result, !keeps_bits(row)) : got == want);
        if (!right)
            fail_msg("%s of %#llx, %#llx, %#llx, %#llx: %#llx, not %#llx", row->name,
                     (unsigned long long)in[i][0], (unsigned long long)in[i][1], (unsigned long long)in[i][2],
                     (unsigned long long)in[i][3], (unsigned long long)got, (unsigned long long)want);
    }
}

/* Approximations have a bound, not bits. */
static bool is_approximate(const ptx_opcode *row)
{
    return strstr(row->name, "approx") != NULL;
}

static void every_instruction_gives_what_the_manual_says(void **state)
{
    static uint64_t in[TUPLES][4], out[TUPLES];
    ptx_buffer ptx = {0};
    (void)state;
    device_open(NULL);
    /* A variable makes it one library: hundreds of small ones take longer to compile. */
    ptx_put(&ptx, ".version 7.0\n.target sm_75\n.address_size 64\n.global .u32 one_library;\n");
    for (uint32_t i = 0; i < ptx_opcode_count; i++)
        put_kernel(&ptx, &ptx_opcodes[i]);
    const CUmodule module = device_module(ptx.text);
    CUdeviceptr device_in = device_alloc(sizeof in), device_out = device_alloc(sizeof out);
    for (uint32_t i = 0; i < ptx_opcode_count; i++) {
        char name[64];
        if (is_approximate(&ptx_opcodes[i]))
            continue;
        snprintf(name, sizeof name, "t_%s", ptx_opcodes[i].name);
        fill(&ptx_opcodes[i], in);
        assert_cu(cu.cuMemcpyHtoD_v2(device_in, in, sizeof in), CUDA_SUCCESS);
        assert_cu(cu.cuMemsetD32Async(device_out, 0, sizeof out / 4, NULL), CUDA_SUCCESS);
        assert_cu(device_launch(device_kernel(module, name), TUPLES / 128, 128, &device_in, &device_out),
                  CUDA_SUCCESS);
        device_download(out, device_out, sizeof out);
        check(&ptx_opcodes[i], in, out);
    }
    free(ptx.text);
    device_close();
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_instruction_gives_what_the_manual_says)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
