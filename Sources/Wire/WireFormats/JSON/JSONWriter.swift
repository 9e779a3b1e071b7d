/// Builds small JSON documents as bytes. Tensor elements do not come this way.
struct JSONWriter {
  private(set) var bytes: [UInt8] = []

  init(reservedByteCount: Int = 256) { bytes.reserveCapacity(reservedByteCount) }

  /// Appends a document that is JSON already.
  mutating func write(rawBytes document: [UInt8]) { bytes.append(contentsOf: document) }

  /// Appends text that is JSON already.
  mutating func write(raw text: StaticString) {
    bytes.append(
      contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  mutating func write(_ text: String) {
    var text = text
    text.withUTF8 { write(utf8: UnsafeRawBufferPointer($0)) }
  }

  /// Appends well-formed UTF-8 as a JSON string.
  mutating func write(utf8 text: UnsafeRawBufferPointer) {
    let count = JSONEscaping.escapedByteCount(of: text)
    bytes.reserveCapacity(bytes.count + count + 2)
    bytes.append(UInt8(ascii: "\""))
    if count == text.count {
      bytes.append(contentsOf: text)
    } else {
      for byte in text { JSONEscaping.escape(byte) { bytes.append($0) } }
    }
    bytes.append(UInt8(ascii: "\""))
  }

  mutating func write(_ value: Int64) { writeNumber { $0.write(value, at: $1) } }
  mutating func write(_ value: Double) { writeNumber { $0.write(value, at: $1) } }
  mutating func write(_ value: Float) { writeNumber { $0.write(value, at: $1) } }

  private mutating func writeNumber(
    _ write: (NumberPrinting, NumberPrinting.Place) -> NumberPrinting.Place
  ) {
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: NumberPrinting.slackByteCount) {
      guard let start = $0.baseAddress else { return }
      let end = write(NumberPrinting(), start)
      bytes.append(contentsOf: UnsafeBufferPointer(start: start, count: end - start))
    }
  }

  mutating func write(_ value: JSONValue) {
    switch value {
    case .null: write(raw: "null")
    case .bool(let flag): write(raw: flag ? "true" : "false")
    case .integer(let integer): write(integer)
    case .number(let number): write(number)
    case .string(let string): write(string)
    case .array(let elements): list("[", "]", elements) { $0.write($1) }
    case .object(let members):
      list("{", "}", members) { writer, member in
        writer.write(member.key)
        writer.write(raw: ":")
        writer.write(member.value)
      }
    }
  }

  /// Appends elements between brackets, commas between them.
  mutating func list<Element>(
    _ open: StaticString, _ close: StaticString, _ elements: [Element],
    _ body: (inout JSONWriter, Element) -> Void
  ) {
    write(raw: open)
    var isFirst = true
    for element in elements {
      if !isFirst { write(raw: ",") }
      isFirst = false
      body(&self, element)
    }
    write(raw: close)
  }
}

/// How bytes of a string are written in JSON: quote, backslash and control characters escaped, all
/// else as it is.
enum JSONEscaping {
  /// Bytes of the escaped form, without the quotes.
  static func escapedByteCount(of text: UnsafeRawBufferPointer) -> Int {
    var count = text.count
    for byte in text {
      if byte < 0x20 {
        count += shortEscape(byte) == nil ? 5 : 1
      } else if byte == 0x22 || byte == 0x5C {
        count += 1
      }
    }
    return count
  }

  @inline(__always)
  static func escape(_ byte: UInt8, _ emit: (UInt8) -> Void) {
    guard byte < 0x20 || byte == 0x22 || byte == 0x5C else { return emit(byte) }
    emit(0x5C)
    if let letter = shortEscape(byte) { return emit(letter) }
    emit(UInt8(ascii: "u"))
    emit(UInt8(ascii: "0"))
    emit(UInt8(ascii: "0"))
    emit(UInt8(ascii: "0") + byte >> 4)
    let low = byte & 0xF
    emit(low < 10 ? UInt8(ascii: "0") + low : UInt8(ascii: "a") + low - 10)
  }

  private static func shortEscape(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 0x22, 0x5C: byte
    case 0x08: UInt8(ascii: "b")
    case 0x09: UInt8(ascii: "t")
    case 0x0A: UInt8(ascii: "n")
    case 0x0C: UInt8(ascii: "f")
    case 0x0D: UInt8(ascii: "r")
    default: nil
    }
  }
}
