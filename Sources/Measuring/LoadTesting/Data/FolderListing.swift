import Glibc

/// What a folder holds, in the order of the names.
enum FolderListing {
  static let entryCountMax = 1_000_000

  static func isFolder(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  static func isFile(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
  }

  /// Names without those that begin with a point.
  static func names(in path: String) throws(SampleProblem) -> [String] {
    guard let folder = opendir(path) else {
      throw SampleProblem("\(path): \(String(cString: strerror(errno)))")
    }
    defer { closedir(folder) }
    var names: [String] = []
    while let entry = readdir(folder) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      guard !name.hasPrefix(".") else { continue }
      names.append(name)
      guard names.count <= entryCountMax else {
        throw SampleProblem("\(path) has more than \(entryCountMax) entries")
      }
    }
    return names.sorted()
  }

  /// The first bytes of a file; empty where it cannot be read.
  static func head(of path: String, byteCount: Int = 64) -> [UInt8] {
    if path == StandardInput.path { return StandardInput.head(byteCount: byteCount) }
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return [] }
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: byteCount)
    let count = read(descriptor, &bytes, byteCount)
    return Array(bytes.prefix(max(0, count)))
  }
}
