/// What Apus calls of ONNX Runtime's C interface, declared by ourselves.
///
/// The library exports one function, `OrtGetApiBase`, which leads to a table of function pointers.
/// The order of that table is a published promise: entries are only ever appended, and the
/// library asserts the position of the last entry of every release. So an entry is known by its
/// position alone, and what lies between the entries that we use is only counted.
/// Names and positions are those of `onnxruntime_c_api.h`; every position that is used is executed
/// by a test. Version 16 of the table (library 1.16) has all of them but the last.

#ifndef APUS_ONNX_RUNTIME_H
#define APUS_ONNX_RUNTIME_H

// For mallinfo2 and malloc_trim, which Swift's Glibc module leaves out.
#include <malloc.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct OrtAllocator OrtAllocator;
typedef struct OrtEnv OrtEnv;
typedef struct OrtMapTypeInfo OrtMapTypeInfo;
typedef struct OrtMemoryInfo OrtMemoryInfo;
typedef struct OrtModelMetadata OrtModelMetadata;
typedef struct OrtRunOptions OrtRunOptions;
typedef struct OrtSequenceTypeInfo OrtSequenceTypeInfo;
typedef struct OrtSession OrtSession;
typedef struct OrtSessionOptions OrtSessionOptions;
typedef struct OrtStatus OrtStatus;
typedef struct OrtTensorTypeAndShapeInfo OrtTensorTypeAndShapeInfo;
typedef struct OrtTypeInfo OrtTypeInfo;
typedef struct OrtValue OrtValue;

/// Gets each line that the library would log; `severity` is 0 (verbose) to 4 (fatal).
typedef void (*OrtLoggingFunction)(
    void *context, int32_t severity, const char *category,
    const char *name, const char *place, const char *message);

/// Memory of ours that the library takes, `OrtAllocator` as of version 16: what a later version adds
/// behind these is not looked at. Called from any thread.
typedef struct OnnxHostAllocator {
  uint32_t version;
  void *(*Alloc)(
      struct OnnxHostAllocator *allocator, size_t byteCount);
  void (*Free)(
      struct OnnxHostAllocator *allocator, void *allocated);
  const OrtMemoryInfo *(*Info)(
      const struct OnnxHostAllocator *allocator);
  /// Ours, behind what the library knows: what `Info` gives.
  const OrtMemoryInfo *memory;
} OnnxHostAllocator;

