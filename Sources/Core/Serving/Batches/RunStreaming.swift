import Batching
import Inference

/// Brings the parts of one run to their requests while it goes on; for decoupled models.
///
/// On the thread of the run. A request whose rows are all done ends at once. What is not for clients
/// stays for the run's end: failed rows, rows that run again, and the last outputs of each row where
/// they hold states.
struct RunStreaming {
  private let work: BatchWork
  private let core: ModelCore
  private let began: Instant
  /// Rows of each share that are done.
  private var doneCounts: [Int]
  private var others: [RunPart] = []
  private var last: [Range<Int>: RunPart] = [:]
  private(set) var hasStreamed = false
  /// Outputs came whose rows cannot be told apart.
  private var isMixed = false

  /// How long a run waits for its client, where it is that client's alone.
  private static let patience = Duration.seconds(1)

  init(_ work: BatchWork, _ core: ModelCore, began: Instant) {
    self.work = work
    self.core = core
    self.began = began
    doneCounts = Array(repeating: 0, count: work.shares.count)
    for share in work.shares { share.request.stream?.runBegins(at: began) }
  }

  mutating func take(_ part: RunPart) {
    if case .done = part { return rowIsDone(part) }
    guard case .outputs(let rows, _) = part else { return others.append(part) }
    if core.sequences?.states.isEmpty == false { last[rows] = part }
    for place in work.shares.indices {
      guard let own = work.own([part], place: place) else {
        isMixed = true
        return
      }
      for case .outputs(_, let tensors) in own { give(tensors, to: work.shares[place].request) }
    }
  }

  private mutating func rowIsDone(_ part: RunPart) {
    // What a sequence keeps is known at the end of its run.
    guard core.sequences == nil else { return }
    for place in work.shares.indices {
      let own = work.own([part], place: place) ?? []
      let share = work.shares[place]
      guard case .done? = own.first else { continue }
      doneCounts[place] += 1
      guard doneCounts[place] == share.rows.count else { continue }
      let attempt = RunAttempt(started: began, computed: MonotonicClock.now(), parts: [])
      core.shareIsDone(work.result(share, attempt, parts: [], fault: nil))
    }
  }

  private mutating func give(_ tensors: [Tensor], to request: PendingRequest) {
    guard let stream = request.stream else { return }
    hasStreamed = true
    let part = ResponsePart(
      outputs: core.named(work.answered(tensors, of: request), wanted: request.tensors.wanted))
    if !stream.give(part, patience: work.shares.count == 1 ? Self.patience : .zero) {
      core.clientIsTooSlow(request.ticket)
    }
  }

  /// What the run's end has still to settle.
  var rest: [RunPart] { last.values + others }

  var fault: RuntimeFault? {
    isMixed
      ? RuntimeFault(
        code: .failed, message: "the model's answer has not the rows of its input") : nil
  }
}
