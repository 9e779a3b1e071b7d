#include "trees.h"

/* Groups whose ends are found before any is summed. */
enum { chunk_groups = 8 };

/* Eight trees of a row, walked as plain code. */
APUS_ALWAYS_INLINE void walk_nodes(const apus_tree_node *nodes, const uint8_t *ranks,
                                   uint32_t *places) {
  uint32_t moved;
  do {
    moved = 0;
    for (int tree = 0; tree < apus_trees_abreast; tree++) {
      apus_tree_node node = nodes[places[tree]];
      uint32_t next =
          node.left + (ranks[node.slot_and_rank >> 8] > (uint8_t)node.slot_and_rank);
      moved |= next ^ places[tree];
      places[tree] = next;
    }
  } while (moved);
}

APUS_ALWAYS_INLINE void finish_nodes(const apus_forest *forest, const apus_tree_group *group,
                                     const uint8_t *ranks, uint32_t *places) {
  walk_nodes(forest->nodes, ranks, places);
  for (int tree = 0; tree < apus_trees_abreast; tree++) places[tree] += group->first_place;
}

/* Ways out of the heaps, a level at a time in all trees. */
APUS_ALWAYS_INLINE void heap_ways(const apus_tree_group *group, const uint8_t *tops,
                                  const uint8_t *ranks, uint32_t *ways) {
  for (int tree = 0; tree < apus_trees_abreast; tree++) ways[tree] = 1;
  for (uint32_t level = 0; level < group->level_count; level++)
    for (int tree = 0; tree < apus_trees_abreast; tree++) {
      const uint8_t *top = tops + 128 * tree;
      uint32_t place = ways[tree];
      ways[tree] = 2 * place + (ranks[top[place]] > top[64 + place]);
    }
  for (int tree = 0; tree < apus_trees_abreast; tree++) ways[tree] -= 1u << group->level_count;
}

/* The two levels in a tail: which of its four leaves. */
APUS_ALWAYS_INLINE uint32_t tail_way(uint64_t tail, const uint8_t *ranks) {
  uint32_t first = ranks[(uint8_t)tail] > (uint8_t)(tail >> 32);
  uint64_t below = tail >> (8 + 8 * first);
  return 2 * first + (ranks[(uint8_t)below] > (uint8_t)(below >> 32));
}

APUS_ALWAYS_INLINE void group_places_plain(const apus_forest *forest, size_t place,
                                           const uint8_t *ranks, uint32_t *places) {
  const apus_tree_group *group = &forest->groups[place];
  if (group->kind == apus_trees_of_nodes) {
    for (int tree = 0; tree < apus_trees_abreast; tree++)
      places[tree] = forest->exits[group->first_exit + (uint32_t)tree];
    return finish_nodes(forest, group, ranks, places);
  }
  heap_ways(group, forest->tops + 128 * apus_trees_abreast * place, ranks, places);
  uint32_t first = group->first_place, ways = 1u << group->level_count;
  switch (group->kind) {
    case apus_trees_of_six:
      for (uint32_t tree = 0; tree < apus_trees_abreast; tree++)
        places[tree] += first + ways * tree;
      break;
    case apus_trees_of_eight:
      for (uint32_t tree = 0; tree < apus_trees_abreast; tree++) {
        uint32_t way = 64 * tree + places[tree];
        places[tree] = first + 4 * way + tail_way(forest->tails[group->first_exit + way], ranks);
      }
      break;
    default:
      for (uint32_t tree = 0; tree < apus_trees_abreast; tree++)
        places[tree] = forest->exits[group->first_exit + 64 * tree + places[tree]];
      finish_nodes(forest, group, ranks, places);
  }
}

#if APUS_TREES_ON_X86
/* A row's ranks in registers, and the ranks of 64 slots picked from them. */
typedef struct {
  __m512i part[4];
} rank_registers;

