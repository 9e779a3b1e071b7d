import Glibc
import Inference
import Jobs

/// This program once more, as the worker of one trial: memory and crashes stay its own.
///
/// Used by one thread; `kill` from any. The process is ended and waited for when this goes.
final class TrialProcess {
  /// Why a worker gives no answer.
  struct Ended: Error {
    let reason: String
  }

  let id: pid_t
  private let input: Int32
  private let output: Int32
  private let complaints: String
  private var rest: [UInt8] = []
  private var isWaitedFor = false

  /// Starts it; `complaints` is a file for what it says of what went wrong.
  init(arguments: [String], complaints: String) throws(Ended) {
    self.complaints = complaints
    let toChild = try Self.pipe()
    let fromChild: [Int32]
    do throws(Ended) {
      fromChild = try Self.pipe()
    } catch {
      for end in toChild { close(end) }
      throw error
    }
    defer {
      close(toChild[0])
      close(fromChild[1])
    }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, toChild[0], STDIN_FILENO)
    posix_spawn_file_actions_adddup2(&actions, fromChild[1], STDOUT_FILENO)
    posix_spawn_file_actions_addopen(
      &actions, STDERR_FILENO, complaints, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    // Ours are kept for the thread that waits for them; it must end by them.
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
    var words = (["apus"] + arguments).map { strdup($0) } + [nil]
    defer { for word in words { free(word) } }
    var id: pid_t = 0
    let status = posix_spawn(&id, "/proc/self/exe", &actions, &attributes, &words, environ)
    input = toChild[1]
    output = fromChild[0]
    self.id = id
    guard status == 0 else {
      close(input)
      close(output)
      isWaitedFor = true
      throw Ended(reason: "no process can be started: \(String(cString: strerror(status)))")
    }
  }

  deinit {
    close(input)
    close(output)
    guard !isWaitedFor else { return }
    Glibc.kill(id, SIGKILL)
    _ = waitEnd()
  }

  /// Writes a line; what is wrong with it shows when its answer is read.
  func write(_ line: String) {
    var bytes = Array((line + "\n").utf8)[...]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { Glibc.write(input, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      if count <= 0 { return }
      bytes = bytes.dropFirst(count)
    }
  }

  /// Blocks until it has written a line, or is gone, or the time is over, which ends it.
  func line(within nanoseconds: UInt64) throws(Ended) -> [UInt8] {
    let limit = MonotonicMilliseconds.now + Int(nanoseconds / 1_000_000)
    while true {
      if let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
        defer { rest = Array(rest[(end + 1)...]) }
        return Array(rest[..<end])
      }
      var entry = pollfd(fd: output, events: Int16(POLLIN), revents: 0)
      let left = limit - MonotonicMilliseconds.now
      guard left > 0 else {
        throw Ended(reason: "it did not answer within \(nanoseconds / 1_000_000_000) s")
      }
      let ready = poll(&entry, 1, Int32(min(left, 60_000)))
      if ready <= 0 { continue }
      var chunk = [UInt8](repeating: 0, count: 4_096)
      let count = read(output, &chunk, chunk.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw Ended(reason: waitEnd()) }
      rest += chunk[..<count]
    }
  }

  /// What became of it, in a sentence.
  private func waitEnd() -> String {
    var status: Int32 = 0
    while waitpid(id, &status, 0) < 0, errno == EINTR {}
    isWaitedFor = true
    let signal = status & 0x7F
    if signal == SIGKILL {
      return "the system ended it (signal 9), as it does where memory is short"
    }
    if signal != 0 { return "it crashed (signal \(signal))" }
    let last = ((try? JobFile.read(complaints)) ?? []).split(separator: UInt8(ascii: "\n")).last
    let text = String(decoding: last ?? [], as: UTF8.self)
    guard !text.isEmpty else { return "it ended with \(status >> 8 & 0xFF) and said nothing" }
    return text.hasPrefix("apus: ") ? String(text.dropFirst(6)) : text
  }

  /// Its two ends, which no other worker inherits.
  private static func pipe() throws(Ended) -> [Int32] {
    var ends: [Int32] = [0, 0]
    guard Glibc.pipe(&ends) == 0 else {
      throw Ended(reason: "no pipe: \(String(cString: strerror(errno)))")
    }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    return ends
  }
}

/// A clock for waiting, which nobody can set.
private enum MonotonicMilliseconds {
  static var now: Int {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return time.tv_sec * 1_000 + time.tv_nsec / 1_000_000
  }
}
