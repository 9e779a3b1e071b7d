#include "apus_worker_package.h"

// The compiler reads the files itself and depends on them, so a change of one is a build.
#pragma clang diagnostic ignored "-Wc23-extensions"

// A zero ends each, because an array may not be empty and a file may.
static const unsigned char apus_worker___init___py[] = {
#embed "../Python/Worker/apus_worker/__init__.py" suffix(, )
    0};
static const unsigned char apus_worker___main___py[] = {
#embed "../Python/Worker/apus_worker/__main__.py" suffix(, )
    0};
static const unsigned char apus_worker_api_py[] = {
#embed "../Python/Worker/apus_worker/api.py" suffix(, )
    0};
static const unsigned char apus_worker_channel_py[] = {
#embed "../Python/Worker/apus_worker/channel.py" suffix(, )
    0};
static const unsigned char apus_worker_events_py[] = {
#embed "../Python/Worker/apus_worker/events.py" suffix(, )
    0};
static const unsigned char apus_worker_loop_py[] = {
#embed "../Python/Worker/apus_worker/loop.py" suffix(, )
    0};
static const unsigned char apus_worker_models___init___py[] = {
#embed "../Python/Worker/apus_worker/models/__init__.py" suffix(, )
    0};
static const unsigned char apus_worker_models_annotations_py[] = {
#embed "../Python/Worker/apus_worker/models/annotations.py" suffix(, )
    0};
static const unsigned char apus_worker_models_boosters_py[] = {
#embed "../Python/Worker/apus_worker/models/boosters.py" suffix(, )
    0};
static const unsigned char apus_worker_models_calls_py[] = {
#embed "../Python/Worker/apus_worker/models/calls.py" suffix(, )
    0};
static const unsigned char apus_worker_models_descriptions_py[] = {
#embed "../Python/Worker/apus_worker/models/descriptions.py" suffix(, )
    0};
static const unsigned char apus_worker_models_documents_py[] = {
#embed "../Python/Worker/apus_worker/models/documents.py" suffix(, )
    0};
static const unsigned char apus_worker_models_elements_py[] = {
#embed "../Python/Worker/apus_worker/models/elements.py" suffix(, )
    0};
static const unsigned char apus_worker_models_kinds_py[] = {
#embed "../Python/Worker/apus_worker/models/kinds.py" suffix(, )
    0};
static const unsigned char apus_worker_models_mlflow_model_py[] = {
#embed "../Python/Worker/apus_worker/models/mlflow_model.py" suffix(, )
    0};
static const unsigned char apus_worker_models_mlserver_runtime_py[] = {
#embed "../Python/Worker/apus_worker/models/mlserver_runtime.py" suffix(, )
    0};
static const unsigned char apus_worker_models_pickles_py[] = {
#embed "../Python/Worker/apus_worker/models/pickles.py" suffix(, )
    0};
static const unsigned char apus_worker_models_ports_py[] = {
#embed "../Python/Worker/apus_worker/models/ports.py" suffix(, )
    0};
static const unsigned char apus_worker_models_protobuf_text_py[] = {
#embed "../Python/Worker/apus_worker/models/protobuf_text.py" suffix(, )
    0};
static const unsigned char apus_worker_models_python_class_py[] = {
#embed "../Python/Worker/apus_worker/models/python_class.py" suffix(, )
    0};
static const unsigned char apus_worker_models_schemas_py[] = {
#embed "../Python/Worker/apus_worker/models/schemas.py" suffix(, )
    0};
static const unsigned char apus_worker_models_scikit_py[] = {
#embed "../Python/Worker/apus_worker/models/scikit.py" suffix(, )
    0};
static const unsigned char apus_worker_models_served_py[] = {
#embed "../Python/Worker/apus_worker/models/served.py" suffix(, )
    0};
static const unsigned char apus_worker_models_settings_py[] = {
#embed "../Python/Worker/apus_worker/models/settings.py" suffix(, )
    0};
static const unsigned char apus_worker_models_stand_ins___init___py[] = {
#embed "../Python/Worker/apus_worker/models/stand_ins/__init__.py" suffix(, )
    0};
static const unsigned char apus_worker_models_stand_ins_mlserver_codecs_py[] = {
#embed "../Python/Worker/apus_worker/models/stand_ins/mlserver_codecs.py" suffix(, )
    0};
static const unsigned char apus_worker_models_stand_ins_mlserver_modules_py[] = {
#embed "../Python/Worker/apus_worker/models/stand_ins/mlserver_modules.py" suffix(, )
    0};
static const unsigned char apus_worker_models_stand_ins_mlserver_types_py[] = {
#embed "../Python/Worker/apus_worker/models/stand_ins/mlserver_types.py" suffix(, )
    0};
