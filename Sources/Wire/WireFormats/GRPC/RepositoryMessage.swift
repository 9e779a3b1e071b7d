package import Inference

/// A `RepositoryModelLoadRequest` or `RepositoryModelUnloadRequest`.
///
/// Read by hand and not as a document: files of a model are large.
package struct RepositoryMessage: Sendable {
  package private(set) var model = ""
  package private(set) var load = ModelLoadRequest()
  package private(set) var unloadsDependents = false

  package init(load bytes: UnsafeRawBufferPointer) throws(InputProblem) {
    try read(bytes) { (message, name, value) throws(InputProblem) in
      switch (name, value) {
      case ("config", .text(let text)): message.load.configuration = text
      case (_, .bytes(let bytes)): try message.load.append(fileParameter: name, bytes)
      default:
        throw .parameter(name, expected: "config, or file: and a path with bytes", got: name)
      }
    }
    try load.check()
  }

  package init(unload bytes: UnsafeRawBufferPointer) throws(InputProblem) {
    try read(bytes) { (message, name, value) throws(InputProblem) in
      guard name == "unload_dependents", case .bool(let flag) = value else {
        throw .parameter(name, expected: "unload_dependents, true or false", got: name)
      }
      message.unloadsDependents = flag
    }
  }

  private enum Value {
    case none
    case bool(Bool)
    case text(String)
    case bytes([UInt8])
  }

  private mutating func read(
    _ bytes: UnsafeRawBufferPointer,
    _ take: (inout RepositoryMessage, String, Value) throws(InputProblem) -> Void
  ) throws(InputProblem) {
    var reader = ProtobufReader(bytes)
    while let field = try reader.next() {
      switch (field.number, field.wireType) {
      case (2, .bytes): model = try reader.string()
      case (3, .bytes):
        let (name, value) = try Self.entry(try reader.slice())
        try take(&self, name, value)
      // The repository's name; there is one.
      default: try reader.skip(field)
      }
    }
  }

  private static func entry(
    _ bytes: UnsafeRawBufferPointer
  ) throws(InputProblem) -> (String, Value) {
    var name = ""
    var value = Value.none
    var reader = ProtobufReader(bytes)
    while let field = try reader.next() {
      switch (field.number, field.wireType) {
      case (1, .bytes): name = try reader.string()
      case (2, .bytes): value = try self.value(try reader.slice())
      default: try reader.skip(field)
      }
    }
    return (name, value)
  }

  private static func value(_ bytes: UnsafeRawBufferPointer) throws(InputProblem) -> Value {
    var value = Value.none
    var reader = ProtobufReader(bytes)
    while let field = try reader.next() {
      switch (field.number, field.wireType) {
      case (1, .varint): value = .bool(try reader.varint() != 0)
      case (3, .bytes): value = .text(try reader.string())
      case (4, .bytes): value = .bytes(Array(try reader.slice()))
      default: try reader.skip(field)
      }
    }
    return value
  }
}