/// The functions, by position. A status is null where the call succeeded.
typedef struct OnnxRuntimeTable {
  void *gap0[1];
  int32_t (*GetErrorCode)(
      const OrtStatus *status);
  const char *(*GetErrorMessage)(
      const OrtStatus *status);
  void *gap1[1];
  OrtStatus *(*CreateEnvWithCustomLogger)(
      OrtLoggingFunction log, void *context, int32_t severity,
      const char *name, OrtEnv **made);
  void *gap2[2];
  OrtStatus *(*CreateSession)(
      const OrtEnv *environment, const char *path, const OrtSessionOptions *options,
      OrtSession **made);
  OrtStatus *(*CreateSessionFromArray)(
      const OrtEnv *environment, const void *bytes, size_t count,
      const OrtSessionOptions *options, OrtSession **made);
  OrtStatus *(*Run)(
      OrtSession *session, const OrtRunOptions *options, const char *const *inputNames,
      const OrtValue *const *inputs, size_t inputCount, const char *const *outputNames,
      size_t outputCount, OrtValue **outputs);
  OrtStatus *(*CreateSessionOptions)(
      OrtSessionOptions **made);
  void *gap3[2];
  OrtStatus *(*SetSessionExecutionMode)(
      OrtSessionOptions *options, int32_t mode);
  void *gap4[9];
  OrtStatus *(*SetSessionGraphOptimizationLevel)(
      OrtSessionOptions *options, int32_t level);
  OrtStatus *(*SetIntraOpNumThreads)(
      OrtSessionOptions *options, int count);
  OrtStatus *(*SetInterOpNumThreads)(
      OrtSessionOptions *options, int count);
  void *gap6[4];
  OrtStatus *(*SessionGetInputCount)(
      const OrtSession *session, size_t *count);
  OrtStatus *(*SessionGetOutputCount)(
      const OrtSession *session, size_t *count);
  void *gap7[1];
  OrtStatus *(*SessionGetInputTypeInfo)(
      const OrtSession *session, size_t index, OrtTypeInfo **made);
  OrtStatus *(*SessionGetOutputTypeInfo)(
      const OrtSession *session, size_t index, OrtTypeInfo **made);
  void *gap8[1];
  OrtStatus *(*SessionGetInputName)(
      const OrtSession *session, size_t index, OrtAllocator *allocator,
      char **allocated);
  OrtStatus *(*SessionGetOutputName)(
      const OrtSession *session, size_t index, OrtAllocator *allocator,
      char **allocated);
  void *gap9[1];
  OrtStatus *(*CreateRunOptions)(
      OrtRunOptions **made);
  void *gap10[6];
  OrtStatus *(*RunOptionsSetTerminate)(
      OrtRunOptions *options);
  OrtStatus *(*RunOptionsUnsetTerminate)(
      OrtRunOptions *options);
  OrtStatus *(*CreateTensorAsOrtValue)(
      OrtAllocator *allocator, const int64_t *lengths, size_t rank, int32_t type,
      OrtValue **made);
  OrtStatus *(*CreateTensorWithDataAsOrtValue)(
      const OrtMemoryInfo *memory, void *bytes, size_t byteCount,
      const int64_t *lengths, size_t rank, int32_t type, OrtValue **made);
  void *gap11[1];
  OrtStatus *(*GetTensorMutableData)(
      OrtValue *value, void **bytes);
  void *gap12[1];
  OrtStatus *(*GetStringTensorDataLength)(
      const OrtValue *value, size_t *byteCount);
  void *gap13[1];
  OrtStatus *(*CastTypeInfoToTensorInfo)(
      const OrtTypeInfo *type,
      const OrtTensorTypeAndShapeInfo **borrowed);
  OrtStatus *(*GetOnnxTypeFromTypeInfo)(
      const OrtTypeInfo *type, int32_t *kind);
  void *gap14[3];
  OrtStatus *(*GetTensorElementType)(
      const OrtTensorTypeAndShapeInfo *tensor, int32_t *type);
  OrtStatus *(*GetDimensionsCount)(
      const OrtTensorTypeAndShapeInfo *tensor, size_t *rank);
  OrtStatus *(*GetDimensions)(
      const OrtTensorTypeAndShapeInfo *tensor, int64_t *lengths, size_t rank);
  OrtStatus *(*GetSymbolicDimensions)(
      const OrtTensorTypeAndShapeInfo *tensor, const char **borrowed,
      size_t rank);
  void *gap15[1];
  OrtStatus *(*GetTensorTypeAndShape)(
      const OrtValue *value, OrtTensorTypeAndShapeInfo **made);
  void *gap16[1];
  OrtStatus *(*GetValueType)(
      const OrtValue *value, int32_t *kind);
  void *gap17[1];
  OrtStatus *(*CreateCpuMemoryInfo)(
      int32_t allocatorKind, int32_t memoryKind, OrtMemoryInfo **made);
  void *gap18[6];
  OrtStatus *(*AllocatorFree)(
      OrtAllocator *allocator, void *allocated);
  void *gap19[1];
  OrtStatus *(*GetAllocatorWithDefaultOptions)(
      OrtAllocator **borrowed);
  void *gap20[1];
  OrtStatus *(*GetValue)(
      const OrtValue *value, int index, OrtAllocator *allocator, OrtValue **made);
  OrtStatus *(*GetValueCount)(
      const OrtValue *value, size_t *count);
  void *gap21[10];
  void (*ReleaseEnv)(
      OrtEnv *environment);
  void (*ReleaseStatus)(
      OrtStatus *status);
  void (*ReleaseMemoryInfo)(
      OrtMemoryInfo *memory);
  void (*ReleaseSession)(
      OrtSession *session);
  void (*ReleaseValue)(
      OrtValue *value);
  void (*ReleaseRunOptions)(
      OrtRunOptions *options);
  void (*ReleaseTypeInfo)(
      OrtTypeInfo *type);
  void (*ReleaseTensorTypeAndShapeInfo)(
      OrtTensorTypeAndShapeInfo *tensor);
  void (*ReleaseSessionOptions)(
      OrtSessionOptions *options);
  void *gap22[2];
  OrtStatus *(*CastTypeInfoToMapTypeInfo)(
      const OrtTypeInfo *type, const OrtMapTypeInfo **borrowed);
  OrtStatus *(*CastTypeInfoToSequenceTypeInfo)(
      const OrtTypeInfo *type,
      const OrtSequenceTypeInfo **borrowed);
  void *gap23[1];
  OrtStatus *(*GetMapValueType)(
      const OrtMapTypeInfo *map, OrtTypeInfo **made);
  OrtStatus *(*GetSequenceElementType)(
      const OrtSequenceTypeInfo *sequence, OrtTypeInfo **made);
  void *gap24[3];
  OrtStatus *(*SessionGetModelMetadata)(
      const OrtSession *session, OrtModelMetadata **made);
  OrtStatus *(*ModelMetadataGetProducerName)(
      const OrtModelMetadata *metadata, OrtAllocator *allocator,
      char **allocated);
  OrtStatus *(*ModelMetadataGetGraphName)(
      const OrtModelMetadata *metadata, OrtAllocator *allocator,
      char **allocated);
  OrtStatus *(*ModelMetadataGetDomain)(
      const OrtModelMetadata *metadata, OrtAllocator *allocator,
      char **allocated);
  OrtStatus *(*ModelMetadataGetDescription)(
      const OrtModelMetadata *metadata, OrtAllocator *allocator,
      char **allocated);
  OrtStatus *(*ModelMetadataLookupCustomMetadataMap)(
      const OrtModelMetadata *metadata,
      OrtAllocator *allocator, const char *key, char **allocated);
  OrtStatus *(*ModelMetadataGetVersion)(
      const OrtModelMetadata *metadata, int64_t *version);
  void (*ReleaseModelMetadata)(
      OrtModelMetadata *metadata);
  void *gap25[4];
  OrtStatus *(*ModelMetadataGetCustomMetadataMapKeys)(
      const OrtModelMetadata *metadata,
      OrtAllocator *allocator, char ***allocated, int64_t *count);
  void *gap26[3];
  OrtStatus *(*GetStringTensorElementLength)(
      const OrtValue *value, size_t index, size_t *byteCount);
  OrtStatus *(*GetStringTensorElement)(
      const OrtValue *value, size_t byteCount, size_t index, void *bytes);
  void *gap27[1];
  OrtStatus *(*AddSessionConfigEntry)(
      OrtSessionOptions *options, const char *key, const char *value);
  void *gap28[45];
  OrtStatus *(*RegisterAllocator)(
      OrtEnv *environment, OnnxHostAllocator *allocator);
  void *gap30[75];
  OrtStatus *(*GetResizedStringTensorElementBuffer)(
      OrtValue *value, size_t index, size_t byteCount,
      char **borrowed);
  void *gap29[137];
  bool (*TensorTypeAndShape_HasShape)(
      const OrtTensorTypeAndShapeInfo *tensor);
} OnnxRuntimeTable;

