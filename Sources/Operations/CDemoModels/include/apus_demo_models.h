// The demo models of models/, embedded in the program. Constants: they live as long as the process.
#ifndef APUS_DEMO_MODELS_H
#define APUS_DEMO_MODELS_H

#include <stddef.h>

/// One ONNX file: the name its model is served by, and its bytes.
struct apus_demo_model {
  const char *_Nonnull name;
  const unsigned char *_Nonnull bytes;
  size_t byte_count;
};

/// How many there are.
size_t apus_demo_model_count(void);

/// The model at `index`, which must be smaller than the count.
struct apus_demo_model apus_demo_model_at(size_t index);

#endif
