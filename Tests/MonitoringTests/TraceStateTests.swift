import Testing

@testable import Monitoring

@Suite struct TraceStateTests {
  /// Which of so many requests of a model are traced, counted from 1.
  func traced(_ state: inout TraceState, _ model: String = "m", _ count: Int = 12) -> [Int] {
    (1...count).filter { _ in state.take(model) != nil }
  }

  @Test func `nothing is traced at first`() {
    var state = TraceState()
    #expect(traced(&state).isEmpty && !state.isOn)
  }

  @Test(arguments: [(1, Array(1...12)), (5, [5, 10]), (12, [12]), (13, [])] as [(UInt32, [Int])])
  func `one of so many is traced`(_ rate: UInt32, _ expected: [Int]) {
    var state = TraceState()
    state.set(TraceRules(isOn: true, rate: rate))
    #expect(traced(&state) == expected)
  }

  @Test func `no more than the count, until that is given anew`() {
    var state = TraceState()
    state.set(TraceRules(isOn: true, rate: 2, count: 3))
    #expect(traced(&state) == [2, 4, 6] && state.remaining(of: nil) == 0)
    state.set(TraceRules(isOn: true, rate: 2, count: 3))
    #expect(traced(&state).isEmpty)
    state.set(TraceRules(isOn: true, rate: 2, count: 3), isCountGiven: true)
    #expect(traced(&state) == [2, 4, 6])
    state.set(TraceRules(isOn: true, rate: 2, count: 1), isCountGiven: true)
    #expect(traced(&state) == [2])
    state.set(TraceRules(isOn: true, rate: 6, count: -1))
    #expect(traced(&state) == [6, 12] && state.remaining(of: "m") == -1)
  }

  @Test func `models without rules of their own are counted together`() {
    var state = TraceState()
    state.set(TraceRules(isOn: true, rate: 2))
    state.set(TraceOverride(rate: 3), of: "own")
    #expect(state.take("a") == nil && state.take("b") != nil && state.take("a") == nil)
    #expect(traced(&state, "own", 6) == [3, 6])
    #expect(state.take("a") != nil)
  }

  @Test func `a model may be traced alone, or be left out`() {
    var state = TraceState()
    state.set(TraceOverride(isOn: true, rate: 1), of: "own")
    #expect(state.isOn && traced(&state, "other").isEmpty && traced(&state, "own", 2) == [1, 2])
    state.set(TraceRules(isOn: true, rate: 1))
    state.set(TraceOverride(isOn: false), of: "own")
    #expect(traced(&state, "own").isEmpty && traced(&state, "other", 1) == [1])
    state.set(TraceOverride(), of: "own")
    #expect(state.overrides.isEmpty && traced(&state, "own", 1) == [1])
  }

  @Test func `each trace has a number of its own`() {
    var state = TraceState()
    state.set(TraceRules(isOn: true, rate: 1))
    let numbers = (0..<4).compactMap { state.take("m\($0)")?.id }
    #expect(numbers == [1, 2, 3, 4])
  }
}
