/* Loops that the compiler turns into vectors: no iteration needs another's result, even where input and
 * output are one buffer. The files that use it are compiled for an instruction set and contain plain loops.
 *
 * They are compiled with -fno-trapping-math, without which few loops become vectors. gcc then takes
 * (float)(int)x for trunc(x), which is -0 where the former is 0: such a loop must not contain that.
 */
#ifndef SY_CPU_FAST_LOOP_H
#define SY_CPU_FAST_LOOP_H

#if defined(__clang__)
#define SY_INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#else
#define SY_INDEPENDENT _Pragma("GCC ivdep")
#endif

#if defined(__AVX512F__)
#define SY_LOOPS(name)  name##_avx512
#define SY_LOOPS_LEVEL  SY_CPU_LEVEL_AVX512
#define SY_LOOPS_SUFFIX ".avx512"
#else
#define SY_LOOPS(name)  name##_avx2
#define SY_LOOPS_LEVEL  SY_CPU_LEVEL_AVX2
#define SY_LOOPS_SUFFIX ".avx2"
#endif

#endif
