/* Inner loops over compiled decision trees. Every function is pure: it reads the forest and writes only
 * the memory it is given, from any thread; all variants give the same bits. The layout is made by the
 * room Trees, whose page draws it. */
#ifndef APUS_TREE_KERNELS_H
#define APUS_TREE_KERNELS_H

#include <stddef.h>
#include <stdint.h>

typedef enum {
  apus_trees_portable = 0,
  apus_trees_avx2 = 1,
  /* F, BW, VL, VBMI and BITALG. */
  apus_trees_avx512 = 2,
  /* Of arm64, where it is always there. */
  apus_trees_neon = 3,
} apus_tree_variant;

/* Whether this build and this processor can run a variant. */
int apus_tree_variant_is_here(apus_tree_variant variant);

enum {
  /* Trees that are walked side by side. */
  apus_trees_abreast = 8,
  /* Groups of them that are of one kind: their heaps may be walked at once. */
  apus_tree_chunk_groups = 8,
  /* Scales in vectors of lanes. */
  apus_tree_lanes_max = 64,
  /* Thresholds of a scale: ranks are bytes, of which 255 is for the missing. */
  apus_tree_scale_max = 254,
  /* Registers of a program over slices: a bit for each of eight, on each of 256 levels, and two. */
  apus_tree_registers_max = 2050,
  /* Conditions of a forest, with one that never holds. */
  apus_tree_conditions_max = 32768,
  /* Rows of a slice's vector: 256, with AVX-512 512. */
  apus_tree_slice_rows_max = 512,
};

#define APUS_TREE_ALL_OUTPUTS 0xffffffffu

/* At most 254 of a column's thresholds, ascending. The rank of a value is how many are not above it.
 * In the table of thresholds it has 16 block ends and then blocks of 16, the rest being NaN. */
typedef struct {
  uint32_t column;
  uint32_t first_threshold;
  /* Where the rank goes: a missing value's is 0 (left at every split) in a slot of splits that send it
   * left, 255 in the other. Both are the same slot where only one is used. */
  uint32_t slots[2];
  uint8_t missing_ranks[2];
  uint8_t zero_is_missing;
  uint8_t has_one_block;
} apus_tree_scale;

/* 16 scales side by side, for AVX-512. */
typedef struct {
  /* By block and lane the scales' block ends: 15, since 254 thresholds have no more. */
  float ends[15][16];
  /* Where a lane's blocks begin in the table of thresholds. */
  uint32_t first_blocks[16];
  uint32_t columns[16];
  /* Lanes with a scale, and those of columns in which zero is missing. */
  uint16_t used;
  uint16_t zero_is_missing;
  /* Whether the columns are one after the other. */
  uint32_t has_row_of_columns;
  /* To a whole number of cache lines. */
  uint32_t unused[14];
} apus_tree_lanes;

/* A set of categories that splits ask for. Its slot gets 0 for a value in the set, else 1. */
typedef struct {
  uint32_t column;
  uint32_t slot;
  uint32_t first_word;
  /* At least 1. */
  uint32_t word_count;
  /* Values at or below it name no category. */
  double above;
  uint8_t missing_rank;
  uint8_t zero_is_missing;
} apus_tree_category;

/* A split below the tops: right is where the slot's rank is above this one. A leaf leads to itself. */
typedef struct {
  /* The slot, times 256, and the rank. */
  uint32_t slot_and_rank;
  /* The left child; the right one is beside it. */
  uint32_t left;
} apus_tree_node;

typedef enum {
  /* Up to six levels as a heap, then leaves. */
  apus_trees_of_six = 0,
  /* Six levels, then two in eight bytes for each of the 64 ways out: slots at 0 to 2, ranks at 4 to 6. */
  apus_trees_of_eight = 1,
  /* Six levels, then nodes. */
  apus_trees_deep = 2,
  /* Nodes alone, where there are more slots than a byte can name. */
  apus_trees_of_nodes = 3,
} apus_tree_kind;

/* Eight trees of one kind; what each has is one after the other. */
typedef struct {
  uint32_t kind;
  /* Levels of the heap, in all groups of a chunk. */
  uint32_t level_count;
  /* In `tails` or `exits`. */
  uint32_t first_exit;
  /* A leaf's place among the values: of the heap's ways out, or, of nodes, this plus the node's place. */
  uint32_t first_place;
} apus_tree_group;

/* One step of a tree's program over slices: `then` where the condition holds, else `otherwise`. Of what
 * it names, 0 is no row and 1 all rows. */
typedef struct {
  uint16_t condition, otherwise, then, result;
} apus_tree_step;

