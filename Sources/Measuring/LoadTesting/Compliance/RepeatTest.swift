import Inference
import Serving

/// Asks samples twice in a row and compares the times: a target that remembers answers is found out.
///
/// Each sample is compared with itself, so that samples of different size do not matter.
struct RepeatTest {
  /// Samples that are asked before the clock matters, so that nothing is cold.
  static let warmUpCount = 20
  static let pairCountMin = 8
  static let pairCountMax = 256

  private let asker: SampleAsker

  init(_ asker: SampleAsker) { self.asker = asker }

  /// Blocks. Nothing but its first sample may have been asked of the target before.
  func run(isOver: () -> Bool) -> ComplianceFigures.RepeatSample {
    var firsts: [UInt64] = []
    var seconds: [UInt64] = []
    var problem: String?
    do throws(CallProblem) {
      try asker.prepare(0)
      for _ in 0..<Self.warmUpCount { _ = try asker.ask() }
      for sample in (1..<asker.samples.sampleCount).prefix(Self.pairCountMax) {
        if isOver() { break }
        try asker.prepare(sample)
        firsts.append(try time())
        seconds.append(try time())
      }
    } catch {
      problem = error.text
    }
    return Self.figures(firsts: firsts, seconds: seconds, problem: problem)
  }

  static func figures(
    firsts: [UInt64], seconds: [UInt64], problem: String?
  ) -> ComplianceFigures.RepeatSample {
    let pairCount = min(firsts.count, seconds.count)
    let isEnough = pairCount >= pairCountMin
    let ratio = isEnough ? median(firsts) / max(1, median(seconds)) : nil
    let few = "it needs \(pairCountMin + 1) different samples, there were \(pairCount + 1)"
    return ComplianceFigures.RepeatSample(
      pairCount: pairCount, speedRatio: problem == nil ? ratio : nil,
      firstProblem: problem ?? (isEnough ? nil : few))
  }

  private func time() throws(CallProblem) -> UInt64 {
    let began = MonotonicClock.now()
    _ = try asker.ask()
    return MonotonicClock.now().nanoseconds(since: began)
  }

  private static func median(_ times: [UInt64]) -> Double {
    let sorted = times.sorted()
    let middle = sorted.count / 2
    return sorted.count % 2 == 1
      ? Double(sorted[middle]) : (Double(sorted[middle - 1]) + Double(sorted[middle])) / 2
  }
}
