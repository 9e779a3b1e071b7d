import Inference

/// What every request asks of the signature of a method, or of the model itself.
///
/// A reference: a signature is copied part by part, and a request would copy it several times.
final class MethodSignature: Sendable {
  let hasRowAxis: Bool
  let outputs: [TensorDescription]
  private let whole: ModelSignature
  private let hasSettings: Bool
  private let hasCostlyOutputs: Bool

  init(_ signature: ModelSignature) {
    whole = signature
    hasRowAxis = signature.hasRowAxis
    outputs = signature.outputs
    hasSettings = signature.inputs.contains(where: \.isSetting)
    hasCostlyOutputs = signature.outputs.contains(where: \.isCostly)
  }

  /// The model's own, and behind it those of its methods, as requests number them.
  static func all(of signature: ModelSignature) -> [MethodSignature] {
    [MethodSignature(signature)] + signature.methods.map { MethodSignature($0.signature) }
  }

  /// The request with its settings for each row.
  func spread(_ tensors: TensorRequest) -> TensorRequest {
    hasSettings ? whole.spread(tensors) : tensors
  }

  func asksForCostly(_ tensors: TensorRequest) -> Bool {
    hasCostlyOutputs && tensors.outputs.contains { outputs[$0].isCostly }
  }
}
