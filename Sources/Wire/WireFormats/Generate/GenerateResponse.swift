package import Inference

/// One answer in the form of Triton's generate extension: outputs by their names, a single element as
/// itself and more of them as one flat list.
///
/// In two steps, as `OpenInferenceResponse`: how much room it needs, then writing.
package struct GenerateResponse {
  /// What stands before and behind the JSON.
  package enum Frame: Sendable {
    case document
    /// An event of a `text/event-stream`.
    case event
  }

  /// An upper bound of what `encode` writes, and of the memory it touches.
  package let byteCountMax: Int
  private let model: String
  private let version: Int64
  private let id: String?
  private let outputs: [NamedTensor]
  private let frame: Frame

  /// Room for everything but outputs, name and id.
  private static let frameBytesMax = 128

  package init(
    model: String, version: Int64, id: String?, outputs: [NamedTensor], frame: Frame
  ) throws(InferenceFailure) {
    var count = Self.frameBytesMax + JSONOutput.byteCount(of: model)
    if let id { count += JSONOutput.byteCount(of: id) }
    for output in outputs {
      count += JSONOutput.byteCount(of: output.name) + 4
      count += try TensorText.byteCountMax(of: output.tensor, output: output.name)
    }
    byteCountMax = count + NumberPrinting.slackByteCount
    self.model = model
    self.version = version
    self.id = id
    self.outputs = outputs
    self.frame = frame
  }

  /// Writes to the front of `memory`, which must have room for `byteCountMax` bytes; gives the length.
  package func encode(into memory: UnsafeMutableRawBufferPointer) -> Int {
    precondition(memory.count >= byteCountMax, "no room for the answer")
    guard let base = memory.baseAddress else { return 0 }
    let start = base.assumingMemoryBound(to: UInt8.self)
    var json = JSONOutput(at: start)
    if case .event = frame { json.write(raw: "data: ") }
    json.write(raw: "{\"model_name\":")
    json.write(model)
    json.write(raw: ",\"model_version\":\"")
    json.write(version)
    json.write(raw: "\"")
    if let id {
      json.write(raw: ",\"id\":")
      json.write(id)
    }
    for output in outputs {
      json.write(raw: ",")
      json.write(output.name)
      let isSingle = output.tensor.elementCount == 1
      json.write(raw: isSingle ? ":" : ":[")
      json.writeElements(of: output.tensor)
      if !isSingle { json.write(raw: "]") }
    }
    json.write(raw: "}")
    if case .event = frame { json.write(raw: "\n\n") }
    return json.place - start
  }

  /// The event of a failure.
  package static func errorEvent(_ message: String) -> [UInt8] {
    Array("data: ".utf8) + OpenInferenceDocuments.error(message) + Array("\n\n".utf8)
  }
}
