import Inference
import NIOCore
import Serving

/// A request whose model is being loaded because of it: keeps the body until there is a lease, then
/// steps aside for the exchange that it would have been.
final class WakingExchange: Exchange {
  private let connection: HTTPConnection
  private let make: (ModelLease) throws(InferenceFailure) -> any Exchange
  private var body: CollectedBody
  private var hasEnded = false
  private var isOver = false

  /// Called where a lease was refused: refuses the request, too, unless its model is loaded on
  /// demand; then the exchange that `make` gives begins when the model is loaded.
  static func begin(
    after failure: InferenceFailure, on connection: HTTPConnection, address: ModelAddress,
    _ shared: FrontShared,
    _ make: @escaping (ModelLease) throws(InferenceFailure) -> any Exchange
  ) {
    guard case .modelNotReady = failure else {
      connection.refuse(failure)
      return
    }
    let exchange = WakingExchange(connection, shared, make)
    let loop = connection.front.eventLoop
    let bound = NIOLoopBound(exchange, eventLoop: loop)
    do throws(InferenceFailure) {
      connection.hand(to: exchange)
      let lease = try connection.front.entrance.lease(
        address, waitingUntil: connection.record.context.deadline
      ) { result in loop.execute { bound.value.woke(result) } }
      if let lease { exchange.woke(.success(lease)) }
    } catch {
      connection.refuse(error)
    }
  }

  private init(
    _ connection: HTTPConnection, _ shared: FrontShared,
    _ make: @escaping (ModelLease) throws(InferenceFailure) -> any Exchange
  ) {
    self.connection = connection
    self.make = make
    body = CollectedBody(
      expectedByteCount: connection.head.contentLength, budget: shared.collectedBytes)
  }

  func receive(_ part: ByteBuffer) {
    do throws(InferenceFailure) {
      try body.append(part)
    } catch {
      connection.refuse(error)
    }
  }

  func end() { hasEnded = true }

  private func woke(_ result: Result<ModelLease, InferenceFailure>) {
    guard !isOver else { return }
    isOver = true
    let collected = body.bytes
    body.giveBack()
    do throws(InferenceFailure) {
      let lease = try result.get()
      connection.record.model = lease.name
      let exchange = try make(lease)
      connection.hand(to: exchange)
      if collected.readableBytes > 0 { exchange.receive(collected) }
      // A refusal of the body has ended the exchange already.
      if hasEnded, connection.exchange === exchange { exchange.end() }
    } catch {
      connection.refuse(error)
    }
  }

  func abandon() {
    guard !isOver else { return }
    isOver = true
    body.giveBack()
  }
}
