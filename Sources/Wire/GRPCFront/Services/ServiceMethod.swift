import Inference
import WireFormats

/// Every call of another server's service, by its service and name.
enum ServiceMethod: String, CaseIterable {
  case servingPredict = "/tensorflow.serving.PredictionService/Predict"
  case servingClassify = "/tensorflow.serving.PredictionService/Classify"
  case servingRegress = "/tensorflow.serving.PredictionService/Regress"
  case servingMultiInference = "/tensorflow.serving.PredictionService/MultiInference"
  case servingMetadata = "/tensorflow.serving.PredictionService/GetModelMetadata"
  case servingStatus = "/tensorflow.serving.ModelService/GetModelStatus"
  case servingReload = "/tensorflow.serving.ModelService/HandleReloadConfigRequest"
  case torchPing = "/org.pytorch.serve.grpc.inference.InferenceAPIsService/Ping"
  case torchPredictions = "/org.pytorch.serve.grpc.inference.InferenceAPIsService/Predictions"
  case torchStreamPredictions =
    "/org.pytorch.serve.grpc.inference.InferenceAPIsService/StreamPredictions"
  case torchStreamPredictions2 =
    "/org.pytorch.serve.grpc.inference.InferenceAPIsService/StreamPredictions2"
  case torchDescribeModel =
    "/org.pytorch.serve.grpc.management.ManagementAPIsService/DescribeModel"
  case torchListModels = "/org.pytorch.serve.grpc.management.ManagementAPIsService/ListModels"
  case torchRegisterModel =
    "/org.pytorch.serve.grpc.management.ManagementAPIsService/RegisterModel"
  case torchScaleWorker = "/org.pytorch.serve.grpc.management.ManagementAPIsService/ScaleWorker"
  case torchSetDefault = "/org.pytorch.serve.grpc.management.ManagementAPIsService/SetDefault"
  case torchUnregisterModel =
    "/org.pytorch.serve.grpc.management.ManagementAPIsService/UnregisterModel"

  /// Whether it changes what is served, which not everybody may; REST has the same line.
  var isManagement: Bool {
    switch self {
    case .servingReload, .torchRegisterModel, .torchScaleWorker, .torchSetDefault,
      .torchUnregisterModel:
      true
    default: false
    }
  }

  /// What it can be restricted with, as the same over REST.
  var group: EndpointGroup {
    switch self {
    case .servingPredict, .servingClassify, .servingRegress, .servingMultiInference,
      .torchPredictions, .torchStreamPredictions, .torchStreamPredictions2:
      .inference
    case .servingMetadata, .servingStatus: .metadata
    case .torchPing: .health
    case .servingReload, .torchDescribeModel, .torchListModels, .torchRegisterModel,
      .torchScaleWorker, .torchSetDefault, .torchUnregisterModel:
      .modelRepository
    }
  }

  /// In whose manner failures are told.
  var dialect: Dialect {
    rawValue.hasPrefix("/tensorflow.") ? .tensorFlow : .torchServe
  }

  /// Its messages carry tensors or photos.
  var carriesTensors: Bool {
    switch self {
    case .servingPredict, .servingClassify, .servingRegress, .servingMultiInference,
      .torchPredictions, .torchStreamPredictions, .torchStreamPredictions2:
      true
    default: false
    }
  }
}

extension GRPCMethod {
  var carriesTensorsOfService: Bool {
    if case .service(let method) = self { return method.carriesTensors }
    return false
  }

  /// In whose manner failures are told.
  var dialect: Dialect {
    if case .service(let method) = self { return method.dialect }
    return .grpc
  }
}

extension ServiceMethod {
  /// What answers a call of this method.
  func makeCall(on stream: GRPCStream) -> any GRPCCall {
    let tensorBytesMax = stream.front.limits.messageBytesMax
    switch self {
    case .servingPredict:
      return ServiceCall(stream, PredictMessage(tensorBytesMax: tensorBytesMax))
    case .servingClassify:
      return ServiceCall(stream, ExampleMessage(.classify, tensorBytesMax: tensorBytesMax))
    case .servingRegress:
      return ServiceCall(stream, ExampleMessage(.regress, tensorBytesMax: tensorBytesMax))
    case .servingMultiInference:
      return ServiceCall(stream, ExampleMessage(.several, tensorBytesMax: tensorBytesMax))
    case .torchPredictions: return ServiceCall(stream, PredictionsMessage())
    case .torchStreamPredictions:
      return ServiceCall(stream, PredictionsMessage(), givesParts: true)
    case .torchStreamPredictions2: return ServiceStreamCall(stream)
    case .servingMetadata, .servingStatus, .servingReload, .torchPing, .torchDescribeModel,
      .torchListModels, .torchRegisterModel, .torchScaleWorker, .torchSetDefault,
      .torchUnregisterModel:
      return DocumentCall(stream, method: .service(self))
    }
  }
}
