package import Inference

/// The answer to an inference request, ready to be written in the form that was asked for.
///
/// Two steps, so that a front can write straight into memory of its own: `jsonByteCountMax` says how
/// much room the JSON may need, `encodeJSON` writes it. Tensors in binary form are not copied: they
/// follow the JSON as they lie in memory.
package struct OpenInferenceResponse {
  /// An upper bound of what `encodeJSON` writes, and of the memory it touches.
  package let jsonByteCountMax: Int
  /// What follows the JSON, in this order; empty where all outputs are JSON. The answer then needs
  /// `Inference-Header-Content-Length`, the JSON's length.
  package let binaryTensors: [Tensor]
  /// What is to be written where in clients' memory, before the answer leaves.
  package let regionTensors: [(span: RegionSpan, tensor: Tensor)]

  private let model: String
  private let version: Int64
  private let id: String?
  /// Outputs as they are to be written, classes already found.
  private let outputs: [WrittenOutput]

  private struct WrittenOutput {
    let name: String
    let tensor: Tensor
    let isBinary: Bool
    let span: RegionSpan?
    var isBase64 = false
  }

  /// Room for everything of an output but its name and its elements.
  private static let outputFrameBytesMax =
    128 + TensorShape.rankMax * (NumberPrinting.integerByteCountMax + 1)
  /// Room for what says where an output lies, but the region's name.
  private static let regionFrameBytesMax = 96 + 2 * NumberPrinting.integerByteCountMax
  /// Room for everything of an answer but its outputs, its model's name and its id.
  private static let frameBytesMax = 128

  /// - Parameters:
  ///   - outputs: in the order of the plan's forms.
  ///   - labels: names of classes by their index; may be empty.
  /// - Throws: where an output cannot be written in the form asked for.
  package init(
    model: String, version: Int64, id: String?, outputs: [NamedTensor], labels: [String] = [],
    plan: OpenInferenceResponsePlan
  ) throws(InferenceFailure) {
    var written: [WrittenOutput] = []
    written.reserveCapacity(outputs.count)
    var binaryTensors: [Tensor] = []
    var regionTensors: [(span: RegionSpan, tensor: Tensor)] = []
    var byteCount = Self.frameBytesMax + JSONOutput.byteCount(of: model)
    if let id { byteCount += JSONOutput.byteCount(of: id) }
    for (index, output) in outputs.enumerated() {
      let form = plan.form(at: index)
      let isBase64 = form.isBase64 && form.span == nil && !form.isBinary && form.classCount == 0
      let tensor =
        form.classCount > 0
        ? TopClasses.tensor(output.tensor, countMax: form.classCount, labels: labels)
        : isBase64 ? TensorContentType.encoded(output.tensor) : output.tensor
      byteCount += Self.outputFrameBytesMax + JSONOutput.byteCount(of: output.name)
      if let span = form.span {
        try Self.check(span, output.name, tensor)
        byteCount += Self.regionFrameBytesMax + JSONOutput.byteCount(of: span.region)
        regionTensors.append((span, tensor))
      } else if form.isBinary {
        binaryTensors.append(tensor)
      } else {
        byteCount += try TensorText.byteCountMax(of: tensor, output: output.name)
      }
      written.append(
        WrittenOutput(
          name: output.name, tensor: tensor, isBinary: form.isBinary, span: form.span,
          isBase64: isBase64 && tensor.datatype == .bytes))
    }
    self.model = model
    self.version = version
    self.id = id
    self.outputs = written
    self.binaryTensors = binaryTensors
    self.regionTensors = regionTensors
    jsonByteCountMax = byteCount + NumberPrinting.slackByteCount
  }

  static func check(
    _ span: RegionSpan, _ output: String, _ tensor: Tensor
  ) throws(InferenceFailure) {
    guard tensor.byteCount > span.byteCount else { return }
    throw .invalidInput(
      .parameter(
        "shared_memory_byte_size",
        expected: "the \(tensor.byteCount) bytes that output `\(output)` has, or more",
        got: "\(span.byteCount)"))
  }

  /// Writes the JSON to the front of `memory`, which must have room for `jsonByteCountMax` bytes, and
  /// gives its length.
  package func encodeJSON(into memory: UnsafeMutableRawBufferPointer) -> Int {
    precondition(memory.count >= jsonByteCountMax, "no room for the answer")
    guard let base = memory.baseAddress else { return 0 }
    let start = base.assumingMemoryBound(to: UInt8.self)
    var json = JSONOutput(at: start)
    json.write(raw: "{\"model_name\":")
    json.write(model)
    json.write(raw: ",\"model_version\":\"")
    json.write(version)
    json.write(raw: "\"")
    if let id {
      json.write(raw: ",\"id\":")
      json.write(id)
    }
    json.write(raw: ",\"outputs\":[")
    for index in outputs.indices {
      if index > 0 { json.write(raw: ",") }
      Self.write(outputs[index], to: &json)
    }
    json.write(raw: "]}")
    return json.place - start
  }

  private static func write(_ output: WrittenOutput, to json: inout JSONOutput) {
    json.write(raw: "{\"name\":")
    json.write(output.name)
    json.write(raw: ",\"datatype\":")
    json.write(output.tensor.datatype.name)
    json.write(raw: ",\"shape\":[")
    for axis in 0..<output.tensor.shape.rank {
      if axis > 0 { json.write(raw: ",") }
      json.write(Int64(output.tensor.shape[axis]))
    }
    if let span = output.span {
      write(span, byteCount: output.tensor.byteCount, to: &json)
    } else if output.isBinary {
      json.write(raw: "],\"parameters\":{\"binary_data_size\":")
      json.write(Int64(output.tensor.byteCount))
      json.write(raw: "}}")
    } else {
      json.write(raw: "],")
      if output.isBase64 { json.write(raw: "\"parameters\":{\"content_type\":\"base64\"},") }
      json.write(raw: "\"data\":[")
      json.writeElements(of: output.tensor)
      json.write(raw: "]}")
    }
  }

  private static func write(_ span: RegionSpan, byteCount: Int, to json: inout JSONOutput) {
    json.write(raw: "],\"parameters\":{\"shared_memory_region\":")
    json.write(span.region)
    json.write(raw: ",\"shared_memory_byte_size\":")
    json.write(Int64(byteCount))
    if span.byteOffset != 0 {
      json.write(raw: ",\"shared_memory_offset\":")
      json.write(Int64(span.byteOffset))
    }
    json.write(raw: "}}")
  }

  /// Bytes that are written to clients' memory.
  package var regionByteCount: Int { regionTensors.reduce(0) { $0 + $1.tensor.byteCount } }

  /// Bytes that follow the JSON.
  package var binaryByteCount: Int { binaryTensors.reduce(0) { $0 + $1.byteCount } }
}
