import Inference

/// MLServer's `parameters.content_type` of an input: how the bytes of its elements are meant.
///
/// `np` (numbers as they are), `pd` (a column of that name) and `str` (UTF-8 text) change nothing
/// here; what nobody knows is left to the model.
enum TensorContentType: Sendable, Equatable {
  case plain
  /// Elements are base64 of what is meant.
  case base64
  /// Elements are dates of ISO 8601.
  case dateTime

  init(_ name: String) {
    self =
      switch name {
      case "base64": .base64
      case "datetime": .dateTime
      default: .plain
      }
  }

  /// The tensor that is meant; throws where the elements are not of this kind.
  func understood(_ tensor: Tensor, input: String) throws(InputProblem) -> Tensor {
    guard self != .plain, tensor.datatype == .bytes else { return tensor }
    var bytes: [UInt8] = []
    var problem: InputProblem?
    var index = 0
    _ = tensor.forEachByteString { element in
      guard problem == nil else { return }
      do throws(InputProblem) {
        let meant = try understood(element, input, index)
        withUnsafeBytes(of: UInt32(truncatingIfNeeded: meant.count).littleEndian) {
          bytes.append(contentsOf: $0)
        }
        bytes.append(contentsOf: meant)
      } catch { problem = error }
      index += 1
    }
    if let problem { throw problem }
    return Tensor(bytes, datatype: .bytes, shape: tensor.shape)
  }

  /// Strings as base64 of what they are; other tensors as they are.
  static func encoded(_ tensor: Tensor) -> Tensor {
    guard tensor.datatype == .bytes else { return tensor }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(tensor.byteCount / 3 * 4)
    _ = tensor.forEachByteString { element in
      let count = UInt32(truncatingIfNeeded: Base64.encodedByteCount(of: element.count))
      withUnsafeBytes(of: count.littleEndian) { bytes.append(contentsOf: $0) }
      Base64.encode(element) { bytes.append($0) }
    }
    return Tensor(bytes, datatype: .bytes, shape: tensor.shape)
  }

  private func understood(
    _ element: UnsafeRawBufferPointer, _ input: String, _ index: Int
  ) throws(InputProblem) -> [UInt8] {
    switch self {
    case .plain: return Array(element)
    case .base64:
      return try element.withMemoryRebound(to: UInt8.self) { text in
        Result { () throws(InputProblem) in try Base64.decode(text) }
      }.get()
    case .dateTime:
      guard Self.isDate(element) else {
        throw .parameter(
          "content_type", expected: "datetime elements such as 2026-11-21T08:30:00Z",
          got: "element \(index) of input \(input)")
      }
      return Array(element)
    }
  }

  /// `YYYY-MM-DD`, and where a time follows, behind `T` or a space, `hh:mm` and what else there is.
  static func isDate(_ text: UnsafeRawBufferPointer) -> Bool {
    let form = Array("dddd-dd-dd?dd:dd".utf8)
    guard text.count == 10 || text.count >= form.count, text.count <= 40 else { return false }
    for (place, wanted) in form.prefix(text.count).enumerated() {
      let byte = text[place]
      switch wanted {
      case UInt8(ascii: "d"):
        if !(UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte) { return false }
      case UInt8(ascii: "?"): if byte != UInt8(ascii: "T"), byte != 0x20 { return false }
      default: if byte != wanted { return false }
      }
    }
    return true
  }
}
