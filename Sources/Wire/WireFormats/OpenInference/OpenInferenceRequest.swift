package import Inference

/// An inference request of the Open Inference Protocol V2, decoded and checked against a signature.
package struct OpenInferenceRequest: Sendable {
  /// The client's own name for the request, echoed in the answer.
  package var id: String?
  package var body: TensorRequest
  package var responsePlan: OpenInferenceResponsePlan
  /// Inputs whose places in `body` are empty until `fill` has copied them from where they lie.
  package var regionInputs: [RegionInput] = []
  /// What the inputs are until they are joined, where they came as columns of a table.
  var columns: ColumnInputs?
  package var sequence: SequenceMark?
  /// 1 is the most urgent; 0 means the model's default.
  package var priority: UInt32 = 0
  /// How long the client gives the request, from its arrival; 0 never comes out, it means unset.
  package var timeoutMicroseconds: UInt64?

  /// Decodes a body that is one JSON document.
  ///
  /// Elements go straight from the text into pooled 64-byte aligned memory, which is never larger
  /// than four times the text. Keys may come in any order; unknown ones are read over; `null` is
  /// refused. Pure; takes time proportional to the text.
  package static func decode(
    json: UnsafeRawBufferPointer, signature: ModelSignature, depthMax: Int = JSONValue.depthMax
  ) throws(InputProblem) -> OpenInferenceRequest {
    let document = try OpenInferenceDocument.read(json, signature: signature, depthMax: depthMax)
    if let slot = document.binarySlots.first {
      throw .framing(
        "input `\(slot.name)` has binary_data_size, but the request has no"
          + " Inference-Header-Content-Length")
    }
    return try document.request()
  }
}

extension OpenInferenceRequest {
  /// Whether anything of it lies in memory of the client.
  package var usesRegions: Bool {
    !regionInputs.isEmpty || responsePlan.forms.contains { $0.span != nil }
  }

  /// Bytes that `fill` copies.
  package var regionByteCount: Int { regionInputs.reduce(0) { $0 + $1.span.byteCount } }

  /// Puts a copy of each shared input in its place, and checks it as any input that comes raw.
  ///
  /// - Parameter read: copies a range of a client's memory; blocks for as long as that takes.
  package mutating func fill(
    from read: (RegionSpan) throws(InputProblem) -> TensorStorage
  ) throws(InputProblem) {
    for input in regionInputs {
      let tensor = Tensor(
        datatype: input.datatype, shape: input.shape, storage: try read(input.span))
      try tensor.checkRawElements(input: input.name)
      body.inputs[input.inputIndex] = input.target?.converted(tensor) ?? tensor
    }
    regionInputs = []
    try joinColumns()
  }

  /// Joins columns once all of them are here.
  mutating func joinColumns() throws(InputProblem) {
    guard let columns, regionInputs.isEmpty else { return }
    body.inputs = try columns.joined(body.inputs)
    self.columns = nil
  }
}

/// How each output of an answer is to be written.
package struct OpenInferenceResponsePlan: Sendable, Equatable {
  /// The form of one output.
  package struct Form: Sendable, Equatable {
    /// As raw bytes after the JSON, else as JSON numbers or strings.
    package var isBinary: Bool
    /// So many best classes as `value:index[:label]`; 0 means the tensor itself.
    package var classCount: Int
    /// Where the client wants the bytes, in memory that it shares with us; the answer then only
    /// describes the tensor.
    package var span: RegionSpan?
    /// Strings as base64, as clients of MLServer ask for bytes in JSON.
    package var isBase64: Bool

    package init(
      isBinary: Bool, classCount: Int = 0, span: RegionSpan? = nil, isBase64: Bool = false
    ) {
      self.isBinary = isBinary
      self.classCount = classCount
      self.span = span
      self.isBase64 = isBase64
    }
  }

  /// One form for each wanted output, in the order of the answer; empty where all are wanted.
  package var forms: [Form]
  /// The form of outputs that nobody asked for by name.
  package var standard: Form

  package init(forms: [Form] = [], standard: Form = Form(isBinary: false)) {
    self.forms = forms
    self.standard = standard
  }

  /// Names of the regions that outputs go to.
  package var regions: Set<String> { Set(forms.compactMap { $0.span?.region }) }

  /// Bytes that have to be gone over to name the best classes in them.
  package func classifiedByteCount(of outputs: [NamedTensor]) -> Int {
    outputs.indices.reduce(0) { count, place in
      form(at: place).classCount > 0 ? count + outputs[place].tensor.byteCount : count
    }
  }

  /// The form of the output at that place of the answer.
  func form(at index: Int) -> Form { index < forms.count ? forms[index] : standard }
}
