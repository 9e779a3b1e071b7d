import Inference

/// A request that is one array or one list of strings as a whole, as MLServer's request codecs write
/// it: its one input has a name of theirs (`input-1`), and `parameters.content_type` is `np` or `str`.
enum WholeInput {
  /// The signature under which such a request can be read; `nil` where it is none, or is for a model
  /// with several inputs.
  ///
  /// - Parameter problem: why it could not be read as it is.
  static func signature(
    _ signature: ModelSignature, _ json: UnsafeRawBufferPointer, _ depthMax: Int,
    after problem: InputProblem
  ) throws(InputProblem) -> ModelSignature? {
    guard case .unknownInput(let name, _) = problem, signature.inputs.count == 1 else {
      return nil
    }
    let isWhole = try JSONScanner.scanning(json, depthMax: depthMax) {
      (scanner) throws(InputProblem) -> Bool in try isMeant(&scanner)
    }
    return isWhole ? signature.naming(name) : nil
  }

  /// The same for a request of the protocol's binary form.
  static func signature(
    _ signature: ModelSignature, contentType: String?, inputCount: Int, after problem: InputProblem
  ) -> ModelSignature? {
    guard case .unknownInput(let name, _) = problem, signature.inputs.count == 1, inputCount == 1,
      contentType.map(isMeant) ?? false
    else { return nil }
    return signature.naming(name)
  }

  private static func isMeant(_ contentType: String) -> Bool {
    contentType == "np" || contentType == "str"
  }

  private static func isMeant(_ scanner: inout JSONScanner) throws(InputProblem) -> Bool {
    var isSaid = false
    var inputCount = 0
    try scanner.readObject { (scanner, key) throws(InputProblem) in
      switch key {
      case "inputs" where scanner.peek() == UInt8(ascii: "["):
        inputCount = NestedShape.elementCount(scanner)
        try scanner.skipValue()
      case "parameters" where scanner.peek() == UInt8(ascii: "{"):
        try scanner.readObject { (scanner, key) throws(InputProblem) in
          guard key == "content_type", scanner.peek() == UInt8(ascii: "\"") else {
            return try scanner.skipValue()
          }
          isSaid = isMeant(try scanner.readString())
        }
      default: try scanner.skipValue()
      }
    }
    return isSaid && inputCount == 1
  }
}

extension ModelSignature {
  /// The same with another name for its one input.
  fileprivate func naming(_ name: String) -> ModelSignature {
    let input = inputs[0]
    return ModelSignature(
      inputs: [
        TensorDescription(
          name: name, datatype: input.datatype, dimensions: input.dimensions,
          isOptional: input.isOptional, table: input.table,
          holdsDocuments: input.holdsDocuments)
      ], outputs: outputs, hasRowAxis: hasRowAxis, metadata: metadata)
  }
}
