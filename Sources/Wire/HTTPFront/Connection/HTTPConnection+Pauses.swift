import Inference
import NIOCore
import NIOHTTP1
import Serving

// What happens between requests, and when time passes.

extension HTTPConnection {
  func carryOut(_ next: ConnectionState.Next) {
    switch next {
    case .wait: break
    case .takeNextRequest:
      watch.wait(for: .idle, tick: front.tick)
      if front.isDraining && waitingParts.isEmpty {
        close()
      } else {
        takeWaitingParts()
      }
    case .linger:
      watch.wait(for: .lingering, tick: front.tick)
      waitingParts.removeAll()
      context?.close(mode: .output, promise: nil)
      resumeReading()
    case .close: close()
    }
  }

  private func takeWaitingParts() {
    // An answer given at once calls back in here: the loop below goes on by itself.
    guard !isTakingWaitingParts else { return }
    isTakingWaitingParts = true
    while state.takesParts, let part = waitingParts.popFirst() { take(part) }
    isTakingWaitingParts = false
    guard waitingParts.isEmpty else { return }
    if state.takesParts, let problem = unreadable {
      unreadable = nil
      refuseUnreadable(problem)
    } else if state.wantsBytes {
      resumeReading()
    }
  }

  private func resumeReading() {
    guard isReadWanted else { return }
    isReadWanted = false
    context?.read()
  }

  func close() {
    state.closed()
    context?.close(promise: nil)
  }

  /// The server is going: idle connections close, others after the answer they wait for.
  func beginDraining() {
    if state.isIdle && watch.waiting == .idle {
      close()
    } else {
      state.closeAfterAnswer()
    }
  }

  /// A second has passed.
  func timePassed() {
    if watch.waiting == .writing { noteProgressOfWriting() }
    if let context { readThreshold.reset(on: context.channel) }
    switch watch.verdict(tick: front.tick, limits: front.limits) {
    case nil: break
    case .closeIdle, .cut: close()
    case .refuseSlowHead: refuseSlowHead()
    case .refuseSlowBody: refuse(tooSlow)
    }
  }

  private func noteProgressOfWriting() { watch.byteCount = writtenByteCount - writtenBefore }

  /// Bytes of the answer that the system has taken.
  var writtenByteCount: Int {
    guard let options = context?.channel.syncOptions,
      let left = try? options.getOption(.bufferedWritableBytes)
      // A channel without that option (none of ours) is held to its time alone.
    else { return 0 }
    return record.responseByteCount - left
  }

  private var tooSlow: InferenceFailure {
    .clientTooSlow(.moving(bytesPerSecondMin: front.limits.bytesPerSecondMin))
  }

  private func refuseSlowHead() {
    head.clear()
    startRecord()
    record.operation = "unreadable"
    state.headTaken(keepsAlive: false, discardableBytes: 0)
    refuse(tooSlow)
  }
}