APUS_TREES_AVX512 APUS_ALWAYS_INLINE rank_registers loaded_ranks(const uint8_t *ranks,
                                                                 int count) {
  rank_registers loaded;
  for (int i = 0; i < count; i++) loaded.part[i] = _mm512_loadu_si512(ranks + 64 * i);
  return loaded;
}

APUS_TREES_AVX512 APUS_ALWAYS_INLINE __m512i picked(const rank_registers *ranks, __m512i slots,
                                                    int count) {
  if (count == 1) return _mm512_permutexvar_epi8(slots, ranks->part[0]);
  __m512i low = _mm512_permutex2var_epi8(ranks->part[0], slots, ranks->part[1]);
  if (count == 2) return low;
  __m512i high = _mm512_permutex2var_epi8(ranks->part[2], slots, ranks->part[3]);
  return _mm512_mask_blend_epi8(_mm512_movepi8_mask(slots), low, high);
}

/* The decisions of all of a heap's splits, a bit each. */
APUS_TREES_AVX512 APUS_ALWAYS_INLINE uint64_t decisions(const uint8_t *top,
                                                        const rank_registers *ranks, int count) {
  __m512i slots = _mm512_load_si512(top);
  return _mm512_cmpgt_epu8_mask(picked(ranks, slots, count), _mm512_load_si512(top + 64));
}

/* (way * 2) | (bits >> way & 1) */
APUS_TREES_AVX512 APUS_ALWAYS_INLINE __m512i level_down(__m512i way, __m512i bits) {
  return _mm512_ternarylogic_epi64(_mm512_slli_epi64(way, 1), _mm512_srlv_epi64(bits, way),
                                   _mm512_set1_epi64(1), 0xF8);
}

APUS_TREES_AVX512 APUS_ALWAYS_INLINE __m512i heap_ways_avx512(uint32_t level_count,
                                                              __m512i bits) {
  const __m512i one = _mm512_set1_epi64(1);
  __m512i way = one;
  if (level_count == 6) {
#pragma clang loop unroll(full)
    for (int level = 0; level < 6; level++) way = level_down(way, bits);
    return _mm512_sub_epi64(way, _mm512_set1_epi64(64));
  }
  for (uint32_t level = 0; level < level_count; level++) way = level_down(way, bits);
  return _mm512_sub_epi64(way, _mm512_set1_epi64(1ll << level_count));
}

/* For ways with the tree's part in them: four times the way, and which of the tail's leaves. */
APUS_TREES_AVX512 APUS_ALWAYS_INLINE __m512i tail_ways(const uint64_t *tails, __m512i ways,
                                                       const rank_registers *ranks, int count) {
  const __m512i one = _mm512_set1_epi64(1);
  __m512i tail = _mm512_i64gather_epi64(ways, tails, 8);
  __mmask64 above =
      _mm512_cmpgt_epu8_mask(picked(ranks, tail, count), _mm512_srli_epi64(tail, 32));
  __m512i each = _mm512_maskz_mov_epi8(above, _mm512_set1_epi8(1));
  __m512i first = _mm512_and_si512(each, one);
  __m512i shift = _mm512_slli_epi64(_mm512_add_epi64(first, one), 3);
  __m512i way = _mm512_add_epi64(_mm512_add_epi64(ways, ways), first);
  return _mm512_ternarylogic_epi64(_mm512_add_epi64(way, way), _mm512_srlv_epi64(each, shift), one,
                                   0xF8);
}

/* Ways out of a group's heaps, each with its tree's part. */
APUS_TREES_AVX512 APUS_ALWAYS_INLINE __m512i group_ways(uint32_t level_count,
                                                        const uint64_t *bits) {
  __m512i ways = heap_ways_avx512(level_count, _mm512_load_si512(bits));
  const __m512i numbers = _mm512_setr_epi64(0, 1, 2, 3, 4, 5, 6, 7);
  return _mm512_add_epi64(ways, _mm512_slli_epi64(numbers, level_count));
}

