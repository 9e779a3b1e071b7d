import CWorkers
import Glibc
package import Inference
import Synchronization

/// A worker that is this program: runs any runtime's model for a server over the channel.
///
/// The calling thread computes; another one reads, so that a run can be told to stop.
package final class WorkerHost: Sendable {
  private let channel: HostChannel
  private let stop = StopFlag()
  private let mail = Guarded(Mail())
  /// Raised with each mail; both who wait look at the mail first.
  private let arrived: Int32

  private struct Mail: Sendable {
    var runs: [HostChannel.Message] = []
    /// Answers to `grow` and `outputs`.
    var rooms: [HostChannel.Message] = []
    var current: UInt64?
    var isOver = false
  }

  /// `nil` where the system has no file left.
  package init?(socket: Int32) {
    channel = HostChannel(socket: socket)
    arrived = apus_event()
    if arrived < 0 { return nil }
  }

  /// Serves the model until the server is gone; blocks.
  package func serve(_ load: () throws(RuntimeFault) -> any LoadedModel) {
    guard let hello = channel.receive(), hello.kind == .hello else { return }
    let loaded: any LoadedModel
    let instance: any ModelInstance
    do throws(RuntimeFault) {
      loaded = try load()
      guard let computing = loaded as? any ComputingModel else {
        throw RuntimeFault(
          code: .invalidModel, message: "only models that compute can be isolated")
      }
      instance = try computing.makeInstance(stop: stop)
    } catch {
      channel.send(.unloadable, part: error.code.numberOnChannel) { $0.text(error.message) }
      return
    }
    sayReady(loaded)
    WorkerThread.start(name: "channel") { [self] in listen() }
    while let message = nextRun() { run(message, on: instance, loaded.signature) }
  }

  private func sayReady(_ model: any LoadedModel) {
    let signature = model.signature
    var metadata = signature.metadata
    metadata["platform"] = model.platformName
    let marks = (signature.hasRowAxis ? 1 : 0) | (model.capabilities.isDecoupled ? 2 : 0)
    channel.send(.ready) { writer in
      writer.number(MessageKind.version)
      writer.number(UInt8(marks))
      writer.ports(signature.inputs)
      writer.ports(signature.outputs)
      // Native models have no methods.
      writer.number(UInt16(0))
      writer.pairs(metadata)
    }
  }

  // MARK: Listening

  private func listen() {
    while let message = channel.receive() {
      switch message.kind {
      case .run: give { $0.runs.append(message) }
      case .room, .noRoom, .taken: give { $0.rooms.append(message) }
      case .cancel:
        if mail.withLock({ $0.current == message.request }) { stop.raise() }
      case .stop: return give { $0.isOver = true }
      case .hello, .region, .forget, .callAnswered, .callRefused: break
      }
    }
    // Nobody is left to answer to, whatever is being computed.
    _exit(0)
  }

  private func give(_ change: (inout Mail) -> Void) {
    mail.withLock { change(&$0) }
    var one: UInt64 = 1
    _ = write(arrived, &one, 8)
  }

  private func wait() {
    var file = pollfd(fd: arrived, events: Int16(POLLIN), revents: 0)
    _ = poll(&file, 1, -1)
    var count: UInt64 = 0
    _ = read(arrived, &count, 8)
  }

  private func nextRun() -> HostChannel.Message? {
    while true {
      let (next, isOver) = mail.withLock { mail -> (HostChannel.Message?, Bool) in
        let next = mail.runs.isEmpty ? nil : mail.runs.removeFirst()
        mail.current = next?.request
        return (next, mail.isOver)
      }
      if isOver { return nil }
      if let next { return next }
      wait()
    }
  }

  private func nextRoom() -> HostChannel.Message {
    while true {
      if let room = mail.withLock({ $0.rooms.isEmpty ? nil : $0.rooms.removeFirst() }) {
        return room
      }
      wait()
    }
  }

  // MARK: Computing

  private func run(
    _ message: HostChannel.Message, on instance: any ModelInstance, _ signature: ModelSignature
  ) {
    stop.lower()
    do throws(MalformedMessage) {
      let run = try HostRun(message, signature, channel)
      run.sayBegun()
      do throws(RuntimeFault) {
        var fault: RuntimeFault?
        var output = run.output
        try instance.run(run.batch) { part in
          guard fault == nil else { return }
          do throws(RuntimeFault) {
            try answer(part, of: run, into: &output, signature)
          } catch {
            fault = error
          }
        }
        if let fault { throw fault }
        channel.send(.done, request: run.request)
      } catch {
        channel.send(.failed, part: error.code.numberOnChannel, request: run.request) {
          $0.text(error.message)
        }
      }
    } catch {
      channel.send(
        .failed, part: RuntimeFault.Code.failed.numberOnChannel, request: message.request
      ) { $0.text(error.reason) }
    }
  }

  private func answer(
    _ part: RunPart, of run: HostRun, into output: inout HostRegion, _ signature: ModelSignature
  ) throws(RuntimeFault) {
    switch part {
    case .outputs(let rows, let tensors):
      try send(tensors, rows, of: run, into: &output, signature)
    case .failed(let row, let fault):
      channel.send(.rowFailed, part: UInt32(row), request: run.request) { $0.text(fault.message) }
    case .done: break
    case .again:
      throw RuntimeFault(code: .failed, message: "runs of sequences cannot be isolated")
    }
  }

  /// Tensors that the model wrote into the region stay there; others are copied behind them.
  private func send(
    _ tensors: [Tensor], _ rows: Range<Int>, of run: HostRun, into output: inout HostRegion,
    _ signature: ModelSignature
  ) throws(RuntimeFault) {
    let places = run.batch.outputs.isEmpty ? Array(tensors.indices) : run.batch.outputs
    var offsets = Self.offsets(of: tensors, in: output)
    if offsets == nil {
      let need = tensors.reduce(MessageKind.regionHeadBytes) { $0 + ($1.byteCount + 63) & ~63 }
      if need > output.byteCount { output = try larger(need, run.request) }
      offsets = Self.copy(tensors, into: output)
    }
    guard let offsets else { return }
    channel.send(.outputs, request: run.request) { writer in
      writer.number(UInt32(rows.lowerBound))
      writer.number(UInt32(rows.count))
      writer.number(UInt16(tensors.count))
      for (place, tensor) in tensors.enumerated() {
        writer.tensor(
          place: places[place], tensor.datatype, tensor.shape, offset: offsets[place],
          byteCount: tensor.byteCount)
      }
    }
    let taken = nextRoom()
    if let region = channel.region(taken.part) { output = region }
  }

  /// Where they lie, if all of them lie in the region; `nil` where one does not.
  private static func offsets(of tensors: [Tensor], in region: HostRegion) -> [Int]? {
    var offsets: [Int] = []
    for tensor in tensors {
      guard let base = tensor.hostBytes?.baseAddress else { return nil }
      let offset = base - UnsafeRawPointer(region.base)
      guard offset >= MessageKind.regionHeadBytes, offset % 64 == 0,
        offset + tensor.byteCount <= region.byteCount
      else { return nil }
      offsets.append(offset)
    }
    return offsets
  }

  private static func copy(_ tensors: [Tensor], into region: HostRegion) -> [Int] {
    // Some may lie in the region already, where others are about to be written.
    let own = tensors.map { tensor -> [UInt8] in tensor.hostBytes.map(Array.init) ?? [] }
    var offset = MessageKind.regionHeadBytes
    return own.map { bytes in
      defer { offset += (bytes.count + 63) & ~63 }
      bytes.withUnsafeBytes { source in
        if let from = source.baseAddress { memcpy(region.base + offset, from, source.count) }
      }
      return offset
    }
  }

  private func larger(_ byteCount: Int, _ request: UInt64) throws(RuntimeFault) -> HostRegion {
    channel.send(.grow, request: request) { $0.number(UInt64(byteCount)) }
    let answer = nextRoom()
    guard answer.kind == .room, let region = channel.region(answer.part) else {
      throw RuntimeFault(code: .outOfMemory, message: "the answer is larger than it may be")
    }
    return region
  }
}
