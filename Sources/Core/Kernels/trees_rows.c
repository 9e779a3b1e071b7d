#include "trees.h"

/* Groups whose ends are found before any is summed. */
enum {
  chunk_groups = apus_tree_chunk_groups,
  chunk_trees = apus_tree_chunk_groups * apus_trees_abreast,
};

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
#pragma clang loop unroll(full)
    for (int tree = 0; tree < apus_trees_abreast; tree++) {
      uint16_t question;
      __builtin_memcpy(&question, tops + 128 * tree + 2 * ways[tree], 2);
      ways[tree] = 2 * ways[tree] + (ranks[(uint8_t)question] > question >> 8);
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

/* Adds leaves to a row's sums. */
#define ADD_LEAVES(type)                                                                     \
  APUS_NEVER_INLINE void add_leaves_##type(const apus_forest *forest, size_t first,         \
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

/* Leaves of a chunk whose places are known, added to a row's sum while other ways are found: an addition
 * waits for the one before it, and leaves the processor free. */
typedef struct {
  enum { no_leaves, leaves_of_float, leaves_of_double } kind;
  const void *values;
  const uint32_t *places;
  float float_sum;
  double double_sum;
} pending_leaves;

APUS_ALWAYS_INLINE void add_pending(pending_leaves *pending, int tree) {
  if (pending->kind == leaves_of_float)
    pending->float_sum += ((const float *)pending->values)[pending->places[tree]];
  if (pending->kind == leaves_of_double)
    pending->double_sum += ((const double *)pending->values)[pending->places[tree]];
}

/* From the ways out of a group's heaps through nodes to the leaves. */
APUS_ALWAYS_INLINE void end_deep(const apus_forest *forest, const apus_tree_group *group,
                                 const uint8_t *ways, const uint8_t *ranks, uint32_t *places) {
  for (uint32_t tree = 0; tree < apus_trees_abreast; tree++)
    places[tree] = forest->exits[group->first_exit + 64 * tree + ways[tree]];
  finish_nodes(forest, group, ranks, places);
}

#if APUS_TREES_ON_X86
/* AVX-512: bytes are picked out of registers of 64. */
typedef uint8_t lanes_512 __attribute__((vector_size(64)));

typedef struct {
  __m512i part[4];
} tables_avx512;

APUS_TREES_AVX512 APUS_ALWAYS_INLINE tables_avx512 loaded_avx512(const uint8_t *ranks, int count) {
  tables_avx512 loaded;
  for (int i = 0; i < count; i++) loaded.part[i] = _mm512_loadu_si512(ranks + 64 * i);
  return loaded;
}

APUS_TREES_AVX512 APUS_ALWAYS_INLINE lanes_512 picked_avx512(const tables_avx512 *ranks,
                                                             lanes_512 of, int count) {
  __m512i slots = (__m512i)of;
  if (count == 1) return (lanes_512)_mm512_permutexvar_epi8(slots, ranks->part[0]);
  __m512i low = _mm512_permutex2var_epi8(ranks->part[0], slots, ranks->part[1]);
  if (count == 2) return (lanes_512)low;
  __m512i high = _mm512_permutex2var_epi8(ranks->part[2], slots, ranks->part[3]);
  return (lanes_512)_mm512_mask_blend_epi8(_mm512_movepi8_mask(slots), low, high);
}

/* For ways with the tree's part in them: four times the way, and which of the tail's leaves. */
APUS_TREES_AVX512 APUS_ALWAYS_INLINE __m512i tail_ways(const uint64_t *tails, __m512i ways,
                                                       const tables_avx512 *ranks, int count) {
  const __m512i one = _mm512_set1_epi64(1);
  __m512i tail = _mm512_i64gather_epi64(ways, tails, 8);
  __mmask64 above =
      _mm512_cmpgt_epu8_mask((__m512i)picked_avx512(ranks, (lanes_512)tail, count), _mm512_srli_epi64(tail, 32));
  __m512i each = _mm512_maskz_mov_epi8(above, _mm512_set1_epi8(1));
  __m512i first = _mm512_and_si512(each, one);
  __m512i shift = _mm512_slli_epi64(_mm512_add_epi64(first, one), 3);
  __m512i way = _mm512_add_epi64(_mm512_add_epi64(ways, ways), first);
  return _mm512_ternarylogic_epi64(_mm512_add_epi64(way, way), _mm512_srlv_epi64(each, shift), one,
                                   0xF8);
}

APUS_TREES_AVX512 APUS_ALWAYS_INLINE void tails_avx512(
    const apus_forest *forest, const apus_tree_group *group, const uint8_t *ways,
    const uint8_t *ranks, const tables_avx512 *tables, int count, uint32_t *places) {
  (void)ranks;
  const __m512i trees = _mm512_setr_epi64(0, 64, 128, 192, 256, 320, 384, 448);
  __m512i way = _mm512_cvtepu8_epi64(_mm_loadl_epi64((const __m128i *)ways));
  way = tail_ways(forest->tails + group->first_exit, _mm512_add_epi64(way, trees), tables, count);
  way = _mm512_add_epi64(way, _mm512_set1_epi64(group->first_place));
  _mm256_storeu_si256((__m256i *)places, _mm512_cvtepi64_epi32(way));
}

#define CHUNK_NAME(name) name##_avx512
#define CHUNK_TARGET APUS_TREES_AVX512
#define CHUNK_LANES 64
#define CHUNK_HAS_FOUR
#include "trees_chunks.h"
#undef CHUNK_HAS_FOUR
#endif

APUS_ALWAYS_INLINE void tails_plain(const apus_forest *forest, const apus_tree_group *group,
                                    const uint8_t *ways, const uint8_t *ranks, uint32_t *places) {
  for (uint32_t tree = 0; tree < apus_trees_abreast; tree++) {
    uint32_t way = 64 * tree + ways[tree];
    places[tree] =
        group->first_place + 4 * way + tail_way(forest->tails[group->first_exit + way], ranks);
  }
}

#if APUS_TREES_ON_X86
/* AVX2: out of 16 bytes at a time, each twice; slots of other tables give 0. */
typedef uint8_t lanes_256 __attribute__((vector_size(32)));

typedef struct {
  __m256i part[8];
} tables_avx2;

APUS_TREES_AVX2 APUS_ALWAYS_INLINE tables_avx2 loaded_avx2(const uint8_t *ranks, int count) {
  tables_avx2 loaded;
  for (int i = 0; i < 4 * count; i++)
    loaded.part[i] =
        _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(ranks + 16 * i)));
  return loaded;
}

