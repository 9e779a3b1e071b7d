import CRuntime
import Glibc

/// A loaded model of ONNX Runtime, called with nothing between: what a server is compared with.
///
/// Options are those that Apus sets. One thread a call; any number of threads may call.
final class Runtime: @unchecked Sendable {  // Its pointers never change; the session may be shared.
  private let api: UnsafePointer<OnnxRuntimeTable>
  private let session: OpaquePointer
  private let memory: OpaquePointer
  private let input: UnsafeMutablePointer<CChar>
  private let output: UnsafeMutablePointer<CChar>

  init(library: String, model: String) {
    guard let handle = dlopen(library, RTLD_NOW | RTLD_LOCAL),
      let symbol = dlsym(handle, "OrtGetApiBase"),
      let entrance = unsafeBitCast(symbol, to: OnnxRuntimeGetEntrance.self)(),
      let api = entrance.pointee.GetApi(16)
    else { fatalError("no ONNX Runtime of version 1.16 or newer at \(library)") }
    self.api = api
    let table = api.pointee
    let environment = made(api) {
      table.CreateEnvWithCustomLogger({ _, _, _, _, _, _ in }, nil, 3, "loop", &$0)
    }
    let options = made(api) { table.CreateSessionOptions(&$0) }
    check(api, table.SetSessionGraphOptimizationLevel(options, 99))
    check(api, table.SetIntraOpNumThreads(options, 1))
    check(api, table.SetInterOpNumThreads(options, 1))
    check(api, table.AddSessionConfigEntry(options, "session.intra_op.allow_spinning", "0"))
    session = made(api) { table.CreateSession(environment, model, options, &$0) }
    memory = made(api) { table.CreateCpuMemoryInfo(1, 0, &$0) }
    let allocator = made(api) { table.GetAllocatorWithDefaultOptions(&$0) }
    var names: (UnsafeMutablePointer<CChar>?, UnsafeMutablePointer<CChar>?)
    check(api, table.SessionGetInputName(session, 0, allocator, &names.0))
    check(api, table.SessionGetOutputName(session, 0, allocator, &names.1))
    (input, output) = (names.0!, names.1!)
  }

  /// A tensor over `bytes`, which must live as long as it is used.
  func tensor(over bytes: UnsafeMutableRawBufferPointer, shape: [Int]) -> OpaquePointer {
    let lengths = shape.map(Int64.init)
    return made(api) {
      api.pointee.CreateTensorWithDataAsOrtValue(
        memory, bytes.baseAddress, bytes.count, lengths, lengths.count, 1, &$0)
    }
  }

  /// One run, from memory to memory.
  func run(_ tensor: OpaquePointer, into result: OpaquePointer) {
    var inputs: [OpaquePointer?] = [tensor]
    var outputs: [OpaquePointer?] = [result]
    var inputNames: [UnsafePointer<CChar>?] = [UnsafePointer(input)]
    var outputNames: [UnsafePointer<CChar>?] = [UnsafePointer(output)]
    check(
      api,
      api.pointee.Run(session, nil, &inputNames, &inputs, 1, &outputNames, 1, &outputs))
  }
}

private func check(_ api: UnsafePointer<OnnxRuntimeTable>, _ status: OpaquePointer?) {
  guard let status else { return }
  fatalError(
    api.pointee.GetErrorMessage(status).map { String(cString: $0) } ?? "ONNX Runtime failed")
}

private func made(
  _ api: UnsafePointer<OnnxRuntimeTable>, _ make: (inout OpaquePointer?) -> OpaquePointer?
) -> OpaquePointer {
  var value: OpaquePointer?
  check(api, make(&value))
  guard let value else { fatalError("ONNX Runtime made nothing") }
  return value
}
