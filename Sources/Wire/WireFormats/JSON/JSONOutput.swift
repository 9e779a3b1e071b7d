import Inference

/// Writes JSON text straight into memory that is known to be large enough; for the answers of
/// inference, where growing an array would cost more than the text.
struct JSONOutput {
  private(set) var place: UnsafeMutablePointer<UInt8>

  init(at place: UnsafeMutablePointer<UInt8>) { self.place = place }

  /// Room that a string needs, quotes included.
  static func byteCount(of text: String) -> Int {
    var text = text
    return text.withUTF8 { JSONEscaping.escapedByteCount(of: UnsafeRawBufferPointer($0)) } + 2
  }

  /// Appends text that is JSON already.
  @inline(__always)
  mutating func write(raw text: StaticString) {
    place.update(from: text.utf8Start, count: text.utf8CodeUnitCount)
    place += text.utf8CodeUnitCount
  }

  /// Appends bytes that are JSON already.
  mutating func write(rawBytes bytes: [UInt8]) {
    bytes.withUnsafeBufferPointer { bytes in
      guard let base = bytes.baseAddress else { return }
      place.update(from: base, count: bytes.count)
      place += bytes.count
    }
  }

  /// Appends bytes that are JSON already.
  mutating func write(raw bytes: UnsafeRawBufferPointer) {
    guard let base = bytes.bindMemory(to: UInt8.self).baseAddress else { return }
    place.update(from: base, count: bytes.count)
    place += bytes.count
  }

  mutating func write(_ text: String) {
    var text = text
    text.withUTF8 { write(utf8: UnsafeRawBufferPointer($0)) }
  }

  /// Appends well-formed UTF-8 as a JSON string.
  mutating func write(utf8 text: UnsafeRawBufferPointer) {
    emit(UInt8(ascii: "\""))
    for byte in text { JSONEscaping.escape(byte) { emit($0) } }
    emit(UInt8(ascii: "\""))
  }

  /// Appends an integer. Needs `NumberPrinting.slackByteCount` bytes of room.
  mutating func write(_ value: Int64) { place = NumberPrinting().write(value, at: place) }

  /// Appends what `body` writes into the next bytes, of which there are at least `count`, and whose
  /// length it gives.
  mutating func write(upTo count: Int, _ body: (UnsafeMutableRawBufferPointer) -> Int) {
    place += body(UnsafeMutableRawBufferPointer(start: place, count: count))
  }

  /// Appends elements of fixed size, commas between them.
  mutating func writeElements(of bytes: UnsafeRawBufferPointer, _ datatype: Datatype) {
    place = TensorText.write(bytes, datatype, at: place)
  }

  /// Appends `{"b64":"..."}`.
  mutating func write(base64 bytes: UnsafeRawBufferPointer) {
    write(raw: "{\"b64\":\"")
    Base64.encode(bytes) { emit($0) }
    write(raw: "\"}")
  }

  /// Appends the elements of a tensor, commas between them.
  mutating func writeElements(of tensor: Tensor) { place = TensorText.write(tensor, at: place) }

  @inline(__always)
  private mutating func emit(_ byte: UInt8) {
    place[0] = byte
    place += 1
  }
}
