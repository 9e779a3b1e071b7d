import Glibc

/// A thread of a worker's supervisor, by name; it ends by itself.
enum WorkerThread {
  private final class Start {
    let name: String
    let body: @Sendable () -> Void
    init(name: String, body: @escaping @Sendable () -> Void) {
      self.name = name
      self.body = body
    }
  }

  /// The system shows at most 15 bytes of the name.
  static func start(name: String, body: @escaping @Sendable () -> Void) {
    var thread = pthread_t()
    let start = Unmanaged.passRetained(Start(name: name, body: body))
    let status = pthread_create(
      &thread, nil,
      { argument in
        guard let argument else { return nil }
        let start = Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
        WorkerThread.nameThisThread(start.name)
        start.body()
        return nil
      }, start.toOpaque())
    precondition(status == 0, "the system refuses another thread (\(status))")
    pthread_detach(thread)
  }

  private static func nameThisThread(_ name: String) {
    guard let file = fopen("/proc/thread-self/comm", "w") else { return }
    fputs(String(decoding: name.utf8.prefix(15), as: UTF8.self), file)
    fclose(file)
  }
}
