#include "trees.h"

int apus_tree_variant_is_here(apus_tree_variant variant) {
#if APUS_TREES_ON_X86
  __builtin_cpu_init();
  if (variant == apus_trees_avx512)
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vbmi") &&
           __builtin_cpu_supports("avx512bitalg") && __builtin_cpu_supports("bmi2");
  if (variant == apus_trees_avx2)
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2");
#endif
#if APUS_TREES_ON_NEON
  if (variant == apus_trees_neon) return 1;
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

/* How many of 16 values are not above `value`: vectors of 16 bytes are SSE2 and NEON alike. */
typedef float four_floats __attribute__((vector_size(16), may_alias));
typedef int32_t four_words __attribute__((vector_size(16)));
typedef double two_doubles __attribute__((vector_size(16), may_alias));
typedef int64_t two_words __attribute__((vector_size(16)));

APUS_ALWAYS_INLINE size_t count_float_portable(const float *values, float value) {
  const four_floats *ends = (const four_floats *)values;
  four_floats same = {value, value, value, value};
  four_words held = (ends[0] <= same) + (ends[1] <= same) + (ends[2] <= same) + (ends[3] <= same);
  return (size_t)-(held[0] + held[1] + held[2] + held[3]);
}

APUS_ALWAYS_INLINE size_t count_double_portable(const double *values, double value) {
  const two_doubles *ends = (const two_doubles *)values;
  two_doubles same = {value, value};
  two_words held = {0, 0};
#pragma clang loop unroll(full)
  for (int i = 0; i < 8; i++) held += ends[i] <= same;
  return (size_t)-(held[0] + held[1]);
}

/* Scale after scale, so that a scale's thresholds stay near while rows pass. */
#define RANKS(name, target, type, count_of_16)                                            \
  target static void name(const apus_forest *forest, const type *rows, size_t row_count,  \
                          uint8_t *ranks) {                                               \
    size_t columns = forest->column_count, stride = forest->rank_stride;                  \
    for (uint32_t i = 0; i < forest->scale_count; i++) {                                  \
      const apus_tree_scale *scale = &forest->scales[i];                                  \
      const type *ends = forest->type##_thresholds + scale->first_threshold;              \
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

RANKS(ranks_float_portable, , float, count_float_portable)
RANKS(ranks_double_portable, , double, count_double_portable)

#if APUS_TREES_ON_X86
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

RANKS(ranks_float_avx512, APUS_TREES_AVX512, float, count_float_avx512)
RANKS(ranks_double_avx512, APUS_TREES_AVX512, double, count_double_avx512)
RANKS(ranks_float_avx2, APUS_TREES_AVX2, float, count_float_avx2)
RANKS(ranks_double_avx2, APUS_TREES_AVX2, double, count_double_avx2)

/* Of a lane's block ends the one that four comparisons, each after the one before it, come to. */
APUS_TREES_AVX512 APUS_ALWAYS_INLINE __m512 end_0(const apus_tree_lanes *lanes, size_t place,
                                                  size_t step, const __mmask16 *held) {
  (void)step, (void)held;
  return _mm512_load_ps(lanes->ends[place]);
}

#define END_OF(n, fewer)                                                                       \
  APUS_TREES_AVX512 APUS_ALWAYS_INLINE __m512 end_##n(const apus_tree_lanes *lanes, size_t place, \
                                                      size_t step, const __mmask16 *held) {    \
    return _mm512_mask_blend_ps(held[fewer], end_##fewer(lanes, place, 2 * step, held),        \
                                end_##fewer(lanes, place + step, 2 * step, held));             \
  }

END_OF(1, 0)
END_OF(2, 1)
END_OF(3, 2)
#undef END_OF

/* Thresholds of the blocks before the one that a lane's value is in. */
APUS_TREES_AVX512 APUS_ALWAYS_INLINE __m512i thresholds_before(const apus_tree_lanes *lanes,
                                                               __m512 values) {
  __mmask16 held[4];
  __m512i before = _mm512_setzero_si512();
#define LEVEL(n)                                                                              \
  held[n] = _mm512_cmp_ps_mask(end_##n(lanes, (8 >> n) - 1, 16 >> n, held), values, _CMP_LE_OQ); \
  before = _mm512_mask_add_epi32(before, held[n], before, _mm512_set1_epi32(128 >> n));
  LEVEL(0) LEVEL(1) LEVEL(2) LEVEL(3)
#undef LEVEL
  return before;
}

APUS_TREES_AVX512 APUS_ALWAYS_INLINE __m512 lane_values(const apus_tree_lanes *lanes,
                                                        const float *row) {
  if (lanes->has_row_of_columns) return _mm512_maskz_loadu_ps(lanes->used, row + lanes->columns[0]);
  return _mm512_mask_i32gather_ps(_mm512_setzero_ps(), lanes->used,
                                  _mm512_load_si512(lanes->columns), row, 4);
}

APUS_TREES_AVX512 APUS_ALWAYS_INLINE __mmask16 lanes_missing(const apus_tree_lanes *lanes,
                                                             __m512 values) {
  unsigned missing = _mm512_cmp_ps_mask(values, values, _CMP_UNORD_Q);
  if (lanes->zero_is_missing)
    missing |= lanes->zero_is_missing &
               _mm512_cmp_ps_mask(_mm512_abs_ps(values), _mm512_set1_ps(APUS_TREE_ZERO_MAX),
                                  _CMP_LE_OQ);
  return (__mmask16)missing;
}

/* What all scales say of a row: how many thresholds are not above the value, a bit each within a block,
 * and the others before it; a bit for a value that is missing. */
typedef struct {
  uint16_t within[apus_tree_lanes_max] __attribute__((aligned(64)));
  uint8_t before[apus_tree_lanes_max] __attribute__((aligned(64)));
  uint64_t missing;
} scaled_row;

APUS_TREES_AVX512 APUS_ALWAYS_INLINE void scale_row(const apus_forest *forest, const float *row,
                                                    scaled_row *scaled) {
  scaled->missing = 0;
#pragma clang loop unroll(disable)
  for (uint32_t i = 0; i < forest->lanes_count; i++) {
    const apus_tree_lanes *lanes = &forest->lanes[i];
    uint32_t blocks[16] __attribute__((aligned(64)));
    __m512 values = lane_values(lanes, row);
    __m512i before = thresholds_before(lanes, values);
    scaled->missing |= (uint64_t)lanes_missing(lanes, values) << 16 * i;
    _mm_store_si128((__m128i *)(scaled->before + 16 * i), _mm512_cvtepi32_epi8(before));
    _mm512_store_si512(blocks,
                       _mm512_add_epi32(before, _mm512_load_si512(lanes->first_blocks)));
#pragma clang loop unroll_count(4)
    for (uint32_t lane = 0; lane < 16; lane++) {
      __m512 block = _mm512_load_ps(forest->float_thresholds + blocks[lane]);
      __m512 same = _mm512_set1_ps(row[lanes->columns[lane]]);
      scaled->within[16 * i + lane] = _mm512_cmp_ps_mask(block, same, _CMP_LE_OQ);
    }
  }
}

/* A row's ranks are counted by scale, and then put to the slots. */
APUS_TREES_AVX512 APUS_ALWAYS_INLINE void row_ranks(const apus_forest *forest, const float *row,
                                                    uint8_t *ranks) {
  scaled_row scaled;
  scale_row(forest, row, &scaled);
  __m512i low = _mm512_popcnt_epi16(_mm512_load_si512(scaled.within));
  __m512i high = _mm512_popcnt_epi16(_mm512_load_si512(scaled.within + 32));
  __m512i within = _mm512_inserti64x4(_mm512_castsi256_si512(_mm512_cvtepi16_epi8(low)),
                                      _mm512_cvtepi16_epi8(high), 1);
  __m512i by_scale = _mm512_add_epi8(_mm512_load_si512(scaled.before), within);
  __m512i missing = _mm512_movm_epi8(scaled.missing);
  for (uint32_t slot = 0; slot < forest->rank_stride; slot += 64) {
    __m512i scales = _mm512_load_si512(forest->slot_scales + slot);
    __m512i rank = _mm512_permutexvar_epi8(scales, by_scale);
    __m512i is_missing = _mm512_permutexvar_epi8(scales, missing);
    __m512i missing_rank = _mm512_load_si512(forest->slot_missing_ranks + slot);
    _mm512_store_si512(ranks + slot,
                       _mm512_ternarylogic_epi64(is_missing, missing_rank, rank, 0xCA));
  }
}

/* Row after row: all scales of one at once. */
APUS_TREES_AVX512 static void ranks_in_lanes(const apus_forest *forest, const float *rows,
                                             size_t row_count, uint8_t *ranks) {
  size_t columns = forest->column_count, stride = forest->rank_stride;
  for (size_t r = 0; r < row_count; r++) {
    row_ranks(forest, rows + r * columns, ranks + r * stride);
    STORE_CATEGORIES(forest, rows + r * columns, ranks + r * stride)
  }
}
#endif

static void ranks_of_few_float(apus_tree_variant variant, const apus_forest *forest, const float *rows,
                           size_t row_count, uint8_t *ranks) {
#if APUS_TREES_ON_X86
  if (variant == apus_trees_avx512 && forest->lanes_count)
    return ranks_in_lanes(forest, rows, row_count, ranks);
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
