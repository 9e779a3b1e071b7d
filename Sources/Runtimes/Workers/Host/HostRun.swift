import Glibc
import Inference
import Synchronization

/// A run as a worker of ours reads it.
struct HostRun {
  let request: UInt64
  let batch: RunBatch
  let output: HostRegion
  private let input: HostRegion

  init(
    _ message: HostChannel.Message, _ signature: ModelSignature, _ channel: HostChannel
  ) throws(MalformedMessage) {
    let inputCount = signature.inputs.count
    (batch, input, output) = try message.rest.read { (reader) throws(MalformedMessage) in
      let rowCount = Int(try reader.number(UInt32.self))
      _ = try reader.number(Int64.self)
      guard let input = channel.region(try reader.number()),
        let output = channel.region(try reader.number())
      else { throw MalformedMessage("the server shares no such memory") }
      let counts = (
        try reader.number(UInt16.self), try reader.number(UInt16.self),
        try reader.number(UInt16.self)
      )
      var inputs = [Tensor?](repeating: nil, count: inputCount)
      for _ in 0..<counts.0 {
        let span = try reader.tensor()
        let bytes = UnsafeMutableRawBufferPointer(
          start: input.base + span.offset, count: span.byteCount)
        inputs[span.place] = Tensor(
          datatype: span.datatype, shape: span.shape,
          storage: TensorStorage(bytes: bytes, keptBy: input))
      }
      var outputs: [Int] = []
      for _ in 0..<counts.1 { outputs.append(Int(try reader.number(UInt16.self))) }
      var parameters: [Parameter] = []
      for _ in 0..<counts.2 { parameters.append(try reader.parameter()) }
      _ = try reader.text()
      return (
        RunBatch(
          inputs: inputs, rowCount: rowCount, outputs: outputs,
          outputMemory: HostMemory(output), parameters: parameters), input, output
      )
    }
    request = message.request
  }

  /// From now on the run dies with this process; before, the server asks another one.
  func sayBegun() {
    input.base.storeBytes(of: 1, toByteOffset: MessageKind.begunOffset, as: UInt32.self)
  }
}

/// The run's output region as memory for its outputs, one behind the other, as long as there is room;
/// then the worker's own.
final class HostMemory: TensorMemory {
  private let region: HostRegion
  private let used = Guarded(MessageKind.regionHeadBytes)

  init(_ region: HostRegion) { self.region = region }

  func storage(forOutput index: Int, byteCount: Int) -> TensorStorage {
    let start = used.withLock { used -> Int? in
      guard byteCount <= region.byteCount - used else { return nil }
      defer { used = min((used + byteCount + 63) & ~63, region.byteCount) }
      return used
    }
    guard let start else { return TensorStorage(byteCount: byteCount) }
    return TensorStorage(
      bytes: UnsafeMutableRawBufferPointer(start: region.base + start, count: byteCount),
      keptBy: region)
  }
}
