import Glibc

/// A file that lives as long as this object.
final class TemporaryFile {
  let path: String

  struct Problem: Error {}

  init(_ text: String) throws {
    var template = Array("/tmp/apus-settings-XXXXXX".utf8CString)
    let descriptor = mkstemp(&template)
    guard descriptor >= 0 else { throw Problem() }
    defer { close(descriptor) }
    path = template.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
    let bytes = Array(text.utf8)
    guard write(descriptor, bytes, bytes.count) == bytes.count else { throw Problem() }
  }

  deinit { unlink(path) }
}