APUS_TREES_AVX2 APUS_ALWAYS_INLINE lanes_256 picked_avx2(const tables_avx2 *ranks, lanes_256 slots,
                                                         int count) {
  __m256i found = _mm256_setzero_si256();
#pragma clang loop unroll(full)
  for (int i = 0; i < 4 * count; i++) {
    __m256i within = _mm256_sub_epi8((__m256i)slots, _mm256_set1_epi8((char)(16 * i)));
    __m256i index = _mm256_adds_epu8(within, _mm256_set1_epi8(0x70));
    found = _mm256_or_si256(found, _mm256_shuffle_epi8(ranks->part[i], index));
  }
  return (lanes_256)found;
}

#define tails_avx2(forest, group, ways, ranks, tables, count, places) \
  tails_plain(forest, group, ways, ranks, places)
#define CHUNK_NAME(name) name##_avx2
#define CHUNK_TARGET APUS_TREES_AVX2
#define CHUNK_LANES 32
#include "trees_chunks.h"
#endif

#if APUS_TREES_ON_NEON
/* NEON: out of four registers of 16 bytes. */
typedef struct {
  uint8x16x4_t part[2];
} tables_neon;

APUS_ALWAYS_INLINE tables_neon loaded_neon(const uint8_t *ranks, int count) {
  tables_neon loaded;
  for (int i = 0; i < count; i++) loaded.part[i] = vld1q_u8_x4(ranks + 64 * i);
  return loaded;
}

APUS_ALWAYS_INLINE uint8x16_t picked_neon(const tables_neon *ranks, uint8x16_t slots, int count) {
  uint8x16_t low = vqtbl4q_u8(ranks->part[0], slots);
  return count == 1 ? low
                    : vqtbx4q_u8(low, ranks->part[1], vsubq_u8(slots, vdupq_n_u8(64)));
}

#define tails_neon(forest, group, ways, ranks, tables, count, places) \
  tails_plain(forest, group, ways, ranks, places)
#define CHUNK_NAME(name) name##_neon
#define CHUNK_TARGET
#define CHUNK_LANES 16
#include "trees_chunks.h"
#endif

/* A row's trees in chunks: first where each ends, then the sum, so that what is loaded for one tree need
 * not wait for the tree before it. The chunk stays near while rows pass. */
