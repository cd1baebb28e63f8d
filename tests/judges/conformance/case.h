/* One case of ONNX's conformance tests: a folder with model.onnx and test_data_set_0/{input,output}_<i>.pb.
 */
#ifndef SY_TESTS_CONFORMANCE_CASE_H
#define SY_TESTS_CONFORMANCE_CASE_H

#include <stdbool.h>

typedef enum verdict {
    VERDICT_PASS,
    VERDICT_UNSUPPORTED, /* refused in words */
    VERDICT_FAIL,        /* another error, or other numbers */
} verdict;

typedef struct case_result {
    verdict verdict;
    bool counted; /* of float32, and made of operators we list */
    char message[512];
} case_result;

/* Runs it on the CPU backend. A node test supplies as inputs what models hold in constants (shapes, axes,
 * bounds); so where the case cannot be bound as it is, its inputs after the first become constants, then all
 * of them.
 */
void conformance_run(const char *folder, case_result *out);

#endif
