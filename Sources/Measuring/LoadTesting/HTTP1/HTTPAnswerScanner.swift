/// Finds the end of one answer after the other in what a connection brings (RFC 9112), and keeps the
/// body where it is wanted. A pure value; bytes may come in pieces of any size.
///
///     head ──> length ──> ended
///       ├────> chunk size ──> chunk ──> chunk's end ──> chunk size ... ──> trailers ──> ended
///       └────> until the connection's end
struct HTTPAnswerScanner {
  /// A head, or a line between chunks, at most.
  static let headByteCountMax = 64 << 10
  /// An answer that is kept, at most.
  static let bodyByteCountMax = 64 << 20

  private enum Stage {
    case head
    case length(rest: Int)
    case chunkSize
    case chunk(rest: Int)
    case chunkEnd
    case trailers
    case untilClose
    case ended
  }

  enum Progress: Equatable {
    /// The answer goes on.
    case unfinished
    /// It ended after so many of the bytes.
    case finished(byteCount: Int)
    /// It is none: why.
    case nonsense(String)
  }

  private var stage = Stage.head
  /// The beginning of a head or a line whose end has not come.
  private var held: [UInt8] = []
  /// What the head of the answer said; 0 before.
  private(set) var status = 0
  /// The server will close the connection.
  private(set) var closes = false
  private var isKept = false
  private(set) var body: [UInt8] = []
  private var complaint: String?

  /// The next bytes are those of a new answer.
  mutating func begin(keepingBody isKept: Bool) {
    stage = .head
    status = 0
    self.isKept = isKept
    if !body.isEmpty { body = [] }
  }

  /// The answer is whole where the connection ends here.
  var mayEndHere: Bool { if case .untilClose = stage { true } else { false } }

  /// Reads on, no further than to the answer's end.
  mutating func take(_ bytes: UnsafeRawBufferPointer) -> Progress {
    var start = 0
    while start < bytes.count {
      let used = step(UnsafeRawBufferPointer(rebasing: bytes[start...]))
      if let complaint { return .nonsense(complaint) }
      start += used
      if case .ended = stage { return .finished(byteCount: start) }
    }
    return .unfinished
  }

  /// How many bytes the next step used: all of them, or up to a border.
  private mutating func step(_ bytes: UnsafeRawBufferPointer) -> Int {
    switch stage {
    case .head: return takeHead(bytes)
    case .length(let rest):
      let count = keep(bytes, upTo: rest)
      stage = count == rest ? .ended : .length(rest: rest - count)
      return count
    case .chunk(let rest):
      let count = keep(bytes, upTo: rest)
      stage = count == rest ? .chunkEnd : .chunk(rest: rest - count)
      return count
    case .chunkSize, .chunkEnd, .trailers: return takeLine(bytes)
    case .untilClose: return keep(bytes, upTo: bytes.count)
    case .ended: return 0
    }
  }

  // MARK: The head

  private mutating func takeHead(_ bytes: UnsafeRawBufferPointer) -> Int {
    guard !held.isEmpty else {
      let used = apply(HTTPHead.read(bytes), of: bytes.count)
      if used == nil { held.append(contentsOf: bytes) }
      return used ?? bytes.count
    }
    let heldCount = held.count
    held.append(contentsOf: bytes)
    let reading = held.withUnsafeBytes { all -> HTTPHead.Reading in
      HTTPHead.isWorthReading(all, after: heldCount) ? HTTPHead.read(all) : .part
    }
    guard let used = apply(reading, of: held.count) else { return bytes.count }
    held.removeAll(keepingCapacity: true)
    return used - heldCount
  }

  /// How many bytes the head has; `nil` where it has not ended.
  private mutating func apply(_ reading: HTTPHead.Reading, of count: Int) -> Int? {
    switch reading {
    case .nonsense:
      complaint = "the answer does not begin as HTTP/1.1 does"
      return count
    case .part:
      if count > Self.headByteCountMax {
        complaint = "the answer's head has no end within \(Self.headByteCountMax) bytes"
      }
      return nil
    case .whole(let head, let byteCount):
      begin(head)
      return byteCount
    }
  }

  private mutating func begin(_ head: HTTPHead) {
    // RFC 9110, 15.2: what comes before the answer proper.
    guard !(100..<200).contains(head.status) else { return }
    status = head.status
    closes = head.closes
    if head.status == 204 || head.status == 304 {
      stage = .ended
    } else if head.isChunked {
      stage = .chunkSize
    } else if let length = head.contentLength {
      stage = length == 0 ? .ended : .length(rest: length)
    } else {
      stage = .untilClose
      closes = true
    }
  }

  // MARK: The body

  private mutating func keep(_ bytes: UnsafeRawBufferPointer, upTo most: Int) -> Int {
    let count = min(most, bytes.count)
    guard isKept else { return count }
    if body.count + count > Self.bodyByteCountMax {
      complaint = "the answer is larger than \(Self.bodyByteCountMax) bytes"
    } else {
      body.append(contentsOf: bytes.prefix(count))
    }
    return count
  }

  private mutating func takeLine(_ bytes: UnsafeRawBufferPointer) -> Int {
    guard let end = HTTPHead.lineEnd(bytes, from: 0) else {
      held.append(contentsOf: bytes)
      if held.count > Self.headByteCountMax { complaint = "a line has no end" }
      return bytes.count
    }
    held.append(contentsOf: bytes.prefix(end))
    if held.last == 13 { held.removeLast() }
    readLine()
    held.removeAll(keepingCapacity: true)
    return end + 1
  }

  private mutating func readLine() {
    switch stage {
    case .chunkSize:
      guard let size = chunkSize else {
        complaint = "a chunk of the answer has no size"
        return
      }
      stage = size == 0 ? .trailers : .chunk(rest: size)
    case .chunkEnd:
      if !held.isEmpty { complaint = "a chunk of the answer has no end" }
      stage = .chunkSize
    // Trailers end with an empty line.
    default: if held.isEmpty { stage = .ended }
    }
  }

  /// Hexadecimal, perhaps with an extension behind a semicolon.
  private var chunkSize: Int? {
    let digits = held.prefix { $0 != UInt8(ascii: ";") && $0 > 32 }
    guard !digits.isEmpty, digits.count <= 12 else { return nil }
    var size = 0
    for digit in digits {
      guard let value = Character(UnicodeScalar(digit)).hexDigitValue else { return nil }
      size = size << 4 | value
    }
    return size
  }
}
