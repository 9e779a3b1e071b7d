import Inference

/// Answers of a decoupled model by their place among those of their request.
struct ResponsePlaces: Sendable {
  private(set) var statistics: [ModelStatistics.Response] = []

  mutating func count(_ record: borrowing RequestRecord) {
    let parts = record.served.parts
    for (place, part) in parts.enumerated() {
      makeRoom(for: place)
      let whole = part.given.nanoseconds(since: part.began)
      if part.isEmpty {
        statistics[place].empty.add(whole)
      } else {
        statistics[place].infer.add(part.computed.nanoseconds(since: part.began))
        statistics[place].output.add(part.given.nanoseconds(since: part.computed))
        statistics[place].success.add(whole)
      }
    }
    countEnd(record)
  }

  /// What ended otherwise than well did so in place of one more answer.
  private mutating func countEnd(_ record: borrowing RequestRecord) {
    let place = record.served.parts.count
    guard record.outcome != .success, place < ServedPhases.partsNotedMax else { return }
    makeRoom(for: place)
    let began = record.served.parts.last?.given ?? record.served.started
    let time = began == .never ? 0 : record.end.nanoseconds(since: began)
    if record.outcome == .cancelled {
      statistics[place].cancel.add(time)
    } else {
      statistics[place].failure.add(time)
    }
  }

  private mutating func makeRoom(for place: Int) {
    while statistics.count <= place { statistics.append(ModelStatistics.Response()) }
  }
}

extension ModelStatistics.Total {
  fileprivate mutating func add(_ time: UInt64) {
    count += 1
    nanoseconds &+= time
  }
}
