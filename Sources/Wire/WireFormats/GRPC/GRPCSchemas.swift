/// Every schema that the gRPC front speaks: read once, when something other than an inference first
/// needs one.
package enum GRPCSchemas {
  static let config = ProtobufSchemaText.read(modelConfig, fileName: "model_config.proto")
  static let service = ProtobufSchemaText.read(
    inferenceService, fileName: "grpc_service.proto", imports: [config])
  static let healthFile = ProtobufSchemaText.read(
    health, fileName: "grpc/health/v1/health.proto")
  static let reflectionFiles = ["v1", "v1alpha"].map { version in
    ProtobufSchemaText.read(
      "package grpc.reflection.\(version);\n" + reflection,
      fileName: "grpc/reflection/\(version)/reflection.proto")
  }

  private static let wrappersFile = ProtobufSchemaText.read(
    wrappers, fileName: "google/protobuf/wrappers.proto")
  private static let anyFile = ProtobufSchemaText.read(
    anything, fileName: "google/protobuf/any.proto")
  private static let emptyFile = ProtobufSchemaText.read(
    nothing, fileName: "google/protobuf/empty.proto")
  private static let statusFile = ProtobufSchemaText.read(
    status, fileName: "google/rpc/status.proto", imports: [anyFile])
  private static let tensorFlowFile = ProtobufSchemaText.read(
    tensorFlow, fileName: "tensorflow/framework.proto")
  private static let tensorFlowErrorsFile = ProtobufSchemaText.read(
    tensorFlowErrors, fileName: "tensorflow/error_codes.proto")
  private static let tensorFlowServingFile = ProtobufSchemaText.read(
    tensorFlowServing, fileName: "tensorflow_serving/services.proto",
    imports: [wrappersFile, anyFile, tensorFlowFile, tensorFlowErrorsFile])
  private static let torchServeInferenceFile = ProtobufSchemaText.read(
    torchServeInference, fileName: "torchserve/inference.proto", imports: [emptyFile, statusFile])
  private static let torchServeManagementFile = ProtobufSchemaText.read(
    torchServeManagement, fileName: "torchserve/management.proto")

  private static let ofOtherServers = [
    wrappersFile, anyFile, emptyFile, statusFile, tensorFlowFile, tensorFlowErrorsFile,
    tensorFlowServingFile, torchServeInferenceFile, torchServeManagementFile,
  ]

  /// All files, imported ones before those that import them.
  package static let files = [config, service, healthFile] + reflectionFiles + ofOtherServers

  /// All messages.
  package static let documents = ProtobufDocuments(files)
}
