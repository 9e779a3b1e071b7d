import Glibc

/// Reads small text files that an operator wrote.
package enum TextFile {
  /// Why a file could not be read, for people.
  package struct Problem: Error, Sendable, Equatable {
    package let reason: String

    package init(reason: String) { self.reason = reason }
  }

  /// Whether anything is there, even what cannot be read.
  package static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

  /// The file's text; blocks. Refuses what is larger than `byteCountMax` or not UTF-8.
  package static func read(
    _ path: String, byteCountMax: Int = 1 << 20
  ) throws(Problem) -> String {
    let bytes = try bytes(path, byteCountMax: byteCountMax)
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw Problem(reason: "not UTF-8 text")
    }
    return text
  }

  /// The file's bytes; blocks. Refuses what is larger than `byteCountMax`.
  package static func bytes(_ path: String, byteCountMax: Int) throws(Problem) -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw Problem(reason: String(cString: strerror(errno))) }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = Glibc.read(descriptor, &chunk, chunk.count)
      if count < 0 {
        if errno == EINTR { continue }
        throw Problem(reason: String(cString: strerror(errno)))
      }
      if count == 0 { break }
      bytes.append(contentsOf: chunk[..<count])
      guard bytes.count <= byteCountMax else {
        throw Problem(reason: "larger than \(ByteSize.text(byteCountMax))")
      }
    }
    return bytes
  }
}