static const unsigned char apus_worker_models_stand_ins_torchserve_handlers_py[] = {
#embed "../Python/Worker/apus_worker/models/stand_ins/torchserve_handlers.py" suffix(, )
    0};
static const unsigned char apus_worker_models_stand_ins_triton_python_backend_utils_py[] = {
#embed "../Python/Worker/apus_worker/models/stand_ins/triton_python_backend_utils.py" suffix(, )
    0};
static const unsigned char apus_worker_models_torchscript_py[] = {
#embed "../Python/Worker/apus_worker/models/torchscript.py" suffix(, )
    0};
static const unsigned char apus_worker_models_torchserve_py[] = {
#embed "../Python/Worker/apus_worker/models/torchserve.py" suffix(, )
    0};
static const unsigned char apus_worker_models_transformers_pipeline_py[] = {
#embed "../Python/Worker/apus_worker/models/transformers_pipeline.py" suffix(, )
    0};
static const unsigned char apus_worker_models_triton_py[] = {
#embed "../Python/Worker/apus_worker/models/triton.py" suffix(, )
    0};

// Less the zero at the end.
#define FILE(path, name) {path, name, sizeof(name) - 1}

static const struct apus_worker_file files[] = {
    FILE("apus_worker/__init__.py", apus_worker___init___py),
    FILE("apus_worker/__main__.py", apus_worker___main___py),
    FILE("apus_worker/api.py", apus_worker_api_py),
    FILE("apus_worker/channel.py", apus_worker_channel_py),
    FILE("apus_worker/events.py", apus_worker_events_py),
    FILE("apus_worker/loop.py", apus_worker_loop_py),
    FILE("apus_worker/models/__init__.py", apus_worker_models___init___py),
    FILE("apus_worker/models/annotations.py", apus_worker_models_annotations_py),
    FILE("apus_worker/models/boosters.py", apus_worker_models_boosters_py),
    FILE("apus_worker/models/calls.py", apus_worker_models_calls_py),
    FILE("apus_worker/models/descriptions.py", apus_worker_models_descriptions_py),
    FILE("apus_worker/models/documents.py", apus_worker_models_documents_py),
    FILE("apus_worker/models/elements.py", apus_worker_models_elements_py),
    FILE("apus_worker/models/kinds.py", apus_worker_models_kinds_py),
    FILE("apus_worker/models/mlflow_model.py", apus_worker_models_mlflow_model_py),
    FILE("apus_worker/models/mlserver_runtime.py", apus_worker_models_mlserver_runtime_py),
    FILE("apus_worker/models/pickles.py", apus_worker_models_pickles_py),
    FILE("apus_worker/models/ports.py", apus_worker_models_ports_py),
    FILE("apus_worker/models/protobuf_text.py", apus_worker_models_protobuf_text_py),
    FILE("apus_worker/models/python_class.py", apus_worker_models_python_class_py),
    FILE("apus_worker/models/schemas.py", apus_worker_models_schemas_py),
    FILE("apus_worker/models/scikit.py", apus_worker_models_scikit_py),
    FILE("apus_worker/models/served.py", apus_worker_models_served_py),
    FILE("apus_worker/models/settings.py", apus_worker_models_settings_py),
    FILE("apus_worker/models/stand_ins/__init__.py", apus_worker_models_stand_ins___init___py),
    FILE("apus_worker/models/stand_ins/mlserver_codecs.py", apus_worker_models_stand_ins_mlserver_codecs_py),
    FILE("apus_worker/models/stand_ins/mlserver_modules.py", apus_worker_models_stand_ins_mlserver_modules_py),
    FILE("apus_worker/models/stand_ins/mlserver_types.py", apus_worker_models_stand_ins_mlserver_types_py),
    FILE("apus_worker/models/stand_ins/torchserve_handlers.py", apus_worker_models_stand_ins_torchserve_handlers_py),
    FILE("apus_worker/models/stand_ins/triton_python_backend_utils.py", apus_worker_models_stand_ins_triton_python_backend_utils_py),
    FILE("apus_worker/models/torchscript.py", apus_worker_models_torchscript_py),
    FILE("apus_worker/models/torchserve.py", apus_worker_models_torchserve_py),
    FILE("apus_worker/models/transformers_pipeline.py", apus_worker_models_transformers_pipeline_py),
    FILE("apus_worker/models/triton.py", apus_worker_models_triton_py),
};

size_t apus_worker_file_count(void) { return sizeof(files) / sizeof(files[0]); }

struct apus_worker_file apus_worker_file_at(size_t index) { return files[index]; }
