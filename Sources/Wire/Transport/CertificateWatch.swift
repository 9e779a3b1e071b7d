package import Inference
import Serving
import Synchronization

/// Looks at the certificate's files and reads them again when they have changed, or when asked to.
package final class CertificateWatch: Sendable {
  private let contexts: TLSContexts
  /// Hears of each reading: `nil` where the new certificate is in force.
  private let report: @Sendable (ServerFault?) -> Void
  private let wishes = Signal(Wishes())
  private let thread = Guarded<NamedThread?>(nil)

  private struct Wishes {
    var isReloadWanted = false
    var isClosing = false
  }

  /// Between two looks: long against a look, short against an operator's patience.
  private static let interval = Duration.seconds(2)

  package init(
    _ contexts: TLSContexts, report: @escaping @Sendable (ServerFault?) -> Void
  ) {
    self.contexts = contexts
    self.report = report
  }

  package func start() {
    let thread = NamedThread(name: "apus:tls") { self.run() }
    self.thread.withLock { $0 = thread }
  }

  /// Reads the files now, changed or not; does not wait for it.
  package func reload() { wishes.update { $0.isReloadWanted = true } }

  /// Blocks until the thread has ended.
  package func close() {
    wishes.update { $0.isClosing = true }
    thread.withLock { $0 }?.join()
  }

  private func run() {
    while true {
      let next = MonotonicClock.now().advanced(by: Self.interval)
      let wish = wishes.sleepUntilReady(before: next.nanoseconds) { wishes -> Wishes? in
        guard wishes.isClosing || wishes.isReloadWanted else { return nil }
        defer { wishes.isReloadWanted = false }
        return wishes
      }
      if wish?.isClosing ?? false { return }
      if wish != nil || contexts.haveFilesChanged { read() }
    }
  }

  private func read() {
    do throws(ServerFault) {
      try contexts.reload()
      report(nil)
    } catch {
      report(error)
    }
  }
}
