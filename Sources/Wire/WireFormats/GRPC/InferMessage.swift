package import Inference

/// Reads a `ModelInferRequest` once its model is known.
package struct InferMessage {
  private let bytes: UnsafeRawBufferPointer
  private let layout: InferMessageLayout
  private let signature: ModelSignature
  /// Raw contents that came apart from the bytes; they stand for those in the layout.
  private let rawInputs: [TensorStorage]

  /// The request, checked against a signature.
  ///
  /// Raw contents that lie in `bytes` are copied once, into 64-byte aligned storage; those of
  /// `rawInputs` are taken as they are. Pure; takes time proportional to the bytes.
  package static func decode(
    _ bytes: UnsafeRawBufferPointer, _ layout: InferMessageLayout,
    rawInputs: [TensorStorage] = [], signature: ModelSignature
  ) throws(InputProblem) -> OpenInferenceRequest {
    do throws(InputProblem) {
      return try InferMessage(
        bytes: bytes, layout: layout, signature: signature, rawInputs: rawInputs
      ).request()
    } catch {
      guard RenamedInputs.mayBeMeant(after: error, for: signature),
        let said = try said(bytes, layout),
        let renamed = try RenamedInputs.meant(by: said, for: signature, after: error)
      else { throw error }
      let request = try InferMessage(
        bytes: bytes, layout: layout, signature: renamed.signature, rawInputs: rawInputs
      ).request()
      return try renamed.meant(by: request)
    }
  }

  /// `nil` where a tensor has no name.
  private static func said(
    _ bytes: UnsafeRawBufferPointer, _ layout: InferMessageLayout
  ) throws(InputProblem) -> SaidTensors? {
    var said = SaidTensors()
    for range in layout.parameters {
      let entry = try InferParameterEntry(UnsafeRawBufferPointer(rebasing: bytes[range]))
      if entry.name == "content_type", case .string(let type) = entry.value {
        said.contentType = type
      }
    }
    for range in layout.inputs {
      guard let name = try InferInputField.name(UnsafeRawBufferPointer(rebasing: bytes[range]))
      else { return nil }
      said.names.append(name)
    }
    return said
  }

  private func part(_ range: Range<Int>) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(rebasing: bytes[range])
  }

  private func request() throws(InputProblem) -> OpenInferenceRequest {
    var parameters = OpenInferenceParameters()
    for range in layout.parameters {
      let parameter = try InferParameterEntry(part(range))
      try parameters.take(parameter)
    }
    let (tensors, regionInputs) = try inputs()
    let (outputs, forms) = try wantedOutputs()
    return OpenInferenceRequest(
      id: try layout.clientID(in: bytes),
      body: TensorRequest(inputs: tensors, outputs: outputs, parameters: parameters.others),
      responsePlan: OpenInferenceResponsePlan(forms: forms, standard: .init(isBinary: true)),
      regionInputs: regionInputs,
      sequence: try parameters.sequence(), priority: parameters.priority,
      timeoutMicroseconds: parameters.timeoutMicroseconds)
  }

  private var rawCount: Int { max(layout.rawInputs.count, rawInputs.count) }

  private func inputs() throws(InputProblem) -> (tensors: [Tensor?], inRegions: [RegionInput]) {
    var tensors = [Tensor?](repeating: nil, count: signature.inputs.count)
    var inRegions: [RegionInput] = []
    // Inputs in memory of the client have no place among the raw contents.
    var sentCount = 0
    for (place, range) in layout.inputs.enumerated() {
      let field = try InferInputField(part(range), place: place, signature: signature)
      let isGiven = inRegions.contains { $0.inputIndex == field.inputIndex }
      guard tensors[field.inputIndex] == nil, !isGiven else {
        throw .inputGivenTwice(field.name)
      }
      if let span = field.span {
        inRegions.append(try regionInput(field, span))
      } else {
        let tensor = try field.contentType.understood(
          try tensor(of: field, sentCount), input: field.name)
        tensors[field.inputIndex] = signature.inputs[field.inputIndex].converted(tensor)
        sentCount += 1
      }
    }
    if rawCount > 0, rawCount != sentCount {
      throw .framing(
        "raw_input_contents has \(rawCount) elements for \(sentCount) inputs; it has one for each"
          + " input that is not in shared memory, or none at all")
    }
    if sentCount + inRegions.count < tensors.count { try checkAllGiven(tensors, inRegions) }
    return (tensors, inRegions)
  }

  private func checkAllGiven(
    _ tensors: [Tensor?], _ inRegions: [RegionInput]
  ) throws(InputProblem) {
    for (index, input) in signature.inputs.enumerated()
    where tensors[index] == nil && !input.isOptional {
      if !inRegions.contains(where: { $0.inputIndex == index }) { throw .missingInput(input.name) }
    }
  }

  private func regionInput(
    _ field: InferInputField, _ span: RegionSpan
  ) throws(InputProblem) -> RegionInput {
    if field.hasContents {
      throw .framing("input `\(field.name)` has a shared memory region, and contents, too")
    }
    try field.checkByteCount(span.byteCount)
    return RegionInput(
      inputIndex: field.inputIndex, name: field.name, datatype: field.datatype,
      shape: field.shape, span: span, target: signature.inputs[field.inputIndex])
  }

  private func tensor(of field: InferInputField, _ place: Int) throws(InputProblem) -> Tensor {
    guard rawCount > 0 else { return try field.typedTensor() }
    guard !field.hasContents else {
      throw .framing("input `\(field.name)` has both contents and raw_input_contents")
    }
    // How many there are is said afterwards, when it is known how many inputs there are.
    guard place < rawCount else { throw .missingField("raw_input_contents[\(place)]") }
    let storage: TensorStorage
    if rawInputs.isEmpty {
      let raw = part(layout.rawInputs[place])
      try field.checkByteCount(raw.count)
      storage = TensorStorage(byteCount: raw.count)
      if raw.count > 0 { storage.hostBytesForFilling?.copyMemory(from: raw) }
    } else {
      storage = rawInputs[place]
      try field.checkByteCount(storage.byteCount)
    }
    let tensor = Tensor(datatype: field.datatype, shape: field.shape, storage: storage)
    try tensor.checkRawElements(input: field.name)
    return tensor
  }
}

