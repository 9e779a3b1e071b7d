package import Inference

/// A `ModelInferResponse`, alone or inside a `ModelStreamInferResponse`, ready to be written.
///
/// `encodeHead` writes everything but the tensors; each of `tensors` follows as it lies in memory,
/// behind the few bytes of `encodePrefix(of:)`: `raw_output_contents` has the highest number.
package struct InferAnswerMessage {
  /// What follows the head; empty ones for outputs that go to memory of the client.
  package let tensors: [Tensor]
  /// What is to be written where in clients' memory, before the answer leaves.
  package let regionTensors: [(span: RegionSpan, tensor: Tensor)]
  /// Bytes that `encodeHead` writes.
  package let headByteCount: Int
  /// Bytes of the whole message.
  package let byteCount: Int

  private let model: String
  private let version: String
  private let id: String
  private let names: [String]
  /// As they are described, wherever their bytes go.
  private let described: [Tensor]
  private let spans: [RegionSpan?]
  /// Lengths of the messages inside `outputs`.
  private let outputByteCounts: [Int]
  private let isFinal: Bool?
  /// Of the answer itself, where it stands inside a part of a stream.
  private let streamedByteCount: Int?

  /// Bytes that `encodePrefix` writes at most.
  package static let prefixBytesMax = 11
  /// `{"triton_final_response": {bool_param: ...}}` as an entry of `parameters`.
  private static let finalName = "triton_final_response"

  /// - Parameters:
  ///   - labels: names of classes by their index; may be empty.
  ///   - isFinal: whether this is the last answer to its request; `nil` does not say.
  ///   - isStreamed: it is one message of `ModelStreamInfer`.
  package init(
    model: String, version: Int64, id: String?, outputs: [NamedTensor], labels: [String] = [],
    plan: OpenInferenceResponsePlan, isFinal: Bool? = nil, isStreamed: Bool = false
  ) throws(InferenceFailure) {
    self.model = model
    self.version = String(version)
    self.id = id ?? ""
    self.isFinal = isFinal
    var tensors: [Tensor] = []
    tensors.reserveCapacity(outputs.count)
    var described: [Tensor] = []
    described.reserveCapacity(outputs.count)
    var spans: [RegionSpan?] = []
    spans.reserveCapacity(outputs.count)
    var regionTensors: [(span: RegionSpan, tensor: Tensor)] = []
    var lengths: [Int] = []
    lengths.reserveCapacity(outputs.count)
    var head = ProtobufSize.field(model) + ProtobufSize.field(self.version)
    head += ProtobufSize.field(self.id)
    if isFinal != nil { head += ProtobufSize.field(byteCount: Self.finalByteCount) }
    var contents = 0
    for (place, output) in outputs.enumerated() {
      let form = plan.form(at: place)
      let classCount = form.classCount
      let tensor =
        classCount > 0
        ? TopClasses.tensor(output.tensor, countMax: classCount, labels: labels) : output.tensor
      described.append(tensor)
      spans.append(form.span)
      var length =
        ProtobufSize.field(output.name) + ProtobufSize.field(tensor.datatype.name)
        + Self.shapeByteCount(tensor.shape)
      if let span = form.span {
        try OpenInferenceResponse.check(span, output.name, tensor)
        regionTensors.append((span, tensor))
        tensors.append(Self.nothing)
        length += Self.parameters(of: span, byteCount: tensor.byteCount).count
      } else {
        tensors.append(tensor)
      }
      lengths.append(length)
      head += ProtobufSize.field(byteCount: length)
      contents += ProtobufSize.field(byteCount: tensors[place].byteCount)
    }
    self.tensors = tensors
    self.described = described
    self.spans = spans
    self.regionTensors = regionTensors
    names = outputs.map(\.name)
    outputByteCounts = lengths
    streamedByteCount = isStreamed ? head + contents : nil
    headByteCount = isStreamed ? ProtobufSize.field(byteCount: head + contents) - contents : head
    byteCount = headByteCount + contents
  }

  /// The length of the entry: its key, its value, and in that the truth value's two bytes.
  private static var finalByteCount: Int {
    ProtobufSize.field(finalName) + ProtobufSize.field(byteCount: 2)
  }

  private static func shapeByteCount(_ shape: TensorShape) -> Int {
    if shape.rank == 0 { return 0 }
    return ProtobufSize.field(byteCount: lengthsByteCount(shape))
  }

  private static func lengthsByteCount(_ shape: TensorShape) -> Int {
    var count = 0
    for axis in 0..<shape.rank { count += ProtobufSize.varint(UInt64(shape[axis])) }
    return count
  }

  /// Writes `headByteCount` bytes to the front of `memory`.
  package func encodeHead(into memory: UnsafeMutableRawBufferPointer) {
    var output = ProtobufOutput(into: memory)
    if let streamedByteCount {
      output.write(field: 2, .bytes)
      output.write(varint: UInt64(streamedByteCount))
    }
    output.write(field: 1, model)
    output.write(field: 2, version)
    output.write(field: 3, id)
    if let isFinal { Self.write(isFinal: isFinal, &output) }
    for (place, tensor) in described.enumerated() {
      output.write(field: 5, .bytes)
      output.write(varint: UInt64(outputByteCounts[place]))
      output.write(field: 1, names[place])
      output.write(field: 2, tensor.datatype.name)
      Self.write(tensor.shape, &output)
      if let span = spans[place] {
        Self.parameters(of: span, byteCount: tensor.byteCount).withUnsafeBytes {
          output.write(bytes: $0)
        }
      }
    }
  }

  private static let nothing = Tensor([UInt8](), datatype: .uint8, shape: [0])

  /// Where an output lies, as entries of its `parameters`.
  private static func parameters(of span: RegionSpan, byteCount: Int) -> [UInt8] {
    var output = ProtobufBytes()
    func append(_ name: String, _ value: ProtobufBytes) {
      var entry = ProtobufBytes()
      entry.append(field: 1, text: name)
      entry.append(field: 2, bytes: value.bytes)
      output.append(field: 4, bytes: entry.bytes)
    }
    var region = ProtobufBytes()
    region.append(field: 3, text: span.region)
    append("shared_memory_region", region)
    var size = ProtobufBytes()
    size.append(field: 2, varint: UInt64(byteCount))
    append("shared_memory_byte_size", size)
    if span.byteOffset != 0 {
      var offset = ProtobufBytes()
      offset.append(field: 2, varint: UInt64(span.byteOffset))
      append("shared_memory_offset", offset)
    }
    return output.bytes
  }

  /// Bytes that are written to clients' memory.
  package var regionByteCount: Int { regionTensors.reduce(0) { $0 + $1.tensor.byteCount } }

  private static func write(isFinal: Bool, _ output: inout ProtobufOutput) {
    output.write(field: 4, .bytes)
    output.write(varint: UInt64(finalByteCount))
    output.write(field: 1, finalName)
    output.write(field: 2, .bytes)
    output.write(varint: 2)
    output.write(field: 1, .varint)
    output.write(varint: isFinal ? 1 : 0)
  }

  private static func write(_ shape: TensorShape, _ output: inout ProtobufOutput) {
    guard shape.rank > 0 else { return }
    output.write(field: 3, .bytes)
    output.write(varint: UInt64(lengthsByteCount(shape)))
    for axis in 0..<shape.rank { output.write(varint: UInt64(shape[axis])) }
  }

  /// Writes what comes before a tensor's bytes to the front of `memory`; gives how much it was.
  package static func encodePrefix(
    of tensor: Tensor, into memory: UnsafeMutableRawBufferPointer
  ) -> Int {
    var output = ProtobufOutput(into: memory)
    output.write(field: 6, .bytes)
    output.write(varint: UInt64(tensor.byteCount))
    return output.byteCount
  }

  /// A part of a stream that says why a request of it got no answer.
  package static func streamedError(_ message: String, id: String?) -> [UInt8] {
    var output = ProtobufBytes()
    output.append(field: 1, text: message)
    var answer = ProtobufBytes()
    if let id, !id.isEmpty { answer.append(field: 3, text: id) }
    output.append(field: 2, bytes: answer.bytes)
    return output.bytes
  }
}