#define APUS_POSITION(name, position)                                          \
  _Static_assert(                                                              \
      offsetof(OnnxRuntimeTable, name) == (position) *sizeof(void *),         \
      "ONNX Runtime's table has " #name " elsewhere")

APUS_POSITION(GetErrorCode, 1);
APUS_POSITION(GetErrorMessage, 2);
APUS_POSITION(CreateEnvWithCustomLogger, 4);
APUS_POSITION(CreateSession, 7);
APUS_POSITION(CreateSessionFromArray, 8);
APUS_POSITION(Run, 9);
APUS_POSITION(CreateSessionOptions, 10);
APUS_POSITION(SetSessionExecutionMode, 13);
APUS_POSITION(SetSessionGraphOptimizationLevel, 23);
APUS_POSITION(SetIntraOpNumThreads, 24);
APUS_POSITION(SetInterOpNumThreads, 25);
APUS_POSITION(SessionGetInputCount, 30);
APUS_POSITION(SessionGetOutputCount, 31);
APUS_POSITION(SessionGetInputTypeInfo, 33);
APUS_POSITION(SessionGetOutputTypeInfo, 34);
APUS_POSITION(SessionGetInputName, 36);
APUS_POSITION(SessionGetOutputName, 37);
APUS_POSITION(CreateRunOptions, 39);
APUS_POSITION(RunOptionsSetTerminate, 46);
APUS_POSITION(RunOptionsUnsetTerminate, 47);
APUS_POSITION(CreateTensorAsOrtValue, 48);
APUS_POSITION(CreateTensorWithDataAsOrtValue, 49);
APUS_POSITION(GetTensorMutableData, 51);
APUS_POSITION(GetStringTensorDataLength, 53);
APUS_POSITION(CastTypeInfoToTensorInfo, 55);
APUS_POSITION(GetOnnxTypeFromTypeInfo, 56);
APUS_POSITION(GetTensorElementType, 60);
APUS_POSITION(GetDimensionsCount, 61);
APUS_POSITION(GetDimensions, 62);
APUS_POSITION(GetSymbolicDimensions, 63);
APUS_POSITION(GetTensorTypeAndShape, 65);
APUS_POSITION(GetValueType, 67);
APUS_POSITION(CreateCpuMemoryInfo, 69);
APUS_POSITION(AllocatorFree, 76);
APUS_POSITION(GetAllocatorWithDefaultOptions, 78);
APUS_POSITION(GetValue, 80);
APUS_POSITION(GetValueCount, 81);
APUS_POSITION(ReleaseEnv, 92);
APUS_POSITION(ReleaseStatus, 93);
APUS_POSITION(ReleaseMemoryInfo, 94);
APUS_POSITION(ReleaseSession, 95);
APUS_POSITION(ReleaseValue, 96);
APUS_POSITION(ReleaseRunOptions, 97);
APUS_POSITION(ReleaseTypeInfo, 98);
APUS_POSITION(ReleaseTensorTypeAndShapeInfo, 99);
APUS_POSITION(ReleaseSessionOptions, 100);
APUS_POSITION(CastTypeInfoToMapTypeInfo, 103);
APUS_POSITION(CastTypeInfoToSequenceTypeInfo, 104);
APUS_POSITION(GetMapValueType, 106);
APUS_POSITION(GetSequenceElementType, 107);
APUS_POSITION(SessionGetModelMetadata, 111);
APUS_POSITION(ModelMetadataGetProducerName, 112);
APUS_POSITION(ModelMetadataGetGraphName, 113);
APUS_POSITION(ModelMetadataGetDomain, 114);
APUS_POSITION(ModelMetadataGetDescription, 115);
APUS_POSITION(ModelMetadataLookupCustomMetadataMap, 116);
APUS_POSITION(ModelMetadataGetVersion, 117);
APUS_POSITION(ReleaseModelMetadata, 118);
APUS_POSITION(ModelMetadataGetCustomMetadataMapKeys, 123);
APUS_POSITION(GetStringTensorElementLength, 127);
APUS_POSITION(GetStringTensorElement, 128);
APUS_POSITION(AddSessionConfigEntry, 130);
APUS_POSITION(RegisterAllocator, 176);
APUS_POSITION(GetResizedStringTensorElementBuffer, 252);
APUS_POSITION(TensorTypeAndShape_HasShape, 390);

#undef APUS_POSITION

/// What `OrtGetApiBase` gives.
typedef struct OnnxRuntimeEntrance {
  /// The table, or null where the library is older than that version of it.
  const OnnxRuntimeTable *(*GetApi)(uint32_t version);
  /// The library's version, `1.31.1`.
  const char *(*GetVersionString)(void);
} OnnxRuntimeEntrance;

/// The type of the exported function `OrtGetApiBase`.
typedef const OnnxRuntimeEntrance *(*OnnxRuntimeGetEntrance)(void);

#endif