/* A tree over slices of rows: its leaf's number, a bit a slice, and from it the place. */
typedef struct {
  uint32_t first_place;
  /* Bits of the leaf's number, at most 8. */
  uint8_t bit_count;
  /* Whether conditions form a heap of `bit_count` levels, else there are steps. */
  uint8_t is_heap;
  uint16_t step_count;
  /* In `heap_conditions` or `steps`. */
  uint32_t first;
  /* By bit: the step's result that holds it. */
  uint16_t bits[8];
} apus_tree_slice;

/* A slot's conditions: `rank > k` for each k that a split asks, ascending. Condition 0 never holds. */
typedef struct {
  uint32_t slot;
  uint32_t first_condition;
  uint32_t condition_count;
  /* By rank: how many of the conditions hold. */
  uint8_t held_count[256];
} apus_tree_slot;

typedef struct {
  uint32_t column_count;
  uint32_t tree_count;
  uint32_t group_count;
  uint32_t output_count;
  /* 1, or the number of outputs. */
  uint32_t leaf_width;
  /* Bytes of a row's ranks, a multiple of 64. */
  uint32_t rank_stride;
  const apus_tree_scale *scales;
  uint32_t scale_count;
  uint32_t category_count;
  const apus_tree_category *categories;
  /* None, or lanes for all scales. */
  const apus_tree_lanes *lanes;
  uint32_t lanes_count;
  /* By slot: the number of its scale, and the rank of what is missing. */
  const uint8_t *slot_scales;
  const uint8_t *slot_missing_ranks;
  const uint32_t *category_words;
  const float *float_thresholds;
  const double *double_thresholds;
  const apus_tree_group *groups;
  /* 128 bytes a tree: 64 places of a heap, from 1, each with its slot and behind that its rank. Where heaps
   * lie by place, a chunk has for each place the slots of its 64 trees and then their ranks. */
  const uint8_t *tops;
  const uint64_t *tails;
  const uint32_t *exits;
  const apus_tree_node *nodes;
  /* By tree; `APUS_TREE_ALL_OUTPUTS` where a leaf has a value for each. */
  const uint32_t *outputs;
  /* By place, times the leaf width; Float32 or Float64 as the sum is. */
  const void *values;
  /* Slices; absent where a tree is too large for them. */
  const apus_tree_slot *slots;
  uint32_t slot_count;
  uint32_t condition_count;
  const apus_tree_slice *slices;
  const apus_tree_step *steps;
  /* By place in the heap, from 1. */
  const uint16_t *heap_conditions;
} apus_forest;

/* The greatest magnitude that counts as zero where zero is missing: LightGBM's kZeroThreshold. */
#define APUS_TREE_ZERO_MAX 1e-35f

/* Ranks of rows, `rank_stride` bytes each. Rows follow each other, `column_count` values each. */
void apus_tree_ranks_float(apus_tree_variant variant, const apus_forest *forest, const float *rows,
                           size_t row_count, uint8_t *ranks);
void apus_tree_ranks_double(apus_tree_variant variant, const apus_forest *forest,
                            const double *rows, size_t row_count, uint8_t *ranks);

/* Whether heaps lie by place for rows of so many bytes of ranks, else by tree. */
int apus_tree_heaps_lie_by_place(apus_tree_variant variant, size_t rank_stride);

/* The places of a row's leaves, eight a group; there is room for whole chunks. */
void apus_tree_places(apus_tree_variant variant, const apus_forest *forest, const uint8_t *ranks,
                      uint32_t *places);

/* Trees from `first` until before `end`. */
typedef struct {
  size_t first, end;
} apus_tree_range;

/* Adds the leaves of some trees to the sums of rows, `output_count` each, in the order of the trees. */
void apus_tree_sums_float(apus_tree_variant variant, const apus_forest *forest,
                          const uint8_t *ranks, size_t row_count, apus_tree_range trees,
                          float *sums);
void apus_tree_sums_double(apus_tree_variant variant, const apus_forest *forest,
                           const uint8_t *ranks, size_t row_count, apus_tree_range trees,
                           double *sums);

/* Rows of one slice. */
size_t apus_tree_slice_rows(apus_tree_variant variant);

/* The same sums for at most one slice of rows, transposed: output after output, as many values each as a
 * slice has rows. `conditions` holds `condition_count + 1` slices. */
void apus_tree_slice_sums_float(apus_tree_variant variant, const apus_forest *forest,
                                const uint8_t *ranks, size_t row_count, apus_tree_range trees,
                                void *conditions, float *sums);
void apus_tree_slice_sums_double(apus_tree_variant variant, const apus_forest *forest,
                                 const uint8_t *ranks, size_t row_count, apus_tree_range trees,
                                 void *conditions, double *sums);

#endif