#define SUM_ROWS(name, target, type)                                                         \
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
        uint32_t places[chunk_trees];                                                        \
        for (size_t each = 0; each < count; each++)                                          \
          group_places_plain(forest, group + each, of_row, places + apus_trees_abreast * each); \
        add_leaves_##type(forest, first, end - first, places + (first - before),             \
                          sums + r * forest->output_count);                                  \
      }                                                                                      \
    }                                                                                        \
  }

SUM_ROWS(sum_float_plain, , float)
SUM_ROWS(sum_double_plain, , double)

#if APUS_TREES_ON_X86
SUM_ROWS(sum_float_plain_avx2, APUS_TREES_AVX2, float)
SUM_ROWS(sum_double_plain_avx2, APUS_TREES_AVX2, double)
#define SUM_DISPATCH(type)                                                                   \
  size_t slots = forest->rank_stride;                                                        \
  if (variant == apus_trees_avx512 && slots <= 256) {                                        \
    if (slots == 64) return sums_##type##_1_avx512(forest, ranks, row_count, trees, sums);   \
    if (slots == 128) return sums_##type##_2_avx512(forest, ranks, row_count, trees, sums);  \
    return sums_##type##_4_avx512(forest, ranks, row_count, trees, sums);                    \
  }                                                                                          \
  if (variant == apus_trees_avx2 && slots == 64)                                             \
    return sums_##type##_1_avx2(forest, ranks, row_count, trees, sums);                      \
  if (variant == apus_trees_avx2 && slots == 128)                                            \
    return sums_##type##_2_avx2(forest, ranks, row_count, trees, sums);                      \
  if (variant != apus_trees_portable)                                                        \
    return sum_##type##_plain_avx2(forest, ranks, row_count, trees, sums);
#elif APUS_TREES_ON_NEON
#define SUM_DISPATCH(type)                                                                   \
  size_t slots = forest->rank_stride;                                                        \
  if (variant == apus_trees_neon && slots == 64)                                             \
    return sums_##type##_1_neon(forest, ranks, row_count, trees, sums);                      \
  if (variant == apus_trees_neon && slots == 128)                                            \
    return sums_##type##_2_neon(forest, ranks, row_count, trees, sums);
#else
#define SUM_DISPATCH(type)
#endif

void apus_tree_sums_float(apus_tree_variant variant, const apus_forest *forest,
                          const uint8_t *ranks, size_t row_count, apus_tree_range trees, float *sums) {
  SUM_DISPATCH(float)
  (void)variant;
  sum_float_plain(forest, ranks, row_count, trees, sums);
}

void apus_tree_sums_double(apus_tree_variant variant, const apus_forest *forest,
                           const uint8_t *ranks, size_t row_count, apus_tree_range trees,
                           double *sums) {
  SUM_DISPATCH(double)
  (void)variant;
  sum_double_plain(forest, ranks, row_count, trees, sums);
}

typedef void places_of_chunk(const apus_forest *forest, size_t group, const uint8_t *ranks,
                             uint32_t *places);

/* What finds a chunk's places where heaps lie place by place; none elsewhere. */
static places_of_chunk *chunk_places(apus_tree_variant variant, size_t slots) {
#if APUS_TREES_ON_X86
  if (variant == apus_trees_avx512)
    return slots == 64 ? places_1_avx512 : slots == 128 ? places_2_avx512
         : slots == 256 ? places_4_avx512 : 0;
  if (variant == apus_trees_avx2)
    return slots == 64 ? places_1_avx2 : slots == 128 ? places_2_avx2 : 0;
#elif APUS_TREES_ON_NEON
  if (variant == apus_trees_neon)
    return slots == 64 ? places_1_neon : slots == 128 ? places_2_neon : 0;
#endif
  (void)variant, (void)slots;
  return 0;
}

int apus_tree_heaps_lie_by_place(apus_tree_variant variant, size_t rank_stride) {
  return chunk_places(variant, rank_stride) != 0;
}

void apus_tree_places(apus_tree_variant variant, const apus_forest *forest, const uint8_t *ranks,
                      uint32_t *places) {
  places_of_chunk *of_chunk = chunk_places(variant, forest->rank_stride);
  if (of_chunk)
    for (size_t group = 0; group < forest->group_count; group += chunk_groups)
      of_chunk(forest, group, ranks, places + apus_trees_abreast * group);
  else
    for (size_t group = 0; group < forest->group_count; group++)
      group_places_plain(forest, group, ranks, places + apus_trees_abreast * group);
}
