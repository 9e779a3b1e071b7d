package import Inference

/// A `ModelInferResponse` as a client reads it: tensors as raw contents or as lists of their type.
package struct InferResponseMessage: Sendable {
  package private(set) var model = ""
  package private(set) var version = ""
  package private(set) var outputs: [NamedTensor] = []

  /// More outputs than any model has.
  private static let outputCountMax = 4_096

  /// What the message says of an output.
  private struct Described {
    var name = ""
    var datatype = ""
    var lengths: [Int64] = []
    var contents: UnsafeRawBufferPointer?
  }

  /// Copies each tensor once. Throws where the bytes are no such message, or a tensor's bytes do not
  /// fit its shape.
  package init(_ bytes: UnsafeRawBufferPointer) throws(InputProblem) {
    var described: [Described] = []
    var raw: [UnsafeRawBufferPointer] = []
    var reader = ProtobufReader(bytes)
    while let field = try reader.next() {
      switch (field.number, field.wireType) {
      case (1, .bytes): model = try reader.string()
      case (2, .bytes): version = try reader.string()
      case (5, .bytes): described.append(try Self.described(try reader.slice()))
      case (6, .bytes): raw.append(try reader.slice())
      default: try reader.skip(field)
      }
      guard max(described.count, raw.count) <= Self.outputCountMax else {
        throw .framing("an answer has at most \(Self.outputCountMax) outputs")
      }
    }
    guard raw.isEmpty || raw.count == described.count else {
      throw .framing("\(raw.count) raw contents stand for \(described.count) outputs")
    }
    for (place, output) in described.enumerated() {
      let tensor = try Self.tensor(output, raw: raw.isEmpty ? nil : raw[place])
      outputs.append(NamedTensor(name: output.name, tensor: tensor))
    }
  }

  private static func described(_ bytes: UnsafeRawBufferPointer) throws(InputProblem) -> Described {
    var output = Described()
    var reader = ProtobufReader(bytes)
    while let field = try reader.next() {
      switch (field.number, field.wireType) {
      case (1, .bytes): output.name = try reader.string()
      case (2, .bytes): output.datatype = try reader.string()
      case (3, .varint): output.lengths.append(Int64(bitPattern: try reader.varint()))
      case (3, .bytes):
        var packed = ProtobufReader(try reader.slice())
        while !packed.isAtEnd { output.lengths.append(Int64(bitPattern: try packed.varint())) }
      case (5, .bytes): output.contents = try reader.slice()
      default: try reader.skip(field)
      }
      guard output.lengths.count <= TensorShape.rankMax else {
        throw .rankTooHigh(
          input: output.name, got: output.lengths.count, limit: TensorShape.rankMax)
      }
    }
    return output
  }

  private static func tensor(
    _ output: Described, raw: UnsafeRawBufferPointer?
  ) throws(InputProblem) -> Tensor {
    guard let datatype = Datatype(name: output.datatype) else {
      throw .unknownDatatype(input: output.name, got: output.datatype)
    }
    guard let shape = TensorShape(output.lengths.map { Int($0) }), let count = shape.elementCount
    else { throw .negativeLength(input: output.name) }
    guard let raw else {
      let contents = output.contents ?? UnsafeRawBufferPointer(start: nil, count: 0)
      return try InferContents(input: output.name, datatype: datatype, shape: shape).read(contents)
    }
    if let size = datatype.elementByteCount {
      let (expected, overflow) = count.multipliedReportingOverflow(by: size)
      guard !overflow, expected == raw.count else {
        throw .wrongByteCount(
          input: output.name, expected: overflow ? .max : expected, got: raw.count)
      }
    }
    let tensor = Tensor(Array(raw), datatype: datatype, shape: shape)
    try tensor.checkRawElements(input: output.name)
    return tensor
  }
}
