import Glibc

/// Reads inputs and writes answers, whole files at a time.
package enum JobFile {
  /// What stands for standard input.
  package static let standardInput = "-"
  /// As much as the server takes in one body.
  package static let byteCountMax = 64 << 20

  /// The bytes of a file, or of standard input; blocks.
  package static func read(
    _ path: String, byteCountMax: Int = JobFile.byteCountMax
  ) throws(JobProblem) -> [UInt8] {
    let isStandardInput = path == standardInput
    let descriptor = isStandardInput ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .unreadable(reason: String(cString: strerror(errno))) }
    defer { if !isStandardInput { close(descriptor) } }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 256 << 10)
    while true {
      let count = Glibc.read(descriptor, &chunk, chunk.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw .unreadable(reason: String(cString: strerror(errno))) }
      if count == 0 { return bytes }
      bytes.append(contentsOf: chunk[..<count])
      guard bytes.count <= byteCountMax else {
        throw .unreadable(reason: "it is larger than the limit of \(byteCountMax) bytes")
      }
    }
  }

  /// Writes a file, or replaces the one that is there; blocks.
  package static func write(_ bytes: [UInt8], to path: String) throws(JobProblem) {
    guard let stream = fopen(path, "w") else { throw unwritable(path) }
    let count = fwrite(bytes, 1, bytes.count, stream)
    // Of a full disk only closing tells.
    guard fclose(stream) == 0, count == bytes.count else { throw unwritable(path) }
  }

  /// Makes a directory where there is none.
  package static func makeDirectory(_ path: String) throws(JobProblem) {
    var status = stat()
    if stat(path, &status) == 0 {
      guard status.st_mode & S_IFMT == S_IFDIR else {
        throw .unwritable(file: path, reason: "it is no directory, and there are several inputs")
      }
      return
    }
    guard mkdir(path, 0o777) == 0 else { throw unwritable(path) }
  }

  private static func unwritable(_ path: String) -> JobProblem {
    .unwritable(file: path, reason: String(cString: strerror(errno)))
  }
}
