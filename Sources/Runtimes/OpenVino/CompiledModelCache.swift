import Glibc
import Inference

/// A directory in which OpenVINO keeps compiled models, so that the next load of one is short.
///
/// A folder for each model as it lies on this disk, this processor and this release; those that were
/// not used for longest are removed beyond `bytesMax`. Only a directory that nobody else may write is
/// used, since compiled models are code. Whatever fails here leaves a load uncached.
package struct CompiledModelCache: Sendable, Equatable {
  package let directory: String
  package let bytesMax: Int

  package init(directory: String, bytesMax: Int) {
    self.directory = directory
    self.bytesMax = bytesMax
  }

  /// The folder of this model, made and marked as used now; `nil` where there can be none.
  func folder(for path: String, processor: String) -> String? {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    let whole = realpath(path, nil).map { pointer in
      defer { free(pointer) }
      return String(cString: pointer)
    }
    let key = [
      whole ?? path, "\(status.st_size)", "\(status.st_mtim.tv_sec).\(status.st_mtim.tv_nsec)",
      processor,
    ].joined(separator: "\0")
    guard Self.make(directory) else { return nil }
    let folder = "\(directory)/\(String(Self.hash(key), radix: 16))"
    guard Self.make(folder) else { return nil }
    return utimensat(AT_FDCWD, folder, nil, 0) == 0 ? folder : nil
  }

  /// Removes the folders that were not used for longest until the others fit; never `kept`, which a
  /// model was just loaded from.
  func trim(keeping kept: String) {
    var folders = Self.names(in: directory).map { Entry(path: "\(directory)/\($0)") }
      .filter { $0.path != kept }.sorted { $0.usedAt > $1.usedAt }
    var total =
      Entry(path: kept).byteCount + folders.reduce(0) { $0 + $1.byteCount }
    while total > bytesMax, let oldest = folders.popLast() {
      total -= oldest.byteCount
      oldest.remove()
    }
  }

  /// One model's folder, and the files in it.
  private struct Entry {
    let path: String
    /// Nanoseconds of the system's clock.
    let usedAt: Int
    let byteCount: Int

    init(path: String) {
      self.path = path
      var status = stat()
      usedAt =
        stat(path, &status) == 0
        ? status.st_mtim.tv_sec * 1_000_000_000 + status.st_mtim.tv_nsec : 0
      byteCount = CompiledModelCache.names(in: path).reduce(0) { sum, name in
        var file = stat()
        return stat("\(path)/\(name)", &file) == 0 ? sum + Int(file.st_size) : sum
      }
    }

    func remove() {
      for name in CompiledModelCache.names(in: path) { unlink("\(path)/\(name)") }
      rmdir(path)
    }
  }

  private static func names(in directory: String) -> [String] {
    guard let stream = opendir(directory) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { field in
        field.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != "." && name != ".." { names.append(name) }
    }
    return names
  }

  /// Makes a directory with those above it; false where it is not ours alone to write.
  private static func make(_ path: String) -> Bool {
    var status = stat()
    if stat(path, &status) != 0 {
      if let slash = path.lastIndex(of: "/"), slash > path.startIndex {
        makeAbove(String(path[..<slash]))
      }
      mkdir(path, 0o700)
      guard stat(path, &status) == 0 else { return false }
    }
    return status.st_mode & S_IFMT == S_IFDIR && status.st_uid == geteuid()
      && status.st_mode & (S_IWGRP | S_IWOTH) == 0 && access(path, W_OK) == 0
  }

  private static func makeAbove(_ path: String) {
    guard access(path, F_OK) != 0 else { return }
    if let slash = path.lastIndex(of: "/"), slash > path.startIndex {
      makeAbove(String(path[..<slash]))
    }
    mkdir(path, 0o700)
  }

  /// FNV-1a of 64 bits; names a folder, and the library checks what is in it.
  private static func hash(_ text: String) -> UInt64 {
    text.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
  }
}
