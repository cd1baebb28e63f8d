/* What is not known is refused, with its line; what is known becomes C. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/test.h"
#include "translate/opcodes.h"
#include "translate/unit.h"

/* A kernel with these registers around the statement, which is on line 8. */
static const char form[] =
    ".version 7.0\n.target sm_75\n.address_size 64\n.visible .entry k(.param .u64 x)\n{\n"
    ".reg .pred %%p<3>; .reg .b16 %%h<3>; .reg .b32 %%r<5>; .reg .b64 %%d<3>;\n"
    ".reg .f32 %%f<5>; .reg .f64 %%g<3>; .shared .b32 s[4];\n%s\nret;\n}\n";

static void expect_refusal(const char *text, const char *message)
{
    ptx_unit unit;
    ptx_buffer c = {0};
    const bool done = ptx_parse(&unit, text) && ptx_emit(&unit, NULL, &c);
    if (done)
        fail_msg("taken: %s", text);
    assert_string_equal(unit.error, message);
    free(c.text);
    ptx_unit_release(&unit);
}

static void statements_it_does_not_know_are_named(void **state)
{
    static const struct {
        const char *statement, *message;
    } cases[] = {
        {"foo.u32 %r1, %r2;", "the executor does not know 'foo.u32'"},
        {"add.f32 %f1, %f2, %f3;",
         "the executor does not know 'add.f32': without .rn it may be contracted, so its bits "
         "are not defined; compile with --fmad=false"},
        {"add.rn.ftz.f32 %f1, %f2, %f3;",
         "the executor does not know 'add.rn.ftz.f32': compile with --ftz=false"},
        {"ex2.approx.f32 %f1, %f2;",
         "the executor does not know 'ex2.approx.f32': the bits of an approximation depend on the hardware"},
        {"shfl.sync.down.b32 %r1, %r2, 1, 31, -1;",
         "the executor does not know 'shfl.sync.down.b32': warps do not run in lockstep here"},
        {"setp.foo.s32 %p1, %r1, %r2;", "the executor does not know 'setp.foo.s32'"},
        {"setp.lt.nand.s32 %p1, %r1, %r2, %p2;", "the executor does not know 'setp.lt.nand.s32'"},
        {"ld.global.v8.u32 %r1, [%d1];", "'ld.global.v8.u32': the executor does not know '.v8' here"},
        {"ld.global.f16 %h1, [%d1];", "'ld.global.f16': 'f16' is not a type the executor can keep in memory"},
        {"ld.global.v2.u32 {%r1, %r2, %r3}, [%d1];", "'ld.global.v2.u32' needs a list of 2 registers"},
        {"ld.param.u64 %d1, [x+4];", "'ld.param.u64' reaches outside parameter 'x' of 8 bytes"},
        {"ld.global.u32 %r1, %r2;", "'ld.global.u32': an operand must be an address in brackets"},
        {"ld.shared::cluster.u32 %r1, [%r2];",
         "'ld.shared::cluster.u32': the executor does not know '.shared::cluster' here"},
        {"atom.global.nand.b32 %r1, [%d1], %r2;",
         "'atom.global.nand.b32': the executor does not know '.nand' here"},
        {"atom.global.add.b32 %r1, [%d1], %r2;", "the executor does not know 'atom.global.add.b32'"},
        {"bar.sync 1;", "'bar.sync': the executor knows only barrier 0 of all threads of a block"},
        {"bar.sync 0, 64;", "'bar.sync': the executor knows only barrier 0 of all threads of a block"},
        {"bar.red.popc.u32 %r1, 0, %p1;",
         "'bar.red.popc.u32': the executor knows only barrier 0 of all threads of a block"},
        {"call vprintf, (x);", "'call' of 'vprintf': the executor calls only functions this module defines"},
        {"mov.u32 %r1, %clock;", "'%clock' is neither declared nor a special register the executor knows"},
        {"mov.u32 %r9, 1;", "'mov.u32': the result must go to a register"},
        {"mov.u32 %r1, nowhere;", "'nowhere' is not declared"},
        {"add.s32 %r1, %r2;", "'add.s32' has 2 operands, not 3"},
        {"add.s64 %r1, %d1, %d2;", "'add.s64': %r1 cannot be an operand of type s64"},
        {"fma.rn.f64 %g1, %f1, %g2, %g2;", "'fma.rn.f64': %f1 cannot be an operand of type f64"},
        {"add.rn.f32 %f1, %f2, 1;", "'add.rn.f32': a whole number cannot be an operand of type f32"},
        {"and.pred %p1, %p2, %r1;", "'and.pred': %r1 cannot be an operand of type pred"},
        {"bra %r1;", "'bra' needs a label"},
        {".foo 1;", "the executor does not know the directive '.foo'"},
        {"mov.u32 %r1 %r2;", "'%r2' where ',' should be"},
        {"add.s32 %r1, %r2, [%d1+x];", "'x' where a whole number should be"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[1024], message[512];
        snprintf(text, sizeof text, form, cases[i].statement);
        snprintf(message, sizeof message, "line 8: %s", cases[i].message);
        expect_refusal(text, message);
    }
}

static void modules_it_does_not_know_are_refused(void **state)
{
#define HEAD ".version 7.0\n.target sm_75\n.address_size 64\n"
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"", "line 1: this is not PTX: it does not begin with .version"},
        {HEAD ".global .texref t;", "line 4: '.texref' is not a type the executor knows"},
        {HEAD ".extern .global .u32 x;",
         "line 4: 'x' is defined in another module: the executor links nothing"},
        {HEAD ".alias a, b;", "line 4: the executor does not know '.alias'"},
        {HEAD ".visible .entry k()\n{\nret;\n", "line 7: the text ends within 'k'"},
        {HEAD ".visible .entry k(.param .b8 p[4097])\n{\nret;\n}",
         "line 4: kernel 'k' has 4097 bytes of parameters, more than 4096"},
        {HEAD ".global .u32 x[2] = {1, 2, 3};", "line 4: 'x' has more initial values than elements"},
        {HEAD ".func f()\n{\n.shared .u32 s;\nret;\n}",
         "line 4: function 'f' has shared variables of its own"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        expect_refusal(cases[i].text, cases[i].message);
}

static void comments_lines_and_debugging_are_passed_over(void **state)
{
    ptx_unit unit;
    ptx_buffer c = {0};
    (void)state;
    const bool done =
        ptx_parse(&unit, "// one\n/* two\nlines */ .version 8.1\n.target sm_80, debug\n.address_size 64\n"
                         ".file 1 \"a.cu\"\n.visible .entry k() .maxntid 32, 2, 1 .minnctapersm 2\n{\n"
                         ".loc 1 2 3\n.pragma \"nounroll\";\nexit;\n}\n"
                         ".section .debug_info { .b8 1, 2 }\n") &&
        ptx_emit(&unit, NULL, &c);
    if (!done)
        fail_msg("%s", unit.error);
    assert_int_equal(unit.functions->max_threads, 64);
    assert_non_null(strstr(c.text, "vm_translated"));
    free(c.text);
    ptx_unit_release(&unit);
}

static void opcodes_are_found_by_their_ptx_name(void **state)
{
    (void)state;
    assert_string_equal(ptx_opcode_find("cvt.rzi.s32.f32")->name, "cvt_rzi_s32_f32");
    assert_null(ptx_opcode_find("cvt.rzi.s32"));
    assert_null(ptx_opcode_find("cvt_rzi_s32_f32"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(statements_it_does_not_know_are_named),
        cmocka_unit_test(modules_it_does_not_know_are_refused),
        cmocka_unit_test(comments_lines_and_debugging_are_passed_over),
        cmocka_unit_test(opcodes_are_found_by_their_ptx_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
