import Glibc
import Inference

/// What of files and folders the loading of a Python model needs.
enum Folders {
  /// Makes the folder and those above it that are missing, for nobody else.
  static func make(_ path: String) throws(RuntimeFault) {
    if isFolder(path) || mkdir(path, 0o700) == 0 { return }
    if errno == ENOENT, let slash = path.lastIndex(of: "/"), slash > path.startIndex {
      try make(String(path[..<slash]))
      if mkdir(path, 0o700) == 0 { return }
    }
    if errno != EEXIST { throw unwritable(path) }
  }

  static func isFolder(_ path: String) -> Bool {
    var found = stat()
    return stat(path, &found) == 0 && found.st_mode & S_IFMT == S_IFDIR
  }

  static func isFile(_ path: String) -> Bool {
    var found = stat()
    return stat(path, &found) == 0 && found.st_mode & S_IFMT == S_IFREG
  }

  /// The whole file, or `nil` where it cannot be read or is larger than a list of names may be.
  static func text(_ path: String) -> [UInt8]? {
    guard let stream = fopen(path, "r") else { return nil }
    defer { fclose(stream) }
    var bytes = [UInt8](repeating: 0, count: 1 << 20)
    let count = fread(&bytes, 1, bytes.count, stream)
    return count < bytes.count ? Array(bytes[..<count]) : nil
  }

  /// The path from the root on, links as they are: a worker has a working directory of its own.
  static func absolute(_ path: String) -> String {
    guard !path.hasPrefix("/"), let here = getcwd(nil, 0) else { return path }
    defer { free(here) }
    return path == "." ? String(cString: here) : String(cString: here) + "/" + path
  }

  /// The folder that holds `path`.
  static func above(_ path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  static func unwritable(_ path: String) -> RuntimeFault {
    RuntimeFault(
      code: .failed, message: "cannot write \(path): \(String(cString: strerror(errno)))")
  }
}
