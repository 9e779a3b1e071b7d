import Inference
import Serving
import TestSupport
import Testing

@testable import FrontSupport

@Suite(.timeLimit(.minutes(1))) struct OpenConnectionsTests {
  @Test func `is woken by the last connection that goes`() {
    let connections = OpenConnections(countMax: 2)
    #expect(connections.waitForLast(until: MonotonicClock.now()))
    #expect(connections.enter() && connections.enter() && !connections.enter())
    #expect(!connections.waitForLast(until: MonotonicClock.now()))
    connections.leave()
    Thread.start { connections.leave() }
    #expect(connections.waitForLast(until: MonotonicClock.now().advanced(by: .seconds(30))))
    #expect(connections.count == 0 && connections.refusedCount == 1)
  }

  @Test func `gives bytes out as far as they go`() {
    let budget = ByteBudget(byteCountMax: 10)
    #expect(budget.take(6) && !budget.take(5) && budget.take(4))
    budget.giveBack(6)
    #expect(budget.byteCount == 4 && budget.take(6))
  }
}