APUS_TREES_AVX512 APUS_ALWAYS_INLINE void end_group(const apus_forest *forest, size_t place,
                                                    __m512i ways, const uint8_t *ranks,
                                                    const rank_registers *loaded, int count,
                                                    uint32_t *places) {
  const apus_tree_group *group = &forest->groups[place];
  if (group->kind == apus_trees_deep) {
    uint64_t exits[apus_trees_abreast];
    _mm512_storeu_si512(exits, ways);
    for (int tree = 0; tree < apus_trees_abreast; tree++)
      places[tree] = forest->exits[group->first_exit + exits[tree]];
    return finish_nodes(forest, group, ranks, places);
  }
  if (group->kind == apus_trees_of_eight)
    ways = tail_ways(forest->tails + group->first_exit, ways, loaded, count);
  ways = _mm512_add_epi64(ways, _mm512_set1_epi64(group->first_place));
  _mm256_storeu_si256((__m256i *)places, _mm512_cvtepi64_epi32(ways));
}

APUS_TREES_AVX512 APUS_ALWAYS_INLINE void chunk_places_avx512(const apus_forest *forest,
                                                              size_t first, size_t group_count,
                                                              const uint8_t *ranks, int count,
                                                              uint32_t *places) {
  rank_registers loaded = loaded_ranks(ranks, count);
  __m512i ways[chunk_groups];
  uint64_t bits[chunk_groups * apus_trees_abreast] __attribute__((aligned(64)));
  const uint8_t *tops = forest->tops + 128 * apus_trees_abreast * first;
  size_t tree_count = apus_trees_abreast * group_count;
  /* Through memory: lanes take them up long after they were written. */
#pragma clang loop unroll_count(8)
  for (size_t tree = 0; tree < tree_count; tree++)
    bits[tree] = decisions(tops + 128 * tree, &loaded, count);
#pragma clang loop unroll(disable)
  for (size_t each = 0; each < group_count; each++)
    ways[each] = group_ways(forest->groups[first + each].level_count,
                            bits + apus_trees_abreast * each);
#pragma clang loop unroll(disable)
  for (size_t each = 0; each < group_count; each++)
    end_group(forest, first + each, ways[each], ranks, &loaded, count,
              places + apus_trees_abreast * each);
}
#endif

/* Adds leaves to a row's sums. */
#define ADD_LEAVES(type)                                                                     \
  APUS_ALWAYS_INLINE void add_leaves_##type(const apus_forest *forest, size_t first,         \
                                            size_t count, const uint32_t *places,            \
                                            type *sums) {                                    \
    const type *values = forest->values;                                                     \
    size_t width = forest->leaf_width;                                                       \
    if (forest->output_count == 1) {                                                         \
      type sum = *sums;                                                                      \
      _Pragma("clang loop unroll_count(8)") for (size_t tree = 0; tree < count; tree++)      \
          sum += values[places[tree]];                                                       \
      *sums = sum;                                                                           \
    } else if (width == 1) {                                                                 \
      for (size_t tree = 0; tree < count; tree++)                                            \
        sums[forest->outputs[first + tree]] += values[places[tree]];                         \
    } else {                                                                                 \
      for (size_t tree = 0; tree < count; tree++) {                                          \
        const type *leaf = values + places[tree] * width;                                    \
        uint32_t only = forest->outputs[first + tree];                                       \
        if (only != APUS_TREE_ALL_OUTPUTS) {                                                 \
          sums[only] += *leaf;                                                               \
        } else {                                                                             \
          for (size_t output = 0; output < width; output++) sums[output] += leaf[output];    \
        }                                                                                    \
      }                                                                                      \
    }                                                                                        \
  }

ADD_LEAVES(float)
ADD_LEAVES(double)

/* A row's trees in chunks: first where each ends, then the sum, so that what is loaded for one tree need
 * not wait for the tree before it. The chunk stays near while rows pass. */
