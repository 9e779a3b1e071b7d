import CEpoll
import Glibc

/// Sockets of which something is expected, and which of them have it: epoll(7). One thread's.
struct Epoll: ~Copyable {
  /// Told at a time, at most.
  private static let eventCountMax = 256

  struct Event {
    let mark: UInt64
    /// It can be written to, or its connection was made.
    let isWritable: Bool
    /// It has bytes, its end, or an error.
    let isReadable: Bool
  }

  private let descriptor: Int32
  private let events: UnsafeMutableBufferPointer<apus_epoll_event>

  init() throws(CallProblem) {
    descriptor = apus_epoll_create()
    events = .allocate(capacity: Self.eventCountMax)
    guard descriptor >= 0 else {
      throw CallProblem(kind: "connection_failed", text: "epoll: \(SystemText.ofError(errno))")
    }
  }

  deinit {
    events.deallocate()
    if descriptor >= 0 { close(descriptor) }
  }

  /// Watches a socket until it is closed.
  ///
  /// - Parameter forRoom: tells, too, when there is room for bytes to be sent.
  borrowing func add(_ socket: Int32, mark: UInt64, forRoom: Bool) {
    let status = apus_epoll_add(descriptor, socket, mark, forRoom ? 1 : 0)
    precondition(status == 0, "epoll_ctl: \(SystemText.ofError(errno))")
  }

  borrowing func change(_ socket: Int32, mark: UInt64, forRoom: Bool) {
    let status = apus_epoll_change(descriptor, socket, mark, forRoom ? 1 : 0)
    precondition(status == 0, "epoll_ctl: \(SystemText.ofError(errno))")
  }

  /// Sleeps until something is there or the time is over; how many events there are.
  borrowing func wait(nanoseconds: UInt64) -> Int {
    Int(
      apus_epoll_wait(descriptor, events.baseAddress, Int32(Self.eventCountMax), nanoseconds))
  }

  borrowing func event(_ index: Int) -> Event {
    let event = events[index]
    return Event(
      mark: event.mark, isWritable: event.is_writable != 0, isReadable: event.is_readable != 0)
  }
}
