/* Sums over slices for one width of vectors; included once for each. Wants SLICE_NAME(name), SLICE_TARGET,
 * SLICE_BYTES and ADD_SLICE(type). */

typedef uint64_t SLICE_NAME(slice)
    __attribute__((vector_size(SLICE_BYTES), aligned(SLICE_BYTES), may_alias));

enum { SLICE_NAME(words) = SLICE_BYTES / 8, SLICE_NAME(rows) = SLICE_BYTES * 8 };

/* Each condition gets the rows in which it holds. A row is first noted at the last of a slot's conditions
 * that it holds, and then all before it take it over. */
SLICE_TARGET static void SLICE_NAME(fill_conditions)(const apus_forest *forest,
                                                     const uint8_t *ranks, size_t row_count,
                                                     SLICE_NAME(slice) * conditions) {
  uint64_t *words = (uint64_t *)conditions;
  __builtin_memset(conditions, 0, SLICE_BYTES * (size_t)forest->condition_count);
  for (uint32_t i = 0; i < forest->slot_count; i++) {
    const apus_tree_slot *slot = &forest->slots[i];
    for (size_t r = 0; r < row_count; r++) {
      size_t held = slot->held_count[ranks[r * forest->rank_stride + slot->slot]];
      size_t last = held ? slot->first_condition + held - 1 : forest->condition_count;
      words[last * SLICE_NAME(words) + (r >> 6)] |= 1ull << (r & 63);
    }
    SLICE_NAME(slice) *of_slot = conditions + slot->first_condition;
    for (size_t k = slot->condition_count; k-- > 1;) of_slot[k - 1] |= of_slot[k];
  }
}

SLICE_TARGET APUS_ALWAYS_INLINE SLICE_NAME(slice)
    SLICE_NAME(chosen)(SLICE_NAME(slice) condition, SLICE_NAME(slice) otherwise,
                       SLICE_NAME(slice) then) {
  return (condition & then) | (~condition & otherwise);
}

/* The decision of a heap's level: of 2^n conditions the one that n decisions above lead to. */
#define LEVEL_OF(n, below)                                                                \
  SLICE_TARGET APUS_ALWAYS_INLINE SLICE_NAME(slice) SLICE_NAME(level_##n)(                \
      const uint16_t *of_level, const SLICE_NAME(slice) * conditions,                     \
      const SLICE_NAME(slice) * above) {                                                  \
    return SLICE_NAME(chosen)(                                                            \
        above[0], SLICE_NAME(level_##below)(of_level, conditions, above + 1),             \
        SLICE_NAME(level_##below)(of_level + (1 << below), conditions, above + 1));       \
  }

SLICE_TARGET APUS_ALWAYS_INLINE SLICE_NAME(slice)
    SLICE_NAME(level_0)(const uint16_t *of_level, const SLICE_NAME(slice) * conditions,
                        const SLICE_NAME(slice) * above) {
  (void)above;
  return conditions[*of_level];
}

LEVEL_OF(1, 0)
LEVEL_OF(2, 1)
LEVEL_OF(3, 2)
LEVEL_OF(4, 3)
LEVEL_OF(5, 4)
LEVEL_OF(6, 5)
LEVEL_OF(7, 6)
#undef LEVEL_OF

/* Bits of the way out of a heap, the lowest first. */
SLICE_TARGET static void SLICE_NAME(heap_bits)(const uint16_t *heap, int level_count,
                                               const SLICE_NAME(slice) * conditions,
                                               SLICE_NAME(slice) * bits) {
  SLICE_NAME(slice) levels[8];
#define LEVEL(n)                                                                              \
  if (level_count > n) levels[n] = SLICE_NAME(level_##n)(heap + (1 << n), conditions, levels);
  LEVEL(0) LEVEL(1) LEVEL(2) LEVEL(3) LEVEL(4) LEVEL(5) LEVEL(6) LEVEL(7)
#undef LEVEL
  for (int level = 0; level < level_count; level++)
    bits[level_count - 1 - level] = levels[level];
}

SLICE_TARGET static void SLICE_NAME(program_bits)(const apus_tree_slice *tree,
                                                  const apus_tree_step *steps,
                                                  const SLICE_NAME(slice) * conditions,
                                                  SLICE_NAME(slice) * registers,
                                                  SLICE_NAME(slice) * bits) {
  for (const apus_tree_step *step = steps, *end = steps + tree->step_count; step < end; step++)
    registers[step->result] =
        SLICE_NAME(chosen)(conditions[step->condition], registers[step->otherwise],
                           registers[step->then]);
  for (int bit = 0; bit < tree->bit_count; bit++) bits[bit] = registers[tree->bits[bit]];
}

#define SLICE_SUMS(type)                                                                      \
  SLICE_TARGET static void SLICE_NAME(sums_##type)(                                           \
      const apus_forest *forest, const uint8_t *ranks, size_t row_count, apus_tree_range trees,   \
      void *memory, type *sums) {                                                             \
    SLICE_NAME(slice) *conditions = memory;                                                   \
    SLICE_NAME(slice) registers[apus_tree_registers_max];                                     \
    SLICE_NAME(slice) bits[8];                                                                \
    uint8_t ways[SLICE_NAME(rows)] __attribute__((aligned(64)));                              \
    registers[0] = bits[0] = (SLICE_NAME(slice)){0};                                          \
    registers[1] = ~registers[0];                                                             \
    SLICE_NAME(fill_conditions)(forest, ranks, row_count, conditions);                        \
    for (size_t number = trees.first; number < trees.end; number++) {                         \
      const apus_tree_slice *tree = &forest->slices[number];                                  \
      if (tree->is_heap)                                                                      \
        SLICE_NAME(heap_bits)(forest->heap_conditions + tree->first, tree->bit_count,         \
                              conditions, bits);                                              \
      else                                                                                    \
        SLICE_NAME(program_bits)(tree, forest->steps + tree->first, conditions, registers,    \
                                 bits);                                                       \
      SLICE_NAME(ways)((const uint64_t *)bits, tree->bit_count, row_count, ways);             \
      const type *values =                                                                    \
          (const type *)forest->values + (size_t)tree->first_place * forest->leaf_width;      \
      uint32_t output = forest->outputs[number];                                              \
      if (forest->leaf_width == 1) {                                                          \
        SLICE_NAME(add_##type)(values, tree->bit_count, ways, row_count,                      \
                               sums + (size_t)output * SLICE_NAME(rows));                     \
      } else if (output != APUS_TREE_ALL_OUTPUTS) {                                           \
        add_wide_##type(values, forest->leaf_width, ways, row_count,                          \
                        sums + (size_t)output * SLICE_NAME(rows));                            \
      } else {                                                                                \
        for (size_t each = 0; each < forest->leaf_width; each++)                              \
          add_wide_##type(values + each, forest->leaf_width, ways, row_count,                 \
                          sums + each * SLICE_NAME(rows));                                    \
      }                                                                                       \
    }                                                                                         \
  }

SLICE_SUMS(float)
SLICE_SUMS(double)
#undef SLICE_SUMS
