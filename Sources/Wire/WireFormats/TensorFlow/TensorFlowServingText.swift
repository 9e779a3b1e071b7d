/// The calls and messages of TensorFlow Serving's `PredictionService` and `ModelService`, by their
/// public names and numbers; one file for what stands in several of theirs.
///
/// Left out: what asks for streams and for generation, which these calls do not answer, and how
/// TensorFlow Serving itself is to log.
extension GRPCSchemas {
  static let tensorFlowServing = """
    package tensorflow.serving;
    message ModelSpec {
      string name = 1;
      oneof version_choice {
        google.protobuf.Int64Value version = 2;
        string version_label = 4;
      }
      string signature_name = 3;
    }
    message PredictRequest {
      ModelSpec model_spec = 1;
      map<string, TensorProto> inputs = 2;
      repeated string output_filter = 3;
    }
    message PredictResponse {
      ModelSpec model_spec = 2;
      map<string, TensorProto> outputs = 1;
    }
    message ExampleList {
      repeated Example examples = 1;
    }
    message ExampleListWithContext {
      repeated Example examples = 1;
      Example context = 2;
    }
    message Input {
      oneof kind {
        ExampleList example_list = 1;
        ExampleListWithContext example_list_with_context = 2;
      }
    }
    message Class {
      string label = 1;
      float score = 2;
    }
    message Classifications {
      repeated Class classes = 1;
    }
    message ClassificationResult {
      repeated Classifications classifications = 1;
    }
    message ClassificationRequest {
      ModelSpec model_spec = 1;
      Input input = 2;
    }
    message ClassificationResponse {
      ModelSpec model_spec = 2;
      ClassificationResult result = 1;
    }
    message Regression {
      float value = 1;
    }
    message RegressionResult {
      repeated Regression regressions = 1;
    }
    message RegressionRequest {
      ModelSpec model_spec = 1;
      Input input = 2;
    }
    message RegressionResponse {
      ModelSpec model_spec = 2;
      RegressionResult result = 1;
    }
    message InferenceTask {
      ModelSpec model_spec = 1;
      string method_name = 2;
    }
    message InferenceResult {
      ModelSpec model_spec = 1;
      oneof result {
        ClassificationResult classification_result = 2;
        RegressionResult regression_result = 3;
      }
    }
    message MultiInferenceRequest {
      repeated InferenceTask tasks = 1;
      Input input = 2;
    }
    message MultiInferenceResponse {
      repeated InferenceResult results = 1;
    }
    message SignatureDefMap {
      map<string, SignatureDef> signature_def = 1;
    }
    message GetModelMetadataRequest {
      ModelSpec model_spec = 1;
      repeated string metadata_field = 2;
    }
    message GetModelMetadataResponse {
      ModelSpec model_spec = 1;
      map<string, google.protobuf.Any> metadata = 2;
    }
    message StatusProto {
      error.Code error_code = 1;
      string error_message = 2;
    }
    message GetModelStatusRequest {
      ModelSpec model_spec = 1;
    }
    message ModelVersionStatus {
      enum State {
        UNKNOWN = 0;
        START = 10;
        LOADING = 20;
        AVAILABLE = 30;
        UNLOADING = 40;
        END = 50;
      }
      int64 version = 1;
      State state = 2;
      StatusProto status = 3;
    }
    message GetModelStatusResponse {
      repeated ModelVersionStatus model_version_status = 1;
    }
    message FileSystemStoragePathSourceConfig {
      message ServableVersionPolicy {
        message Latest {
          uint32 num_versions = 1;
        }
        message All {}
        message Specific {
          repeated int64 versions = 1;
        }
        oneof policy_choice {
          Latest latest = 100;
          All all = 101;
          Specific specific = 102;
        }
      }
    }
    message ModelConfig {
      string name = 1;
      string base_path = 2;
      string model_platform = 4;
      FileSystemStoragePathSourceConfig.ServableVersionPolicy model_version_policy = 7;
      map<string, int64> version_labels = 8;
    }
    message ModelConfigList {
      repeated ModelConfig config = 1;
    }
    message ModelServerConfig {
      oneof config {
        ModelConfigList model_config_list = 1;
        google.protobuf.Any custom_model_config = 2;
      }
    }
    message ReloadConfigRequest {
      ModelServerConfig config = 1;
      repeated string metric_names = 2;
    }
    message Metric {
      string name = 1;
      oneof value_increase {
        int64 int64_value_increase = 2;
      }
    }
    message ReloadConfigResponse {
      StatusProto status = 1;
      repeated Metric metric = 2;
    }
    service PredictionService {
      rpc Classify (ClassificationRequest) returns (ClassificationResponse);
      rpc Regress (RegressionRequest) returns (RegressionResponse);
      rpc Predict (PredictRequest) returns (PredictResponse);
      rpc MultiInference (MultiInferenceRequest) returns (MultiInferenceResponse);
      rpc GetModelMetadata (GetModelMetadataRequest) returns (GetModelMetadataResponse);
    }
    service ModelService {
      rpc GetModelStatus (GetModelStatusRequest) returns (GetModelStatusResponse);
      rpc HandleReloadConfigRequest (ReloadConfigRequest) returns (ReloadConfigResponse);
    }
    """
}
