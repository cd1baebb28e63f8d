/* The kernels that nvcc compiled, put into the library by the assembler: an array of so many bytes would take
 * a C compiler minutes.
 */
#include "cuda/cuda.h"

#if defined(SY_CUDA_IMAGE)
__asm__(".section .rodata\n"
        ".balign 64\n"
        ".globl sy_cuda_image\n"
        ".hidden sy_cuda_image\n"
        "sy_cuda_image:\n"
        ".incbin \"" SY_CUDA_IMAGE "\"\n"
        "sy_cuda_image_end:\n"
        ".balign 8\n"
        ".globl sy_cuda_image_size\n"
        ".hidden sy_cuda_image_size\n"
        "sy_cuda_image_size:\n"
        ".quad sy_cuda_image_end - sy_cuda_image\n"
        ".text\n");
#else
const unsigned char sy_cuda_image[] = {0};
const size_t sy_cuda_image_size = 0;
#endif
