import Testing

@testable import Serving

@Suite struct ThreadTurnTests {
  @Test func `asks for another turn only where runs take another order of time`() {
    var turn = ThreadTurn()
    #expect(turn.ran(for: 1_000_000) == 1_000_000)
    #expect(turn.ran(for: 1_900_000) == nil)
    #expect(turn.ran(for: 600_000) == nil)
    #expect(turn.ran(for: 2_100_000) == 2_100_000)
    #expect(turn.ran(for: 1_000_000) == 1_000_000)
  }

  @Test(arguments: [UInt64(0), 1_000_000, .max])
  func `the system takes any wish, within its bounds`(_ nanoseconds: UInt64) {
    #expect(NamedThread.wantTurns(ofNanoseconds: nanoseconds))
  }
}
