#include "cpu/kernels.h"

const sy_cpu_variant *const sy_cpu_variants[] = {NULL};
