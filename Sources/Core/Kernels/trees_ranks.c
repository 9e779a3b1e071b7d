#include "trees.h"

int apus_tree_variant_is_here(apus_tree_variant variant) {
#if APUS_TREES_ON_X86
  __builtin_cpu_init();
  if (variant == apus_trees_avx512)
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vbmi") &&
           __builtin_cpu_supports("bmi2");
  if (variant == apus_trees_avx2)
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2");
#endif
  return variant == apus_trees_portable;
}

/* A value's rank goes to its slots; a missing value's ranks are told by the scale. */
#define STORE_RANK(scale, zero_is_missing, value, rank, ranks)                        \
  do {                                                                                \
    if (IS_MISSING(value, zero_is_missing)) {                                         \
      (ranks)[(scale)->slots[0]] = (scale)->missing_ranks[0];                         \
      (ranks)[(scale)->slots[1]] = (scale)->missing_ranks[1];                         \
    } else {                                                                          \
      (ranks)[(scale)->slots[0]] = (uint8_t)(rank);                                   \
      (ranks)[(scale)->slots[1]] = (uint8_t)(rank);                                   \
    }                                                                                 \
  } while (0)

APUS_ALWAYS_INLINE int is_missing(double value, int zero_is_missing) {
  return value != value || (zero_is_missing && __builtin_fabs(value) <= APUS_TREE_ZERO_MAX);
}

/* NaN first, since zero is missing in few columns. */
#define IS_MISSING(value, zero_is_missing)         \
  (__builtin_expect((value) != (value), 0) ||      \
   (__builtin_expect(zero_is_missing, 0) && is_missing(value, 1)))

/* A category is the value's integral part; what no set can hold is right. */
APUS_ALWAYS_INLINE uint8_t category_rank(const apus_forest *forest,
                                         const apus_tree_category *category, double value) {
  if (is_missing(value, category->zero_is_missing)) return category->missing_rank;
  if (!(value > category->above && value < 32.0 * category->word_count)) return 1;
  uint32_t number = (uint32_t)(int64_t)value;
  uint32_t word = forest->category_words[category->first_word + (number >> 5)];
  return !(word >> (number & 31) & 1);
}

#define STORE_CATEGORIES(forest, row, ranks)                                              \
  for (uint32_t i = 0; i < (forest)->category_count; i++) {                               \
    const apus_tree_category *category = &(forest)->categories[i];                        \
    (ranks)[category->slot] = category_rank(forest, category, (row)[category->column]);   \
  }

/* How many of 16 ascending values are not above `value`; fewer than 16 are. */
#define COUNT_OF_16(values, value, count)                          \
  do {                                                             \
    count = (size_t)((values)[7] <= (value)) << 3;                 \
    count += (size_t)((values)[count + 3] <= (value)) << 2;        \
    count += (size_t)((values)[count + 1] <= (value)) << 1;        \
    count += (size_t)((values)[count] <= (value));                 \
  } while (0)

#define PORTABLE_RANKS(name, type, thresholds)                                            \
  static void name(const apus_forest *forest, const type *rows, size_t row_count,         \
                   uint8_t *ranks) {                                                      \
    size_t columns = forest->column_count, stride = forest->rank_stride;                  \
    for (uint32_t i = 0; i < forest->scale_count; i++) {                                  \
      const apus_tree_scale *scale = &forest->scales[i];                                  \
      const type *ends = forest->thresholds + scale->first_threshold;                     \
      uint8_t zero_is_missing = scale->zero_is_missing;                                   \
      for (size_t r = 0; r < row_count; r++) {                                            \
        type value = rows[r * columns + scale->column];                                   \
        uint8_t *of_row = ranks + r * stride;                                             \
        size_t block = 0, within;                                                         \
        if (!scale->has_one_block) COUNT_OF_16(ends, value, block);                       \
        const type *blocks = ends + 16 + 16 * block;                                      \
        COUNT_OF_16(blocks, value, within);                                               \
        STORE_RANK(scale, zero_is_missing, value, 16 * block + within, of_row);           \
      }                                                                                   \
    }                                                                                     \
    for (size_t r = 0; forest->category_count && r < row_count; r++)                      \
      STORE_CATEGORIES(forest, rows + r * columns, ranks + r * stride)                    \
  }

PORTABLE_RANKS(ranks_float_portable, float, float_thresholds)
PORTABLE_RANKS(ranks_double_portable, double, double_thresholds)

