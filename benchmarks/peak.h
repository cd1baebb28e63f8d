/* The most multiply-adds a second one core does at a level: a loop of independent fma, best of several runs.
 */
#ifndef SY_BENCHMARKS_PEAK_H
#define SY_BENCHMARKS_PEAK_H

#include "cpu/kernels.h"

double peak_macs(sy_cpu_level level);

#endif
