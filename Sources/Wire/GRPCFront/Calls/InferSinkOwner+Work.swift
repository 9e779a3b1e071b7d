import FrontSupport
import NIOCore

extension InferSinkOwner {
  /// Runs `work` on a worker, and `take` back on the loop.
  func onWorker<Product: Sendable>(
    _ work: @escaping @Sendable () -> Product,
    then take: @escaping @Sendable (Self, Product) -> Void
  ) {
    let loop = stream.front.eventLoop
    let bound = NIOLoopBound(self, eventLoop: loop)
    stream.front.shared.workers.run {
      let product = work()
      loop.execute { take(bound.value, product) }
    }
  }
}
