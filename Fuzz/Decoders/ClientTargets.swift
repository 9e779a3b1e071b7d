@testable import LoadTesting

/// What a server answers to the load generator is read the same in pieces of any size; the first byte
/// says of which.
func fuzzHTTPClient(_ bytes: UnsafeRawBufferPointer) {
  guard let (size, answers) = choice(bytes) else { return }
  let whole = ScannedAnswers(answers, pieceByteCount: max(1, answers.count))
  let pieces = ScannedAnswers(answers, pieceByteCount: Int(size) + 1)
  require(whole == pieces, "\(whole) is \(pieces) in pieces of \(Int(size) + 1)")
}

/// The answers that were found in some bytes, one behind the other.
private struct ScannedAnswers: Equatable {
  struct Answer: Equatable {
    let status: Int
    let closes: Bool
    let body: [UInt8]
  }

  private(set) var answers: [Answer] = []
  private(set) var complaint: String?
  private(set) var unendedByteCount = 0
  private(set) var mayEndHere = false
  private var scanner = HTTPAnswerScanner()

  init(_ bytes: UnsafeRawBufferPointer, pieceByteCount: Int) {
    scanner.begin(keepingBody: true)
    inPieces(bytes, of: pieceByteCount) { take($0) }
    mayEndHere = scanner.mayEndHere
    if mayEndHere { unendedByteCount = scanner.body.count }
  }

  private mutating func take(_ piece: UnsafeRawBufferPointer) {
    var start = 0
    while start < piece.count, complaint == nil {
      switch scanner.take(UnsafeRawBufferPointer(rebasing: piece[start...])) {
      case .unfinished: return
      case .nonsense(let text): complaint = text
      case .finished(let count):
        require(count > 0 && count <= piece.count - start, "\(count) of \(piece.count) bytes")
        start += count
        answers.append(
          Answer(status: scanner.status, closes: scanner.closes, body: scanner.body))
        scanner.begin(keepingBody: true)
      }
    }
  }

  static func == (left: ScannedAnswers, right: ScannedAnswers) -> Bool {
    left.answers == right.answers && left.complaint == right.complaint
      && left.mayEndHere == right.mayEndHere && left.unendedByteCount == right.unendedByteCount
  }
}
