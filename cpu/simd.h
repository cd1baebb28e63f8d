/* The vectors of the instruction set that the including file is for. It defines one of SY_SIMD_AVX2,
 * SY_SIMD_AVX512 and SY_SIMD_PORTABLE first. What the functions mean is written in simd_portable.h.
 */
#ifndef SY_CPU_SIMD_H
#define SY_CPU_SIMD_H

#if defined(SY_SIMD_AVX512)
#include "cpu/simd_avx512.h"
#elif defined(SY_SIMD_AVX2)
#include "cpu/simd_avx2.h"
#elif defined(SY_SIMD_PORTABLE)
#include "cpu/simd_portable.h"
#else
#error "define SY_SIMD_AVX2, SY_SIMD_AVX512 or SY_SIMD_PORTABLE"
#endif

#endif
