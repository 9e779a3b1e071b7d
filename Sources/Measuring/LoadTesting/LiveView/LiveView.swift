import Reports

/// What is seen of a run while it goes on: on a terminal two lines that are drawn again, else a line now
/// and then.
///
/// A value; whoever draws says what time it is and how wide the terminal is.
package struct LiveView: Sendable {
  private let name: String
  private let totalNanoseconds: UInt64?
  private let queriesMax: Int?
  private let isTerminal: Bool
  private var nextLineAt: UInt64
  private var isDrawn = false

  private static let lineIntervalNanoseconds: UInt64 = 10_000_000_000
  /// The last second is what is meant by now.
  private static let nowNanoseconds: UInt64 = 1_000_000_000
  private static let columnsMin = 24

  package init(_ plan: LoadPlan, isTerminal: Bool) {
    name = plan.scenario.rawValue
    totalNanoseconds = plan.durationNanoseconds
    queriesMax = plan.queriesMax
    self.isTerminal = isTerminal
    nextLineAt = Self.lineIntervalNanoseconds
  }

  /// What is to be written now, if anything.
  ///
  /// - Parameter columns: of the terminal.
  package mutating func text(_ progress: LoadRun.Progress, columns: Int) -> String? {
    if isTerminal { return drawing(progress, columns: max(Self.columnsMin, columns)) }
    guard progress.elapsedNanoseconds >= nextLineAt else { return nil }
    nextLineAt = progress.elapsedNanoseconds + Self.lineIntervalNanoseconds
    return "\(name)  \(extent(progress))  \(figures(progress).joined(separator: "  "))\n"
  }

  /// What removes it.
  package mutating func clearing() -> String {
    guard isDrawn else { return "" }
    isDrawn = false
    return "\r\u{1B}[K\n\u{1B}[K\u{1B}[A\r"
  }

  /// Both lines at once, each emptied behind its text, so that nothing flickers; the cursor ends on the
  /// first (ECMA-48: EL, CUU).
  private mutating func drawing(_ progress: LoadRun.Progress, columns: Int) -> String {
    isDrawn = true
    let head = "\(name)  \(extent(progress))"
    let room = columns - 1
    let barWidth = min(30, room - head.count - 3)
    let first = barWidth >= 8 ? "\(head)  \(bar(progress, width: barWidth))" : head
    var second = ""
    for part in figures(progress) where second.count + part.count + 2 <= room {
      second += (second.isEmpty ? "" : "  ") + part
    }
    let sparkRoom = min(40, room - second.count - 2)
    if sparkRoom >= 8 { second += "  \(Sparkline.text(rates(progress), width: sparkRoom))" }
    return "\r\(first.prefix(room))\u{1B}[K\n\(second)\u{1B}[K\u{1B}[A\r"
  }

  // MARK: Parts

  private func extent(_ progress: LoadRun.Progress) -> String {
    let seconds = Readable.decimal(Double(progress.elapsedNanoseconds) / 1e9, places: 1)
    if let totalNanoseconds { return "\(seconds) of \(Readable.time(totalNanoseconds))" }
    let total = queriesMax.map { " of \($0)" } ?? ""
    return "\(seconds) s, \(progress.queryCount)\(total) queries"
  }

  private func bar(_ progress: LoadRun.Progress, width: Int) -> String {
    let byTime = totalNanoseconds.map { Double(progress.elapsedNanoseconds) / Double(max(1, $0)) }
    let byCount = queriesMax.map { Double(progress.queryCount) / Double(max(1, $0)) }
    let done = min(1, max(byTime ?? 0, byCount ?? 0))
    let filled = Int(Double(width) * done)
    return String(repeating: "━", count: filled) + String(repeating: "·", count: width - filled)
  }

  private func figures(_ progress: LoadRun.Progress) -> [String] {
    let now = progress.windows.last(nanoseconds: Self.nowNanoseconds)
    var parts = ["\(RateText.of(now.rate))/s"]
    for (name, fraction) in [("p50", 0.5), ("p99", 0.99)] {
      if let latency = now.window.latency(fraction) {
        parts.append("\(name) \(MillisecondText.of(Double(latency))) ms")
      }
    }
    if progress.failedCount > 0 { parts.append("\(progress.failedCount) failed") }
    return parts
  }

  private func rates(_ progress: LoadRun.Progress) -> [Double] {
    progress.windows.joined(atMost: 80).windows.dropLast().map { Double($0.answeredCount) }
  }
}

/// Values as a line of blocks, the highest as a full one.
enum Sparkline {
  private static let blocks: [Character] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"]

  /// The last of them, as many as have room.
  static func text(_ values: [Double], width: Int) -> String {
    let shown = values.suffix(max(0, width))
    guard let highest = shown.max(), highest > 0 else { return "" }
    return String(
      shown.map { blocks[max(0, min(blocks.count - 1, Int($0 / highest * 7.999)))] })
  }
}
