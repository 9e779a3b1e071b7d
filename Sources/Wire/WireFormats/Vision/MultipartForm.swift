package import Inference

/// The parts of a `multipart/form-data` body (RFC 7578, RFC 2046).
///
/// Pure: the body lies in memory whole, and the parts are ranges of it. A body whose end is missing,
/// whose parts lack a name or whose bounds are overstepped is refused.
package struct MultipartForm: Sendable {
  /// One field of the form.
  package struct Part: Sendable, Equatable {
    package let name: String
    package let fileName: String?
    package let contentType: String?
    /// Where its content lies in the body.
    package let content: Range<Int>
  }

  package static let partCountMax = 100
  package static let partHeaderBytesMax = 8 << 10
  /// RFC 2046: a boundary has at most 70 characters.
  static let boundaryBytesMax = 70

  package let parts: [Part]

  /// The parts of `body`, which `boundary` separates.
  package init(parsing body: UnsafeRawBufferPointer, boundary: String) throws(InputProblem) {
    var reader = MultipartReader(body: body, boundary: Array("--".utf8) + Array(boundary.utf8))
    parts = try reader.readParts()
  }

  /// The boundary that a `Content-Type` header names; `nil` where the type is another.
  package static func boundary(contentType: String) throws(InputProblem) -> String? {
    let header = HeaderValue(contentType)
    guard header.value.lowercased() == "multipart/form-data" else { return nil }
    guard let boundary = header.parameters["boundary"], !boundary.isEmpty,
      boundary.utf8.count <= boundaryBytesMax, boundary.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F })
    else {
      throw .framing("Content-Type multipart/form-data needs a boundary of 1 to 70 characters")
    }
    return boundary
  }
}

/// Goes over a multipart body once, from the front.
private struct MultipartReader {
  let body: UnsafeRawBufferPointer
  /// `--` and the boundary.
  let boundary: [UInt8]
  private var place = 0

  init(body: UnsafeRawBufferPointer, boundary: [UInt8]) {
    self.body = body
    self.boundary = boundary
  }

  private func problem(_ expected: String) -> InputProblem {
    .syntax(.multipart, expected: expected, byteOffset: place)
  }

  mutating func readParts() throws(InputProblem) -> [MultipartForm.Part] {
    // A preamble may come before the first boundary, which then begins a line.
    guard let first = find(delimiter: boundary, from: 0, atLineStart: true) else {
      throw problem("the boundary that Content-Type names")
    }
    place = first + boundary.count
    var parts: [MultipartForm.Part] = []
    while try !isLast() {
      guard parts.count < MultipartForm.partCountMax else {
        throw problem("no more than \(MultipartForm.partCountMax) parts")
      }
      parts.append(try readPart())
    }
    return parts
  }

  /// Reads what follows a boundary: `--` at the end of the form (what comes after it is an epilogue
  /// and of no interest), else the end of the line, white space before it.
  private mutating func isLast() throws(InputProblem) -> Bool {
    if body.count - place >= 2, body[place] == UInt8(ascii: "-"),
      body[place + 1] == UInt8(ascii: "-")
    {
      return true
    }
    while place < body.count, body[place] == 0x20 || body[place] == 0x09 { place += 1 }
    guard takeLineEnd() else { throw problem("the end of the line after a boundary") }
    return false
  }

  private mutating func takeLineEnd() -> Bool {
    guard body.count - place >= 2, body[place] == 0x0D, body[place + 1] == 0x0A else {
      return false
    }
    place += 2
    return true
  }

  private mutating func readPart() throws(InputProblem) -> MultipartForm.Part {
    var disposition: HeaderValue?
    var contentType: String?
    let headerStart = place
    while !takeLineEnd() {
      let line = try readHeaderLine(from: headerStart)
      guard let colon = line.firstIndex(of: ":") else { throw problem("a header of a part") }
      let value = String(line[line.index(after: colon)...])
      switch line[..<colon].lowercased() {
      case "content-disposition": disposition = HeaderValue(value)
      case "content-type": contentType = HeaderValue(value).value
      case "content-transfer-encoding":
        guard ["binary", "8bit", "7bit"].contains(HeaderValue(value).value.lowercased()) else {
          throw problem("a part that is not encoded, before this place")
        }
      default: break
      }
    }
    guard let disposition, disposition.value.lowercased() == "form-data",
      let name = disposition.parameters["name"]
    else { throw problem("a part with `Content-Disposition: form-data` and a name") }
    let content = try readContent()
    return MultipartForm.Part(
      name: name, fileName: disposition.parameters["filename"], contentType: contentType,
      content: content)
  }

