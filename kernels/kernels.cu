/* Every kernel, as CUDA C: the same list. */
#include "kernels/kernels.cl"
