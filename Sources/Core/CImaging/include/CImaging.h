/* Our own declarations of what we call in the image libraries, as function types: the libraries are
 * opened while the program runs. From the documentation of TurboJPEG 2.x, libspng 0.7 and
 * libwebp 1.x (decoder ABI 0x0209). No logic. */
#ifndef APUS_CIMAGING_H
#define APUS_CIMAGING_H

#include <stddef.h>
#include <stdint.h>

/* TurboJPEG */

enum {
  apus_tj_pixel_rgb = 0,
  apus_tj_pixel_cmyk = 11,

  apus_tj_colourspace_cmyk = 3,
  apus_tj_colourspace_ycck = 4,

  apus_tj_sampling_420 = 2,

  apus_tj_flag_accurate_dct = 4096,
  apus_tj_flag_limit_scans = 32768,

  apus_tj_error_warning = 0,
};

typedef void *(*apus_tj_init)(void);
typedef int (*apus_tj_destroy)(void *handle);
typedef void (*apus_tj_free)(unsigned char *buffer);
typedef char *(*apus_tj_error_text)(void *handle);
typedef int (*apus_tj_error_code)(void *handle);
typedef int (*apus_tj_decompress_header)(void *handle, const unsigned char *jpeg,
                                         unsigned long jpeg_size, int *width, int *height,
                                         int *sampling, int *colourspace);
typedef int (*apus_tj_decompress)(void *handle, const unsigned char *jpeg,
                                  unsigned long jpeg_size, unsigned char *pixels, int width,
                                  int pitch, int height, int pixel_format, int flags);
typedef int (*apus_tj_compress)(void *handle, const unsigned char *pixels, int width, int pitch,
                                int height, int pixel_format, unsigned char **jpeg,
                                unsigned long *jpeg_size, int sampling, int quality, int flags);

/* libspng */

enum {
  apus_spng_format_rgb8 = 4,
  apus_spng_crc_discard = 1,

  apus_spng_io_eof = -1,
  apus_spng_error_memory = 2,
  apus_spng_error_end = 68,
};

typedef void *(*apus_spng_new)(int flags);
typedef void (*apus_spng_free)(void *context);
typedef int (*apus_spng_set_buffer)(void *context, const void *png, size_t png_size);
typedef int (*apus_spng_set_image_limits)(void *context, uint32_t width, uint32_t height);
typedef int (*apus_spng_set_chunk_limits)(void *context, size_t chunk_size, size_t cache_size);
typedef int (*apus_spng_decode)(void *context, void *pixels, size_t byte_count, int format,
                                int flags);
typedef const char *(*apus_spng_error_text)(int error);

/* libwebp */

enum { apus_webp_abi_version = 0x0209 };

typedef struct {
  int width;
  int height;
  int has_alpha;
  int has_animation;
  int format;
  uint32_t pad[5];
} apus_webp_features;

typedef int (*apus_webp_get_features)(const uint8_t *webp, size_t webp_size,
                                      apus_webp_features *features, int abi_version);
typedef uint8_t *(*apus_webp_decode_rgb)(const uint8_t *webp, size_t webp_size, uint8_t *pixels,
                                         size_t byte_count, int pitch);

#endif
