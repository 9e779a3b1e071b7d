#include "dispatch.h"

#if APUS_HAS_AVX2
/* Reads 28 bytes for 8 pixels. */
APUS_AVX2 static size_t widen_row_avx2(const uint8_t *rgb, size_t pixel_count,
                                       uint8_t *pixels) {
  const __m256i spread = _mm256_setr_epi8(0, 1, 2, -1, 3, 4, 5, -1, 6, 7, 8, -1, 9, 10, 11, -1, 0,
                                          1, 2, -1, 3, 4, 5, -1, 6, 7, 8, -1, 9, 10, 11, -1);
  size_t i = 0;
  for (; i + 10 <= pixel_count; i += 8) {
    __m256i eight =
        _mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)(rgb + 3 * i)));
    eight = _mm256_inserti128_si256(
        eight, _mm_loadu_si128((const __m128i *)(rgb + 3 * i + 12)), 1);
    _mm256_storeu_si256((__m256i *)(pixels + 4 * i), _mm256_shuffle_epi8(eight, spread));
  }
  return i;
}
#endif

void apus_widen_row(apus_variant variant, const uint8_t *rgb, size_t pixel_count,
                    uint8_t *pixels) {
  size_t i = 0;
#if APUS_HAS_AVX2
  if (variant == apus_avx2) i = widen_row_avx2(rgb, pixel_count, pixels);
#endif
  for (; i < pixel_count; i++) {
    for (size_t channel = 0; channel < 3; channel++)
      pixels[4 * i + channel] = rgb[3 * i + channel];
    pixels[4 * i + 3] = 0;
  }
}

#if APUS_HAS_AVX2
/* What one channel of 8 pixels is divided by, as a product with the reciprocal in two parts: for
 * all 256 bytes that rounds as the division does, and costs less. */
typedef struct {
  __m256 reciprocal, rest, bias;
} lane_normalisation;

static inline float reciprocal_rest(float divisor) {
  return (float)(1.0 / divisor - (double)(1.0f / divisor));
}

APUS_AVX2 static inline lane_normalisation lanes(apus_normalisation n, int channel) {
  float divisor = n.divisor[channel];
  lane_normalisation l = {_mm256_set1_ps(1.0f / divisor),
                          _mm256_set1_ps(reciprocal_rest(divisor)),
                          _mm256_set1_ps(-n.offset[channel] / divisor)};
  return l;
}

APUS_AVX2 static inline __m256 normalised_lanes(__m256i bytes, lane_normalisation n) {
  __m256 value = _mm256_cvtepi32_ps(bytes);
  return _mm256_fmadd_ps(value, n.reciprocal, _mm256_fmadd_ps(value, n.rest, n.bias));
}

#define CHANNEL(eight, channel) \
  _mm256_and_si256(_mm256_srli_epi32(eight, 8 * (channel)), _mm256_set1_epi32(0xff))

APUS_AVX2 static size_t planes_float_avx2(const uint8_t *pixels, size_t pixel_count,
                                          apus_normalisation n, float *red, float *green,
                                          float *blue) {
  lane_normalisation r = lanes(n, 0), g = lanes(n, 1), b = lanes(n, 2);
  size_t i = 0;
  for (; i + 8 <= pixel_count; i += 8) {
    __m256i eight = _mm256_loadu_si256((const __m256i *)(pixels + 4 * i));
    _mm256_storeu_ps(red + i, normalised_lanes(CHANNEL(eight, 0), r));
    _mm256_storeu_ps(green + i, normalised_lanes(CHANNEL(eight, 1), g));
    _mm256_storeu_ps(blue + i, normalised_lanes(CHANNEL(eight, 2), b));
  }
  return i;
}

APUS_AVX2 static inline void store_half(uint16_t *place, __m256 values) {
  _mm_storeu_si128((__m128i *)place, _mm256_cvtps_ph(values, _MM_FROUND_TO_NEAREST_INT));
}

APUS_AVX2 static size_t planes_half_avx2(const uint8_t *pixels, size_t pixel_count,
                                         apus_normalisation n, uint16_t *red, uint16_t *green,
                                         uint16_t *blue) {
  lane_normalisation r = lanes(n, 0), g = lanes(n, 1), b = lanes(n, 2);
  size_t i = 0;
  for (; i + 8 <= pixel_count; i += 8) {
    __m256i eight = _mm256_loadu_si256((const __m256i *)(pixels + 4 * i));
    store_half(red + i, normalised_lanes(CHANNEL(eight, 0), r));
    store_half(green + i, normalised_lanes(CHANNEL(eight, 1), g));
    store_half(blue + i, normalised_lanes(CHANNEL(eight, 2), b));
  }
  return i;
}

/* Four channels of four pixels each become four runs of four bytes, in each lane. */
APUS_AVX2 static size_t planes_byte_avx2(const uint8_t *pixels, size_t pixel_count,
                                         uint8_t *red, uint8_t *green, uint8_t *blue) {
  const __m256i by_channel =
      _mm256_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15, 0, 4, 8, 12, 1, 5, 9,
                       13, 2, 6, 10, 14, 3, 7, 11, 15);
  const __m256i together = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
  size_t i = 0;
  for (; i + 8 <= pixel_count; i += 8) {
    __m256i eight = _mm256_loadu_si256((const __m256i *)(pixels + 4 * i));
    eight = _mm256_permutevar8x32_epi32(_mm256_shuffle_epi8(eight, by_channel), together);
    _mm_storel_epi64((__m128i *)(red + i), _mm256_castsi256_si128(eight));
    _mm_storeh_pd((double *)(green + i), _mm_castsi128_pd(_mm256_castsi256_si128(eight)));
    _mm_storel_epi64((__m128i *)(blue + i), _mm256_extracti128_si256(eight, 1));
  }
  return i;
}
#endif

