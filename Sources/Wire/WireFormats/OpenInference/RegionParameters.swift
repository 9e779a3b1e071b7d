import Inference

/// The parameters of a tensor that lies in memory which the client shares with us.
struct RegionParameters {
  private var region: String?
  private var byteOffset = 0
  private var byteCount: Int?

  /// Whether the key was one of these; its value is then read.
  mutating func take(_ key: String, _ scanner: inout JSONScanner) throws(InputProblem) -> Bool {
    switch key {
    case "shared_memory_region":
      guard scanner.peek() == UInt8(ascii: "\"") else {
        throw .fieldOfWrongKind(key, expected: "a string")
      }
      region = try scanner.readString()
    case "shared_memory_byte_size":
      byteCount = Int(clamping: try OpenInferenceParameters.readUnsigned(key, &scanner))
    case "shared_memory_offset":
      byteOffset = Int(clamping: try OpenInferenceParameters.readUnsigned(key, &scanner))
    default: return false
    }
    return true
  }

  /// As above, of the protocol's binary form.
  mutating func take(_ parameter: InferParameterEntry) throws(InputProblem) -> Bool {
    switch parameter.name {
    case "shared_memory_region":
      guard case .string(let name) = parameter.value else {
        throw .fieldOfWrongKind(parameter.name, expected: "a string")
      }
      region = name
    case "shared_memory_byte_size": byteCount = Int(clamping: try parameter.unsigned())
    case "shared_memory_offset": byteOffset = Int(clamping: try parameter.unsigned())
    default: return false
    }
    return true
  }

  /// The range that they name; `nil` where they name none.
  func span() throws(InputProblem) -> RegionSpan? {
    guard let region else {
      if byteCount != nil || byteOffset != 0 { throw .missingField("shared_memory_region") }
      return nil
    }
    guard let byteCount else { throw .missingField("shared_memory_byte_size") }
    return RegionSpan(region: region, byteOffset: byteOffset, byteCount: byteCount)
  }
}
