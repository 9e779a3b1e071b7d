package import Inference
import Jobs
import WireFormats

/// The Open Inference Protocol V2 over REST: Triton, MLServer, KServe, OpenVINO Model Server, Apus.
package struct OpenInferenceDialect: ServerDialect {
  private let client: OpenInferenceClient
  private let encoding: OpenInferenceClient.Encoding
  private let tensors: SampleTensors?

  package init(
    _ client: OpenInferenceClient, encoding: OpenInferenceClient.Encoding, needsSignature: Bool
  ) throws(CallProblem) {
    self.client = client
    self.encoding = encoding
    tensors = needsSignature ? SampleTensors(try client.signature()) : nil
  }

  package var name: String { "V2, \(encoding.rawValue)" }
  package var address: HTTPAddress { client.inference }
  package var signature: ModelSignature? { tensors?.signature }

  package func body(of sample: SampleContent) throws(SampleProblem) -> ServerTarget.Body {
    switch sample {
    case .document(let bytes, _):
      return ServerTarget.Body(bytes: bytes, headers: ["Content-Type: application/json"])
    case .file(let path):
      throw SampleProblem("\(path): for photos, measure the model's address .../detect")
    case .rows, .arrays, .tensors:
      guard let tensors, let request = try tensors.request(for: sample) else {
        throw SampleProblem("the server tells no inputs of the model")
      }
      return client.body(request, of: tensors.signature, encoding)
    }
  }

  package func content(of answer: [UInt8]) -> AnswerContent? {
    answer.withUnsafeBytes { OpenInferenceAnswers.tensors(in: $0) }.map { .tensors($0) }
  }
}

/// Reads outputs out of answers of the protocol V2, JSON and binary.
enum OpenInferenceAnswers {
  /// `nil` where the bytes are none.
  static func tensors(in answer: UnsafeRawBufferPointer) -> [AnswerTensor]? {
    guard let end = JSONExtent.end(of: answer),
      let document = try? JSONValue(parsing: UnsafeRawBufferPointer(rebasing: answer[..<end])),
      case .array(let outputs)? = document["outputs"]
    else { return nil }
    var tensors: [AnswerTensor] = []
    var place = end
    for output in outputs {
      guard case .string(let name)? = output["name"], case .string(let type)? = output["datatype"],
        let datatype = Datatype(name: type), case .array(let lengths)? = output["shape"]
      else { return nil }
      let shape = lengths.compactMap { $0.whole.flatMap { Int(exactly: $0) } }
      guard shape.count == lengths.count, let length = TensorShape(shape) else { return nil }
      if let size = output["parameters"]?["binary_data_size"]?.whole {
        guard let size = Int(exactly: size), size >= 0, size <= answer.count - place,
          let tensor = binary(
            UnsafeRawBufferPointer(rebasing: answer[place..<place + size]), datatype, length)
        else { return nil }
        place += size
        tensors.append(AnswerTensor(NamedTensor(name: name, tensor: tensor)))
      } else if let data = output["data"] {
        tensors.append(NestedNumbers(data).tensor(name, shape: shape, datatype: datatype))
      }
    }
    return tensors
  }

  private static func binary(
    _ bytes: UnsafeRawBufferPointer, _ datatype: Datatype, _ shape: TensorShape
  ) -> Tensor? {
    guard let count = shape.elementCount else { return nil }
    if let size = datatype.elementByteCount {
      let (expected, overflow) = count.multipliedReportingOverflow(by: size)
      guard !overflow, expected == bytes.count else { return nil }
    }
    return Tensor(Array(bytes), datatype: datatype, shape: shape)
  }
}

/// Where a JSON document ends that other bytes follow.
enum JSONExtent {
  /// Behind the bracket that closes the first one; `nil` where none does.
  static func end(of bytes: UnsafeRawBufferPointer) -> Int? {
    var depth = 0
    var isText = false
    var isEscaped = false
    for (place, byte) in bytes.enumerated() {
      if isText {
        if isEscaped {
          isEscaped = false
        } else if byte == UInt8(ascii: "\\") {
          isEscaped = true
        } else if byte == UInt8(ascii: "\"") {
          isText = false
        }
        continue
      }
      switch byte {
      case UInt8(ascii: "\""): isText = true
      case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
      case UInt8(ascii: "}"), UInt8(ascii: "]"):
        depth -= 1
        if depth <= 0 { return depth == 0 ? place + 1 : nil }
      default: if depth == 0, byte > 32 { return nil }
      }
    }
    return nil
  }
}
