import COpenVino
import Inference

extension UnsafePointer<OpenVinoTable> {
  /// Turns a status into a fault: the one place where this library's errors are read.
  @inline(__always)
  func check(_ status: ov_status_e) throws(RuntimeFault) {
    if status != 0 { throw fault(of: status) }
  }

  /// What a creating call made; the caller frees it.
  func make(
    _ what: String, _ call: (inout OpaquePointer?) -> ov_status_e
  ) throws(RuntimeFault) -> OpaquePointer {
    var made: OpaquePointer?
    try check(call(&made))
    guard let made else {
      throw RuntimeFault(code: .failed, message: "OpenVINO gave nothing in place of \(what)")
    }
    return made
  }

  /// A property of the processor's device, as text.
  func property(_ key: String, of core: OpaquePointer) throws(RuntimeFault) -> String {
    var text: UnsafeMutablePointer<CChar>?
    try check(pointee.core_get_property(core, OpenVinoLibrary.device, key, &text))
    return take(text)
  }

  func setCore(_ core: OpaquePointer, _ properties: [String: String]) throws(RuntimeFault) {
    try withProperties(properties) { (list, count) throws(RuntimeFault) in
      try check(pointee.core_set_properties(core, nil, count, list))
    }
  }

  /// Copies a string that the library allocated, and frees it.
  func take(_ text: UnsafeMutablePointer<CChar>?) -> String {
    guard let text else { return "" }
    defer { pointee.free(text) }
    return String(cString: text)
  }

  /// Calls `body` with properties as the library takes them, valid for the call.
  func withProperties<Result>(
    _ properties: [String: String],
    _ body: (Swift.UnsafePointer<ov_property_t>?, Int) throws(RuntimeFault) -> Result
  ) throws(RuntimeFault) -> Result {
    let texts = properties.map { (Self.copied($0.key), Self.copied($0.value)) }
    defer {
      for (key, value) in texts {
        key.deallocate()
        value.deallocate()
      }
    }
    var list = texts.map {
      ov_property_t(key: $0.0.baseAddress, value: UnsafeRawPointer($0.1.baseAddress))
    }
    let count = list.count
    return try list.withUnsafeMutableBufferPointer { (buffer) throws(RuntimeFault) in
      try body(Swift.UnsafePointer<ov_property_t>(buffer.baseAddress), count)
    }
  }

  private static func copied(_ text: String) -> UnsafeMutableBufferPointer<CChar> {
    let characters = text.utf8CString
    let copy = UnsafeMutableBufferPointer<CChar>.allocate(capacity: characters.count)
    _ = copy.initialize(from: characters)
    return copy
  }

  @inline(never)
  private func fault(of status: ov_status_e) -> RuntimeFault {
    // The words belong to the thread's last failure and are freed like any string of the library.
    var text = take(UnsafeMutablePointer(mutating: pointee.get_last_err_msg()))
    if text.isEmpty { text = pointee.get_error_info(status).map { String(cString: $0) } ?? "" }
    return RuntimeFault(
      code: Self.code(status, text: text), message: OpenVinoMessage.cleaned(text))
  }

  /// The numbers are those of `ov_status_e`.
  private static func code(_ status: ov_status_e, text: String) -> RuntimeFault.Code {
    if text.contains("bad_alloc") || text.contains("allocate memory") { return .outOfMemory }
    return switch status {
    case -4, -6, -14: .invalidArgument  // parameter mismatch, out of bounds, invalid parameter
    case -12, -3: .invalidModel  // not read, not loaded
    case -13: .stopped
    default: .failed
    }
  }
}
