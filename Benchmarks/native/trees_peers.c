/* Times one library's trees through its own C interface, as TreesBench times ours.
 *
 *     trees_peers xgboost|lightgbm|onnxruntime|tl2cgen LIBRARY MODEL ROWS COLUMNS
 *
 * reads Float32 rows, says `ready`, and answers lines `BATCH THREADS MILLISECONDS -` with
 * `nanoseconds-a-call median p99 calls`. A model of tl2cgen is its library; ONNX models have an input
 * "X", and the output that ONNX_OUTPUT names is taken. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../../Sources/Runtimes/COnnxRuntime/include/COnnxRuntime.h"

static void *library;
static const char *model_path;
static int columns, threads;
static double *results;
/* Results as a library wrote them; set by `predict`. */
static const float *float_results;
static void (*predict)(const float *rows, int count);
static void (*set_threads)(int count);

static void *symbol(const char *name) {
  void *found = dlsym(library, name);
  if (!found) {
    fprintf(stderr, "%s is missing\n", name);
    exit(1);
  }
  return found;
}

static void require(int is_well, const char *what) {
  if (is_well) return;
  fprintf(stderr, "%s failed\n", what);
  exit(1);
}

/* XGBoost: a dense matrix in place. */
static void *booster, *proxy;
static int (*xgb_predict)(void *, const char *, const char *, void *, const uint64_t **, uint64_t *,
                          const float **);
static int (*xgb_set)(void *, const char *, const char *);

static void xgb_run(const float *rows, int count) {
  char array[160];
  snprintf(array, sizeof array,
           "{\"data\":[%llu,true],\"shape\":[%d,%d],\"typestr\":\"<f4\",\"version\":3}",
           (unsigned long long)(uintptr_t)rows, count, columns);
  const uint64_t *shape;
  uint64_t rank;
  require(!xgb_predict(booster, array,
                       "{\"type\":0,\"training\":false,\"iteration_begin\":0,\"iteration_end\":0,"
                       "\"strict_shape\":false,\"missing\":NaN,\"cache_id\":0}",
                       proxy, &shape, &rank, &float_results),
          "XGBoosterPredictFromDense");
}

static void xgb_threads(int count) {
  char text[8];
  snprintf(text, sizeof text, "%d", count);
  require(!xgb_set(booster, "nthread", text), "XGBoosterSetParam");
}

static void xgb_open(void) {
  int (*create)(const void **, uint64_t, void **) = symbol("XGBoosterCreate");
  int (*load)(void *, const char *) = symbol("XGBoosterLoadModel");
  xgb_set = symbol("XGBoosterSetParam");
  xgb_predict = symbol("XGBoosterPredictFromDense");
  require(!create(NULL, 0, &booster) && !load(booster, model_path), "loading");
  predict = xgb_run;
  set_threads = xgb_threads;
}

/* LightGBM: its fast single row, and matrices. */
static void *gbm, *fast;
static int (*gbm_fast)(void *, const void *, int64_t *, double *);
static int (*gbm_matrix)(void *, const void *, int, int32_t, int32_t, int, int, int, int,
                         const char *, int64_t *, double *);
static char gbm_parameters[32];

static void gbm_run(const float *rows, int count) {
  int64_t length;
  if (count == 1)
    require(!gbm_fast(fast, rows, &length, results), "PredictForMatSingleRowFast");
  else
    require(!gbm_matrix(gbm, rows, 0, count, columns, 1, 1, 0, -1, gbm_parameters, &length, results),
            "PredictForMat");
}

static void gbm_threads(int count) {
  int (*start)(void *, int, int, int, int, int32_t, const char *, void **) =
      symbol("LGBM_BoosterPredictForMatSingleRowFastInit");
  snprintf(gbm_parameters, sizeof gbm_parameters, "num_threads=%d", count);
  require(!start(gbm, 1, 0, -1, 0, columns, gbm_parameters, &fast), "SingleRowFastInit");
}

static void gbm_open(void) {
  int (*load)(const char *, int *, void **) = symbol("LGBM_BoosterCreateFromModelfile");
  int rounds;
  gbm_fast = symbol("LGBM_BoosterPredictForMatSingleRowFast");
  gbm_matrix = symbol("LGBM_BoosterPredictForMat");
  require(!load(model_path, &rounds, &gbm), "loading");
  predict = gbm_run;
  set_threads = gbm_threads;
}

/* ONNX Runtime: a session for each number of threads, which do not spin. */
static const OnnxRuntimeTable *ort;
static OrtEnv *environment;
static OrtSession *session;
static OrtMemoryInfo *memory;

static void ort_require(OrtStatus *status) {
  if (!status) return;
  fprintf(stderr, "%s\n", ort->GetErrorMessage(status));
  exit(1);
}

