/* What the kernels of trees share: their targets and the walk of one row as plain code. */
#ifndef APUS_KERNELS_TREES_H
#define APUS_KERNELS_TREES_H

#include "TreeKernels.h"

#if defined(__x86_64__)
#define APUS_TREES_ON_X86 1
#define APUS_TREES_AVX2 __attribute__((target("avx2,bmi,bmi2,popcnt")))
#define APUS_TREES_AVX512 \
  __attribute__((target("avx512f,avx512bw,avx512vl,avx512vbmi,avx512bitalg,avx2,bmi,bmi2,popcnt")))
#include <immintrin.h>
#else
#define APUS_TREES_ON_X86 0
#endif

#if defined(__aarch64__)
#define APUS_TREES_ON_NEON 1
#include <arm_neon.h>
#else
#define APUS_TREES_ON_NEON 0
#endif

#define APUS_ALWAYS_INLINE static inline __attribute__((always_inline))
#define APUS_NEVER_INLINE static __attribute__((noinline))

#endif
