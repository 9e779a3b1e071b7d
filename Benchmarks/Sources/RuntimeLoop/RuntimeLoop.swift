import Glibc
import Rounds

/// Calls ONNX Runtime in a loop:
///
///     RuntimeLoop LIBRARY MODEL INPUT-FILE INPUT-SHAPE OUTPUT-SHAPE
///
/// Orders come from standard input, see `Rounds`. Each caller is a thread of its own.
@main
struct RuntimeLoop {
  static func main() async {
    let arguments = CommandLine.arguments
    guard arguments.count == 6 else {
      fatalError("usage: RuntimeLoop LIBRARY MODEL INPUT-FILE INPUT-SHAPE OUTPUT-SHAPE")
    }
    let runtime = Runtime(library: arguments[1], model: arguments[2])
    let values = FloatFile.read(arguments[3])
    let callers = Callers(
      runtime: runtime, values: values, inputShape: shape(arguments[4]),
      outputShape: shape(arguments[5]))
    await Rounds.serve { callers.call(during: $0) }
  }
}

/// The threads that call.
struct Callers: Sendable {
  let runtime: Runtime
  let values: [Float]
  let inputShape: [Int]
  let outputShape: [Int]

  /// Starts the round's callers and waits for them.
  func call(during round: Round) -> [UInt64] {
    let threads = (0..<round.callerCount).map { _ in
      CallingThread { callAlone(until: round.end) }
    }
    return threads.flatMap { $0.join() }
  }

  private func callAlone(until end: UInt64) -> [UInt64] {
    let input = aligned(values.count)
    let output = aligned(outputShape.reduce(1, *))
    defer {
      input.deallocate()
      output.deallocate()
    }
    values.withUnsafeBytes { input.copyMemory(from: $0) }
    let tensor = runtime.tensor(over: input, shape: inputShape)
    let result = runtime.tensor(over: output, shape: outputShape)
    var durations: [UInt64] = []
    var begin = Clock.now
    while begin < end {
      runtime.run(tensor, into: result)
      let now = Clock.now
      durations.append(now - begin)
      begin = now
    }
    return durations
  }

  private func aligned(_ count: Int) -> UnsafeMutableRawBufferPointer {
    .allocate(byteCount: count * MemoryLayout<Float>.size, alignment: 64)
  }
}

/// A thread that gives an answer at its end.
final class CallingThread {
  private final class Work: @unchecked Sendable {  // Written by the thread, read after its join.
    let body: @Sendable () -> [UInt64]
    var result: [UInt64] = []
    init(_ body: @escaping @Sendable () -> [UInt64]) { self.body = body }
  }

  private let work: Work
  private var thread = pthread_t()

  init(_ body: @escaping @Sendable () -> [UInt64]) {
    work = Work(body)
    let code = pthread_create(
      &thread, nil,
      { raw in
        guard let raw else { return nil }
        let work = Unmanaged<Work>.fromOpaque(raw).takeRetainedValue()
        work.result = work.body()
        return nil
      }, Unmanaged.passRetained(work).toOpaque())
    precondition(code == 0, "no thread could be made")
  }

  func join() -> [UInt64] {
    pthread_join(thread, nil)
    return work.result
  }
}
