import Inference
import Serving
import Synchronization

/// Keeps one answer to each sample of a run, as they come, until there is no room for more.
package final class KeptAnswers: AnswerKeeper {
  package static let byteCountMax = 256 << 20

  private struct State: Sendable {
    var isWanted: [Bool]
    var answers: [Int: LoadAnswer] = [:]
    var byteCount = 0
  }

  private let state: Guarded<State>
  private let byteCountMax: Int

  /// - Parameter sampleCount: samples that the run asks, the first of the set.
  package init(sampleCount: Int, byteCountMax: Int = KeptAnswers.byteCountMax) {
    state = Guarded(State(isWanted: [Bool](repeating: true, count: sampleCount)))
    self.byteCountMax = byteCountMax
  }

  package func wants(_ sample: Int) -> Bool {
    state.withLock { state in
      guard state.isWanted[sample], state.byteCount < byteCountMax else { return false }
      state.isWanted[sample] = false
      return true
    }
  }

  package func keep(_ answer: LoadAnswer, of sample: Int) {
    let byteCount =
      switch answer {
      case .body(let bytes): bytes.count
      case .tensors(let answer): answer.outputs.reduce(0) { $0 + $1.tensor.byteCount }
      }
    state.withLock { state in
      state.byteCount += byteCount
      state.answers[sample] = answer
    }
  }

  /// What was kept, by sample.
  package var answers: [Int: LoadAnswer] { state.withLock { $0.answers } }
}
