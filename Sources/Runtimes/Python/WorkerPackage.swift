import CWorkers
import Glibc
import Inference
import Workers

/// The Python package that runs inside workers, as files that an interpreter finds.
enum WorkerPackage {
  /// The folder to look for the package in: written once for each state of the program's own files.
  ///
  /// - Parameter cache: the folder below which it is kept; `nil`, or one that cannot be written to, takes
  ///   a temporary one.
  static func folder(in cache: String?) throws(RuntimeFault) -> String {
    let name = "worker-" + hexadecimal(stateHash)
    if let cache {
      do throws(RuntimeFault) {
        return try folder(at: "\(cache)/\(name)")
      } catch {
        // Such a folder is a matter of speed alone; the temporary one does as well.
      }
    }
    return try folder(at: "\(TemporaryFolder.place)/apus-\(getuid())-\(name)")
  }

  private static func folder(at path: String) throws(RuntimeFault) -> String {
    var found = stat()
    if lstat(path, &found) == 0 {
      guard found.st_uid == getuid(), found.st_mode & S_IFMT == S_IFDIR else {
        throw RuntimeFault(
          code: .failed, message: "\(path) belongs to somebody else; remove it")
      }
      return path
    }
    let draft = "\(path).\(getpid()).\(UInt64.random(in: 0 ... .max))"
    try Folders.make(draft)
    for index in 0..<apus_worker_file_count() {
      try write(apus_worker_file_at(index), below: draft)
    }
    // Another process may have been faster, with the same files.
    if rename(draft, path) != 0 { TemporaryFolder.remove(draft) }
    return path
  }

  private static func write(
    _ file: apus_worker_file, below folder: String
  ) throws(RuntimeFault) {
    let path = "\(folder)/\(String(cString: file.path))"
    try Folders.make(String(path[..<(path.lastIndex(of: "/") ?? path.endIndex)]))
    guard let stream = fopen(path, "wx") else { throw Folders.unwritable(path) }
    let written = fwrite(file.bytes, 1, file.byte_count, stream)
    guard fclose(stream) == 0, written == file.byte_count else { throw Folders.unwritable(path) }
  }

  /// FNV-1a over paths and bytes.
  private static var stateHash: UInt64 {
    var hash = ByteHash()
    for index in 0..<apus_worker_file_count() {
      let file = apus_worker_file_at(index)
      hash.take(String(cString: file.path).utf8)
      hash.take(UnsafeBufferPointer(start: file.bytes, count: file.byte_count))
    }
    return hash.value
  }

  static func hexadecimal(_ hash: UInt64) -> String {
    let digits = String(hash, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}

/// FNV-1a; for names of folders, not against anybody.
struct ByteHash {
  private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325

  mutating func take(_ bytes: some Sequence<UInt8>) {
    for byte in bytes { value = (value ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
  }
}
