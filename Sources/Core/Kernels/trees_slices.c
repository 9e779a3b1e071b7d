#include "trees.h"

/* Leaves of several values: one of them for each row. */
#define ADD_WIDE(type)                                                                        \
  static void add_wide_##type(const type *values, size_t width, const uint8_t *ways,          \
                              size_t row_count, type *sums) {                                 \
    for (size_t r = 0; r < row_count; r++) sums[r] += values[ways[r] * width];                \
  }

ADD_WIDE(float)
ADD_WIDE(double)

#define ADD_PLAIN(name, type)                                                                 \
  static void name(const type *values, int bit_count, const uint8_t *ways, size_t row_count,  \
                   type *sums) {                                                              \
    (void)bit_count;                                                                          \
    for (size_t r = 0; r < row_count; r++) sums[r] += values[ways[r]];                        \
  }

/* Up to eight words of 64 rows' bits become 64 bytes, eight rows at a time: an 8x8 matrix of bits is
 * turned (Hacker's Delight, 7-3). */
APUS_ALWAYS_INLINE uint64_t turned(uint64_t bits) {
  uint64_t moved = (bits ^ bits >> 7) & 0x00AA00AA00AA00AAull;
  bits ^= moved ^ moved << 7;
  moved = (bits ^ bits >> 14) & 0x0000CCCC0000CCCCull;
  bits ^= moved ^ moved << 14;
  moved = (bits ^ bits >> 28) & 0x00000000F0F0F0F0ull;
  return bits ^ moved ^ moved << 28;
}

#define WAYS_PLAIN(name, word_count)                                                          \
  static void name(const uint64_t *bits, int bit_count, size_t row_count, uint8_t *ways) {    \
    for (size_t eight = 0; eight < (row_count + 7) / 8; eight++) {                            \
      uint64_t matrix = 0;                                                                    \
      for (int bit = 0; bit < bit_count; bit++) {                                             \
        uint64_t word = bits[(size_t)bit * word_count + eight / 8];                           \
        matrix |= (word >> 8 * (eight & 7) & 0xff) << 8 * bit;                                \
      }                                                                                       \
      matrix = turned(matrix);                                                                \
      __builtin_memcpy(ways + 8 * eight, &matrix, 8);                                         \
    }                                                                                         \
  }

/* No vector of a slice is handed to a function that is not inlined. */
#pragma clang diagnostic ignored "-Wpsabi"

/* 32 bytes, which the compiler makes of what there is. */
#define SLICE_NAME(name) name##_plain
#define SLICE_TARGET
#define SLICE_BYTES 32
ADD_PLAIN(add_float_plain, float)
ADD_PLAIN(add_double_plain, double)
WAYS_PLAIN(ways_plain, 4)
#include "trees_slices.h"
#undef SLICE_NAME
#undef SLICE_TARGET
#undef SLICE_BYTES

#if APUS_TREES_ON_X86
#define SLICE_NAME(name) name##_avx2
#define SLICE_TARGET APUS_TREES_AVX2
#define SLICE_BYTES 32
#define add_float_avx2 add_float_plain
#define add_double_avx2 add_double_plain
#define ways_avx2 ways_plain
#include "trees_slices.h"
#undef SLICE_NAME
#undef SLICE_TARGET
#undef SLICE_BYTES

/* A row's byte gets a bit from each word. */
APUS_TREES_AVX512 static void ways_avx512(const uint64_t *bits, int bit_count, size_t row_count,
                                          uint8_t *ways) {
  for (size_t word = 0; word < (row_count + 63) / 64; word++) {
    __m512i way = _mm512_setzero_si512();
    for (int bit = 0; bit < bit_count; bit++)
      way = _mm512_mask_add_epi8(way, bits[(size_t)bit * 8 + word], way,
                                 _mm512_set1_epi8((char)(1 << bit)));
    _mm512_store_si512(ways + 64 * word, way);
  }
}

/* Of up to 256 values in registers, each row's; `pair_count` pairs of registers of 16. */
APUS_TREES_AVX512 APUS_ALWAYS_INLINE void add_float_from(const float *values, int pair_count,
                                                         const uint8_t *ways, size_t row_count,
                                                         float *sums) {
  __m512 tables[16];
#pragma clang loop unroll(full)
  for (int i = 0; i < 2 * pair_count; i++) tables[i] = _mm512_loadu_ps(values + 16 * i);
  for (size_t r = 0; r < row_count; r += 16) {
    __m512i way = _mm512_cvtepu8_epi32(_mm_load_si128((const __m128i *)(ways + r)));
    __m512 found[8];
#pragma clang loop unroll(full)
    for (int pair = 0; pair < pair_count; pair++)
      found[pair] = _mm512_permutex2var_ps(tables[2 * pair], way, tables[2 * pair + 1]);
#pragma clang loop unroll(full)
    for (int span = 1; span < pair_count; span *= 2) {
      __mmask16 upper = _mm512_test_epi32_mask(way, _mm512_set1_epi32(32 * span));
#pragma clang loop unroll(full)
      for (int pair = 0; pair < pair_count; pair += 2 * span)
        found[pair] = _mm512_mask_blend_ps(upper, found[pair], found[pair + span]);
    }
    _mm512_store_ps(sums + r, _mm512_add_ps(_mm512_load_ps(sums + r), found[0]));
  }
}

