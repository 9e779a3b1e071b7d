import Serving
import Testing

@testable import Jobs

@Suite struct JobQueueTests {
  @Test(arguments: [(0, 3), (1, 1), (7, 3), (2_000, 4)])
  func `delivers every result once and in order`(count: Int, concurrency: Int) {
    var delivered: [Int] = []
    var ticked = 0
    JobQueue(count: count, concurrency: concurrency).run(
      { $0 * 2 }, deliver: { delivered.append($0 == delivered.count ? $1 : -1) },
      tick: { ticked = max(ticked, $0) })
    #expect(delivered == (0..<count).map { $0 * 2 })
    #expect(ticked == count)
  }

  @Test(.timeLimit(.minutes(1))) func `keeps as many on their way as was asked for`() {
    // Each waits for all three: with fewer on their way this test would never end.
    let arrived = Signal(0)
    JobQueue(count: 3, concurrency: 3).run(
      { _ in
        arrived.update { $0 += 1 }
        return arrived.sleepUntilReady { $0 == 3 ? true : nil } ?? false
      }, deliver: { _, isTogether in #expect(isTogether) }, tick: { _ in })
  }
}