void apus_planes_float(apus_variant variant, const uint8_t *pixels, size_t pixel_count,
                       apus_normalisation n, float *red, float *green, float *blue) {
  size_t i = 0;
#if APUS_HAS_AVX2
  if (variant == apus_avx2)
    i = planes_float_avx2(pixels, pixel_count, n, red, green, blue);
#endif
  for (; i < pixel_count; i++) {
    red[i] = apus_normalised(pixels[4 * i], n, 0);
    green[i] = apus_normalised(pixels[4 * i + 1], n, 1);
    blue[i] = apus_normalised(pixels[4 * i + 2], n, 2);
  }
}

void apus_planes_half(apus_variant variant, const uint8_t *pixels, size_t pixel_count,
                      apus_normalisation n, uint16_t *red, uint16_t *green, uint16_t *blue) {
  size_t i = 0;
#if APUS_HAS_AVX2
  if (variant == apus_avx2)
    i = planes_half_avx2(pixels, pixel_count, n, red, green, blue);
#endif
  for (; i < pixel_count; i++) {
    red[i] = apus_half_from_float(apus_normalised(pixels[4 * i], n, 0));
    green[i] = apus_half_from_float(apus_normalised(pixels[4 * i + 1], n, 1));
    blue[i] = apus_half_from_float(apus_normalised(pixels[4 * i + 2], n, 2));
  }
}

void apus_planes_byte(apus_variant variant, const uint8_t *pixels, size_t pixel_count,
                      uint8_t *red, uint8_t *green, uint8_t *blue) {
  size_t i = 0;
#if APUS_HAS_AVX2
  if (variant == apus_avx2) i = planes_byte_avx2(pixels, pixel_count, red, green, blue);
#endif
  for (; i < pixel_count; i++) {
    red[i] = pixels[4 * i];
    green[i] = pixels[4 * i + 1];
    blue[i] = pixels[4 * i + 2];
  }
}

#if APUS_HAS_AVX2
/* Eight pixels as 24 values, eight at a time: each byte is picked for its 32-bit lane, and the
 * channels' order shifts by two from one eight to the next. */
APUS_AVX2 static size_t interleaved_float_avx2(const uint8_t *pixels, size_t pixel_count,
                                               apus_normalisation n, float *values) {
  float reciprocal[24], rest[24], bias[24];
  for (int i = 0; i < 24; i++) {
    float divisor = n.divisor[i % 3];
    reciprocal[i] = 1.0f / divisor;
    rest[i] = reciprocal_rest(divisor);
    bias[i] = -n.offset[i % 3] / divisor;
  }
  size_t i = 0;
  for (; i + 8 <= pixel_count; i += 8) {
    uint8_t rgb[24];
    for (size_t k = 0; k < 8; k++)
      for (size_t channel = 0; channel < 3; channel++)
        rgb[3 * k + channel] = pixels[4 * (i + k) + channel];
    for (int part = 0; part < 24; part += 8) {
      lane_normalisation lane = {_mm256_loadu_ps(reciprocal + part),
                                 _mm256_loadu_ps(rest + part), _mm256_loadu_ps(bias + part)};
      __m256i bytes = _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)(rgb + part)));
      _mm256_storeu_ps(values + 3 * i + part, normalised_lanes(bytes, lane));
    }
  }
  return i;
}
#endif

void apus_interleaved_float(apus_variant variant, const uint8_t *pixels, size_t pixel_count,
                            apus_normalisation n, float *values) {
  size_t i = 0;
#if APUS_HAS_AVX2
  if (variant == apus_avx2) i = interleaved_float_avx2(pixels, pixel_count, n, values);
#endif
  for (; i < pixel_count; i++)
    for (int channel = 0; channel < 3; channel++)
      values[3 * i + (size_t)channel] =
          apus_normalised(pixels[4 * i + (size_t)channel], n, channel);
}

void apus_interleaved_half(const uint8_t *pixels, size_t pixel_count, apus_normalisation n,
                           uint16_t *values) {
  for (size_t i = 0; i < pixel_count; i++)
    for (int channel = 0; channel < 3; channel++)
      values[3 * i + (size_t)channel] =
          apus_half_from_float(apus_normalised(pixels[4 * i + (size_t)channel], n, channel));
}

void apus_interleaved_byte(const uint8_t *pixels, size_t pixel_count, uint8_t *values) {
  for (size_t i = 0; i < pixel_count; i++)
    for (size_t channel = 0; channel < 3; channel++)
      values[3 * i + channel] = pixels[4 * i + channel];
}

void apus_grey_row(uint8_t *pixels, size_t pixel_count) {
  for (size_t i = 0; i < pixel_count; i++) {
    uint8_t *pixel = pixels + 4 * i;
    uint32_t luma = pixel[0] * 19595u + pixel[1] * 38470u + pixel[2] * 7471u + 0x8000u;
    pixel[0] = pixel[1] = pixel[2] = (uint8_t)(luma >> 16);
  }
}
