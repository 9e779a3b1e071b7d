import COnnxRuntime
import Inference

extension UnsafePointer<OnnxRuntimeTable> {
  /// Turns a status into a fault and frees it: the one place where this library's errors are read.
  @inline(__always)
  func check(_ status: OpaquePointer?) throws(RuntimeFault) {
    if let status { throw fault(of: status) }
  }

  /// What a creating call made; the caller releases it.
  @inline(__always)
  func make(
    _ call: (inout OpaquePointer?) -> OpaquePointer?
  ) throws(RuntimeFault) -> OpaquePointer {
    var made: OpaquePointer?
    try check(call(&made))
    guard let made else {
      throw RuntimeFault(code: .failed, message: "ONNX Runtime gave nothing where it must")
    }
    return made
  }

  @inline(never)
  private func fault(of status: OpaquePointer) -> RuntimeFault {
    defer { pointee.ReleaseStatus(status) }
    let text = pointee.GetErrorMessage(status).map { String(cString: $0) } ?? ""
    return RuntimeFault(
      code: Self.code(pointee.GetErrorCode(status), text: text), message: OnnxMessage.cleaned(text))
  }

  /// The numbers are those of `OrtErrorCode`.
  private static func code(_ number: Int32, text: String) -> RuntimeFault.Code {
    if OnnxMessage.tellsOfMemory(text) { return .outOfMemory }
    return switch number {
    case 2: .invalidArgument
    case 3, 4, 7, 10: .invalidModel  // no file, no model, no protobuf, no valid graph
    default: .failed
    }
  }
}
