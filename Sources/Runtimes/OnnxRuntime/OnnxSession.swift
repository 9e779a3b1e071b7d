import COnnxRuntime
import Inference

/// A model inside ONNX Runtime: its graph, its weights, and the names of its inputs and outputs.
///
/// Runs may be made from any number of threads at a time. Lives as long as a model, an instance or
/// an answer refers to it: what the library allocates for an answer belongs to the session.
final class OnnxSession: @unchecked Sendable {
  // Everything here is constant once `init` is done.
  let library: OnnxRuntimeLibrary
  let handle: OpaquePointer
  /// Names in the order of the signature, as C strings that the session owns.
  private(set) var inputNames: [UnsafePointer<CChar>?] = []
  private(set) var outputNames: [UnsafePointer<CChar>?] = []

  var api: UnsafePointer<OnnxRuntimeTable> { library.api }

  /// Takes over `handle`, also where it throws.
  init(_ handle: OpaquePointer, of library: OnnxRuntimeLibrary) throws(RuntimeFault) {
    self.handle = handle
    self.library = library
    inputNames = try names(
      count: api.pointee.SessionGetInputCount, name: api.pointee.SessionGetInputName)
    outputNames = try names(
      count: api.pointee.SessionGetOutputCount, name: api.pointee.SessionGetOutputName)
  }

  deinit {
    for name in inputNames + outputNames {
      // Freeing cannot fail: the allocator is the one that made it.
      _ = api.pointee.AllocatorFree(library.allocator, UnsafeMutableRawPointer(mutating: name))
    }
    api.pointee.ReleaseSession(handle)
    // The allocator keeps tens of megabytes of freed weights for itself until it is told not to.
    _ = malloc_trim(0)
  }

  private typealias Count =
    @convention(c) (OpaquePointer?, UnsafeMutablePointer<Int>?) -> OpaquePointer?
  private typealias Name =
    @convention(c) (
      OpaquePointer?, Int, OpaquePointer?, UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
    ) -> OpaquePointer?

  private func names(
    count: Count, name: Name
  ) throws(RuntimeFault) -> [UnsafePointer<CChar>?] {
    var number = 0
    try api.check(count(handle, &number))
    var names: [UnsafePointer<CChar>?] = []
    for index in 0..<number {
      var text: UnsafeMutablePointer<CChar>?
      try api.check(name(handle, index, library.allocator, &text))
      names.append(UnsafePointer(text))
    }
    return names
  }
}

extension OnnxRuntimeLibrary {
  /// Copies a string that the library allocated, and frees it.
  func take(_ text: UnsafeMutablePointer<CChar>?) -> String {
    guard let text else { return "" }
    defer { _ = api.pointee.AllocatorFree(allocator, text) }
    return String(cString: text)
  }
}
