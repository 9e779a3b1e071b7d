/* Which variants this build has, and how their functions are named. */
#ifndef APUS_KERNELS_DISPATCH_H
#define APUS_KERNELS_DISPATCH_H

#include "Kernels.h"

#if defined(__x86_64__)
#define APUS_HAS_AVX2 1
#define APUS_AVX2 __attribute__((target("avx2,fma,f16c")))
#include <immintrin.h>
#else
#define APUS_HAS_AVX2 0
#endif

/* Conversions shared by the portable loops and the tails of the vectorised ones. */
static inline uint8_t apus_clamped(int32_t value) {
  return value < 0 ? 0 : value > 255 ? 255 : (uint8_t)value;
}

static inline float apus_normalised(uint8_t byte, apus_normalisation n, int channel) {
  return ((float)byte - n.offset[channel]) / n.divisor[channel];
}

uint16_t apus_half_from_float(float value);

#endif
