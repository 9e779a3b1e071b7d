package import Inference
import Synchronization

/// The system shared memory regions that clients have registered, for every front.
///
/// Safe from any thread; registering opens a file and may block for a moment. A region is kept until
/// it is unregistered or its owner removes the object behind it; requests that hold it go on with it.
package final class SharedMemoryRegistry: Sendable {
  private let regions = Guarded<[String: SharedRegion]>([:])
  private let isAllowed: Bool
  private let copiedBytesMax: Int
  /// Bytes of regions that requests have copied and not let go of.
  private let copiedBytes = Guarded(0)
  private let isClosing = Signal(false)
  /// Looks for removed objects; runs from the first registration on.
  private let watch = Guarded<NamedThread?>(nil)

  package static let regionCountMax = 1_024
  private static let nameBytesMax = 255
  private static let interval = Duration.seconds(1)

  /// - Parameter copiedBytesMax: of inputs that requests copy out of regions, at a time. A region costs
  ///   its client nothing until it is written to, so its size is no bound.
  package init(isAllowed: Bool, copiedBytesMax: Int = 1 << 30) {
    self.isAllowed = isAllowed
    self.copiedBytesMax = copiedBytesMax
  }

  /// Whether clients may register anything; servers say so among their extensions.
  package var isOn: Bool { isAllowed }

  /// Opens the object and keeps it under that name.
  package func register(
    _ name: String, key: String, byteOffset: Int, byteCount: Int
  ) throws(InferenceFailure) {
    try checkAllowed()
    let region: SharedRegion
    do throws(InputProblem) {
      guard !name.isEmpty, name.utf8.count <= Self.nameBytesMax else {
        throw .parameter(
          "name", expected: "1 to \(Self.nameBytesMax) bytes", got: "\(name.utf8.count)")
      }
      region = try SharedRegion(name: name, key: key, byteOffset: byteOffset, byteCount: byteCount)
    } catch {
      throw .invalidInput(error)
    }
    try keep(region)
    startWatch()
  }

  private func keep(_ region: SharedRegion) throws(InferenceFailure) {
    let (isKnown, isFull) = regions.withLock { regions in
      let isKnown = regions[region.name] != nil
      let isFull = regions.count >= Self.regionCountMax
      if !isKnown, !isFull { regions[region.name] = region }
      return (isKnown, isFull)
    }
    if isKnown { throw .alreadyExists("the shared memory region \(region.name)") }
    if isFull {
      throw .invalidInput(
        .parameter("name", expected: "\(Self.regionCountMax) regions at most", got: "one more"))
    }
  }

  /// Forgets a region; that there is none is no fault, as with Triton. `nil` forgets all.
  package func unregister(_ name: String?) throws(InferenceFailure) {
    try checkAllowed()
    // Closed outside the lock, by the last who refers to it.
    _ = regions.withLock { regions -> [SharedRegion] in
      guard let name else {
        defer { regions = [:] }
        return Array(regions.values)
      }
      return regions.removeValue(forKey: name).map { [$0] } ?? []
    }
  }

  /// One region, or all by name; those whose object is gone are not listed.
  package func list(_ name: String?) throws(InferenceFailure) -> [SharedRegion] {
    try checkAllowed()
    forgetRemoved()
    guard let name else {
      return regions.withLock { Array($0.values) }.sorted { $0.name < $1.name }
    }
    do throws(InputProblem) {
      return [try find(name)]
    } catch {
      throw .invalidInput(error)
    }
  }

  /// The region for one request, which may hold it for as long as it needs it.
  package func region(named name: String) throws(InferenceFailure) -> SharedRegion {
    try checkAllowed()
    do throws(InputProblem) {
      return try find(name)
    } catch {
      throw .invalidInput(error)
    }
  }

  /// Room for copies of so many bytes, for as long as somebody refers to what this gives.
  package func room(forBytes byteCount: Int) throws(InferenceFailure) -> SharedMemoryRoom {
    guard byteCount <= copiedBytesMax else {
      throw .invalidInput(
        .parameter(
          "shared_memory_byte_size", expected: "at most \(copiedBytesMax) in all inputs together",
          got: "\(byteCount)"))
    }
    let isTaken = copiedBytes.withLock { copied in
      let fits = byteCount <= copiedBytesMax - copied
      if fits { copied += byteCount }
      return fits
    }
    guard isTaken else {
      throw .overloaded(limit: .waitingBytes(copiedBytesMax), retryAfter: .seconds(1))
    }
    return SharedMemoryRoom(byteCount: byteCount, registry: self)
  }

  fileprivate func giveBack(_ byteCount: Int) { copiedBytes.withLock { $0 -= byteCount } }

  private func find(_ name: String) throws(InputProblem) -> SharedRegion {
    guard let region = regions.withLock({ $0[name] }) else {
      throw .parameter("shared_memory_region", expected: "a registered region", got: name)
    }
    return region
  }

  private func checkAllowed() throws(InferenceFailure) {
    if !isAllowed {
      throw .unsupported(
        .other("shared memory of clients, which is off unless --allow-client-shm is given"))
    }
  }

  // MARK: Removed objects

  private func startWatch() {
    watch.withLock { watch in
      guard watch == nil else { return }
      watch = NamedThread(name: "apus:shm") { self.lookForRemoved() }
    }
  }

  private func lookForRemoved() {
    while true {
      let next = MonotonicClock.now().advanced(by: Self.interval)
      if isClosing.sleepUntilReady(before: next.nanoseconds, { $0 ? true : nil }) == true { return }
      forgetRemoved()
    }
  }

  /// An object that its owner has removed must not live on in us.
  private func forgetRemoved() {
    let all = regions.withLock { Array($0.values) }
    for region in all where region.isRemoved {
      _ = regions.withLock { regions in
        regions[region.name] === region ? regions.removeValue(forKey: region.name) : nil
      }
    }
  }

  /// Ends the watch and forgets everything; blocks for moments.
  package func close() {
    isClosing.update { $0 = true }
    watch.withLock { $0 }?.join()
    regions.withLock { $0 = [:] }
  }
}

/// What one request may copy out of regions; given back when the last reference goes.
package final class SharedMemoryRoom: Sendable {
  private let byteCount: Int
  private let registry: SharedMemoryRegistry

  fileprivate init(byteCount: Int, registry: SharedMemoryRegistry) {
    self.byteCount = byteCount
    self.registry = registry
  }

  deinit { registry.giveBack(byteCount) }
}
