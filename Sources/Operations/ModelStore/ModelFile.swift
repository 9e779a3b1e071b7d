import Glibc
import Inference

/// Looks at a model's file before a runtime does, for what can be said more clearly here.
enum ModelFile {
  /// Throws unless the file is there, readable and not obviously something else. Blocks.
  static func check(_ path: String, model: String) throws(ServerFault) {
    func unreadable(_ reason: String) -> ServerFault {
      .modelFileUnreadable(model: model, file: path, reason: reason)
    }
    let graph = "\(path)/\(ServedFormat.savedModelFile)"
    switch Folder.kind(of: path) {
    case .file: break
    case .folder where Folder.kind(of: graph) == .file: return try check(graph, model: model)
    case .folder where PythonFormat.isModel(at: path): return
    case .folder: throw unreadable("it is a directory")
    case .other: throw unreadable("it is neither a file nor a directory")
    case .unreachable(let reason): throw unreadable(reason)
    }
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw unreadable(String(cString: strerror(errno))) }
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: 64)
    let count = read(descriptor, &bytes, bytes.count)
    guard count >= 0 else { throw unreadable(String(cString: strerror(errno))) }
    guard count > 0 else { throw unreadable("it is empty") }
    let start = String(decoding: bytes[..<count], as: UTF8.self)
    if start.hasPrefix("version https://git-lfs") {
      throw unreadable("it is a Git LFS pointer and not the model; run: git lfs pull")
    }
    if start.hasPrefix("<!DOCTYPE") || start.lowercased().hasPrefix("<html") {
      throw unreadable("it is a web page and not a model; the download went wrong")
    }
  }
}
