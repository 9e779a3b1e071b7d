/// What Apus calls of OpenVINO's C interface, declared by ourselves.
///
/// The library exports plain functions; each is looked up by its name, in the order in which it
/// stands here. Names and types are those of `openvino/c/*.h` of release 2026; the functions that
/// end in `_props` came with it, so an older library is refused for want of them. Every function is
/// called by a test.

#ifndef APUS_OPENVINO_H
#define APUS_OPENVINO_H

// For mallinfo2 and malloc_trim, which Swift's Glibc module leaves out.
#include <malloc.h>
#include <stddef.h>
#include <stdint.h>

// Of the C library, which shows it to GNU sources only.
void *memmem(const void *bytes, size_t count, const void *wanted, size_t wantedCount);

typedef struct ov_core ov_core_t;
typedef struct ov_model ov_model_t;
typedef struct ov_compiled_model ov_compiled_model_t;
typedef struct ov_infer_request ov_infer_request_t;
typedef struct ov_tensor ov_tensor_t;
typedef struct ov_output_const_port ov_output_const_port_t;

/// 0 where the call succeeded, negative where not; the words are in `ov_get_last_err_msg`.
typedef int32_t ov_status_e;

typedef struct {
  const char *buildNumber;
  const char *description;
} ov_version_t;

typedef struct {
  int64_t rank;
  int64_t *dims;
} ov_shape_t;

/// Any length from `min` to `max`; a `max` of -1 is no bound.
typedef struct {
  int64_t min;
  int64_t max;
} ov_dimension_t;

typedef struct {
  ov_dimension_t rank;
  ov_dimension_t *dims;
} ov_partial_shape_t;

typedef struct {
  const char *key;
  const void *value;
} ov_property_t;

/// Every function: type of its result, name, parameters.
#define APUS_OPENVINO_FUNCTIONS(X)                                             \
  X(ov_status_e, get_openvino_version, (ov_version_t *version))                \
  X(void, version_free, (ov_version_t *version))                               \
  X(const char *, get_last_err_msg, (void))                                    \
  X(const char *, get_error_info, (ov_status_e status))                        \
  X(void, free, (const char *text))                                            \
  X(ov_status_e, core_create, (ov_core_t **made))                              \
  X(ov_status_e, core_set_properties,                                          \
    (const ov_core_t *core, const char *device, size_t count,                  \
     const ov_property_t *properties))                                         \
  X(ov_status_e, core_get_property,                                            \
    (const ov_core_t *core, const char *device, const char *key,               \
     char **allocated))                                                        \
  X(ov_status_e, core_read_model,                                              \
    (const ov_core_t *core, const char *path, const char *weightsPath,         \
     ov_model_t **made))                                                       \
  X(ov_status_e, core_read_model_from_memory_buffer,                           \
    (const ov_core_t *core, const char *bytes, size_t count,                   \
     const ov_tensor_t *weights, ov_model_t **made))                           \
  X(ov_status_e, core_compile_model_props,                                     \
    (const ov_core_t *core, const ov_model_t *model, const char *device,       \
     size_t count, const ov_property_t *properties,                            \
     ov_compiled_model_t **made))                                              \
  X(void, model_free, (ov_model_t *model))                                     \
  X(ov_status_e, model_inputs_size, (const ov_model_t *model, size_t *count))  \
  X(ov_status_e, model_outputs_size, (const ov_model_t *model, size_t *count)) \
  X(ov_status_e, model_const_input_by_index,                                   \
    (const ov_model_t *model, size_t index, ov_output_const_port_t **made))    \
  X(ov_status_e, model_const_output_by_index,                                  \
    (const ov_model_t *model, size_t index, ov_output_const_port_t **made))    \
  X(ov_status_e, model_reshape_by_port_indexes,                                \
    (const ov_model_t *model, const size_t *indexes,                           \
     const ov_partial_shape_t *shapes, size_t count))                          \
  X(ov_status_e, port_get_any_name,                                            \
    (const ov_output_const_port_t *port, char **allocated))                    \
  X(ov_status_e, port_get_partial_shape,                                       \
    (const ov_output_const_port_t *port, ov_partial_shape_t *shape))           \
  X(ov_status_e, port_get_element_type,                                        \
    (const ov_output_const_port_t *port, uint32_t *type))                      \
  X(void, output_const_port_free, (ov_output_const_port_t *port))              \
  X(void, partial_shape_free, (ov_partial_shape_t *shape))                     \
  X(void, compiled_model_free, (ov_compiled_model_t *model))                   \
  X(ov_status_e, compiled_model_create_infer_request,                          \
    (const ov_compiled_model_t *model, ov_infer_request_t **made))             \
  X(void, infer_request_free, (ov_infer_request_t *request))                   \
  X(ov_status_e, infer_request_set_input_tensor_by_index,                      \
    (ov_infer_request_t *request, size_t index, const ov_tensor_t *tensor))    \
  X(ov_status_e, infer_request_set_output_tensor_by_index,                     \
    (ov_infer_request_t *request, size_t index, const ov_tensor_t *tensor))    \
  X(ov_status_e, infer_request_get_output_tensor_by_index,                     \
    (const ov_infer_request_t *request, size_t index, ov_tensor_t **made))     \
  X(ov_status_e, infer_request_start_async, (ov_infer_request_t *request))     \
  X(ov_status_e, infer_request_wait, (ov_infer_request_t *request))            \
  X(ov_status_e, infer_request_cancel, (ov_infer_request_t *request))          \
  X(ov_status_e, tensor_create_from_host_ptr,                                  \
    (uint32_t type, ov_shape_t shape, void *bytes, ov_tensor_t **made))        \
  X(ov_status_e, tensor_get_shape,                                             \
    (const ov_tensor_t *tensor, ov_shape_t *shape))                            \
  X(ov_status_e, tensor_get_byte_size,                                         \
    (const ov_tensor_t *tensor, size_t *count))                                \
  X(ov_status_e, tensor_data, (const ov_tensor_t *tensor, void **bytes))       \
  X(void, tensor_free, (ov_tensor_t *tensor))                                  \
  X(ov_status_e, shape_free, (ov_shape_t *shape))

#define APUS_OPENVINO_MEMBER(result, name, parameters) result(*name) parameters;
/// The functions, without the `ov_` that all of them begin with.
typedef struct OpenVinoTable {
  APUS_OPENVINO_FUNCTIONS(APUS_OPENVINO_MEMBER)
} OpenVinoTable;
#undef APUS_OPENVINO_MEMBER

/// The exported name of the table's member at this place; null beyond the last.
const char *apus_openvino_function_name(size_t place);

#endif
