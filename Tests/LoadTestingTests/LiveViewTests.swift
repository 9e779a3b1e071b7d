import Testing

@testable import LoadTesting

@Suite struct LiveViewTests {
  private func progress(_ seconds: Int, rate: Int = 1_000) -> LoadRun.Progress {
    var windows = LoadWindows()
    for number in 0..<seconds * rate {
      windows.add(
        at: UInt64(number) * 1_000_000_000 / UInt64(rate), latencyNanoseconds: 2_000_000,
        sampleCount: 1)
    }
    return LoadRun.Progress(
      elapsedNanoseconds: UInt64(seconds) * 1_000_000_000, queryCount: seconds * rate,
      failedCount: 3, windows: windows, warning: nil)
  }

  private func plan() -> LoadPlan {
    var plan = LoadPlan(.closedLoop)
    plan.durationNanoseconds = 20_000_000_000
    return plan
  }

  @Test(arguments: [10, 24, 40, 80, 200])
  func `two lines fit the terminal`(columns: Int) {
    var view = LiveView(plan(), isTerminal: true)
    let text = view.text(progress(5), columns: columns) ?? ""
    let plain = text.replacing(/\u{1B}\[[A-Z]/, with: "").replacing("\r", with: "")
    let lines = plain.split(separator: "\n", omittingEmptySubsequences: false)
    #expect(lines.count == 2)
    #expect(lines.allSatisfy { $0.count < max(24, columns) })
    #expect(text.contains("closed-loop  5.0"))
    #expect(!view.clearing().isEmpty)
    #expect(view.clearing().isEmpty)
  }

  @Test func `a wide one shows how far it is, the last second and the rate's course`() {
    var view = LiveView(plan(), isTerminal: true)
    let text = view.text(progress(5), columns: 120) ?? ""
    for words in ["of 20.0 s", "━", "1000/s", "p50 2.0", "p99 2.0", "3 failed", "█"] {
      #expect(text.contains(words), "\(words)")
    }
  }

  @Test func `without a terminal a line is written every ten seconds`() {
    var view = LiveView(plan(), isTerminal: false)
    #expect(view.text(progress(5), columns: 80) == nil)
    let line = view.text(progress(10), columns: 80)
    #expect(line?.hasSuffix("3 failed\n") == true)
    #expect(line?.contains("\u{1B}") == false)
    #expect(view.text(progress(11), columns: 80) == nil)
    #expect(view.clearing().isEmpty)
  }

  @Test func `the highest is a full block`() {
    #expect(Sparkline.text([0, 5, 10], width: 10) == "▁▄█")
    #expect(Sparkline.text([1, 2, 3], width: 2) == "▆█")
    #expect(Sparkline.text([], width: 10).isEmpty)
    #expect(Sparkline.text([0, 0], width: 10).isEmpty)
  }
}
