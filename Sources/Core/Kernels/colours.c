#include <string.h>

#include "dispatch.h"

void apus_rgb_from_inverted_cmyk(const uint8_t *cmyk, size_t pixel_count, uint8_t *rgb) {
  for (size_t i = 0; i < pixel_count; i++) {
    uint32_t white = cmyk[4 * i + 3];
    for (size_t channel = 0; channel < 3; channel++) {
      /* Ink times white over 255, rounded. */
      uint32_t product = (255u - cmyk[4 * i + channel]) * white + 128u;
      uint32_t ink = (product + (product >> 8)) >> 8;
      rgb[3 * i + channel] = (uint8_t)(white - ink);
    }
  }
}

/* Where in the source the result's first pixel lies, and how far apart its neighbours to the right
 * and below are there. In pixels; may be negative. */
typedef struct {
  ptrdiff_t start, right, down;
} walk;

static walk walk_for(ptrdiff_t width, ptrdiff_t height, int orientation) {
  ptrdiff_t last_column = width - 1, last_row = (height - 1) * width;
  switch (orientation) {
    case 2: return (walk){last_column, -1, width};
    case 3: return (walk){last_row + last_column, -1, -width};
    case 4: return (walk){last_row, 1, -width};
    case 5: return (walk){0, width, 1};
    case 6: return (walk){last_row, -width, 1};
    case 7: return (walk){last_row + last_column, -width, -1};
    case 8: return (walk){last_column, width, -1};
    default: return (walk){0, 1, width};
  }
}

void apus_turn_rgb(const uint8_t *rgb, size_t width, size_t height, int orientation,
                   uint8_t *turned) {
  enum { block = 32 };
  walk w = walk_for((ptrdiff_t)width, (ptrdiff_t)height, orientation);
  size_t out_width = orientation >= 5 ? height : width;
  size_t out_height = orientation >= 5 ? width : height;
  /* In blocks, so that both sides stay in the cache where rows become columns. */
  for (size_t top = 0; top < out_height; top += block)
    for (size_t left = 0; left < out_width; left += block)
      for (size_t y = top; y < out_height && y < top + block; y++)
        for (size_t x = left; x < out_width && x < left + block; x++) {
          ptrdiff_t source = w.start + (ptrdiff_t)x * w.right + (ptrdiff_t)y * w.down;
          memcpy(turned + 3 * (y * out_width + x), rgb + 3 * source, 3);
        }
}
