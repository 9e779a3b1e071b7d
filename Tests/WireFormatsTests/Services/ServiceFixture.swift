import Inference

@testable import WireFormats

/// Messages of other servers' services as their clients write them, and what becomes of them.
enum ServiceFixture {
  static func field(_ number: Int, _ value: [UInt8]) -> [UInt8] {
    var output = ProtobufBytes()
    output.append(field: number, bytes: value)
    return output.bytes
  }

  static func text(_ number: Int, _ text: String) -> [UInt8] { field(number, Array(text.utf8)) }

  static func number(_ number: Int, _ value: Int64) -> [UInt8] {
    var output = ProtobufBytes()
    output.append(field: number, varint: UInt64(bitPattern: value))
    return output.bytes
  }

  /// Numbers one behind the other, as a packed list has them.
  static func packed(_ list: Int, _ values: [Int64]) -> [UInt8] {
    var output = ProtobufBytes()
    for value in values { output.append(varint: UInt64(bitPattern: value)) }
    return field(list, output.bytes)
  }

  static func packed(_ list: Int, floats: [Float]) -> [UInt8] {
    field(list, floats.flatMap { withUnsafeBytes(of: $0.bitPattern) { Array($0) } })
  }

  /// A `TensorShapeProto` in a `TensorProto`.
  static func shape(_ lengths: [Int64]) -> [UInt8] {
    field(2, lengths.flatMap { field(2, number(1, $0)) })
  }

  static func tensor(_ type: Int64, _ lengths: [Int64], _ elements: [UInt8]) -> [UInt8] {
    number(1, type) + shape(lengths) + elements
  }

  static func spec(_ name: String = "m", _ more: [UInt8] = []) -> [UInt8] {
    field(1, text(1, name) + more)
  }

  /// An entry of `PredictRequest.inputs`.
  static func input(_ name: String, _ tensor: [UInt8]) -> [UInt8] {
    field(2, text(1, name) + field(2, tensor))
  }

  static func feature(_ name: String, _ list: Int, _ values: [UInt8]) -> [UInt8] {
    field(1, text(1, name) + field(2, field(list, values)))
  }

  static func example(_ features: [UInt8]...) -> [UInt8] { field(1, Array(features.joined())) }

  static func read(
    _ message: [UInt8], _ reader: any ServiceReader, _ signature: ModelSignature,
    takesPhotos: Bool = false
  ) -> Result<ServiceRequest, InferenceFailure> {
    message.withUnsafeBytes { bytes in
      Result { () throws(InferenceFailure) in
        try reader.read(bytes, BodyFacts(signature: signature, takesPhotos: takesPhotos))
      }
    }
  }

  static func head(
    _ message: [UInt8], _ reader: any ServiceReader
  ) -> Result<ServiceHead, InputProblem> {
    message.withUnsafeBytes { bytes in
      Result { () throws(InputProblem) in try reader.head(bytes) }
    }
  }

  static func tensors(_ request: ServiceRequest) -> [Tensor?] {
    guard case .tensors(let tensors) = request.content else { return [] }
    return tensors.inputs
  }

  static let model = AnsweringModel(name: "m", version: 3, labels: ["cat"], requestID: "r")
}

extension ServiceMessage {
  /// The message in one piece.
  var joined: [UInt8] {
    pieces.flatMap { piece in
      switch piece {
      case .bytes(let bytes): bytes
      case .tensor(let tensor): tensor.elements(as: UInt8.self)
      }
    }
  }

  func document(as name: String) throws -> JSONValue {
    try joined.withUnsafeBytes { try GRPCSchemas.documents.decode($0, as: name) }
  }
}
