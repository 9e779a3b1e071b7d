import Inference
import Testing

@testable import LoadTesting

@Suite struct CallTableTests {
  private let now = Instant(nanoseconds: 1_000)
  private let later = Instant(nanoseconds: 2_000)

  @Test func `ends each call once`() {
    var calls = CallTable()
    let tickets = (0..<5).map { calls.add(place: $0, sample: 10 + $0, now) }
    #expect(Set(tickets).count == 5)
    #expect(calls.openCount == 5)
    let ended = calls.remove(tickets[3])
    #expect(ended?.place == 3)
    #expect(ended?.sample == 13)
    #expect(calls.remove(tickets[3]) == nil)
    #expect(calls.openCount == 4)
  }

  @Test func `knows an old ticket from the one that has its place now`() {
    var calls = CallTable()
    let old = calls.add(place: 1, sample: 0, now)
    _ = calls.remove(old)
    let new = calls.add(place: 2, sample: 0, now)
    #expect(old != new)
    #expect(calls.remove(old) == nil)
    #expect(calls[new]?.place == 2)
  }

  @Test func `tells the calls that were asked before`() {
    var calls = CallTable()
    let waiting = calls.add(place: 0, sample: 0, now)
    let asked = calls.add(place: 1, sample: 0, now)
    calls.asked(asked, over: 7, later)
    #expect(calls[asked]?.link == 7)
    #expect(calls.tickets(before: later) == [waiting])
    _ = calls.remove(waiting)
    #expect(calls.tickets(before: Instant(nanoseconds: 3_000)) == [asked])
    #expect(calls[12_345] == nil)
  }

  @Test func `a call that was not taken waits again, was asked at first, and fails at last`() {
    var table = CallTable()
    let ticket = table.add(place: 1, sample: 2, Instant(nanoseconds: 10))
    table.asked(ticket, over: 5, Instant(nanoseconds: 20))
    for _ in 0..<2 {
      let isWaiting = table.returned(ticket, atMost: 2)
      #expect(isWaiting)
      #expect(table[ticket]?.link == nil)
      table.asked(ticket, over: 6, Instant(nanoseconds: 30))
      #expect(table[ticket]?.asked == Instant(nanoseconds: 20))
    }
    let isWaiting = table.returned(ticket, atMost: 2)
    #expect(!isWaiting)
    #expect(table.remove(ticket)?.link == 6)
  }
}
