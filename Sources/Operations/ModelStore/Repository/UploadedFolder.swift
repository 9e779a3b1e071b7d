import Glibc
package import Inference

/// A private folder with the files that a client sent for one model; it goes when nothing refers to
/// it any more.
package final class UploadedFolder: Sendable {
  private let root: String
  /// The model's folder, named as the model.
  package let place: RepositoryPlace

  /// Writes the files. Their paths have been checked to lead below the model's folder; blocks.
  package init(
    model: String, files: [(path: String, bytes: [UInt8])]
  ) throws(ServerFault) {
    guard ModelName.isValid(model) else {
      throw .configurationInvalid(
        file: model, reason: "a model's name has \(ModelName.expectation)")
    }
    root = try Self.makeRoot()
    place = RepositoryPlace(name: model, path: "\(root)/\(model)")
    for file in files { try write(file.bytes, to: file.path) }
  }

  deinit { Self.remove(root) }

  private static func makeRoot() throws(ServerFault) -> String {
    let parent = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    var template = Array("\(parent)/apus-model-XXXXXX".utf8CString)
    // Readable to nobody else, whatever the process' mask is.
    guard mkdtemp(&template) != nil else { throw fault(parent) }
    return template.withUnsafeBufferPointer { buffer in
      buffer.baseAddress.map { String(cString: $0) } ?? ""
    }
  }

  private func write(_ bytes: [UInt8], to path: String) throws(ServerFault) {
    var folder = place.path
    mkdir(folder, 0o700)
    for part in path.split(separator: "/").dropLast() {
      folder += "/\(part)"
      mkdir(folder, 0o700)
    }
    let whole = "\(place.path)/\(path)"
    // A path that is a folder's at the same time fails here.
    let descriptor = open(whole, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw Self.fault(path) }
    defer { close(descriptor) }
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw Self.fault(path) }
      rest = rest.dropFirst(count)
    }
  }

  private static func fault(_ path: String) -> ServerFault {
    .modelFileUnreadable(
      model: PathText.name(path), file: path,
      reason: "the file that was sent cannot be kept: \(String(cString: strerror(errno)))")
  }

  private static func remove(_ path: String) {
    var reason = ""
    if let folder = Folder(path, reason: &reason) {
      for name in folder.folders { remove(folder.path(of: name)) }
      for name in folder.files + folder.others { unlink(folder.path(of: name)) }
    }
    rmdir(path)
  }
}
