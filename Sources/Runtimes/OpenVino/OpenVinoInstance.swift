import COpenVino
import Inference
import Synchronization

/// One caller of an OpenVINO model.
///
/// Inputs are read where the request's tensors lie; outputs whose shape is known before the run are
/// written where the batch wants them; others are copied out of the request's own memory, which the
/// next run writes again.
final class OpenVinoInstance: ModelInstance {
  private let model: OpenVinoModel
  private let request: Request
  private let stop: StopFlag
  /// The request's own tensor of each output, for those that have no place of the batch's.
  private let ownOutputs: [OpaquePointer]
  /// Which outputs were last told to go into memory of a batch: it may be gone by now.
  private var isDiverted: [Bool]
  private let lengths: UnsafeMutablePointer<Int64>

  private var api: UnsafePointer<OpenVinoTable> { model.compiled.api }

  /// The library's request, shared with the switch that cancels it.
  private final class Request: @unchecked Sendable {
    /// Constant; the library lets a request be cancelled from another thread.
    let handle: OpaquePointer
    let compiled: OpenVinoCompiledModel

    init(_ compiled: OpenVinoCompiledModel) throws(RuntimeFault) {
      self.compiled = compiled
      handle = try compiled.api.make("a request") {
        compiled.api.pointee.compiled_model_create_infer_request(compiled.handle, &$0)
      }
    }

    deinit { compiled.api.pointee.infer_request_free(handle) }

    /// Without effect where nothing runs, hence the status that is not looked at.
    func cancel() { _ = compiled.api.pointee.infer_request_cancel(handle) }
  }

  init(_ model: OpenVinoModel, stop: StopFlag) throws(RuntimeFault) {
    let request = try Request(model.compiled)
    let api = model.compiled.api
    var own: [OpaquePointer] = []
    do throws(RuntimeFault) {
      for index in model.outputs.indices {
        own.append(
          try api.make("an output") {
            api.pointee.infer_request_get_output_tensor_by_index(request.handle, index, &$0)
          })
      }
    } catch {
      for tensor in own { api.pointee.tensor_free(tensor) }
      throw error
    }
    self.model = model
    self.request = request
    self.stop = stop
    ownOutputs = own
    isDiverted = Array(repeating: false, count: own.count)
    lengths = .allocate(capacity: TensorShape.rankMax)
    stop.observe { isRaised in if isRaised { request.cancel() } }
  }

  deinit {
    stop.stopObserving()
    for tensor in ownOutputs { api.pointee.tensor_free(tensor) }
    lengths.deallocate()
  }

  func run(_ batch: RunBatch, emit: (RunPart) -> Void) throws(RuntimeFault) {
    let outputs: [Tensor]
    do {
      outputs = try compute(batch)
    } catch {
      throw stop.isRaised ? Self.stopped : error
    }
    emit(.outputs(rows: 0..<batch.rowCount, outputs))
  }

  private static let stopped = RuntimeFault(code: .stopped, message: "the run was told to stop")

  private func compute(_ batch: RunBatch) throws(RuntimeFault) -> [Tensor] {
    if stop.isRaised { throw Self.stopped }
    try check(batch)
    for (index, port) in model.inputs.enumerated() {
      if let tensor = batch.inputs[index] { try setInput(index, port, tensor) }
    }
    let count = batch.outputs.isEmpty ? model.outputs.count : batch.outputs.count
    var prepared: [Tensor?] = []
    prepared.reserveCapacity(count)
    for place in 0..<count { prepared.append(try prepareOutput(index(place, batch), batch)) }
    for index in model.outputs.indices where isUnwanted(index, batch) { try restoreOutput(index) }
    try execute()
    var tensors: [Tensor] = []
    tensors.reserveCapacity(count)
    for place in 0..<count {
      if let tensor = prepared[place] {
        tensors.append(tensor)
      } else {
        tensors.append(try copyOutput(index(place, batch), batch))
      }
    }
    return tensors
  }

  @inline(__always)
  private func index(_ place: Int, _ batch: RunBatch) -> Int {
    batch.outputs.isEmpty ? place : batch.outputs[place]
  }

  @inline(__always)
  private func isUnwanted(_ index: Int, _ batch: RunBatch) -> Bool {
    !batch.outputs.isEmpty && !batch.outputs.contains(index)
  }

  /// What the door has checked of a request is checked again where a mistake would let the library
  /// read beyond a tensor's end.
  private func check(_ batch: RunBatch) throws(RuntimeFault) {
    guard batch.inputs.count == model.inputs.count else {
      throw Self.invalid("\(model.inputs.count) inputs are needed, \(batch.inputs.count) came")
    }
    for (place, index) in batch.outputs.enumerated() {
      guard model.outputs.indices.contains(index), !batch.outputs[..<place].contains(index) else {
        throw Self.invalid("output \(index) is wanted twice, or is not one of this model's")
      }
    }
    for (index, port) in model.inputs.enumerated() {
      let declared = port.description
      guard let tensor = batch.inputs[index] else {
        throw Self.invalid("input '\(declared.name)' is missing")
      }
      guard tensor.datatype == declared.datatype else {
        throw Self.invalid(
          "input '\(declared.name)' is of datatype \(declared.datatype.name), "
            + "\(tensor.datatype.name) came")
      }
      guard declared.admits(tensor.shape) else {
        throw Self.invalid(
          "input '\(declared.name)' is of shape \(declared.metadataShape), \(tensor.shape) came")
      }
    }
  }

