import Glibc
import Inference

/// Looks at a model's file before a runtime does, for what can be said more clearly here.
enum ModelFile {
  /// Names in a directory that a runtime here may read, files first.
  static func candidates(
    in folder: Folder, for runtime: ModelPlan.RuntimeKind? = nil
  ) -> [String] {
    // ONNX is read by every runtime; the other kinds by their own.
    func isRead(_ format: ModelFormat?) -> Bool {
      guard let format else { return false }
      return runtime == nil || format.ending == "onnx" || format.runtime == runtime
    }
    return folder.files.filter { isRead(ModelFormat.ofFile($0)) }
      + folder.folders.filter { isRead(ModelFormat.ofFolder($0)) }
  }

  /// The one that is called `model`, by the order of formats; even where it leads nowhere, so that
  /// its owner hears of it.
  static func usual(in folder: Folder, for runtime: ModelPlan.RuntimeKind?) -> String? {
    let names = Set(candidates(in: folder, for: runtime) + folder.others)
    let formats = ModelFormat.all.sorted { one, other in
      one.runtime == runtime && other.runtime != runtime
    }
    return formats.map(\.usualName).first(where: names.contains)
  }

  /// Throws unless the file is there, readable and not obviously something else. Blocks.
  static func check(_ path: String, model: String) throws(ServerFault) {
    func unreadable(_ reason: String) -> ServerFault {
      .modelFileUnreadable(model: model, file: path, reason: reason)
    }
    switch Folder.kind(of: path) {
    case .file: break
    case .folder:
      if ModelFormat.ofFolder(path) != nil { return }
      throw unreadable("it is a directory")
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
