package import Inference

/// What is said of work that takes more than a second: a bar that is drawn again on a terminal, else
/// a line now and then.
package struct ProgressLine: Sendable {
  private let total: Int
  private let isTerminal: Bool
  private let began: Instant
  private var nextAt: Instant
  private var isDrawn = false

  private static let barWidth = 24
  private static let silence = Duration.seconds(1)
  private static let drawingInterval = Duration.milliseconds(200)
  private static let lineInterval = Duration.seconds(5)
  /// To the line's start, and empty from there: ECMA-48, EL.
  private static let clearedLine = "\r\u{1B}[K"

  package init(total: Int, isTerminal: Bool, now: Instant) {
    self.total = total
    self.isTerminal = isTerminal
    began = now
    nextAt = now.advanced(by: Self.silence)
  }

  /// What is to be written now, if anything.
  package mutating func text(doneCount: Int, now: Instant) -> String? {
    guard now >= nextAt, doneCount < total else { return nil }
    nextAt = now.advanced(by: isTerminal ? Self.drawingInterval : Self.lineInterval)
    guard isTerminal else { return "\(doneCount) of \(total) done\n" }
    isDrawn = true
    let seconds = Double(now.nanoseconds(since: began)) / 1e9
    let rate = Readable.decimal(Double(doneCount) / seconds, places: 1)
    return "\(Self.clearedLine)[\(bar(doneCount))] \(doneCount)/\(total)  \(rate)/s"
  }

  /// What removes the bar before something else is written; it is drawn again later.
  package mutating func clearing() -> String {
    guard isDrawn else { return "" }
    isDrawn = false
    return Self.clearedLine
  }

  private func bar(_ doneCount: Int) -> String {
    let filled = Self.barWidth * doneCount / max(1, total)
    return String(repeating: "=", count: filled)
      + String(repeating: " ", count: Self.barWidth - filled)
  }
}