  private func setInput(
    _ index: Int, _ port: OpenVinoPort, _ tensor: Tensor
  ) throws(RuntimeFault) {
    guard let bytes = tensor.hostBytes else {
      throw Self.invalid("input '\(port.description.name)' lies on a device that is not the host")
    }
    let value = try view(bytes, tensor.shape, port.elementType)
    // The request keeps what it needs of it.
    defer { api.pointee.tensor_free(value) }
    try api.check(
      api.pointee.infer_request_set_input_tensor_by_index(request.handle, index, value))
  }

  /// The tensor in the batch's memory that the run will write, where its shape is known.
  private func prepareOutput(_ index: Int, _ batch: RunBatch) throws(RuntimeFault) -> Tensor? {
    let port = model.outputs[index]
    let rows = model.signature.hasRowAxis ? batch.inputs.first??.shape[0] : nil
    guard let (shape, byteCount) = port.expected(rows: rows), byteCount > 0 else {
      try restoreOutput(index)
      return nil
    }
    let storage = batch.outputMemory.storage(forOutput: index, byteCount: byteCount)
    let tensor = Tensor(datatype: port.description.datatype, shape: shape, storage: storage)
    guard let bytes = tensor.hostBytes else {
      throw Self.invalid("the memory offered for an output is not the host's")
    }
    let value = try view(bytes, shape, port.elementType)
    defer { api.pointee.tensor_free(value) }
    try api.check(
      api.pointee.infer_request_set_output_tensor_by_index(request.handle, index, value))
    isDiverted[index] = true
    return tensor
  }

  /// Lets an output go into the request's own memory again.
  private func restoreOutput(_ index: Int) throws(RuntimeFault) {
    guard isDiverted[index] else { return }
    try api.check(
      api.pointee.infer_request_set_output_tensor_by_index(
        request.handle, index, ownOutputs[index]))
    isDiverted[index] = false
  }

  /// Starts and waits, since only a started request can be cancelled.
  private func execute() throws(RuntimeFault) {
    try api.check(api.pointee.infer_request_start_async(request.handle))
    // Raised between the look at the flag and the start: that cancel met nothing.
    if stop.isRaised { request.cancel() }
    try api.check(api.pointee.infer_request_wait(request.handle))
  }

  private func view(
    _ bytes: UnsafeRawBufferPointer, _ shape: TensorShape, _ elementType: UInt32
  ) throws(RuntimeFault) -> OpaquePointer {
    for axis in 0..<shape.rank { lengths[axis] = Int64(shape[axis]) }
    // The library refuses a null address even where it reads nothing; any other will do.
    let base = bytes.baseAddress ?? UnsafeRawPointer(lengths)
    return try api.make("a tensor") {
      api.pointee.tensor_create_from_host_ptr(
        elementType, ov_shape_t(rank: Int64(shape.rank), dims: lengths),
        UnsafeMutableRawPointer(mutating: base), &$0)
    }
  }

  /// A copy of what the run left in the request's own memory.
  private func copyOutput(_ index: Int, _ batch: RunBatch) throws(RuntimeFault) -> Tensor {
    let value = try api.make("an output") {
      api.pointee.infer_request_get_output_tensor_by_index(request.handle, index, &$0)
    }
    defer { api.pointee.tensor_free(value) }
    let shape = try shape(of: value)
    var byteCount = 0
    try api.check(api.pointee.tensor_get_byte_size(value, &byteCount))
    let storage = batch.outputMemory.storage(forOutput: index, byteCount: byteCount)
    if byteCount > 0 {
      var bytes: UnsafeMutableRawPointer?
      try api.check(api.pointee.tensor_data(value, &bytes))
      storage.hostBytesForFilling?.copyMemory(
        from: UnsafeRawBufferPointer(start: bytes, count: byteCount))
    }
    return Tensor(
      datatype: model.outputs[index].description.datatype, shape: shape, storage: storage)
  }

  private func shape(of value: OpaquePointer) throws(RuntimeFault) -> TensorShape {
    var told = ov_shape_t()
    try api.check(api.pointee.tensor_get_shape(value, &told))
    defer { _ = api.pointee.shape_free(&told) }
    var shape = TensorShape()
    for axis in 0..<Int(told.rank) {
      guard shape.append(Int(told.dims[axis])) else {
        throw RuntimeFault(code: .failed, message: "an output came with rank \(told.rank)")
      }
    }
    return shape
  }

  private static func invalid(_ message: String) -> RuntimeFault {
    RuntimeFault(code: .invalidArgument, message: message)
  }
}
