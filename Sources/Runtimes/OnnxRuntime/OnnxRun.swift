import COnnxRuntime
import Inference

/// What one instance hands to the library at each run: values, names and options, in memory that is
/// reused from run to run. Used by one thread at a time.
///
/// Values stand in the places of the outputs before the run; on host memory this is what IO binding
/// does, without looking each name up again.
final class OnnxRun {
  let stopSwitch: StopSwitch
  private let session: OnnxSession
  private let inputs: UnsafeMutablePointer<OpaquePointer?>
  private let outputs: UnsafeMutablePointer<OpaquePointer?>
  private let inputNames: UnsafeMutablePointer<UnsafePointer<CChar>?>
  private let outputNames: UnsafeMutablePointer<UnsafePointer<CChar>?>
  private let lengths: UnsafeMutablePointer<Int64>
  private var inputCount = 0
  private var outputCount = 0

  /// Ends the run in progress, from any thread.
  final class StopSwitch: @unchecked Sendable {
    /// Constant; the library lets a run's options be told to terminate from another thread.
    let options: OpaquePointer
    private let session: OnnxSession

    init(_ session: OnnxSession) throws(RuntimeFault) {
      self.session = session
      options = try session.api.make { session.api.pointee.CreateRunOptions(&$0) }
    }

    deinit { session.api.pointee.ReleaseRunOptions(options) }

    /// Setting a flag cannot fail, hence the status that is not looked at.
    func set(_ isStopped: Bool) {
      let api = session.api
      _ =
        isStopped
        ? api.pointee.RunOptionsSetTerminate(options)
        : api.pointee.RunOptionsUnsetTerminate(options)
    }
  }

  init(_ session: OnnxSession) throws(RuntimeFault) {
    stopSwitch = try StopSwitch(session)
    self.session = session
    inputs = .allocate(capacity: session.inputNames.count)
    outputs = .allocate(capacity: session.outputNames.count)
    inputNames = .allocate(capacity: session.inputNames.count)
    outputNames = .allocate(capacity: session.outputNames.count)
    lengths = .allocate(capacity: TensorShape.rankMax)
    inputNames.initialize(from: session.inputNames, count: session.inputNames.count)
  }

  deinit {
    clear()
    inputs.deallocate()
    outputs.deallocate()
    inputNames.deallocate()
    outputNames.deallocate()
    lengths.deallocate()
  }

  /// Adds the next input, to be read where it lies; strings are copied.
  func addInput(
    _ tensor: Tensor, named name: String, elementType: Int32
  ) throws(RuntimeFault) {
    guard let bytes = tensor.hostBytes else {
      throw RuntimeFault(
        code: .invalidArgument, message: "input '\(name)' lies on a device that is not the host")
    }
    let value =
      tensor.datatype == .bytes
      ? try strings(tensor, named: name)
      : try value(over: bytes, shape: tensor.shape, elementType: elementType)
    inputs[inputCount] = value
    inputCount += 1
  }

  /// Wants this output, wherever the library puts it.
  func addOutput(_ index: Int) {
    outputNames[outputCount] = session.outputNames[index]
    outputs[outputCount] = nil
    outputCount += 1
  }

  /// Wants this output in the memory of `tensor`, which has the shape that it will have.
  func addOutput(_ index: Int, into tensor: Tensor, elementType: Int32) throws(RuntimeFault) {
    guard let bytes = tensor.hostBytes else {
      throw RuntimeFault(
        code: .invalidArgument, message: "the memory offered for an output is not the host's")
    }
    outputs[outputCount] = try value(over: bytes, shape: tensor.shape, elementType: elementType)
    outputNames[outputCount] = session.outputNames[index]
    outputCount += 1
  }

  func execute(outputCount: Int) throws(RuntimeFault) {
    try session.api.check(
      session.api.pointee.Run(
        session.handle, stopSwitch.options, inputNames, inputs, inputCount, outputNames,
        outputCount, outputs))
  }

  /// Hands over the value that the library made at this place.
  func takeOutput(_ place: Int) throws(RuntimeFault) -> OnnxValue {
    guard let handle = outputs[place] else {
      throw RuntimeFault(code: .failed, message: "the model gave no value for an output")
    }
    outputs[place] = nil
    return OnnxValue(handle, of: session)
  }

  /// Releases what is left of the last run.
  func clear() {
    clearOutputs()
    for place in 0..<inputCount { release(inputs[place]) }
    inputCount = 0
  }

  func clearOutputs() {
    for place in 0..<outputCount { release(outputs[place]) }
    outputCount = 0
  }

  @inline(__always)
  private func release(_ value: OpaquePointer?) {
    if let value { session.api.pointee.ReleaseValue(value) }
  }

  private func value(
    over bytes: UnsafeRawBufferPointer, shape: TensorShape, elementType: Int32
  ) throws(RuntimeFault) -> OpaquePointer {
    let rank = copyLengths(of: shape)
    // The library refuses a null address even where it reads nothing; any other will do.
    let base = bytes.baseAddress ?? UnsafeRawPointer(lengths)
    let api = session.api
    return try api.make {
      api.pointee.CreateTensorWithDataAsOrtValue(
        session.library.hostMemory, UnsafeMutableRawPointer(mutating: base), bytes.count, lengths,
        rank, elementType, &$0)
    }
  }

  private func copyLengths(of shape: TensorShape) -> Int {
    for axis in 0..<shape.rank { lengths[axis] = Int64(shape[axis]) }
    return shape.rank
  }

  /// A string value with a copy of the tensor's elements, which may hold any bytes, zeros included.
  private func strings(_ tensor: Tensor, named name: String) throws(RuntimeFault) -> OpaquePointer {
    let rank = copyLengths(of: tensor.shape)
    let api = session.api
    let value = try api.make {
      api.pointee.CreateTensorAsOrtValue(
        session.library.allocator, lengths, rank, OnnxElementType.string, &$0)
    }
    let capacity = tensor.elementCount
    var index = 0
    var refused: OpaquePointer?
    let count = tensor.forEachByteString { bytes in
      defer { index += 1 }
      guard index < capacity, refused == nil else { return }
      var place: UnsafeMutablePointer<CChar>?
      refused = api.pointee.GetResizedStringTensorElementBuffer(value, index, bytes.count, &place)
      if let place, let base = bytes.baseAddress {
        UnsafeMutableRawPointer(place).copyMemory(from: base, byteCount: bytes.count)
      }
    }
    guard count == capacity, refused == nil else {
      api.pointee.ReleaseValue(value)
      try api.check(refused)
      throw RuntimeFault(
        code: .invalidArgument,
        message: "input '\(name)' holds \(count.map(String.init) ?? "broken") strings, "
          + "\(capacity) are declared")
    }
    return value
  }
}

/// A value that the library made; released with the last reference, on whichever thread.
final class OnnxValue: @unchecked Sendable {
  /// Constant; owned by this object alone. A finished value is only read.
  let handle: OpaquePointer
  /// Its memory belongs to the session.
  private let session: OnnxSession

  init(_ handle: OpaquePointer, of session: OnnxSession) {
    self.handle = handle
    self.session = session
  }

  deinit { session.api.pointee.ReleaseValue(handle) }
}
