package import Inference

extension BatchQueueState {
  /// A request of a sequence arrived.
  mutating func offer(
    _ request: QueuedRequest, of sequence: SequenceMark, now: Instant,
    _ decision: inout QueueDecision
  ) {
    if sequences?.takes(sequence, now: now) == true {
      admit(request, of: sequence, now: now, &decision)
    } else {
      decision.fail.append((request.ticket, .sequenceNotStarted(sequence.id)))
    }
    startNext(now: now, &decision)
  }

  /// The sequence of a request that is one by itself.
  func ownSequence(of ticket: Ticket) -> SequenceMark {
    // Also in a control input of 32 bits, and not used again while anybody could remember.
    let count = ticket.number >> UInt64(Ticket.placeBits) & 0x7FFF_FFFF
    return SequenceMark(id: .number(count), isStart: true, isEnd: true)
  }

  /// The rows of a request ran and are to run again: it waits for its next run, in the place that it
  /// has. False where nobody wants it any more, or its model is not one that runs requests again.
  ///
  /// To be told before `instanceBecameFree`.
  package mutating func runsAgain(_ ticket: Ticket) -> Bool {
    guard book.holds(ticket), sequences?.runsAgain(ticket) == true else { return false }
    waitAgain(ticket)
    return true
  }

  /// What the model gave for the next request of a running request's sequence.
  package mutating func keep(_ states: [Tensor], of ticket: Ticket) {
    sequences?.keep(states, of: ticket)
  }

  /// Starts the run of one idle instance whose sequences are ready.
  mutating func startSequences(now: Instant, _ decision: inout QueueDecision) {
    for instance in runs.idleInstances.reversed() {
      switch sequences?.compose(on: instance, now: now, isHurried: isDraining) {
      case .run(let tickets):
        sequences?.start(tickets, on: instance)
        let shares = tickets.mapped {
          BatchShare(ticket: $0, rows: 0..<book[$0].request.rowCount)
        }
        for share in shares {
          takeFromLine(share)
          book[share.ticket].rowsStarted = share.rows.upperBound
        }
        decision.run = runs.start(shares, on: instance, in: book)
        decision.mayStartMore = runs.hasIdleInstance && !lines.isEmpty
        return
      case .wait(let instant): batchReadyAt = min(batchReadyAt ?? .distantFuture, instant)
      case .nothing, nil: break
      }
    }
  }
}
