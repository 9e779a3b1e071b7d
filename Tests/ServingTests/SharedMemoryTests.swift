import Glibc
import Inference
import Serving
import Synchronization
import Testing

/// A POSIX shared memory object that goes with the test.
final class SharedObject: Sendable {
  let key: String
  let byteCount: Int

  private static let made = Atomic(0)

  init(byteCount: Int) {
    self.byteCount = byteCount
    key = "/test-\(getpid())-\(Self.made.add(1, ordering: .relaxed).newValue)"
    resize(to: byteCount)
  }

  deinit { shm_unlink(key) }

  func resize(to byteCount: Int) {
    let descriptor = shm_open(key, O_RDWR | O_CREAT, 0o600)
    ftruncate(descriptor, off_t(byteCount))
    close(descriptor)
  }

  var bytes: [UInt8] {
    get {
      let descriptor = shm_open(key, O_RDONLY, 0)
      defer { close(descriptor) }
      return [UInt8](unsafeUninitializedCapacity: byteCount) { buffer, count in
        count = max(0, pread(descriptor, buffer.baseAddress, byteCount, 0))
      }
    }
    set {
      let descriptor = shm_open(key, O_RDWR, 0)
      _ = newValue.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, 0) }
      close(descriptor)
    }
  }
}

@Suite(.timeLimit(.minutes(1))) struct SharedMemoryTests {
  let registry = SharedMemoryRegistry(isAllowed: true)

  func register(
    _ object: SharedObject, as name: String = "r", offset: Int = 0, byteCount: Int? = nil
  ) throws {
    try registry.register(
      name, key: object.key, byteOffset: offset, byteCount: byteCount ?? object.byteCount)
  }

  func bytes(_ region: SharedRegion, _ offset: Int, _ count: Int) throws -> [UInt8] {
    let storage = try region.read(
      RegionSpan(region: region.name, byteOffset: offset, byteCount: count))
    return storage.hostBytes.map(Array.init) ?? []
  }

  @Test func `reads and writes within the range that was registered`() throws {
    let object = SharedObject(byteCount: 8)
    object.bytes = [0, 1, 2, 3, 4, 5, 6, 7]
    try register(object, offset: 2, byteCount: 4)
    defer { registry.close() }
    let region = try registry.region(named: "r")
    #expect(try bytes(region, 1, 3) == [3, 4, 5])
    try [9, 9].withUnsafeBytes {
      try region.write(
        UnsafeRawBufferPointer(rebasing: $0[..<2]),
        to: RegionSpan(region: "r", byteOffset: 2, byteCount: 2))
    }
    #expect(object.bytes == [0, 1, 2, 3, 9, 0, 6, 7])
    for (offset, count) in [(0, 5), (4, 1), (-1, 1), (0, -1), (Int.max, 1), (1, Int.max)] {
      #expect(throws: InputProblem.self) { try bytes(region, offset, count) }
    }
  }

  @Test func `an object that was made smaller is an error and stays small`() throws {
    let object = SharedObject(byteCount: 100_000)
    try register(object)
    defer { registry.close() }
    let region = try registry.region(named: "r")
    #expect(try bytes(region, 0, 100_000).count == 100_000)
    object.resize(to: 10)
    #expect(try bytes(region, 0, 10).count == 10)
    #expect(throws: InputProblem.self) { try bytes(region, 0, 11) }
    let more = [UInt8](repeating: 1, count: 11)
    #expect(throws: InputProblem.self) {
      try more.withUnsafeBytes {
        try region.write($0, to: RegionSpan(region: "r", byteCount: 100_000))
      }
    }
    #expect(object.bytes.count == 10)
  }

  @Test func `a request goes on with a region that was unregistered`() throws {
    let object = SharedObject(byteCount: 4)
    object.bytes = [1, 2, 3, 4]
    try register(object)
    defer { registry.close() }
    let region = try registry.region(named: "r")
    try registry.unregister("r")
    #expect(throws: InferenceFailure.self) { try registry.region(named: "r") }
    #expect(try bytes(region, 0, 4) == [1, 2, 3, 4])
    // The name is free again, and that there is none any more is no fault.
    try registry.unregister("r")
    try register(object, byteCount: 2)
    #expect(try registry.list(nil).map(\.byteCount) == [2])
  }

  @Test func `an object that its owner removes is let go`() throws {
    let object = SharedObject(byteCount: 4)
    try register(object)
    defer { registry.close() }
    #expect(try registry.list(nil).count == 1)
    shm_unlink(object.key)
    #expect(try registry.list(nil).isEmpty)
  }

  @Test func `a name is registered once, and there is a bound to their number`() throws {
    let object = SharedObject(byteCount: 4)
    defer { registry.close() }
    try register(object)
    #expect(throws: InferenceFailure.alreadyExists("the shared memory region r")) {
      try register(object)
    }
    for number in 1..<SharedMemoryRegistry.regionCountMax { try register(object, as: "r\(number)") }
    #expect(throws: InferenceFailure.self) { try register(object, as: "one more") }
    try registry.unregister(nil)
    #expect(try registry.list(nil).isEmpty)
  }

  @Test func `requests copy so much at a time, however large regions claim to be`() throws {
    let registry = SharedMemoryRegistry(isAllowed: true, copiedBytesMax: 100)
    var first: SharedMemoryRoom? = try registry.room(forBytes: 60)
    let full = InferenceFailure.overloaded(limit: .waitingBytes(100), retryAfter: .seconds(1))
    #expect(throws: full) {
      try registry.room(forBytes: 41)
    }
    let second = try registry.room(forBytes: 40)
    #expect(first != nil)
    first = nil
    let third = try registry.room(forBytes: 60)
    #expect(throws: InferenceFailure.self) { try registry.room(forBytes: 1) }
    #expect(throws: InferenceFailure.self) { try registry.room(forBytes: .max) }
    withExtendedLifetime((second, third)) {}
  }

  @Test func `nothing is registered where it is not allowed`() throws {
    let closed = SharedMemoryRegistry(isAllowed: false)
    let object = SharedObject(byteCount: 4)
    #expect(throws: InferenceFailure.self) {
      try closed.register("r", key: object.key, byteOffset: 0, byteCount: 4)
    }
    #expect(throws: InferenceFailure.self) { try closed.list(nil) }
  }

  @Test(arguments: [
    "", "/", ".", "..", "/..", "a/b", "//a", "/a/", "/etc/passwd", "a\0b", "a b", "/apus-worker",
    String(repeating: "x", count: 256),
  ])
  func `a key that is a path, or ours, is refused`(_ key: String) {
    #expect(throws: InferenceFailure.self) {
      try registry.register("r", key: key, byteOffset: 0, byteCount: 1)
    }
  }

  @Test func `threads that register, read and forget do not disturb each other`() throws {
    let object = SharedObject(byteCount: 64)
    defer { registry.close() }
    let done = Signal(0)
    let threads = 8
    for number in 0..<threads {
      NamedThread(name: "test:shm") { [registry] in
        for _ in 0..<100 {
          let name = "r\(number % 3)"
          try? registry.register(name, key: object.key, byteOffset: 0, byteCount: 64)
          if let region = try? registry.region(named: name) {
            _ = try? region.read(RegionSpan(region: name, byteCount: 64))
          }
          try? registry.unregister(name)
          _ = try? registry.list(nil)
        }
        done.update { $0 += 1 }
      }.detach()
    }
    #expect(done.sleepUntilReady { $0 == threads ? true : nil } == true)
    try registry.unregister(nil)
    #expect(try registry.list(nil).isEmpty)
  }
}
