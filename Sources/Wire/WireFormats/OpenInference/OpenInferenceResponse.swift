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

  /// All JSON but the elements.
  private let frame: [UInt8]
  /// Tensors whose elements go into the frame, each before the byte at its place.
  private let elements: [(place: Int, tensor: Tensor)]

  /// - Parameters:
  ///   - outputs: in the order of the plan's forms.
  ///   - labels: names of classes by their index; may be empty.
  /// - Throws: where an output cannot be written in the form asked for.
  package init(
    model: String, version: Int64, id: String?, outputs: [NamedTensor], labels: [String] = [],
    plan: OpenInferenceResponsePlan
  ) throws(InferenceFailure) {
    var writer = JSONWriter(reservedByteCount: 128 + outputs.count * 128)
    var elements: [(place: Int, tensor: Tensor)] = []
    var binaryTensors: [Tensor] = []
    var elementBytes = 0
    writer.write(raw: "{\"model_name\":")
    writer.write(model)
    writer.write(raw: ",\"model_version\":")
    writer.write(String(version))
    if let id {
      writer.write(raw: ",\"id\":")
      writer.write(id)
    }
    writer.write(raw: ",\"outputs\":[")
    for (index, output) in outputs.enumerated() {
      let form = plan.form(at: index)
      let tensor =
        form.classCount > 0
        ? TopClasses.tensor(output.tensor, countMax: form.classCount, labels: labels)
        : output.tensor
      if index > 0 { writer.write(raw: ",") }
      writer.writeTensorHead(name: output.name, tensor)
      if form.isBinary {
        writer.write(raw: ",\"parameters\":{\"binary_data_size\":")
        writer.write(Int64(tensor.byteCount))
        writer.write(raw: "}}")
        binaryTensors.append(tensor)
      } else {
        writer.write(raw: ",\"data\":[")
        elements.append((writer.bytes.count, tensor))
        elementBytes += try TensorText.byteCountMax(of: tensor, output: output.name)
        writer.write(raw: "]}")
      }
    }
    writer.write(raw: "]}")
    frame = writer.bytes
    self.elements = elements
    self.binaryTensors = binaryTensors
    jsonByteCountMax = frame.count + elementBytes + NumberPrinting.slackByteCount
  }

  /// Writes the JSON to the front of `memory`, which must have room for `jsonByteCountMax` bytes, and
  /// gives its length.
  package func encodeJSON(into memory: UnsafeMutableRawBufferPointer) -> Int {
    precondition(memory.count >= jsonByteCountMax, "no room for the answer")
    guard let base = memory.baseAddress else { return 0 }
    let start = base.assumingMemoryBound(to: UInt8.self)
    var out = start
    var copied = 0
    frame.withUnsafeBufferPointer { frame in
      guard let text = frame.baseAddress else { return }
      for (place, tensor) in elements {
        out.update(from: text + copied, count: place - copied)
        out = TensorText.write(tensor, at: out + (place - copied))
        copied = place
      }
      out.update(from: text + copied, count: frame.count - copied)
      out += frame.count - copied
    }
    return out - start
  }

  /// Bytes that follow the JSON.
  package var binaryByteCount: Int { binaryTensors.reduce(0) { $0 + $1.byteCount } }
}

extension JSONWriter {
  fileprivate mutating func writeTensorHead(name: String, _ tensor: Tensor) {
    write(raw: "{\"name\":")
    write(name)
    write(raw: ",\"datatype\":")
    write(tensor.datatype.name)
    write(raw: ",\"shape\":[")
    for axis in 0..<tensor.shape.rank {
      if axis > 0 { write(raw: ",") }
      write(Int64(tensor.shape[axis]))
    }
    write(raw: "]")
  }
}
