import Testing

@testable import Monitoring

@Suite struct TraceStateTests {
  /// Which of so many requests of a model are traced, counted from 1.
  func traced(_ state: inout TraceState, _ model: String = "m", _ count: Int = 12) -> [Int] {
    (1...count).filter { _ in state.take(model) != nil }
  }

  @Test func `nothing is traced at first`() {
    var state = TraceState()
    #expect(traced(&state).isEmpty && state.levels.isEmpty)
  }

  @Test(arguments: [(1, Array(1...12)), (5, [5, 10]), (12, [12]), (13, [])] as [(UInt32, [Int])])
  func `one of so many is traced`(_ rate: UInt32, _ expected: [Int]) {
    var state = TraceState()
    state.set(TraceRules(levels: .timestamps, rate: rate))
    #expect(traced(&state) == expected)
  }

  @Test func `no more than the count, until that is given anew`() {
    var state = TraceState()
    state.set(TraceRules(levels: .timestamps, rate: 2, count: 3))
    #expect(traced(&state) == [2, 4, 6] && state.remaining(of: nil) == 0)
    state.set(TraceRules(levels: .timestamps, rate: 2, count: 3))
    #expect(traced(&state).isEmpty)
    state.set(TraceRules(levels: .timestamps, rate: 2, count: 3), isCountGiven: true)
    #expect(traced(&state) == [2, 4, 6])
    state.set(TraceRules(levels: .timestamps, rate: 2, count: 1), isCountGiven: true)
    #expect(traced(&state) == [2])
    state.set(TraceRules(levels: .timestamps, rate: 6, count: -1))
    #expect(traced(&state) == [6, 12] && state.remaining(of: "m") == -1)
  }

  @Test func `models without rules of their own are counted together`() {
    var state = TraceState()
    state.set(TraceRules(levels: .timestamps, rate: 2))
    state.set(TraceOverride(rate: 3), of: "own")
    #expect(state.take("a") == nil && state.take("b") != nil && state.take("a") == nil)
    #expect(traced(&state, "own", 6) == [3, 6])
    #expect(state.take("a") != nil)
  }

  @Test func `a model may be traced alone, or be left out`() {
    var state = TraceState()
    state.set(TraceOverride(levels: .timestamps, rate: 1), of: "own")
    #expect(
      !state.levels.isEmpty && traced(&state, "other").isEmpty
        && traced(&state, "own", 2) == [1, 2])
    state.set(TraceRules(levels: .timestamps, rate: 1))
    state.set(TraceOverride(levels: []), of: "own")
    #expect(traced(&state, "own").isEmpty && traced(&state, "other", 1) == [1])
    state.set(TraceOverride(), of: "own")
    #expect(state.overrides.isEmpty && traced(&state, "own", 1) == [1])
  }

  @Test func `each trace has a number of its own`() {
    var state = TraceState()
    state.set(TraceRules(levels: .timestamps, rate: 1))
    let numbers = (0..<4).compactMap { state.take("m\($0)")?.id }
    #expect(numbers == [1, 2, 3, 4])
  }

  @Test(
    arguments: [
      (["OFF"], []), (["TIMESTAMPS"], .timestamps), (["TENSORS"], .tensors),
      (["TENSORS", "TIMESTAMPS"], [.timestamps, .tensors]),
    ] as [([String], TraceLevels)])
  func `levels have Triton's names`(_ names: [String], _ levels: TraceLevels) {
    #expect(TraceLevels(names: names) == levels)
    #expect(Set(levels.names) == Set(names))
  }

  @Test(arguments: [[], ["LOUD"], ["TIMESTAMPS", "MIN"]])
  func `other levels are refused`(_ names: [String]) {
    #expect(TraceLevels(names: names) == nil)
  }

  @Test func `what some model is traced with is wanted`() {
    var state = TraceState()
    state.set(TraceRules(levels: .timestamps))
    state.set(TraceOverride(levels: .tensors), of: "own")
    #expect(state.levels == [.timestamps, .tensors])
    #expect(state.rules(of: "other").levels == .timestamps)
    #expect(state.rules(of: "own").levels == .tensors)
  }
}