#define SUM_ROWS(name, target, type, chunk_places)                                 \
  target static void name(const apus_forest *forest, const uint8_t *ranks, size_t row_count, \
                          apus_tree_range trees, type *sums) {                               \
    size_t end_group = (trees.end + apus_trees_abreast - 1) / apus_trees_abreast;            \
    size_t chunk = chunk_groups;                                                             \
    for (size_t group = trees.first / apus_trees_abreast; group < end_group; group += chunk) { \
      size_t count = end_group - group < chunk ? end_group - group : chunk;                  \
      size_t before = group * apus_trees_abreast;                                            \
      size_t first = before < trees.first ? trees.first : before;                            \
      size_t end = before + count * apus_trees_abreast;                                      \
      if (end > trees.end) end = trees.end;                                                  \
      for (size_t r = 0; r < row_count; r++) {                                               \
        const uint8_t *of_row = ranks + r * forest->rank_stride;                             \
        uint32_t places[chunk_groups * apus_trees_abreast] __attribute__((aligned(64)));     \
        chunk_places;                                                                        \
        add_leaves_##type(forest, first, end - first, places + (first - before),             \
                          sums + r * forest->output_count);                                  \
      }                                                                                      \
    }                                                                                        \
  }

#define PLAIN_PLACES                                             \
  for (size_t each = 0; each < count; each++)                    \
  group_places_plain(forest, group + each, of_row, places + apus_trees_abreast * each)
SUM_ROWS(sum_float_portable, , float, PLAIN_PLACES)
SUM_ROWS(sum_double_portable, , double, PLAIN_PLACES)

#if APUS_TREES_ON_X86
SUM_ROWS(sum_float_avx2, APUS_TREES_AVX2, float, PLAIN_PLACES)
SUM_ROWS(sum_double_avx2, APUS_TREES_AVX2, double, PLAIN_PLACES)

#define AVX512_SUMS(type, registers)                                                            \
  SUM_ROWS(sum_##type##_avx512_##registers, APUS_TREES_AVX512, type,                              \
           chunk_places_avx512(forest, group, count, of_row, registers, places))
AVX512_SUMS(float, 1)
AVX512_SUMS(float, 2)
AVX512_SUMS(float, 4)
AVX512_SUMS(double, 1)
AVX512_SUMS(double, 2)
AVX512_SUMS(double, 4)
#endif

#if APUS_TREES_ON_X86
#define AVX512_DISPATCH(type)                                                            \
  if (variant == apus_trees_avx512 && forest->rank_stride <= 256) {                      \
    if (forest->rank_stride == 64)                                                       \
      return sum_##type##_avx512_1(forest, ranks, row_count, trees, sums);          \
    if (forest->rank_stride == 128)                                                      \
      return sum_##type##_avx512_2(forest, ranks, row_count, trees, sums);          \
    return sum_##type##_avx512_4(forest, ranks, row_count, trees, sums);            \
  }                                                                                      \
  if (variant != apus_trees_portable)                                                    \
    return sum_##type##_avx2(forest, ranks, row_count, trees, sums);
#else
#define AVX512_DISPATCH(type)
#endif

void apus_tree_sums_float(apus_tree_variant variant, const apus_forest *forest,
                          const uint8_t *ranks, size_t row_count, apus_tree_range trees, float *sums) {
  AVX512_DISPATCH(float)
  sum_float_portable(forest, ranks, row_count, trees, sums);
}

void apus_tree_sums_double(apus_tree_variant variant, const apus_forest *forest,
                           const uint8_t *ranks, size_t row_count, apus_tree_range trees,
                           double *sums) {
  AVX512_DISPATCH(double)
  sum_double_portable(forest, ranks, row_count, trees, sums);
}

void apus_tree_places(const apus_forest *forest, const uint8_t *ranks, size_t group_count,
                      uint32_t *places) {
  for (size_t group = 0; group < group_count; group++)
    group_places_plain(forest, group, ranks, places + apus_trees_abreast * group);
}
