import Inference

/// Which dialect an address means, by its path.
package enum DialectPaths {
  /// Opens the dialect of an address; blocks for the model's signature where it is told and needed.
  ///
  /// - Parameters:
  ///   - encoding: as it was asked for; `nil` chooses.
  ///   - needsSignature: inputs are made up, or made of rows or arrays.
  ///   - isScored: answers are judged, so a detector is asked for every box that may be right.
  package static func open(
    _ address: HTTPAddress, encoding: BodyEncoding?, needsSignature: Bool, isScored: Bool
  ) throws -> any ServerDialect {
    let path = address.path.prefix { $0 != "?" }
    if let client = OpenInferenceClient(address) {
      try check(encoding, [.binary, .json], path)
      return try OpenInferenceDialect(
        client, encoding: encoding == .json ? .json : .binary, needsSignature: needsSignature)
    }
    if path.hasPrefix("/v2/models/"), path.hasSuffix("/detect") || path.hasSuffix("/classify") {
      try check(encoding, [], path)
      return PhotoDialect(address, isScored: isScored)
    }
    if path.hasPrefix("/v1/models/"), path.hasSuffix(":predict") {
      try check(encoding, [.instances, .inputs], path)
      return try PredictDialect(address, encoding: encoding, needsSignature: needsSignature)
    }
    if path.hasPrefix("/predictions/") {
      try check(encoding, [], path)
      return TorchServeDialect(address: address)
    }
    if path.hasSuffix("/invocations") || path.hasPrefix("/models/") && path.hasSuffix("/invoke") {
      let allowed: [BodyEncoding] = [
        .dataframeSplit, .dataframeRecords, .csv, .instances, .inputs,
      ]
      try check(encoding, allowed, path)
      return InvocationsDialect(address: address, encoding: encoding)
    }
    try check(encoding, [], path)
    return PlainDialect(address: address)
  }

  private static func check(
    _ encoding: BodyEncoding?, _ allowed: [BodyEncoding], _ path: Substring
  ) throws(SampleProblem) {
    guard let encoding, !allowed.contains(encoding) else { return }
    let names = allowed.map(\.rawValue).joined(separator: ", ")
    throw SampleProblem(
      "--encoding: \(path) takes \(names.isEmpty ? "bodies as they are" : names), not "
        + encoding.rawValue)
  }
}
