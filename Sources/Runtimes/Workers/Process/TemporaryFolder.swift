import Glibc
import Inference

/// A folder that is removed with all that is in it when nobody needs it any more.
package final class TemporaryFolder: Sendable {
  package let path: String

  /// Where the server's own temporary files go, as POSIX has it: `TMPDIR`, else `/tmp`.
  package static var place: String {
    guard let variable = getenv("TMPDIR"), variable.pointee != 0 else { return "/tmp" }
    return String(cString: variable)
  }

  init(of name: String) throws(RuntimeFault) {
    var template = Array("\(Self.place)/apus-worker-XXXXXX".utf8CString)
    guard let path = mkdtemp(&template) else {
      throw RuntimeFault(
        code: .failed,
        message:
          "no temporary folder for the workers of \(name): \(String(cString: strerror(errno)))"
      )
    }
    self.path = String(cString: path)
  }

  deinit { Self.remove(path) }

  /// Removes a folder of our own making with what is in it; links are removed, not followed.
  package static func remove(_ path: String) {
    for name in names(in: path) {
      let inner = "\(path)/\(name)"
      if unlink(inner) != 0 { remove(inner) }
    }
    rmdir(path)
  }

  /// Of what is in a folder; none where it cannot be read.
  static func names(in path: String) -> [String] {
    guard let folder = opendir(path) else { return [] }
    defer { closedir(folder) }
    var names: [String] = []
    while let entry = readdir(folder) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names
  }
}
