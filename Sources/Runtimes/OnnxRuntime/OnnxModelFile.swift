import Glibc
import Inference

/// A model's file before and after the library looked at it: says plainly what is wrong with it.
struct OnnxModelFile {
  let path: String
  let byteCount: Int

  /// Refuses what is not a readable file with something in it.
  init(path: String) throws(RuntimeFault) {
    self.path = path
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw Self.invalid(Self.reason(errno)) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw Self.invalid(Self.reason(errno)) }
    switch status.st_mode & S_IFMT {
    case S_IFREG: break
    case S_IFDIR: throw Self.invalid("it is a directory, not a model file")
    default: throw Self.invalid("it is not a regular file")
    }
    byteCount = Int(status.st_size)
    guard byteCount > 0 else { throw Self.invalid("the file is empty") }
  }

  /// Why the library refused this file, where its bytes tell more than the library's words do.
  func diagnosis(of fault: RuntimeFault) -> RuntimeFault {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return fault }
    defer { close(descriptor) }
    return Self.diagnosis(of: fault, byteCount: byteCount) { offset in
      var buffer = InlineArray<20, UInt8>(repeating: 0)
      let count = withUnsafeMutableBytes(of: &buffer) {
        pread(descriptor, $0.baseAddress, $0.count, off_t(offset))
      }
      return (0..<max(0, count)).map { buffer[$0] }
    }
  }

  /// The same for bytes that `read` gives, up to 20 of them from an offset on.
  static func diagnosis(
    of fault: RuntimeFault, byteCount: Int, read: @escaping (Int) -> [UInt8]
  ) -> RuntimeFault {
    guard byteCount > 0 else { return invalid("the file is empty") }
    return switch ProtobufOutline(byteCount: byteCount, read: read).verdict {
    case .foreign: invalid("it is not an ONNX model")
    case .cutOff(let wanted):
      invalid("the file is cut off: it has \(byteCount) bytes of at least \(wanted)")
    case .whole: RuntimeFault(code: loadCode(fault.code), message: fault.message)
    }
  }

  /// Whatever went wrong while loading is the model's fault, but for lack of memory.
  private static func loadCode(_ code: RuntimeFault.Code) -> RuntimeFault.Code {
    code == .outOfMemory || code == .runtimeMissing ? code : .invalidModel
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

/// Whether the outermost fields of a serialized `ModelProto` fit its bytes; reads only their heads.
struct ProtobufOutline {
  enum Verdict: Equatable {
    case whole
    /// The first field that does not fit would end there.
    case cutOff(bytesWanted: Int)
    /// A field that no ONNX model has.
    case foreign
  }

  let byteCount: Int
  let read: (Int) -> [UInt8]

  /// `ModelProto` has the fields 1 to 25; the bound leaves room for those of later releases.
  private static let fieldMax = 63

  var verdict: Verdict {
    var offset = 0
    while offset < byteCount {
      var head = read(offset)[...]
      let count = head.count
      guard let tag = Self.varint(&head), (1...Self.fieldMax).contains(Int(tag >> 3)) else {
        return .foreign
      }
      switch tag & 7 {
      case 0:
        guard Self.varint(&head) != nil else { return endOrForeign(at: offset, count) }
        offset += count - head.count
      case 1: offset += count - head.count + 8
      case 2:
        guard let length = Self.varint(&head) else { return endOrForeign(at: offset, count) }
        guard length < UInt64(Int32.max) * 2 else { return .foreign }
        offset += count - head.count + Int(length)
      case 5: offset += count - head.count + 4
      default: return .foreign
      }
    }
    return offset == byteCount ? .whole : .cutOff(bytesWanted: offset)
  }

  private func endOrForeign(at offset: Int, _ count: Int) -> Verdict {
    offset + count >= byteCount ? .cutOff(bytesWanted: byteCount + 1) : .foreign
  }

  private static func varint(_ bytes: inout ArraySlice<UInt8>) -> UInt64? {
    var value: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 70, by: 7) {
      guard let byte = bytes.popFirst() else { return nil }
      value |= UInt64(byte & 0x7f) << min(shift, 63)
      if byte < 0x80 { return value }
    }
    return nil
  }
}