// MARK: - Outputs

extension InferMessage {
  private func wantedOutputs() throws(InputProblem) -> (
    [Int], [OpenInferenceResponsePlan.Form]
  ) {
    if layout.outputs.isEmpty { return ([], []) }
    var outputs: [Int] = []
    var forms: [OpenInferenceResponsePlan.Form] = []
    for range in layout.outputs {
      let (index, form) = try output(part(range), place: outputs.count)
      if outputs.contains(index) {
        throw .fieldOfWrongKind(
          "outputs", expected: "without `\(signature.outputs[index].name)` twice")
      }
      outputs.append(index)
      forms.append(form)
    }
    return (outputs, forms)
  }

  private func output(
    _ bytes: UnsafeRawBufferPointer, place: Int
  ) throws(InputProblem) -> (index: Int, form: OpenInferenceResponsePlan.Form) {
    var index: Int?
    var classCount = 0
    var region = RegionParameters()
    var reader = ProtobufReader(bytes)
    while let field = try reader.next() {
      switch field.number {
      case 1:
        try reader.expect(.bytes, field)
        index = try outputIndex(try reader.slice())
      case 2:
        try reader.expect(.bytes, field)
        let parameter = try InferParameterEntry(try reader.slice())
        if parameter.name == "classification" {
          classCount = Int(clamping: try parameter.unsigned())
        } else {
          _ = try region.take(parameter)
        }
      default: try reader.skip(field)
      }
    }
    guard let index else { throw .missingField("outputs[\(place)].name") }
    try TopClasses.check(classCount, of: signature.outputs[index])
    return (
      index, .init(isBinary: true, classCount: classCount, span: try region.span())
    )
  }

  private func outputIndex(_ name: UnsafeRawBufferPointer) throws(InputProblem) -> Int {
    if let index = signature.outputs.firstIndex(where: { $0.name.utf8.elementsEqual(name) }) {
      return index
    }
    throw .unknownOutput(
      String(decoding: name, as: UTF8.self), known: signature.outputs.map(\.name))
  }
}
