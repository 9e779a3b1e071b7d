import Inference

/// A sample backend that is loaded: its signature, and how an instance of it is made.
final class SampleModel: ComputingModel {
  let signature: ModelSignature
  let capabilities: ModelCapabilities
  let footprintByteCount = 0
  let platformName: String
  private let make: @Sendable (StopFlag) -> any ModelInstance

  init(
    _ signature: ModelSignature, platform: String, isDecoupled: Bool,
    make: @escaping @Sendable (StopFlag) -> any ModelInstance
  ) {
    self.signature = signature
    self.platformName = platform
    self.make = make
    var capabilities = ModelCapabilities()
    capabilities.isBatchInvariant = true
    capabilities.isDecoupled = isDecoupled
    self.capabilities = capabilities
  }

  func makeInstance(stop: StopFlag) throws(RuntimeFault) -> any ModelInstance { make(stop) }
}

/// One tensor that a backend insists on.
struct SamplePort {
  let name: String
  let datatype: Datatype
  /// Lengths without the row axis, -1 for any; what is declared must have as many axes.
  let lengths: [Int]
}

extension DeclaredModel {
  /// The declared signature, which must have these inputs and outputs in this order.
  static func signature(
    _ declared: DeclaredSignature?, of backend: String, inputs: [SamplePort],
    outputs: [SamplePort]
  ) throws(RuntimeFault) -> ModelSignature {
    let signature = try signature(declared, of: backend)
    try check(signature.inputs, inputs, "input", signature.hasRowAxis, backend)
    try check(signature.outputs, outputs, "output", signature.hasRowAxis, backend)
    return signature
  }

  private static func check(
    _ given: [TensorDescription], _ wanted: [SamplePort], _ kind: String, _ hasRows: Bool,
    _ backend: String
  ) throws(RuntimeFault) {
    let fits =
      given.count == wanted.count
      && zip(given, wanted).allSatisfy { given, wanted in
        let lengths = given.metadataShape.dropFirst(hasRows ? 1 : 0)
        return given.name == wanted.name && given.datatype == wanted.datatype
          && lengths.count == wanted.lengths.count
          && zip(lengths, wanted.lengths).allSatisfy { $1 < 0 || $0 == $1 }
      }
    guard !fits else { return }
    let list = wanted.map { "\($0.name) \($0.datatype.name) \($0.lengths)" }
    throw RuntimeFault(
      code: .invalidModel,
      message: "the backend \(backend) takes the \(kind)s \(list.joined(separator: ", "))")
  }
}
