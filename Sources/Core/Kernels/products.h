/* Rows times a matrix, of one kind of number: included once for each, with NUMBER, FUSED and NAME
 * defined. Each sum is made for itself, column after column, so that every way through here gives the
 * same bits; only how many sums are under way at once differs. */

/* As many sums as it takes to hide how long one product is under way. */
typedef NUMBER NAME(eight) __attribute__((vector_size(8 * sizeof(NUMBER)), aligned(sizeof(NUMBER))));

/* One output of eight rows. */
INLINED void NAME(eight_rows)(const NUMBER *rows, size_t width, const NUMBER *coefficients,
                              size_t output_count, NUMBER *products) {
  const NUMBER *r0 = rows, *r1 = r0 + width, *r2 = r1 + width, *r3 = r2 + width;
  const NUMBER *r4 = r3 + width, *r5 = r4 + width, *r6 = r5 + width, *r7 = r6 + width;
  NUMBER s0 = 0, s1 = 0, s2 = 0, s3 = 0, s4 = 0, s5 = 0, s6 = 0, s7 = 0;
  for (size_t c = 0; c < width; c++) {
    const NUMBER own = coefficients[c * output_count];
    s0 = FUSED(r0[c], own, s0), s1 = FUSED(r1[c], own, s1);
    s2 = FUSED(r2[c], own, s2), s3 = FUSED(r3[c], own, s3);
    s4 = FUSED(r4[c], own, s4), s5 = FUSED(r5[c], own, s5);
    s6 = FUSED(r6[c], own, s6), s7 = FUSED(r7[c], own, s7);
  }
  const NUMBER sums[8] = {s0, s1, s2, s3, s4, s5, s6, s7};
  for (size_t r = 0; r < 8; r++) products[r * output_count] = sums[r];
}

/* Eight outputs of `count` rows, four at most. */
INLINED void NAME(eight_outputs)(const NUMBER *rows, size_t count, size_t width,
                                 const NUMBER *coefficients, size_t output_count,
                                 NUMBER *products) {
  NAME(eight) sums[4] = {{0}, {0}, {0}, {0}};
  for (size_t c = 0; c < width; c++) {
    const NAME(eight) own = *(const NAME(eight) *)(coefficients + c * output_count);
    for (size_t r = 0; r < count; r++) {
      const NUMBER x = rows[r * width + c];
      sums[r] = __builtin_elementwise_fma((NAME(eight)){x, x, x, x, x, x, x, x}, own, sums[r]);
    }
  }
  for (size_t r = 0; r < count; r++) *(NAME(eight) *)(products + r * output_count) = sums[r];
}

INLINED void NAME(body)(const NUMBER *rows, size_t row_count, size_t width,
                        const NUMBER *coefficients, size_t output_count, NUMBER *products) {
  size_t o = 0;
  for (; o + 8 <= output_count; o += 8) {
    size_t r = 0;
    for (; r + 4 <= row_count; r += 4)
      NAME(eight_outputs)(rows + r * width, 4, width, coefficients + o, output_count,
                          products + r * output_count + o);
    for (; r < row_count; r++)
      NAME(eight_outputs)(rows + r * width, 1, width, coefficients + o, output_count,
                          products + r * output_count + o);
  }
  for (; o < output_count; o++) {
    size_t r = 0;
    for (; r + 8 <= row_count; r += 8)
      NAME(eight_rows)(rows + r * width, width, coefficients + o, output_count,
                       products + r * output_count + o);
    for (; r < row_count; r++) {
      NUMBER sum = 0;
      for (size_t c = 0; c < width; c++)
        sum = FUSED(rows[r * width + c], coefficients[c * output_count + o], sum);
      products[r * output_count + o] = sum;
    }
  }
}

#if APUS_HAS_AVX2
APUS_AVX2 static void NAME(avx2)(const NUMBER *rows, size_t row_count, size_t width,
                                 const NUMBER *coefficients, size_t output_count,
                                 NUMBER *products) {
  NAME(body)(rows, row_count, width, coefficients, output_count, products);
}
#endif
