import Inference

/// What a request of the Open Inference Protocol says of its tensors, before any of them is read.
struct SaidTensors {
  /// In the request's order.
  var names: [String] = []
  /// `parameters.content_type` of the request.
  var contentType: String?

  /// `nil` where a tensor has no name.
  static func read(
    _ json: UnsafeRawBufferPointer, _ depthMax: Int
  ) throws(InputProblem) -> SaidTensors? {
    try JSONScanner.scanning(json, depthMax: depthMax) {
      (scanner) throws(InputProblem) -> SaidTensors? in
      // What numbers may be is told where they are read; here they are only passed over.
      scanner.takesMissing = true
      var said = SaidTensors()
      var count = 0
      try scanner.readObject { (scanner, key) throws(InputProblem) in
        switch key {
        case "inputs" where scanner.peek() == UInt8(ascii: "["):
          try scanner.readArray { (scanner) throws(InputProblem) in
            count += 1
            if let name = try text("name", of: &scanner) { said.names.append(name) }
          }
        case "parameters": said.contentType = try text("content_type", of: &scanner)
        default: try scanner.skipValue()
        }
      }
      return said.names.count == count ? said : nil
    }
  }

  /// A member of the object at the cursor, where it is a string.
  private static func text(
    _ member: String, of scanner: inout JSONScanner
  ) throws(InputProblem) -> String? {
    guard scanner.peek() == UInt8(ascii: "{") else {
      try scanner.skipValue()
      return nil
    }
    var text: String?
    try scanner.readObject { (scanner, key) throws(InputProblem) in
      if key == member, scanner.peek() == UInt8(ascii: "\"") {
        text = try scanner.readString()
      } else {
        try scanner.skipValue()
      }
    }
    return text
  }
}

/// What the tensors of a request are whose names are not those of the model's inputs.
enum RenamedInputs {
  /// The model's one input under a name of the client's: MLServer's request codecs write `input-1` and
  /// say `np` or `str` in `parameters.content_type`.
  case whole(ModelSignature)
  /// Columns of one table.
  case columns(ColumnInputs)

  /// Whether a request with that problem may be one, before its tensors are looked through again.
  static func mayBeMeant(after problem: InputProblem, for signature: ModelSignature) -> Bool {
    switch problem {
    case .unknownInput, .wrongShape, .inputGivenTwice: true
    // Of other models, strings may be photos.
    case .wrongDatatype: signature.table != nil
    default: false
    }
  }

  /// `nil` where they are nothing but wrong.
  ///
  /// - Parameter problem: why the request could not be read as it is.
  static func meant(
    by said: SaidTensors, for signature: ModelSignature, after problem: InputProblem
  ) throws(InputProblem) -> RenamedInputs? {
    if case .unknownInput(let name, _) = problem, signature.inputs.count == 1,
      said.names.count == 1, said.contentType == "np" || said.contentType == "str"
    {
      return .whole(signature.naming(name))
    }
    return try ColumnInputs.meant(by: said, for: signature, after: problem)
      .map(RenamedInputs.columns)
  }

  /// What the tensors are checked against.
  var signature: ModelSignature {
    switch self {
    case .whole(let signature): signature
    case .columns(let columns): columns.signature
    }
  }

  /// The request that is meant by one that was read under `signature`.
  func meant(by request: OpenInferenceRequest) throws(InputProblem) -> OpenInferenceRequest {
    guard case .columns(let columns) = self else { return request }
    var request = request
    request.columns = columns
    try request.joinColumns()
    return request
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
