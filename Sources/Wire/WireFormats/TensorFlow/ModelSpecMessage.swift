import Inference

/// TensorFlow Serving's `ModelSpec`: which model, which of its versions, which signature.
struct ModelSpecMessage: Sendable {
  private(set) var name = ""
  private(set) var version: Int64?
  private(set) var label: String?
  private(set) var signatureName = ""

  /// Of the message in that field of another one.
  init(_ bytes: UnsafeRawBufferPointer) throws(InputProblem) {
    var reader = ProtobufReader(bytes)
    while let field = try reader.next() {
      switch (field.number, field.wireType) {
      case (1, .bytes): name = try reader.string()
      case (2, .bytes):
        version = try Self.number(try reader.slice())
        label = nil
      case (3, .bytes): signatureName = try reader.string()
      case (4, .bytes):
        label = try reader.string()
        version = nil
      default: try reader.skip(field)
      }
    }
  }

  /// The same as a document.
  init(_ document: JSONValue) {
    func text(_ key: String) -> String? {
      if case .string(let text)? = document[key] { text } else { nil }
    }
    name = text("name") ?? ""
    label = text("version_label")
    signatureName = text("signature_name") ?? ""
    guard let version = document["version"] else { return }
    if case .integer(let number)? = version["value"] {
      self.version = number
    } else {
      self.version = 0
    }
  }

  /// `google.protobuf.Int64Value`.
  private static func number(_ bytes: UnsafeRawBufferPointer) throws(InputProblem) -> Int64 {
    var value: Int64 = 0
    var reader = ProtobufReader(bytes)
    while let field = try reader.next() {
      if field.number == 1, field.wireType == .varint {
        value = Int64(bitPattern: try reader.varint())
      } else {
        try reader.skip(field)
      }
    }
    return value
  }

  /// The model that it means; a message without one means none.
  static func address(of spec: ModelSpecMessage?) throws(InputProblem) -> ModelAddress {
    guard let spec else { throw .missingField("model_spec") }
    guard !spec.name.isEmpty else { throw .missingField("model_spec.name") }
    return spec.address
  }

  var address: ModelAddress {
    if let version { return ModelAddress(name: name, version: .number(version)) }
    if let label, !label.isEmpty { return ModelAddress(name: name, version: .alias(label)) }
    return ModelAddress(name: name[...])
  }

  /// The message of the version that answered, as a field of the answer.
  static func write(
    _ model: AnsweringModel, field number: Int, to output: inout ProtobufBytes
  ) {
    var version = ProtobufBytes()
    if model.version != 0 {
      version.append(field: 1, varint: UInt64(bitPattern: model.version))
    }
    var spec = ProtobufBytes()
    spec.append(field: 1, text: model.name)
    spec.append(field: 2, bytes: version.bytes)
    spec.append(field: 3, text: SignatureName.only)
    output.append(field: number, bytes: spec.bytes)
  }
}
