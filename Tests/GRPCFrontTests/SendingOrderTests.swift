import Testing

@testable import GRPCFront

@Suite struct SendingOrderTests {
  /// What was sent, from closures.
  private final class Sent { var parts: [Int] = [] }

  @Test func `what is ready waits for what was given before`() {
    let sent = Sent()
    var order = SendingOrder()
    func sendAll() { while let due = order.next() { due() } }
    let first = order.keepPlace()
    order.add { sent.parts.append(1) }
    let second = order.keepPlace()
    order.add { sent.parts.append(3) }
    sendAll()
    #expect(sent.parts.isEmpty && !order.isEmpty)
    order.fill(second) { sent.parts.append(2) }
    sendAll()
    #expect(sent.parts.isEmpty)
    order.fill(first) { sent.parts.append(0) }
    sendAll()
    #expect(sent.parts == [0, 1, 2, 3] && order.isEmpty)
    // Places go on counting.
    let third = order.keepPlace()
    order.fill(third) { sent.parts.append(4) }
    sendAll()
    #expect(sent.parts == [0, 1, 2, 3, 4] && order.isEmpty)
  }
}
