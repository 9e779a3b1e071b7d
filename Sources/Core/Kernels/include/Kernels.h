/* Inner loops over pixels and scores. Every function is pure: it reads and writes only the memory it
 * is given, from any thread. Those that take a variant give equal results in each (floats with an
 * offset: equal but for the last rounding); the caller picks one, `apus_best_variant()` once per
 * process. */
#ifndef APUS_KERNELS_H
#define APUS_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#include "TreeKernels.h"

typedef enum { apus_portable = 0, apus_avx2 = 1 } apus_variant;

/* The fastest variant that this processor can run. */
apus_variant apus_best_variant(void);

/* Fixed point of resampling: weights have 14 fractional bits and sum to 1; rows between the two
 * passes have 7. */
enum { apus_weight_bits = 14, apus_row_bits = 7 };

/* The weighted sum of `tap_count` rows (an even number) of `byte_count` bytes: `rows[i]` times
 * `weights[i]`. Writes `byte_count` values with 7 fractional bits. */
void apus_blend_rows(apus_variant variant, const uint8_t *const *rows, const int16_t *weights,
                     int tap_count, size_t byte_count, int16_t *blended);

/* Places of a horizontal pass. `starts` holds the first source pixel of each output pixel;
 * `weights` holds, for output pixels 2i and 2i+1 and each pair of taps, the pair of 2i four times
 * and then that of 2i+1 four times (16 values). */
typedef struct {
  const int32_t *starts;
  const int16_t *weights;
  int32_t pair_count;
  /* Even; the last pixel may stand twice. */
  int32_t pixel_count;
} apus_columns;

/* Resamples a blended RGB row into `pixel_count` pixels of 4 bytes (R, G, B, 0), rounded to the
 * nearest. `row` must be readable 16 bytes beyond the last tap. */
void apus_resample_row(apus_variant variant, const int16_t *row, apus_columns columns,
                       uint8_t *pixels);

/* RGB to 4 bytes a pixel (R, G, B, 0). */
void apus_widen_row(apus_variant variant, const uint8_t *rgb, size_t pixel_count,
                    uint8_t *pixels);

/* value = (byte - offset) / divisor, per channel; with offset 0 rounded as a float32 division
 * rounds. */
typedef struct {
  float offset[3];
  float divisor[3];
} apus_normalisation;

/* Pixels of 4 bytes to three planes. */
void apus_planes_float(apus_variant variant, const uint8_t *pixels, size_t pixel_count,
                       apus_normalisation normalisation, float *red, float *green, float *blue);
void apus_planes_half(apus_variant variant, const uint8_t *pixels, size_t pixel_count,
                      apus_normalisation normalisation, uint16_t *red, uint16_t *green,
                      uint16_t *blue);
void apus_planes_byte(apus_variant variant, const uint8_t *pixels, size_t pixel_count,
                      uint8_t *red, uint8_t *green, uint8_t *blue);

/* Pixels of 4 bytes to interleaved RGB values. */
void apus_interleaved_float(apus_variant variant, const uint8_t *pixels, size_t pixel_count,
                            apus_normalisation normalisation, float *values);
void apus_interleaved_half(const uint8_t *pixels, size_t pixel_count,
                           apus_normalisation normalisation, uint16_t *values);
void apus_interleaved_byte(const uint8_t *pixels, size_t pixel_count, uint8_t *values);

/* Each pixel's luma (ITU-R 601, as Pillow's convert("L") rounds it) into all three channels. */
void apus_grey_row(uint8_t *pixels, size_t pixel_count);

/* IEEE half to float, all values exact. */
void apus_floats_from_halves(apus_variant variant, const uint16_t *halves, size_t count,
                             float *floats);

/* Writes the places of scores above `threshold` (never NaN), ascending; answers how many.
 * `places` must hold `count`. */
size_t apus_places_above(apus_variant variant, const float *scores, size_t count,
                         float threshold, uint32_t *places);

/* Rows times a matrix that has `output_count` coefficients for each of `width` columns: `output_count`
 * products a row. Each sum begins with 0 and takes the columns in their order, every product added with one
 * rounding, so that a row has the same bits whatever rows it is computed with. */
void apus_products_float(apus_variant variant, const float *rows, size_t row_count, size_t width,
                         const float *coefficients, size_t output_count, float *products);
void apus_products_double(apus_variant variant, const double *rows, size_t row_count, size_t width,
                          const double *coefficients, size_t output_count, double *products);

/* CMYK as Adobe stores it in JPEG (0 = full ink) to RGB. `rgb` may be `cmyk` itself. */
void apus_rgb_from_inverted_cmyk(const uint8_t *cmyk, size_t pixel_count, uint8_t *rgb);

/* Turns an RGB image of `width` x `height` as an EXIF orientation of 1 to 8 asks; from 5 on the
 * result is `height` wide. */
void apus_turn_rgb(const uint8_t *rgb, size_t width, size_t height, int orientation,
                   uint8_t *turned);

#endif