  private mutating func readHeaderLine(from start: Int) throws(InputProblem) -> String {
    let limit = min(body.count, start + MultipartForm.partHeaderBytesMax)
    guard let end = (place..<limit).first(where: { body[$0] == 0x0D }) else {
      throw problem("the headers of a part within \(MultipartForm.partHeaderBytesMax) bytes")
    }
    guard let line = String(validating: body[place..<end], as: UTF8.self) else {
      throw problem("well-formed UTF-8")
    }
    place = end
    guard takeLineEnd() else { throw problem("a line feed after the carriage return") }
    return line
  }

  /// Reads up to the next boundary, which takes the line end before it away from the content.
  private mutating func readContent() throws(InputProblem) -> Range<Int> {
    let delimiter = [0x0D, 0x0A] + boundary
    guard let end = find(delimiter: delimiter, from: place, atLineStart: false) else {
      place = body.count
      throw problem("the closing boundary")
    }
    let content = place..<end
    place = end + delimiter.count
    return content
  }

  /// The first place of `delimiter`, where asked only at the start of a line.
  private func find(delimiter: [UInt8], from start: Int, atLineStart: Bool) -> Int? {
    guard body.count - start >= delimiter.count else { return nil }
    var index = start
    let last = body.count - delimiter.count
    while index <= last {
      if body[index] == delimiter[0], matches(delimiter, at: index),
        !atLineStart || index == 0
          || (index > 1 && body[index - 1] == 0x0A && body[index - 2] == 0x0D)
      {
        return index
      }
      index += 1
    }
    return nil
  }

  private func matches(_ delimiter: [UInt8], at index: Int) -> Bool {
    for offset in delimiter.indices where body[index + offset] != delimiter[offset] { return false }
    return true
  }
}

/// A header's value and the parameters after it: `form-data; name="image"; filename="bus.jpg"`.
struct HeaderValue {
  let value: String
  /// By lower-case name; the first of several counts.
  let parameters: [String: String]

  init(_ text: String) {
    var rest = Substring(text)
    value = Self.trimmed(Self.takePiece(&rest))
    var parameters: [String: String] = [:]
    while !rest.isEmpty {
      let piece = Self.takePiece(&rest)
      guard let mark = piece.firstIndex(of: "=") else { continue }
      let name = Self.trimmed(piece[..<mark]).lowercased()
      let value = Self.unquoted(Self.trimmed(piece[piece.index(after: mark)...]))
      if parameters[name] == nil { parameters[name] = value }
    }
    self.parameters = parameters
  }

  /// Takes what comes before the next semicolon outside quotes, and that semicolon.
  private static func takePiece(_ rest: inout Substring) -> Substring {
    var isQuoted = false
    var isEscaped = false
    var index = rest.startIndex
    while index < rest.endIndex {
      let character = rest[index]
      if isEscaped {
        isEscaped = false
      } else if character == "\\", isQuoted {
        isEscaped = true
      } else if character == "\"" {
        isQuoted.toggle()
      } else if character == ";", !isQuoted {
        break
      }
      index = rest.index(after: index)
    }
    let piece = rest[..<index]
    rest = index < rest.endIndex ? rest[rest.index(after: index)...] : ""
    return piece
  }

  private static func trimmed(_ text: Substring) -> String {
    let start = text.drop { $0 == " " || $0 == "\t" }
    return String(start.reversed().drop { $0 == " " || $0 == "\t" }.reversed())
  }

  private static func unquoted(_ text: String) -> String {
    guard text.count >= 2, text.first == "\"", text.last == "\"" else { return text }
    var plain = ""
    var isEscaped = false
    for character in text.dropFirst().dropLast() {
      if character == "\\", !isEscaped {
        isEscaped = true
      } else {
        plain.append(character)
        isEscaped = false
      }
    }
    return plain
  }
}
