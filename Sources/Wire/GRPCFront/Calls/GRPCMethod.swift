import WireFormats

/// Every call that the front answers.
enum GRPCMethod: Hashable {
  case serverLive, serverReady, modelReady
  case serverMetadata, modelMetadata
  case modelInfer, modelStreamInfer
  case modelConfig, modelStatistics, repositoryIndex
  case repositoryModelLoad, repositoryModelUnload
  case systemSharedMemoryStatus, systemSharedMemoryRegister, systemSharedMemoryUnregister
  case cudaSharedMemoryStatus, cudaSharedMemoryRegister, cudaSharedMemoryUnregister
  case traceSetting, logSettings
  case healthCheck, healthWatch
  case reflectionV1, reflectionV1Alpha
  /// One of another server's services.
  case service(ServiceMethod)

  /// Service and name.
  var path: String {
    switch self {
    case .serverLive: "/inference.GRPCInferenceService/ServerLive"
    case .serverReady: "/inference.GRPCInferenceService/ServerReady"
    case .modelReady: "/inference.GRPCInferenceService/ModelReady"
    case .serverMetadata: "/inference.GRPCInferenceService/ServerMetadata"
    case .modelMetadata: "/inference.GRPCInferenceService/ModelMetadata"
    case .modelInfer: "/inference.GRPCInferenceService/ModelInfer"
    case .modelStreamInfer: "/inference.GRPCInferenceService/ModelStreamInfer"
    case .modelConfig: "/inference.GRPCInferenceService/ModelConfig"
    case .systemSharedMemoryStatus:
      "/inference.GRPCInferenceService/SystemSharedMemoryStatus"
    case .systemSharedMemoryRegister:
      "/inference.GRPCInferenceService/SystemSharedMemoryRegister"
    case .systemSharedMemoryUnregister:
      "/inference.GRPCInferenceService/SystemSharedMemoryUnregister"
    case .traceSetting: "/inference.GRPCInferenceService/TraceSetting"
    case .logSettings: "/inference.GRPCInferenceService/LogSettings"
    case .modelStatistics: "/inference.GRPCInferenceService/ModelStatistics"
    case .repositoryIndex: "/inference.GRPCInferenceService/RepositoryIndex"
    case .repositoryModelLoad: "/inference.GRPCInferenceService/RepositoryModelLoad"
    case .repositoryModelUnload: "/inference.GRPCInferenceService/RepositoryModelUnload"
    case .cudaSharedMemoryStatus: "/inference.GRPCInferenceService/CudaSharedMemoryStatus"
    case .cudaSharedMemoryRegister: "/inference.GRPCInferenceService/CudaSharedMemoryRegister"
    case .cudaSharedMemoryUnregister: "/inference.GRPCInferenceService/CudaSharedMemoryUnregister"
    case .healthCheck: "/grpc.health.v1.Health/Check"
    case .healthWatch: "/grpc.health.v1.Health/Watch"
    case .reflectionV1: "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"
    case .reflectionV1Alpha: "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"
    case .service(let method): method.rawValue
    }
  }

  var isInference: Bool { self == .modelInfer || self == .modelStreamInfer }

  /// Whether it changes what is served, which not everybody may.
  var isManagement: Bool {
    switch self {
    case .repositoryModelLoad, .repositoryModelUnload, .systemSharedMemoryStatus,
      .systemSharedMemoryRegister, .systemSharedMemoryUnregister, .cudaSharedMemoryStatus,
      .cudaSharedMemoryRegister, .cudaSharedMemoryUnregister, .traceSetting, .logSettings:
      true
    case .service(let method): method.isManagement
    default: false
    }
  }

  /// What it can be restricted with; `nil` for what is for everybody.
  var group: EndpointGroup? {
    switch self {
    case .serverLive, .serverReady, .modelReady, .healthCheck, .healthWatch: .health
    case .serverMetadata, .modelMetadata: .metadata
    case .modelInfer, .modelStreamInfer: .inference
    case .modelConfig: .modelConfig
    case .modelStatistics: .statistics
    case .repositoryIndex, .repositoryModelLoad, .repositoryModelUnload: .modelRepository
    case .systemSharedMemoryStatus, .systemSharedMemoryRegister, .systemSharedMemoryUnregister,
      .cudaSharedMemoryStatus, .cudaSharedMemoryRegister, .cudaSharedMemoryUnregister:
      .sharedMemory
    case .traceSetting: .trace
    case .logSettings: .logging
    case .reflectionV1, .reflectionV1Alpha: nil
    case .service(let method): method.group
    }
  }

  private static let own: [GRPCMethod] = [
    .serverLive, .serverReady, .modelReady, .serverMetadata, .modelMetadata, .modelInfer,
    .modelStreamInfer, .modelConfig, .modelStatistics, .repositoryIndex, .repositoryModelLoad,
    .repositoryModelUnload, .systemSharedMemoryStatus, .systemSharedMemoryRegister,
    .systemSharedMemoryUnregister, .cudaSharedMemoryStatus, .cudaSharedMemoryRegister,
    .cudaSharedMemoryUnregister, .traceSetting, .logSettings, .healthCheck, .healthWatch,
    .reflectionV1, .reflectionV1Alpha,
  ]
  static let allCases = own + ServiceMethod.allCases.map { .service($0) }

  private static let byPath = Dictionary(uniqueKeysWithValues: allCases.map { ($0.path, $0) })

  init?(path: String) {
    guard let method = Self.byPath[path] else { return nil }
    self = method
  }

  /// What a connection asked for last: clients ask for the same thing again and again.
  struct Memory {
    private var path = ""
    private var method: GRPCMethod?
    /// `POST /inference.GRPCInferenceService/ModelInfer`, for logs.
    private(set) var operation = ""

    mutating func method(for path: String) -> GRPCMethod? {
      if self.path != path || operation.isEmpty {
        self.path = path
        method = GRPCMethod(path: path)
        operation = "POST \(path.prefix(256))"
      }
      return method
    }
  }
}

extension GRPCLimits {
  /// Of one message of a call.
  func messageBytesMax(of method: GRPCMethod) -> Int {
    method.isInference || method == .repositoryModelLoad || method.carriesTensorsOfService
      ? messageBytesMax : min(messageBytesMax, smallMessageBytesMax)
  }
}
