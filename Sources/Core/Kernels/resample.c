#include <string.h>

#include "dispatch.h"

enum {
  blend_shift = apus_weight_bits - apus_row_bits,
  row_shift = apus_weight_bits + apus_row_bits,
};

#if APUS_HAS_AVX2
/* Two neighbouring weights for every lane. */
APUS_AVX2 static inline __m256i weight_pair(const int16_t *weights) {
  int32_t pair;
  memcpy(&pair, weights, sizeof pair);
  return _mm256_set1_epi32(pair);
}

/* Sixteen bytes of two rows at a time: interleaved they meet their two weights in one madd. Inlined
 * for the usual tap counts, so that the weights stay in registers. */
APUS_AVX2 __attribute__((always_inline)) static inline size_t blend_rows_avx2(
    const uint8_t *const *rows, const int16_t *weights, int tap_count, size_t byte_count,
    int16_t *blended) {
  const __m256i half = _mm256_set1_epi32(1 << (blend_shift - 1));
  size_t i = 0;
  for (; i + 16 <= byte_count; i += 16) {
    __m256i low = half, high = half;
    for (int tap = 0; tap < tap_count; tap += 2) {
      __m128i first = _mm_loadu_si128((const __m128i *)(rows[tap] + i));
      __m128i second = _mm_loadu_si128((const __m128i *)(rows[tap + 1] + i));
      __m256i pair = weight_pair(weights + tap);
      __m256i near = _mm256_cvtepu8_epi16(_mm_unpacklo_epi8(first, second));
      __m256i far = _mm256_cvtepu8_epi16(_mm_unpackhi_epi8(first, second));
      low = _mm256_add_epi32(low, _mm256_madd_epi16(near, pair));
      high = _mm256_add_epi32(high, _mm256_madd_epi16(far, pair));
    }
    low = _mm256_srai_epi32(low, blend_shift);
    high = _mm256_srai_epi32(high, blend_shift);
    /* The pack works within 128-bit lanes; the permutation puts the quarters in order. */
    __m256i packed = _mm256_permute4x64_epi64(_mm256_packs_epi32(low, high), 0xd8);
    _mm256_storeu_si256((__m256i *)(blended + i), packed);
  }
  return i;
}

APUS_AVX2 static size_t blend_usual_avx2(const uint8_t *const *rows, const int16_t *weights,
                                         int tap_count, size_t byte_count, int16_t *blended) {
  switch (tap_count) {
    case 2: return blend_rows_avx2(rows, weights, 2, byte_count, blended);
    case 4: return blend_rows_avx2(rows, weights, 4, byte_count, blended);
    case 6: return blend_rows_avx2(rows, weights, 6, byte_count, blended);
    default: return blend_rows_avx2(rows, weights, tap_count, byte_count, blended);
  }
}

/* A row that is taken as it is. */
APUS_AVX2 static size_t widen_bytes_avx2(const uint8_t *row, size_t byte_count,
                                         int16_t *blended) {
  size_t i = 0;
  for (; i + 16 <= byte_count; i += 16) {
    __m256i bytes = _mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)(row + i)));
    _mm256_storeu_si256((__m256i *)(blended + i), _mm256_slli_epi16(bytes, apus_row_bits));
  }
  return i;
}
#endif

void apus_blend_rows(apus_variant variant, const uint8_t *const *rows, const int16_t *weights,
                     int tap_count, size_t byte_count, int16_t *blended) {
  size_t i = 0;
#if APUS_HAS_AVX2
  if (variant == apus_avx2) {
    int is_plain = tap_count == 2 && weights[0] == 1 << apus_weight_bits;
    i = is_plain ? widen_bytes_avx2(rows[0], byte_count, blended)
                 : blend_usual_avx2(rows, weights, tap_count, byte_count, blended);
  }
#endif
  for (; i < byte_count; i++) {
    int32_t sum = 1 << (blend_shift - 1);
    for (int tap = 0; tap < tap_count; tap++) sum += rows[tap][i] * weights[tap];
    blended[i] = (int16_t)(sum >> blend_shift);
  }
}

