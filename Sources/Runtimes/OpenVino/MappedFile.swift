import COpenVino
import Glibc
import Inference

/// A file's bytes, mapped for reading for as long as a call takes.
enum MappedFile {
  /// Calls `body` with the bytes; throws a sentence where the file cannot be read or is empty,
  /// with the file's name where `missing` says what it is beside the model.
  ///
  /// The file must not be cut while it is looked at; it is looked at for milliseconds.
  static func withBytes<Result>(
    of path: String, missing what: String? = nil,
    _ body: (UnsafeRawBufferPointer) throws(RuntimeFault) -> Result
  ) throws(RuntimeFault) -> Result {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      let file = path.split(separator: "/").last ?? ""
      throw invalid(what.map { "\($0) in \(file): \(reason(errno))" } ?? reason(errno))
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw invalid(reason(errno)) }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw invalid("it is a directory, not a model file")
    }
    let count = Int(status.st_size)
    guard count > 0 else { throw invalid("the file is empty") }
    guard let base = mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0), base != MAP_FAILED
    else { throw invalid(reason(errno)) }
    defer { munmap(base, count) }
    return try body(UnsafeRawBufferPointer(start: base, count: count))
  }

  static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

  static func isDirectory(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  private static func invalid(_ message: String) -> RuntimeFault {
    RuntimeFault(code: .invalidModel, message: message)
  }

  private static func reason(_ number: Int32) -> String {
    switch number {
    case ENOENT: "there is no such file"
    case EACCES: "the file may not be read by this user"
    default: "the file cannot be opened: \(String(cString: strerror(number)))"
    }
  }
}

extension UnsafeRawBufferPointer {
  /// Whether this text stands anywhere in the bytes.
  func holds(_ text: String) -> Bool {
    guard let baseAddress else { return false }
    return text.utf8.withContiguousStorageIfAvailable {
      memmem(baseAddress, count, $0.baseAddress, $0.count) != nil
    } ?? false
  }
}
