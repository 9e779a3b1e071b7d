import Glibc
import Inference
import Synchronization

/// Threads of one model that take parts of large runs; one run at a time has them.
///
/// They are made with the model, end with it, and sleep between runs. Nobody waits for them but the run
/// that has them, and that only for parts that they have begun: one that wakes late takes none.
final class RowThreads: Sendable {
  private let shared: SharedRun
  private let threads: [UInt]

  /// Rows times trees from which on it is worth to wake a thread: some 100 microseconds of one core.
  static let walksMin = 1 << 17

  /// - Parameter makeEngine: called on each thread, once.
  init(count: Int, makeEngine: @escaping @Sendable () -> RowEngine) {
    let shared = SharedRun(threadCount: count)
    self.shared = shared
    threads = (0..<count).map { number in
      Start.thread("trees#\(number + 1)") { shared.serve(makeEngine()) }
    }
  }

  deinit {
    shared.end()
    for thread in threads { pthread_join(pthread_t(thread), nil) }
  }

  /// Calls `body` once for each part, on the calling thread with `engine` and on the threads with theirs,
  /// and returns when all parts are done. False, and nothing done, where another run has the threads.
  func run(
    partCount: Int, engine: RowEngine, _ body: (Int, RowEngine) -> Void
  ) -> Bool {
    withoutActuallyEscaping(body) { shared.run(partCount: partCount, engine: engine, $0) }
  }

  private final class Start {
    private let name: String
    private let body: @Sendable () -> Void

    private init(name: String, body: @escaping @Sendable () -> Void) {
      self.name = name
      self.body = body
    }

    static func thread(_ name: String, body: @escaping @Sendable () -> Void) -> UInt {
      var thread = pthread_t()
      let start = Unmanaged.passRetained(Start(name: name, body: body))
      let status = pthread_create(
        &thread, nil,
        { argument in
          guard let argument else { return nil }
          let start = Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
          ThreadName.set(start.name)
          start.body()
          return nil
        }, start.toOpaque())
      precondition(status == 0, "the system refuses another thread (\(status))")
      return UInt(thread)
    }
  }
}

/// What a run and the threads that help it share.
///
/// A thread counts itself in before it looks whether a run is open; the run closes before it looks whether
/// anyone is in. So either the thread sees it closed and touches nothing, or the run waits for it.
private final class SharedRun: @unchecked Sendable {
  // Unchecked: `body` and `partCount` change only while the run is closed and nobody is in.
  private var body: ((Int, RowEngine) -> Void)?
  private var partCount = 0
  private let threadCount: Int
  private let isTaken = Atomic(false)
  private let isOpen = Atomic(false)
  private let isEnding = Atomic(false)
  private let insideCount = Atomic(0)
  private let nextPart = Atomic(0)
  private let begun = Semaphore()
  private let left = Semaphore()

  init(threadCount: Int) { self.threadCount = threadCount }

  func run(
    partCount: Int, engine: RowEngine, _ body: @escaping (Int, RowEngine) -> Void
  ) -> Bool {
    guard !isTaken.exchange(true, ordering: .acquiring) else { return false }
    self.body = body
    self.partCount = partCount
    nextPart.store(0, ordering: .relaxed)
    isOpen.store(true, ordering: .sequentiallyConsistent)
    for _ in 0..<min(threadCount, max(0, partCount - 1)) { begun.post() }
    takeParts(engine)
    isOpen.store(false, ordering: .sequentiallyConsistent)
    while insideCount.load(ordering: .sequentiallyConsistent) > 0 { left.sleepUntilPosted() }
    self.body = nil
    isTaken.store(false, ordering: .releasing)
    return true
  }

  /// A helping thread's life.
  func serve(_ engine: RowEngine) {
    while true {
      begun.sleepUntilPosted()
      if isEnding.load(ordering: .acquiring) { return }
      insideCount.wrappingAdd(1, ordering: .sequentiallyConsistent)
      if isOpen.load(ordering: .sequentiallyConsistent) { takeParts(engine) }
      insideCount.wrappingSubtract(1, ordering: .sequentiallyConsistent)
      // Once too often does no harm: who waits looks again.
      if !isOpen.load(ordering: .sequentiallyConsistent) { left.post() }
    }
  }

  func end() {
    isEnding.store(true, ordering: .releasing)
    for _ in 0..<threadCount { begun.post() }
  }

  private func takeParts(_ engine: RowEngine) {
    guard let body else { return }
    while true {
      let part = nextPart.wrappingAdd(1, ordering: .relaxed).oldValue
      guard part < partCount else { return }
      body(part, engine)
    }
  }
}

/// The system's semaphore.
private final class Semaphore: @unchecked Sendable {
  // Unchecked: the system's, in memory of its own because it must not move.
  private let place: UnsafeMutablePointer<sem_t>

  init() {
    place = .allocate(capacity: 1)
    sem_init(place, 0, 0)
  }

  deinit {
    sem_destroy(place)
    place.deallocate()
  }

  func post() { sem_post(place) }

  func sleepUntilPosted() {
    while sem_wait(place) != 0 {}
  }
}
