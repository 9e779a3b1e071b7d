/* Chunks of 64 trees for one width of vectors, a lane a tree; included once for each. Wants CHUNK_NAME(name),
 * CHUNK_TARGET, CHUNK_LANES, and by that name: `tables`, what holds a row's ranks; `loaded`, which fills
 * them; `picked`, the ranks of a vector of slots; and `tails`, the places behind heaps of six levels. */

typedef uint8_t CHUNK_NAME(lanes)
    __attribute__((vector_size(CHUNK_LANES), aligned(CHUNK_LANES), may_alias));

/* What trees ask at one place of their heaps. */
typedef struct {
  CHUNK_NAME(lanes) slots, ranks;
} CHUNK_NAME(questions);

typedef struct {
  const uint8_t *tops;
  /* By level: all bits of a lane whose tree went right. */
  CHUNK_NAME(lanes) decisions[6];
  pending_leaves *pending;
  /* Questions read so far, and the leaf to add next. */
  int read_count, next_leaf;
} CHUNK_NAME(walk);

/* Vectors of a chunk. */
enum { CHUNK_NAME(vectors) = chunk_trees / CHUNK_LANES };

CHUNK_TARGET APUS_ALWAYS_INLINE CHUNK_NAME(questions)
    CHUNK_NAME(question_0)(CHUNK_NAME(walk) * walk, size_t place, size_t step) {
  (void)step;
  const uint8_t *top = walk->tops + 2 * chunk_trees * place;
  if (walk->read_count++ % CHUNK_NAME(vectors) == 0) add_pending(walk->pending, walk->next_leaf++);
  return (CHUNK_NAME(questions)){*(const CHUNK_NAME(lanes) *)top,
                                 *(const CHUNK_NAME(lanes) *)(top + chunk_trees)};
}

/* Of a level's 2^n questions the one that n decisions lead to. The first decision, which is known
 * earliest, chooses first, so that little waits for the last. */
