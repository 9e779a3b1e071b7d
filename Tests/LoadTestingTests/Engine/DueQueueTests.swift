import Inference
import Testing

@testable import LoadTesting

@Suite struct DueQueueTests {
  @Test(arguments: [1, 2, 3, 10, 500]) func `gives the earliest query first`(_ count: Int) {
    var generator = MersenneTwister(seed: UInt64(count))
    var queue = DueQueue()
    var dues: [UInt64] = []
    for number in 0..<count {
      let due = UInt64(1 + generator.index(below: 100))
      dues.append(due)
      queue.add(LoadQuery(number: number, samples: [0], due: Instant(nanoseconds: due)))
    }
    var given: [UInt64] = []
    while let first = queue.firstDue {
      #expect(queue.removeFirst()?.due == first)
      given.append(first.nanoseconds)
    }
    #expect(given == dues.sorted())
    #expect(queue.removeFirst() == nil)
  }
}