#if APUS_HAS_AVX2
/* Two output pixels, one in each 128-bit lane, as sums of (red, green, blue, 0). */
APUS_AVX2 __attribute__((always_inline)) static inline __m256i two_pixels(
    const int16_t *row, apus_columns columns, size_t pixel) {
  const __m256i by_channel = _mm256_setr_epi8(0, 1, 6, 7, 2, 3, 8, 9, 4, 5, 10, 11, -1, -1, -1,
                                              -1, 0, 1, 6, 7, 2, 3, 8, 9, 4, 5, 10, 11, -1, -1,
                                              -1, -1);
  const int16_t *first = row + 3 * (size_t)columns.starts[pixel];
  const int16_t *second = row + 3 * (size_t)columns.starts[pixel + 1];
  const int16_t *weights = columns.weights + pixel / 2 * (size_t)columns.pair_count * 16;
  __m256i sum = _mm256_set1_epi32(1 << (row_shift - 1));
  for (int pair = 0; pair < columns.pair_count; pair++) {
    __m256i taps = _mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)(first + 6 * pair)));
    taps = _mm256_inserti128_si256(
        taps, _mm_loadu_si128((const __m128i *)(second + 6 * pair)), 1);
    __m256i weight = _mm256_loadu_si256((const __m256i *)(weights + 16 * pair));
    sum = _mm256_add_epi32(sum,
                           _mm256_madd_epi16(_mm256_shuffle_epi8(taps, by_channel), weight));
  }
  return _mm256_srai_epi32(sum, row_shift);
}

APUS_AVX2 __attribute__((always_inline)) static inline size_t resample_row_avx2(
    const int16_t *row, apus_columns columns, uint8_t *pixels) {
  const __m256i in_order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
  size_t pixel = 0;
  for (; pixel + 8 <= (size_t)columns.pixel_count; pixel += 8) {
    __m256i a = _mm256_packs_epi32(two_pixels(row, columns, pixel),
                                   two_pixels(row, columns, pixel + 2));
    __m256i b = _mm256_packs_epi32(two_pixels(row, columns, pixel + 4),
                                   two_pixels(row, columns, pixel + 6));
    __m256i bytes = _mm256_permutevar8x32_epi32(_mm256_packus_epi16(a, b), in_order);
    _mm256_storeu_si256((__m256i *)(pixels + 4 * pixel), bytes);
  }
  return pixel;
}

APUS_AVX2 static size_t resample_usual_avx2(const int16_t *row, apus_columns columns,
                                            uint8_t *pixels) {
  apus_columns known = columns;
  switch (columns.pair_count) {
    case 1: known.pair_count = 1; return resample_row_avx2(row, known, pixels);
    case 2: known.pair_count = 2; return resample_row_avx2(row, known, pixels);
    case 3: known.pair_count = 3; return resample_row_avx2(row, known, pixels);
    default: return resample_row_avx2(row, columns, pixels);
  }
}
#endif

void apus_resample_row(apus_variant variant, const int16_t *row, apus_columns columns,
                       uint8_t *pixels) {
  size_t pixel = 0;
#if APUS_HAS_AVX2
  if (variant == apus_avx2) pixel = resample_usual_avx2(row, columns, pixels);
#endif
  for (; pixel < (size_t)columns.pixel_count; pixel++) {
    const int16_t *source = row + 3 * (size_t)columns.starts[pixel];
    const int16_t *weights =
        columns.weights + pixel / 2 * (size_t)columns.pair_count * 16 + pixel % 2 * 8;
    for (size_t channel = 0; channel < 3; channel++) {
      int32_t sum = 1 << (row_shift - 1);
      for (int pair = 0; pair < columns.pair_count; pair++)
        sum += source[6 * (size_t)pair + channel] * weights[16 * pair] +
               source[6 * (size_t)pair + 3 + channel] * weights[16 * pair + 1];
      pixels[4 * pixel + channel] = apus_clamped(sum >> row_shift);
    }
    pixels[4 * pixel + 3] = 0;
  }
}
