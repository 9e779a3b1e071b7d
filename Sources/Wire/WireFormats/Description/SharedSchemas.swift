/// The schemas that the description has by name, as members of one JSON object: what does not depend
/// on any model. Written out because that is how they are read; members that are not named here are
/// read over by the server unless the schema says otherwise.
package enum SharedSchemas {
  static let all: [StaticString] = [
    failures, server, inference, vision, repository, dialects, foreign,
  ]

  private static let failures: StaticString = #"""
    "Error": {"type": "object", "required": ["error"], "properties": {"error": {"type": "string"}}},
    "MLflowError": {
      "type": "object", "required": ["error_code", "message"],
      "properties": {"error_code": {"type": "string"}, "message": {"type": "string"}}},
    "TorchServeError": {
      "type": "object", "required": ["code", "type", "message"],
      "properties": {
        "code": {"type": "integer"}, "type": {"type": "string"}, "message": {"type": "string"}}}
    """#

  private static let server: StaticString = #"""
    "ServerMetadata": {
      "type": "object", "required": ["name", "version", "extensions"],
      "properties": {
        "name": {"const": "apus"}, "version": {"type": "string"},
        "extensions": {"type": "array", "items": {"type": "string"}}}},
    "Live": {"type": "object", "required": ["live"], "properties": {"live": {"type": "boolean"}}},
    "Ready": {
      "type": "object", "required": ["ready"],
      "properties": {"ready": {"type": "boolean"}, "reason": {"type": "string"}}},
    "ModelReady": {
      "type": "object", "required": ["name", "ready"],
      "properties": {"name": {"type": "string"}, "ready": {"type": "boolean"}}},
    "ModelList": {
      "type": "object", "required": ["models"],
      "properties": {"models": {"type": "array", "items": {"type": "string"}}}},
    "TensorMetadata": {
      "type": "object", "required": ["name", "datatype", "shape"],
      "properties": {
        "name": {"type": "string"}, "datatype": {"$ref": "#/components/schemas/Datatype"},
        "shape": {
          "type": "array", "items": {"type": "integer", "minimum": -1},
          "description": "-1 is any length"}}},
    "ModelMetadata": {
      "type": "object", "required": ["name", "versions", "platform", "inputs", "outputs"],
      "properties": {
        "name": {"type": "string"}, "versions": {"type": "array", "items": {"type": "string"}},
        "platform": {"type": "string"},
        "inputs": {"type": "array", "items": {"$ref": "#/components/schemas/TensorMetadata"}},
        "outputs": {"type": "array", "items": {"$ref": "#/components/schemas/TensorMetadata"}},
        "parameters": {"type": "object", "additionalProperties": {"type": "string"}},
        "methods": {"type": "array", "items": {
          "type": "object", "required": ["name", "inputs", "outputs"],
          "properties": {"name": {"type": "string"}}}}}},
    "ModelConfig": {
      "type": "object", "required": ["name"],
      "properties": {"name": {"type": "string"}, "platform": {"type": "string"}},
      "description": "Triton's ModelConfig, as protobuf's JSON with its original names"},
    "Total": {
      "type": "object", "required": ["count", "ns"],
      "properties": {
        "count": {"type": "integer", "minimum": 0}, "ns": {"type": "integer", "minimum": 0}}},
    "Statistics": {
      "type": "object", "required": ["model_stats"],
      "properties": {"model_stats": {"type": "array", "items": {
        "type": "object",
        "required": [
          "name", "version", "last_inference", "inference_count", "execution_count",
          "inference_stats", "batch_stats"],
        "properties": {
          "name": {"type": "string"}, "version": {"type": "string"},
          "last_inference": {"type": "integer"}, "inference_count": {"type": "integer"},
          "execution_count": {"type": "integer"},
          "inference_stats": {
            "type": "object", "additionalProperties": {"$ref": "#/components/schemas/Total"}},
          "batch_stats": {"type": "array", "items": {"type": "object"}},
          "batching": {"type": "object"}}}}}}
    """#

  private static let inference: StaticString = #"""
    "Datatype": {"enum": [
      "BOOL", "UINT8", "UINT16", "UINT32", "UINT64", "INT8", "INT16", "INT32", "INT64", "FP16", "FP32",
      "FP64", "BF16", "BYTES"]},
    "Shape": {"type": "array", "maxItems": 8, "items": {"type": "integer", "minimum": 0}},
    "Parameter": {"type": ["string", "number", "boolean"]},
    "FreeParameters": {
      "type": ["object", "null"],
      "additionalProperties": {"$ref": "#/components/schemas/Parameter"}},
    "RequestParameters": {
      "type": "object",
      "properties": {
        "priority": {"type": "integer", "minimum": 0, "maximum": 4294967295},
        "timeout": {"type": "integer", "minimum": 0, "description": "microseconds; 0 is none"},
        "sequence_id": {"type": ["integer", "string"], "minimum": 0},
        "sequence_start": {"type": "boolean"}, "sequence_end": {"type": "boolean"},
        "binary_data_output": {"type": "boolean"}},
      "additionalProperties": {"$ref": "#/components/schemas/Parameter"}},
    "InputParameters": {
      "type": "object",
      "properties": {
        "binary_data_size": {"type": "integer", "minimum": 0},
        "content_type": {"type": "string"},
        "shared_memory_region": {"type": "string"},
        "shared_memory_byte_size": {"type": "integer", "minimum": 0},
        "shared_memory_offset": {"type": "integer", "minimum": 0}}},
    "OutputParameters": {
      "type": "object",
      "properties": {
        "binary_data": {"type": "boolean"},
        "classification": {"type": "integer", "minimum": 0},
        "shared_memory_region": {"type": "string"},
        "shared_memory_byte_size": {"type": "integer", "minimum": 0},
        "shared_memory_offset": {"type": "integer", "minimum": 0}}},
    "Infer": {
      "type": "object", "required": ["inputs"],
      "properties": {
        "id": {"type": "string"},
        "inputs": {"type": "array", "items": {
          "type": "object", "required": ["name", "shape", "datatype"],
          "properties": {
            "name": {"type": "string"}, "datatype": {"$ref": "#/components/schemas/Datatype"},
            "shape": {"$ref": "#/components/schemas/Shape"},
            "data": {"type": "array", "description": "flat, or nested as deep as the shape"},
            "parameters": {"$ref": "#/components/schemas/InputParameters"}}}},
        "outputs": {"type": "array", "items": {
          "type": "object", "required": ["name"],
          "properties": {
            "name": {"type": "string"},
            "parameters": {"$ref": "#/components/schemas/OutputParameters"}}}},
        "parameters": {"$ref": "#/components/schemas/RequestParameters"}}},
    "InferAnswer": {
      "type": "object", "required": ["model_name", "model_version", "outputs"],
      "properties": {
        "model_name": {"type": "string"}, "model_version": {"type": "string"},
        "id": {"type": "string"},
        "outputs": {"type": "array", "items": {
          "type": "object", "required": ["name", "datatype", "shape"],
          "properties": {
            "name": {"type": "string"}, "datatype": {"$ref": "#/components/schemas/Datatype"},
            "shape": {"$ref": "#/components/schemas/Shape"}, "data": {"type": "array"},
            "parameters": {"type": "object"}}}}}},
    "Binary": {
      "type": "string", "contentMediaType": "application/octet-stream",
      "description": "JSON as long as the header Inference-Header-Content-Length says, then the bytes \#
    of each binary tensor; or, where that is 0, the bytes of the only input"},
    "Generate": {
      "type": "object", "description": "inputs by their names; what is no input is a parameter",
      "properties": {"id": {"type": "string"}}},
    "GenerateAnswer": {
      "type": "object", "required": ["model_name", "model_version"],
      "properties": {
        "model_name": {"type": "string"}, "model_version": {"type": "string"},
        "id": {"type": "string"}},
      "description": "and the outputs by their names"},
    "Events": {
      "type": ["string", "object"], "required": ["data"],
      "properties": {"data": {"type": "string"}},
      "description": "server-sent events; the data of each is a GenerateAnswer or an Error"}
    """#

  private static let vision: StaticString = #"""
    "Photo": {"type": "string", "contentMediaType": "image/*", "format": "binary"},
    "PhotoText": {
      "type": "object", "required": ["b64"], "additionalProperties": false,
      "properties": {"b64": {"type": "string", "contentEncoding": "base64"}}},
    "Finding": {
      "type": "object", "required": ["label", "class_id", "score"],
      "properties": {
        "label": {"type": "string"}, "class_id": {"type": "integer", "minimum": 0},
        "score": {"type": "number"}}},
    "PhotoHead": {
      "type": "object", "required": ["model_name", "model_version", "image"],
      "properties": {
        "model_name": {"type": "string"}, "model_version": {"type": "string"},
        "image": {
          "type": "object", "required": ["width", "height"],
          "properties": {"width": {"type": "integer"}, "height": {"type": "integer"}}},
        "timings_ms": {"type": "object", "additionalProperties": {"type": "number"}}}},
    "Detections": {
      "allOf": [{"$ref": "#/components/schemas/PhotoHead"}],
      "required": ["detections"],
      "properties": {"detections": {"type": "array", "items": {
        "allOf": [{"$ref": "#/components/schemas/Finding"}], "required": ["box"],
        "properties": {"box": {
          "type": "object", "required": ["x1", "y1", "x2", "y2"],
          "description": "in pixels of the photo, upright",
          "properties": {
            "x1": {"type": "number"}, "y1": {"type": "number"}, "x2": {"type": "number"},
            "y2": {"type": "number"}}}}}}}},
    "Classes": {
      "allOf": [{"$ref": "#/components/schemas/PhotoHead"}],
      "required": ["classes"],
      "properties": {
        "classes": {"type": "array", "items": {"$ref": "#/components/schemas/Finding"}}}}
    """#

  private static let repository: StaticString = #"""
    "IndexRequest": {"type": "object", "properties": {"ready": {"type": "boolean"}}},
    "Index": {"type": "array", "items": {
      "type": "object", "required": ["name"],
      "properties": {
        "name": {"type": "string"}, "version": {"type": "string"},
        "state": {"enum": ["READY", "LOADING", "UNLOADING", "UNAVAILABLE"]},
        "reason": {"type": "string"}}}},
    "LoadRequest": {
      "type": "object",
      "properties": {"parameters": {
        "type": "object",
        "properties": {
          "config": {"type": "string", "description": "JSON with Triton's names"}},
        "patternProperties": {
          "^file:.": {"type": "string", "contentEncoding": "base64"}},
        "additionalProperties": false}}},
    "UnloadRequest": {
      "type": "object",
      "properties": {"parameters": {
        "type": "object", "properties": {"unload_dependents": {"type": "boolean"}},
        "additionalProperties": false}}},
    "Aliases": {
      "type": "object",
      "propertyNames": {
        "maxLength": 64, "pattern": "^[0-9A-Za-z_.-]*[A-Za-z_.-][0-9A-Za-z_.-]*$"},
      "additionalProperties": {
        "type": ["integer", "null"], "minimum": 1, "maximum": 9223372036854775807}},
    "Registration": {
      "type": "object", "required": ["key", "byte_size"],
      "properties": {
        "key": {"type": "string"}, "byte_size": {"type": "integer", "minimum": 0},
        "offset": {"type": ["integer", "null"], "minimum": 0}}},
    "Regions": {"type": "array", "items": {
      "type": "object", "required": ["name", "key", "offset", "byte_size"],
      "properties": {
        "name": {"type": "string"}, "key": {"type": "string"}, "offset": {"type": "integer"},
        "byte_size": {"type": "integer"}}}},
    "NoRegions": {"type": "array", "maxItems": 0},
    "RunningSettings": {
      "type": "object",
      "additionalProperties": {
        "type": ["string", "integer", "boolean", "array"], "items": {"type": "string"}}},
    "TraceChanges": {
      "type": "object", "additionalProperties": false,
      "properties": {
        "trace_level": {
          "type": ["string", "array", "null"],
          "items": {"enum": ["OFF", "TIMESTAMPS"]}, "minItems": 1},
        "trace_rate": {"type": ["integer", "string", "array", "null"], "minimum": 1},
        "trace_count": {"type": ["integer", "string", "array", "null"], "minimum": -1},
        "log_frequency": {"type": ["integer", "string", "array", "null"], "minimum": 0},
        "trace_file": {"type": ["string", "array", "null"]},
        "trace_mode": {"type": ["string", "array", "null"]}}},
    "LogChanges": {
      "type": "object", "additionalProperties": false,
      "properties": {
        "log_info": {"type": ["boolean", "null"]}, "log_warning": {"type": ["boolean", "null"]},
        "log_error": {"type": ["boolean", "null"]},
        "log_verbose_level": {"type": ["integer", "null"], "minimum": 0},
        "log_format": {"type": ["string", "null"]}, "log_file": {"type": ["string", "null"]}}}
    """#

  private static let dialects: StaticString = #"""
    "KServeModelList": {
      "type": "object", "required": ["models", "object", "data"],
      "properties": {
        "models": {"type": "array", "items": {"type": "string"}}, "object": {"const": "list"},
        "data": {"type": "array", "items": {
          "type": "object", "required": ["id", "object"],
          "properties": {"id": {"type": "string"}, "object": {"const": "model"}}}}}},
    "KServeModel": {
      "type": "object", "required": ["name", "ready", "model_version_status", "id", "object"],
      "properties": {
        "name": {"type": "string"}, "ready": {"type": "boolean"},
        "model_version_status": {"type": "array", "items": {
          "type": "object", "required": ["version", "state", "status"],
          "properties": {
            "version": {"type": "string"},
            "state": {"enum": ["START", "LOADING", "AVAILABLE", "UNLOADING", "END"]},
            "status": {"type": "object"}}}},
        "id": {"type": "string"}, "object": {"const": "model"}}},
    "TensorFlowMetadata": {
      "type": "object", "required": ["model_spec", "metadata"],
      "properties": {
        "model_spec": {"type": "object", "required": ["name", "version"]},
        "metadata": {"type": "object", "required": ["signature_def"]}}},
    "Predict": {
      "type": "object",
      "properties": {
        "instances": {"type": "array", "minItems": 1}, "inputs": true,
        "signature_name": {"enum": ["serving_default", ""]},
        "parameters": {"$ref": "#/components/schemas/FreeParameters"}},
      "oneOf": [{"required": ["instances"]}, {"required": ["inputs"]}]},
    "Predictions": {
      "type": "object",
      "anyOf": [
        {"required": ["predictions"]}, {"required": ["outputs"]}, {"required": ["output"]}]},
    "CloudEvent": {
      "type": "object", "required": ["id", "type", "source", "specversion"],
      "properties": {
        "id": {"type": "string", "minLength": 1}, "type": {"type": "string", "minLength": 1},
        "source": {"type": "string", "minLength": 1}, "specversion": {"const": "1.0"},
        "data": {"$ref": "#/components/schemas/Predict"},
        "data_base64": {
          "type": "string", "contentEncoding": "base64", "contentMediaType": "application/json"}},
      "oneOf": [{"required": ["data"]}, {"required": ["data_base64"]}]},
    "CloudEventAnswer": {
      "type": "object", "required": ["id", "type", "source", "specversion", "data"],
      "properties": {
        "id": {"type": "string"}, "type": {"type": "string"}, "source": {"type": "string"},
        "specversion": {"const": "1.0"}, "data": {"$ref": "#/components/schemas/Predictions"}}},
    "Examples": {
      "type": "object", "required": ["examples"],
      "properties": {
        "examples": {"type": "array", "minItems": 1, "items": {"type": "object"}},
        "context": {"type": "object"},
        "signature_name": {"enum": ["serving_default", ""]}}},
    "Result": {"type": "object", "required": ["result"], "properties": {"result": {"type": "array"}}},
    "Invocations": {
      "type": "object",
      "properties": {
        "dataframe_split": {
          "type": "object", "required": ["data"],
          "properties": {
            "columns": {"type": "array", "items": {"type": ["string", "number"]}},
            "data": {"type": "array", "items": {"type": "array"}, "minItems": 1}}},
        "dataframe_records": {"type": "array", "items": {"type": "object"}, "minItems": 1},
        "instances": {"type": "array", "minItems": 1}, "inputs": true},
      "oneOf": [
        {"required": ["dataframe_split"]}, {"required": ["dataframe_records"]},
        {"required": ["instances"]}, {"required": ["inputs"]}]},
    "Status": {
      "type": "object", "required": ["status"], "properties": {"status": {"type": "string"}}}
    """#

  private static let foreign: StaticString = #"""
    "ForeignModelList": {
      "type": "object", "required": ["models"],
      "properties": {
        "models": {
          "type": "array", "items": {"$ref": "#/components/schemas/ForeignModelEntry"}},
        "nextPageToken": {"type": "string"}}},
    "ForeignModelEntry": {
      "type": "object", "required": ["modelName", "modelUrl"],
      "properties": {"modelName": {"type": "string"}, "modelUrl": {"type": "string"}}},
    "ForeignModel": {"type": "array", "items": {
      "type": "object",
      "required": ["modelName", "modelVersion", "modelUrl", "runtime", "workers"],
      "properties": {
        "modelName": {"type": "string"}, "modelVersion": {"type": "string"},
        "modelUrl": {"type": "string"}, "runtime": {"type": "string"},
        "workers": {"type": "array", "items": {"type": "object"}}}}},
    "ForeignRegistration": {
      "type": "object", "required": ["url"],
      "properties": {"url": {"type": "string", "minLength": 1}, "model_name": {"type": "string"}}}
    """#
}