APUS_TREES_AVX512 static void add_float_avx512(const float *values, int bit_count,
                                               const uint8_t *ways, size_t row_count,
                                               float *sums) {
  if (bit_count <= 5) return add_float_from(values, 1, ways, row_count, sums);
  if (bit_count == 6) return add_float_from(values, 2, ways, row_count, sums);
  if (bit_count == 7) return add_float_from(values, 4, ways, row_count, sums);
  add_float_from(values, 8, ways, row_count, sums);
}

/* The same with Float64: 64 values at most in registers. */
APUS_TREES_AVX512 APUS_ALWAYS_INLINE void add_double_from(const double *values, int pair_count,
                                                          const uint8_t *ways, size_t row_count,
                                                          double *sums) {
  __m512d tables[8];
#pragma clang loop unroll(full)
  for (int i = 0; i < 2 * pair_count; i++) tables[i] = _mm512_loadu_pd(values + 8 * i);
  for (size_t r = 0; r < row_count; r += 8) {
    __m512i way = _mm512_cvtepu8_epi64(_mm_loadl_epi64((const __m128i *)(ways + r)));
    __m512d found[4];
#pragma clang loop unroll(full)
    for (int pair = 0; pair < pair_count; pair++)
      found[pair] = _mm512_permutex2var_pd(tables[2 * pair], way, tables[2 * pair + 1]);
#pragma clang loop unroll(full)
    for (int span = 1; span < pair_count; span *= 2) {
      __mmask8 upper = _mm512_test_epi64_mask(way, _mm512_set1_epi64(16 * span));
#pragma clang loop unroll(full)
      for (int pair = 0; pair < pair_count; pair += 2 * span)
        found[pair] = _mm512_mask_blend_pd(upper, found[pair], found[pair + span]);
    }
    _mm512_store_pd(sums + r, _mm512_add_pd(_mm512_load_pd(sums + r), found[0]));
  }
}

APUS_TREES_AVX512 static void add_double_avx512(const double *values, int bit_count,
                                                const uint8_t *ways, size_t row_count,
                                                double *sums) {
  if (bit_count <= 4) return add_double_from(values, 1, ways, row_count, sums);
  if (bit_count == 5) return add_double_from(values, 2, ways, row_count, sums);
  if (bit_count == 6) return add_double_from(values, 4, ways, row_count, sums);
  add_double_plain(values, bit_count, ways, row_count, sums);
}

#define SLICE_NAME(name) name##_avx512
#define SLICE_TARGET APUS_TREES_AVX512
#define SLICE_BYTES 64
#include "trees_slices.h"
#undef SLICE_NAME
#undef SLICE_TARGET
#undef SLICE_BYTES
#endif

size_t apus_tree_slice_rows(apus_tree_variant variant) {
#if APUS_TREES_ON_X86
  if (variant == apus_trees_avx512) return rows_avx512;
#endif
  (void)variant;
  return rows_plain;
}

#if APUS_TREES_ON_X86
#define SLICE_DISPATCH(type)                                                                \
  if (variant == apus_trees_avx512)                                                         \
    return sums_##type##_avx512(forest, ranks, row_count, trees, conditions, sums);    \
  if (variant == apus_trees_avx2)                                                           \
    return sums_##type##_avx2(forest, ranks, row_count, trees, conditions, sums);
#else
#define SLICE_DISPATCH(type)
#endif

void apus_tree_slice_sums_float(apus_tree_variant variant, const apus_forest *forest,
                                const uint8_t *ranks, size_t row_count, apus_tree_range trees,
                                void *conditions, float *sums) {
  SLICE_DISPATCH(float)
  sums_float_plain(forest, ranks, row_count, trees, conditions, sums);
}

void apus_tree_slice_sums_double(apus_tree_variant variant, const apus_forest *forest,
                                 const uint8_t *ranks, size_t row_count, apus_tree_range trees,
                                 void *conditions, double *sums) {
  SLICE_DISPATCH(double)
  sums_double_plain(forest, ranks, row_count, trees, conditions, sums);
}