#if APUS_TREES_ON_X86
/* The same with all 16 compared at once. */
#define VECTOR_RANKS(name, target, type, thresholds, count_of_16)                         \
  target static void name(const apus_forest *forest, const type *rows, size_t row_count,  \
                          uint8_t *ranks) {                                               \
    size_t columns = forest->column_count, stride = forest->rank_stride;                  \
    for (uint32_t i = 0; i < forest->scale_count; i++) {                                  \
      const apus_tree_scale *scale = &forest->scales[i];                                  \
      const type *ends = forest->thresholds + scale->first_threshold;                     \
      uint8_t zero_is_missing = scale->zero_is_missing;                                   \
      for (size_t r = 0; r < row_count; r++) {                                            \
        type value = rows[r * columns + scale->column];                                   \
        uint8_t *of_row = ranks + r * stride;                                             \
        size_t block = scale->has_one_block ? 0 : count_of_16(ends, value);               \
        size_t within = count_of_16(ends + 16 + 16 * block, value);                       \
        STORE_RANK(scale, zero_is_missing, value, 16 * block + within, of_row);           \
      }                                                                                   \
    }                                                                                     \
    for (size_t r = 0; forest->category_count && r < row_count; r++)                      \
      STORE_CATEGORIES(forest, rows + r * columns, ranks + r * stride)                    \
  }

APUS_TREES_AVX512 APUS_ALWAYS_INLINE size_t count_float_avx512(const float *values, float value) {
  __mmask16 held =
      _mm512_cmp_ps_mask(_mm512_load_ps(values), _mm512_set1_ps(value), _CMP_LE_OQ);
  return (size_t)__builtin_popcount(held);
}

APUS_TREES_AVX512 APUS_ALWAYS_INLINE size_t count_double_avx512(const double *values,
                                                                double value) {
  __m512d same = _mm512_set1_pd(value);
  __mmask8 low = _mm512_cmp_pd_mask(_mm512_load_pd(values), same, _CMP_LE_OQ);
  __mmask8 high = _mm512_cmp_pd_mask(_mm512_load_pd(values + 8), same, _CMP_LE_OQ);
  return (size_t)__builtin_popcount(low | (unsigned)high << 8);
}

APUS_TREES_AVX2 APUS_ALWAYS_INLINE size_t count_float_avx2(const float *values, float value) {
  __m256 same = _mm256_set1_ps(value);
  int low = _mm256_movemask_ps(_mm256_cmp_ps(_mm256_load_ps(values), same, _CMP_LE_OQ));
  int high = _mm256_movemask_ps(_mm256_cmp_ps(_mm256_load_ps(values + 8), same, _CMP_LE_OQ));
  return (size_t)__builtin_popcount((unsigned)low | (unsigned)high << 8);
}

APUS_TREES_AVX2 APUS_ALWAYS_INLINE size_t count_double_avx2(const double *values, double value) {
  __m256d same = _mm256_set1_pd(value);
  unsigned held = 0;
  for (unsigned i = 0; i < 4; i++)
    held |= (unsigned)_mm256_movemask_pd(
                _mm256_cmp_pd(_mm256_load_pd(values + 4 * i), same, _CMP_LE_OQ))
            << 4 * i;
  return (size_t)__builtin_popcount(held);
}

VECTOR_RANKS(ranks_float_avx512, APUS_TREES_AVX512, float, float_thresholds, count_float_avx512)
VECTOR_RANKS(ranks_double_avx512, APUS_TREES_AVX512, double, double_thresholds,
             count_double_avx512)
VECTOR_RANKS(ranks_float_avx2, APUS_TREES_AVX2, float, float_thresholds, count_float_avx2)
VECTOR_RANKS(ranks_double_avx2, APUS_TREES_AVX2, double, double_thresholds, count_double_avx2)
#endif

static void ranks_of_few_float(apus_tree_variant variant, const apus_forest *forest, const float *rows,
                           size_t row_count, uint8_t *ranks) {
#if APUS_TREES_ON_X86
  if (variant == apus_trees_avx512) return ranks_float_avx512(forest, rows, row_count, ranks);
  if (variant == apus_trees_avx2) return ranks_float_avx2(forest, rows, row_count, ranks);
#endif
  ranks_float_portable(forest, rows, row_count, ranks);
}

static void ranks_of_few_double(apus_tree_variant variant, const apus_forest *forest,
                            const double *rows, size_t row_count, uint8_t *ranks) {
#if APUS_TREES_ON_X86
  if (variant == apus_trees_avx512) return ranks_double_avx512(forest, rows, row_count, ranks);
  if (variant == apus_trees_avx2) return ranks_double_avx2(forest, rows, row_count, ranks);
#endif
  ranks_double_portable(forest, rows, row_count, ranks);
}

/* Scale after scale over so many rows that they and a scale's thresholds stay near. */
#define RANKS_IN_BLOCKS(type)                                                             \
  void apus_tree_ranks_##type(apus_tree_variant variant, const apus_forest *forest,       \
                              const type *rows, size_t row_count, uint8_t *ranks) {       \
    for (size_t first = 0; first < row_count; first += 64) {                              \
      size_t count = row_count - first < 64 ? row_count - first : 64;                     \
      ranks_of_few_##type(variant, forest, rows + first * forest->column_count, count,    \
                          ranks + first * forest->rank_stride);                           \
    }                                                                                     \
  }

RANKS_IN_BLOCKS(float)
RANKS_IN_BLOCKS(double)
