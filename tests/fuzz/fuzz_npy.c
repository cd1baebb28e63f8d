/* Bytes to an array; of what is accepted every element is converted. */
#include <stdlib.h>

#include "data/elements.h"
#include "data/npy.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    sy_npy npy;
    if (sy_npy_read(NULL, bytes, size, &npy) != SY_OK)
        return 0;
    const sy_elements elements = {npy.dtype, npy.elements, npy.count};
    FUZZ_CHECK(elements.bytes + elements.count * (sy_dtype_bits(elements.dtype) / 8) == bytes + size);
    float *words = malloc(elements.count * sizeof *words + 1);
    FUZZ_CHECK(words != NULL);
    sy_elements_convert(NULL, &elements, SY_DTYPE_FLOAT, &npy.shape, SY_ORDER_SAME, words);
    sy_elements_convert(NULL, &elements, SY_DTYPE_INT64, &npy.shape, SY_ORDER_SAME, words);
    free(words);
    return 0;
}
