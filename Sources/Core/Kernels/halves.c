#include <string.h>

#include "dispatch.h"

apus_variant apus_best_variant(void) {
#if APUS_HAS_AVX2
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
      __builtin_cpu_supports("f16c"))
    return apus_avx2;
#endif
  return apus_portable;
}

/* Rounds to nearest, ties to even, as F16C does. Overflow becomes infinity. */
uint16_t apus_half_from_float(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  uint32_t sign = (bits >> 16) & 0x8000;
  uint32_t magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return (uint16_t)(sign | 0x7e00);
  if (magnitude >= 0x477ff000) return (uint16_t)(sign | 0x7c00);
  if (magnitude < 0x38800000) {
    /* Subnormal: adding 0.5 lets the processor's own rounding leave the half's bits behind. */
    float shifted;
    memcpy(&shifted, &magnitude, sizeof shifted);
    shifted += 0.5f;
    uint32_t shifted_bits;
    memcpy(&shifted_bits, &shifted, sizeof shifted_bits);
    return (uint16_t)(sign | (shifted_bits - 0x3f000000));
  }
  uint32_t odd = (magnitude >> 13) & 1;
  return (uint16_t)(sign | ((magnitude - 0x38000000 + 0xfff + odd) >> 13));
}

static float float_from_half(uint16_t half) {
  uint32_t sign = (uint32_t)(half & 0x8000) << 16;
  uint32_t magnitude = half & 0x7fff;
  uint32_t bits;
  if (magnitude >= 0x7c00) {
    bits = sign | 0x7f800000 | ((magnitude & 0x3ff) << 13);
  } else if (magnitude >= 0x400) {
    bits = sign | ((magnitude << 13) + 0x38000000);
  } else {
    float small = (float)magnitude * 0x1p-24f;
    memcpy(&bits, &small, sizeof bits);
    bits |= sign;
  }
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

#if APUS_HAS_AVX2
APUS_AVX2 static size_t floats_from_halves_avx2(const uint16_t *halves, size_t count,
                                                float *floats) {
  size_t i = 0;
  for (; i + 8 <= count; i += 8) {
    __m128i eight = _mm_loadu_si128((const __m128i *)(halves + i));
    _mm256_storeu_ps(floats + i, _mm256_cvtph_ps(eight));
  }
  return i;
}
#endif

void apus_floats_from_halves(apus_variant variant, const uint16_t *halves, size_t count,
                             float *floats) {
  size_t i = 0;
#if APUS_HAS_AVX2
  if (variant == apus_avx2) i = floats_from_halves_avx2(halves, count, floats);
#endif
  for (; i < count; i++) floats[i] = float_from_half(halves[i]);
}