static void ort_run(const float *rows, int count) {
  const char *inputs[] = {"X"}, *outputs[] = {getenv("ONNX_OUTPUT")};
  int64_t lengths[] = {count, columns};
  OrtValue *input = NULL, *output = NULL;
  ort_require(ort->CreateTensorWithDataAsOrtValue(memory, (void *)rows,
                                                  sizeof(float) * (size_t)count * (size_t)columns,
                                                  lengths, 2, 1, &input));
  ort_require(ort->Run(session, NULL, inputs, (const OrtValue *const *)&input, 1, outputs, 1,
                       &output));
  void *bytes;
  ort_require(ort->GetTensorMutableData(output, &bytes));
  results[0] = ((float *)bytes)[0];
  float_results = bytes;
  ort->ReleaseValue(output);
  ort->ReleaseValue(input);
}

static void ort_threads(int count) {
  OrtSessionOptions *options;
  if (session) ort->ReleaseSession(session);
  ort_require(ort->CreateSessionOptions(&options));
  ort_require(ort->SetIntraOpNumThreads(options, count));
  ort_require(ort->CreateSession(environment, model_path, options, &session));
}

static void ort_log(void *context, int32_t severity, const char *category, const char *name,
                    const char *place, const char *message) {
  (void)context, (void)severity, (void)category, (void)name, (void)place, (void)message;
}

static void ort_open(void) {
  const OnnxRuntimeEntrance *(*entrance)(void) = symbol("OrtGetApiBase");
  ort = entrance()->GetApi(16);
  ort_require(ort->CreateEnvWithCustomLogger(ort_log, NULL, 4, "trees", &environment));
  ort_require(ort->CreateCpuMemoryInfo(0, 0, &memory));
  predict = ort_run;
  set_threads = ort_threads;
}

/* tl2cgen: its compiled function, a row at a time; floats or doubles as the model's thresholds are. */
typedef union {
  int missing;
  float value;
} float_entry;
typedef union {
  int missing;
  double value;
} double_entry;
static void (*compiled)(void *, int, void *);
static float_entry *floats;
static double_entry *doubles;

static void compiled_run(const float *rows, int count) {
  static float single;
  for (int row = 0; row < count; row++, rows += columns) {
    if (doubles) {
      for (int i = 0; i < columns; i++)
        if (rows[i] != rows[i]) doubles[i].missing = -1;
        else doubles[i].value = rows[i];
      compiled(doubles, 0, &results[row]);
    } else {
      for (int i = 0; i < columns; i++)
        if (rows[i] != rows[i]) floats[i].missing = -1;
        else floats[i].value = rows[i];
      compiled(floats, 0, &single);
      results[row] = single;
    }
  }
}

static void no_threads(int count) { (void)count; }

static void compiled_open(void) {
  const char *(*type)(void) = symbol("get_threshold_type");
  compiled = symbol("predict");
  if (!strcmp(type(), "float64")) doubles = calloc((size_t)columns, sizeof *doubles);
  floats = calloc((size_t)columns, sizeof *floats);
  predict = compiled_run;
  set_threads = no_threads;
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static int order(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

static void measure(const float *rows, int row_count, int batch, double nanoseconds) {
  static double times[1 << 22];
  int count = 0, first = 0;
  predict(rows, batch);
  double start = now(), end = start + nanoseconds, total = 0;
  while ((start < end || count < 3) && count < 1 << 22) {
    if (first + batch > row_count) first = 0;
    predict(rows + (size_t)first * (size_t)columns, batch);
    first += batch;
    double stop = now();
    total += times[count++] = stop - start;
    start = stop;
  }
  qsort(times, (size_t)count, sizeof *times, order);
  printf("%f %f %f %d\n", total / count, times[count / 2], times[(size_t)count * 99 / 100], count);
}

int main(int count, char **words) {
  if (count != 6) return 2;
  library = dlopen(words[2], RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    fprintf(stderr, "%s\n", dlerror());
    return 1;
  }
  model_path = words[3];
  columns = atoi(words[5]);
  FILE *file = fopen(words[4], "rb");
  require(file != NULL, "opening the rows");
  fseek(file, 0, SEEK_END);
  size_t size = (size_t)ftell(file);
  rewind(file);
  float *rows = malloc(size);
  require(fread(rows, 1, size, file) == size, "reading the rows");
  int row_count = (int)(size / sizeof(float)) / columns;
  results = calloc((size_t)row_count, sizeof(double));
  if (!strcmp(words[1], "xgboost")) xgb_open();
  else if (!strcmp(words[1], "lightgbm")) gbm_open();
  else if (!strcmp(words[1], "onnxruntime")) ort_open();
  else compiled_open();
  puts("ready");
  fflush(stdout);
  char line[128];
  while (fgets(line, sizeof line, stdin)) {
    int batch, wanted, milliseconds;
    if (sscanf(line, "%d %d %d", &batch, &wanted, &milliseconds) == 3) {
      if (wanted != threads) set_threads(threads = wanted);
      measure(rows, row_count, batch, 1e6 * milliseconds);
    }
    fflush(stdout);
  }
  return 0;
}
