import Foundation
import Inference
import Testing

@testable import WireFormats

/// Held against Python's protobuf: `Tests/Fixtures/protobuf` has its bytes of every message.
@Suite struct ProtobufDocumentsTests {
  private struct Sample {
    let name: String
    let given: [UInt8]
    let expected: [UInt8]
  }

  private static func samples() throws -> [Sample] {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    let file = folder.appending(path: "Fixtures/protobuf/messages.txt")
    return try String(contentsOf: file, encoding: .utf8).split(separator: "\n").map { line in
      let words = line.split(separator: " ")
      return Sample(
        name: String(words[0]), given: Self.bytes(words[1]), expected: Self.bytes(words[2]))
    }
  }

  private static func bytes(_ hex: Substring) -> [UInt8] {
    if hex == "-" { return [] }
    let digits = Array(hex.utf8).map { $0 < 58 ? $0 - 48 : $0 - 87 }
    return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
  }

  private func decode(_ bytes: [UInt8], as name: String) throws -> JSONValue {
    try bytes.withUnsafeBytes { try GRPCSchemas.documents.decode($0, as: name) }
  }

  @Test func `reads what Python may write, and writes what Python writes`() throws {
    let samples = try Self.samples()
    for sample in samples {
      let document = try decode(sample.given, as: sample.name)
      let written = try GRPCSchemas.documents.encode(document, as: sample.name)
      #expect(written == sample.expected, "\(sample.name)")
    }
    // Every message of every schema was among them; reflection's two packages are alike.
    let known = GRPCSchemas.documents.messages.keys.filter { !$0.hasPrefix("grpc.reflection.v1.") }
    #expect(Set(samples.map(\.name)) == Set(known))
  }

  @Test func `has each value by its name`() throws {
    let request = try decode(
      [0x0A, 1, 109, 0x22, 0x0A, 0x0A, 1, 112, 0x12, 5, 0x28, 0xFF, 0xFF, 0xFF, 0x7F],
      as: "inference.ModelInferRequest")
    let parameter = JSONValue.object([.init("uint64_param", .integer(0x0FFF_FFFF))])
    #expect(request["model_name"] == .string("m"))
    #expect(request["parameters"] == .object([.init("p", parameter)]))
  }

  @Test func `keeps the entries of a map apart, the last of each key`() throws {
    let bytes: [UInt8] =
      [0x4A, 6, 0x0A, 1, 98, 0x12, 1, 49] + [0x4A, 6, 0x0A, 1, 97, 0x12, 1, 50]
      + [0x4A, 6, 0x0A, 1, 98, 0x12, 1, 51]
    let config = try decode(bytes, as: "inference.ModelConfig")
    let names = JSONValue.object([.init("b", .string("3")), .init("a", .string("2"))])
    #expect(config == .object([.init("cc_model_filenames", names)]))
    let written = try GRPCSchemas.documents.encode(config, as: "inference.ModelConfig")
    #expect(written == Array(bytes[8...]))
  }

  @Test func `joins the parts of a message that comes more than once`() throws {
    let parts: [UInt8] = [0x2A, 3, 0x0A, 1, 109, 0x2A, 2, 0x10, 6, 0x2A, 0, 0x2A, 2, 0x10, 7]
    let request = try decode(parts, as: "grpc.reflection.v1.ServerReflectionRequest")
    let wanted = JSONValue.object([
      .init("containing_type", .string("m")), .init("extension_number", .integer(7)),
    ])
    #expect(request == .object([.init("file_containing_extension", wanted)]))
  }

  @Test func `counts the last member of a choice`() throws {
    let both = try decode([0x08, 1, 0x10, 7], as: "inference.InferParameter")
    #expect(both == .object([.init("int64_param", .integer(7))]))
  }

  @Test(arguments: [
    [UInt8(0x0A)], [0x0A, 5, 1], [0x08], [0x0B], [0x00, 1], [0x0A, 2, 0xFF, 0xFE],
    [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 1],
  ])
  func `refuses bytes that are no message`(_ bytes: [UInt8]) {
    #expect(throws: InputProblem.self) {
      try decode(bytes, as: "inference.ModelReadyRequest")
    }
  }

  @Test func `refuses what is nested too deep`() {
    let inner: [UInt8] = [0x0A, 0]
    #expect(throws: InputProblem.nestedTooDeep(.protobuf, limit: ProtobufDocuments.depthMax)) {
      try inner.withUnsafeBytes {
        try GRPCSchemas.documents.decode($0, as: "inference.ModelConfigResponse", depthMax: 1)
      }
    }
  }

  @Test func `refuses values of the wrong kind, and leaves out members it does not know`() throws {
    let documents = GRPCSchemas.documents
    let wrong = JSONValue.object([.init("ready", .string("yes"))])
    #expect(throws: InputProblem.self) {
      try documents.encode(wrong, as: "inference.ServerReadyResponse")
    }
    let more = JSONValue.object([.init("ready", .bool(true)), .init("reason", .string("x"))])
    #expect(try documents.encode(more, as: "inference.ServerReadyResponse") == [8, 1])
  }
}
