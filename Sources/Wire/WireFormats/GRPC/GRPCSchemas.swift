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

  /// All files, imported ones before those that import them.
  package static let files = [config, service, healthFile] + reflectionFiles

  /// All messages.
  package static let documents = ProtobufDocuments(files)
}
