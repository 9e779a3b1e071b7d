package import Inference

/// The body that registers system shared memory: `{"key": "/input", "offset": 0, "byte_size": 64}`.
package struct SharedMemoryRegistration: Sendable, Equatable {
  package let key: String
  package let byteOffset: Int
  package let byteCount: Int

  package static func decode(
    _ bytes: UnsafeRawBufferPointer
  ) throws(InputProblem) -> SharedMemoryRegistration {
    let document = try JSONValue(parsing: bytes)
    guard case .string(let key)? = document["key"] else {
      throw .fieldOfWrongKind("key", expected: "a string")
    }
    guard let byteCount = try whole("byte_size", of: document) else {
      throw .missingField("byte_size")
    }
    return SharedMemoryRegistration(
      key: key, byteOffset: try whole("offset", of: document) ?? 0, byteCount: byteCount)
  }

  private static func whole(
    _ name: String, of document: JSONValue
  ) throws(InputProblem) -> Int? {
    let value = document[name]
    switch (value, value?.whole) {
    case (nil, _), (.null, _): return nil
    case (_, let number?) where number >= 0: return Int(number)
    default: throw .fieldOfWrongKind(name, expected: "a whole number of 0 or more")
    }
  }
}

extension OpenInferenceDocuments {
  /// One region as `GET /v2/systemsharedmemory/status` lists it.
  package struct RegionEntry: Sendable {
    let name: String
    let key: String
    let byteOffset: Int
    let byteCount: Int

    package init(name: String, key: String, byteOffset: Int, byteCount: Int) {
      self.name = name
      self.key = key
      self.byteOffset = byteOffset
      self.byteCount = byteCount
    }
  }

  package static func systemSharedMemory(_ entries: [RegionEntry]) -> [UInt8] {
    JSONValue.array(
      entries.map { entry in
        .object([
          .init("name", .string(entry.name)), .init("key", .string(entry.key)),
          .init("offset", .integer(Int64(entry.byteOffset))),
          .init("byte_size", .integer(Int64(entry.byteCount))),
        ])
      }
    ).bytes
  }

  /// There is none, as there is no GPU here.
  package static let cudaSharedMemory = Array("[]".utf8)
}
