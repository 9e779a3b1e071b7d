#include "apus_demo_models.h"

// The compiler reads the files itself and depends on them, so a model made again is rebuilt.
#pragma clang diagnostic ignored "-Wc23-extensions"

// Aligned as a runtime likes to find tensors that it reads in place.
#define ALIGNED __attribute__((aligned(64)))

static const unsigned char digits[] ALIGNED = {
#embed "../../../models/digits/digits.onnx"
};
static const unsigned char iris[] ALIGNED = {
#embed "../../../models/iris/iris.onnx"
};

#define MODEL(name) {#name, name, sizeof(name)}

static const struct apus_demo_model models[] = {
    MODEL(digits),
    MODEL(iris),
};

size_t apus_demo_model_count(void) { return sizeof(models) / sizeof(models[0]); }

struct apus_demo_model apus_demo_model_at(size_t index) { return models[index]; }