#define QUESTION_OF(n, fewer)                                                                 \
  CHUNK_TARGET APUS_ALWAYS_INLINE CHUNK_NAME(questions) CHUNK_NAME(question_##n)(             \
      CHUNK_NAME(walk) * walk, size_t place, size_t step) {                                   \
    CHUNK_NAME(questions) left = CHUNK_NAME(question_##fewer)(walk, place, 2 * step);         \
    CHUNK_NAME(questions) right = CHUNK_NAME(question_##fewer)(walk, place + step, 2 * step); \
    CHUNK_NAME(lanes) goes_right = walk->decisions[fewer];                                    \
    return (CHUNK_NAME(questions)){                                                           \
        (goes_right & right.slots) | (~goes_right & left.slots),                              \
        (goes_right & right.ranks) | (~goes_right & left.ranks)};                             \
  }

QUESTION_OF(1, 0)
QUESTION_OF(2, 1)
QUESTION_OF(3, 2)
QUESTION_OF(4, 3)
QUESTION_OF(5, 4)
#undef QUESTION_OF

/* Ways out of heaps, a byte each. `first_leaf` is the first pending one to be added by the way. */
CHUNK_TARGET APUS_ALWAYS_INLINE CHUNK_NAME(lanes)
    CHUNK_NAME(ways)(const uint8_t *tops, uint32_t level_count, const CHUNK_NAME(tables) * ranks,
                     int count, int first_leaf, pending_leaves *pending) {
  CHUNK_NAME(walk) walk = {.tops = tops, .pending = pending, .next_leaf = first_leaf};
  CHUNK_NAME(lanes) way = {0};
#define LEVEL(n)                                                                          \
  if (level_count > n) {                                                                  \
    walk.read_count = (1 << n) - 1;                                                       \
    walk.next_leaf =                                                                      \
        first_leaf + (walk.read_count + CHUNK_NAME(vectors) - 1) / CHUNK_NAME(vectors);   \
    CHUNK_NAME(questions) asked = CHUNK_NAME(question_##n)(&walk, 1 << n, 1);             \
    CHUNK_NAME(lanes) found = CHUNK_NAME(picked)(ranks, asked.slots, count);              \
    walk.decisions[n] = (CHUNK_NAME(lanes))(found > asked.ranks);                         \
    way += way - walk.decisions[n];                                                       \
  }
  LEVEL(0) LEVEL(1) LEVEL(2) LEVEL(3) LEVEL(4) LEVEL(5)
#undef LEVEL
  for (int leaf = walk.next_leaf; leaf < first_leaf + CHUNK_LANES; leaf++)
    add_pending(pending, leaf);
  return way;
}

CHUNK_TARGET APUS_ALWAYS_INLINE void CHUNK_NAME(chunk)(const apus_forest *forest, size_t first,
                                                       const uint8_t *ranks, int count,
                                                       pending_leaves *pending,
                                                       uint32_t *places) {
  CHUNK_NAME(tables) tables = CHUNK_NAME(loaded)(ranks, count);
  uint8_t ways[chunk_trees] __attribute__((aligned(64)));
  const apus_tree_group *group = &forest->groups[first];
  const uint8_t *tops = forest->tops + 128 * apus_trees_abreast * first;
  for (int lane = 0; lane < chunk_trees; lane += CHUNK_LANES)
    *(CHUNK_NAME(lanes) *)(ways + lane) =
        CHUNK_NAME(ways)(tops + lane, group->level_count, &tables, count, lane, pending);
  if (group->kind == apus_trees_of_six) {
    for (uint32_t tree = 0; tree < chunk_trees; tree++)
      places[tree] = group->first_place + (tree << group->level_count) + ways[tree];
    return;
  }
  size_t left = forest->group_count - first;
  size_t group_count = left < chunk_groups ? left : chunk_groups;
#pragma clang loop unroll(disable)
  for (size_t each = 0; each < group_count; each++, group++) {
    size_t tree = apus_trees_abreast * each;
    if (group->kind == apus_trees_of_eight)
      CHUNK_NAME(tails)(forest, group, ways + tree, ranks, &tables, count, places + tree);
    else
      end_deep(forest, group, ways + tree, ranks, places + tree);
  }
}

/* Not inlined: a loop around so much code would keep its own variables in memory. */
#define CHUNK_PLACES(registers)                                                              \
  CHUNK_TARGET APUS_NEVER_INLINE void CHUNK_NAME(places_##registers)(                        \
      const apus_forest *forest, size_t group, const uint8_t *ranks, uint32_t *places) {     \
    pending_leaves none = {.kind = no_leaves};                                               \
    CHUNK_NAME(chunk)(forest, group, ranks, registers, &none, places);                       \
  }

#define CHUNK_PLACES_ADDING(type, registers)                                                 \
  CHUNK_TARGET APUS_NEVER_INLINE void CHUNK_NAME(places_adding_##type##_##registers)(        \
      const apus_forest *forest, size_t group, const uint8_t *ranks, uint32_t *places,       \
      const uint32_t *pending_places, type *sum) {                                           \
    pending_leaves pending = {.kind = leaves_of_##type,                                      \
                              .values = forest->values,                                      \
                              .places = pending_places,                                      \
                              .type##_sum = *sum};                                           \
    CHUNK_NAME(chunk)(forest, group, ranks, registers, &pending, places);                    \
    *sum = pending.type##_sum;                                                               \
  }

/* Sums of rows. Where there is one a row, a whole chunk waits until it is added beside the next walk, which
 * may be another row's. */
#define CHUNK_SUMS(type, registers)                                                             \
  CHUNK_TARGET APUS_NEVER_INLINE void CHUNK_NAME(sums_##type##_##registers)(                    \
      const apus_forest *forest, const uint8_t *ranks, size_t row_count, apus_tree_range trees, \
      type *sums) {                                                                             \
    uint32_t places[2][chunk_trees] __attribute__((aligned(64)));                               \
    uint32_t *found = places[0], *known = places[1];                                            \
    type *waiting = 0;                                                                          \
    for (size_t before = trees.first / chunk_trees * chunk_trees; before < trees.end;           \
         before += chunk_trees) {                                                               \
      size_t group = before / apus_trees_abreast;                                               \
      size_t first = before < trees.first ? trees.first : before;                               \
      size_t end = before + chunk_trees < trees.end ? before + chunk_trees : trees.end;         \
      int is_whole = forest->output_count == 1 && end - first == chunk_trees;                   \
      for (size_t r = 0; r < row_count; r++) {                                                  \
        const uint8_t *of_row = ranks + r * forest->rank_stride;                                \
        if (waiting)                                                                            \
          CHUNK_NAME(places_adding_##type##_##registers)(forest, group, of_row, found, known,   \
                                                         waiting);                              \
        else                                                                                    \
          CHUNK_NAME(places_##registers)(forest, group, of_row, found);                         \
        waiting = sums + r * forest->output_count;                                              \
        if (is_whole) {                                                                         \
          uint32_t *last = known;                                                               \
          known = found;                                                                        \
          found = last;                                                                         \
        } else {                                                                                \
          add_leaves_##type(forest, first, end - first, found + (first - before), waiting);     \
          waiting = 0;                                                                          \
        }                                                                                       \
      }                                                                                         \
    }                                                                                           \
    if (waiting) add_leaves_##type(forest, 0, chunk_trees, known, waiting);                     \
  }

#define CHUNK_FUNCTIONS(registers)      \
  CHUNK_PLACES(registers)               \
  CHUNK_PLACES_ADDING(float, registers) \
  CHUNK_PLACES_ADDING(double, registers)\
  CHUNK_SUMS(float, registers)          \
  CHUNK_SUMS(double, registers)

CHUNK_FUNCTIONS(1)
CHUNK_FUNCTIONS(2)
#ifdef CHUNK_HAS_FOUR
CHUNK_FUNCTIONS(4)
#endif
#undef CHUNK_PLACES
#undef CHUNK_PLACES_ADDING
#undef CHUNK_SUMS
#undef CHUNK_FUNCTIONS
#undef CHUNK_NAME
#undef CHUNK_TARGET
#undef CHUNK_LANES
