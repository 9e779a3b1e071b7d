#include "dispatch.h"

#if APUS_HAS_AVX2
/* Most eights hold no score above the threshold, so one test passes them. */
APUS_AVX2 static size_t places_above_avx2(const float *scores, size_t count, float threshold,
                                          uint32_t *places, size_t *found) {
  const __m256 bound = _mm256_set1_ps(threshold);
  size_t i = 0, n = 0;
  for (; i + 32 <= count; i += 32) {
    unsigned mask = 0;
    for (unsigned part = 0; part < 4; part++) {
      __m256 eight = _mm256_loadu_ps(scores + i + 8 * part);
      mask |= (unsigned)_mm256_movemask_ps(_mm256_cmp_ps(eight, bound, _CMP_GT_OQ))
              << (8 * part);
    }
    for (; mask != 0; mask &= mask - 1) places[n++] = (uint32_t)i + (uint32_t)__builtin_ctz(mask);
  }
  *found = n;
  return i;
}
#endif

size_t apus_places_above(apus_variant variant, const float *scores, size_t count,
                         float threshold, uint32_t *places) {
  size_t i = 0, found = 0;
#if APUS_HAS_AVX2
  if (variant == apus_avx2) i = places_above_avx2(scores, count, threshold, places, &found);
#endif
  for (; i < count; i++)
    if (scores[i] > threshold) places[found++] = (uint32_t)i;
  return found;
}
