#include "dispatch.h"

#define INLINED static inline __attribute__((always_inline))

#define NUMBER float
#define FUSED __builtin_fmaf
#define NAME(part) float_##part
#include "products.h"
#undef NUMBER
#undef FUSED
#undef NAME

#define NUMBER double
#define FUSED __builtin_fma
#define NAME(part) double_##part
#include "products.h"

void apus_products_float(apus_variant variant, const float *rows, size_t row_count, size_t width,
                         const float *coefficients, size_t output_count, float *products) {
#if APUS_HAS_AVX2
  if (variant == apus_avx2) {
    float_avx2(rows, row_count, width, coefficients, output_count, products);
    return;
  }
#endif
  float_body(rows, row_count, width, coefficients, output_count, products);
}

void apus_products_double(apus_variant variant, const double *rows, size_t row_count, size_t width,
                          const double *coefficients, size_t output_count, double *products) {
#if APUS_HAS_AVX2
  if (variant == apus_avx2) {
    double_avx2(rows, row_count, width, coefficients, output_count, products);
    return;
  }
#endif
  double_body(rows, row_count, width, coefficients, output_count, products);
}
