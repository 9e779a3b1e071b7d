import Glibc
import Reports
import WireFormats

/// Reads a trace from a file: a number of seconds in each line, CSV or JSON lines with a column of
/// timestamps, or the server's own log.
///
/// Numbers are seconds; those that are too large for that are taken for milli-, micro- or nanoseconds
/// since 1970. Of the server's log only the lines of requests count, and a request came
/// `event.duration` before its line was written.
struct TraceReader {
  /// Keys and columns that hold a timestamp, in the order in which they are looked for.
  static let keys = ["@timestamp", "timestamp", "time", "ts", "arrival", "arrival_time", "start"]
  private static let duration = "event.duration"

  private var moments: [Double] = []
  /// Of CSV, where the timestamps are; the first cell where there is no line of names.
  private var column = 0
  private var hasNames = false
  private var lineNumber = 0

  typealias Problem = ArrivalTrace.Problem

  static func trace(_ bytes: [UInt8]) throws(Problem) -> ArrivalTrace {
    var reader = TraceReader()
    for line in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
      try reader.read(line)
    }
    guard !reader.moments.isEmpty else {
      throw Problem(description: "expected a time in each line, found none")
    }
    return ArrivalTrace(reader.moments)
  }

  private mutating func read(_ bytes: ArraySlice<UInt8>) throws(Problem) {
    lineNumber += 1
    let line = String(decoding: bytes, as: UTF8.self).trimmed
    guard !line.isEmpty, !line.hasPrefix("#") else { return }
    let moment = line.hasPrefix("{") ? try json(line) : try text(line)
    guard let moment else { return }
    guard moments.count < ArrivalTrace.countMax else {
      throw problem("at most \(ArrivalTrace.countMax) arrivals", "more")
    }
    moments.append(moment)
  }

  // MARK: Forms

  private func json(_ line: String) throws(Problem) -> Double? {
    let bytes = Array(line.utf8)
    guard let document = bytes.withUnsafeBytes({ try? JSONValue(parsing: $0) }) else {
      throw problem("a JSON object", line)
    }
    guard let key = Self.keys.first(where: { document[$0] != nil }), let value = document[key]
    else {
      throw problem("one of the keys \(Self.keys.joined(separator: ", "))", line)
    }
    // Of the server's log, lines that are about something else have no duration.
    if document["log.level"] != nil, document[Self.duration] == nil { return nil }
    guard let moment = Self.moment(value) else { throw problem("a timestamp", line) }
    return moment - (Self.number(document[Self.duration] ?? .null) ?? 0) / 1e9
  }

  private mutating func text(_ line: String) throws(Problem) -> Double? {
    let words = line.split(separator: " ")
    if words.count > 1, let written = Timestamp(String(words[0])) {
      // A line of the log; one that is about something else than a request has no duration.
      let prefix = Self.duration + "="
      guard let word = words.first(where: { $0.hasPrefix(prefix) }) else { return nil }
      return written.seconds - (Double(word.dropFirst(prefix.count)) ?? 0) / 1e9
    }
    if hasNames || line.contains(",") { return try csv(line) }
    guard let moment = Self.moment(line) else { throw problem("a time", line) }
    return moment
  }

  private mutating func csv(_ line: String) throws(Problem) -> Double? {
    let cells = line.split(separator: ",", omittingEmptySubsequences: false).map {
      String($0).trimmed
    }
    if lineNumber == 1, Self.moment(cells[0]) == nil {
      guard let found = Self.keys.compactMap({ cells.firstIndex(of: $0) }).first else {
        throw problem("a column named \(Self.keys.joined(separator: ", "))", line)
      }
      column = found
      hasNames = true
      return nil
    }
    guard cells.count > column, let moment = Self.moment(cells[column]) else {
      throw problem("a timestamp in column \(column + 1)", line)
    }
    return moment
  }

  private func problem(_ expected: String, _ got: String) -> Problem {
    let shown = TextTable.harmless(String(got.prefix(60)))
    return Problem(description: "line \(lineNumber): expected \(expected), got \(shown)")
  }

  // MARK: Moments

  private static func moment(_ value: JSONValue) -> Double? {
    if case .string(let text) = value { return moment(text) }
    return number(value).flatMap(scaled)
  }

  private static func number(_ value: JSONValue) -> Double? {
    switch value {
    case .integer(let number): Double(number)
    case .number(let number): number
    default: nil
    }
  }

  /// Seconds.
  private static func moment(_ text: String) -> Double? {
    if let number = Double(text) { return scaled(number) }
    return Timestamp(text)?.seconds
  }

  /// The units of times since 1970 lie three powers of ten apart; 1e11 seconds is the year 5138.
  private static func scaled(_ number: Double) -> Double? {
    guard number.isFinite, abs(number) < 1e20 else { return nil }
    switch abs(number) {
    case ..<1e11: return number
    case ..<1e14: return number / 1e3
    case ..<1e17: return number / 1e6
    default: return number / 1e9
    }
  }
}

/// A moment as RFC 3339 writes it: `2026-01-31T23:59:59.999Z`, `2026-01-31 23:59:59+02:00`.
struct Timestamp: Equatable {
  /// Since 1970, in UTC.
  let seconds: Double

  init?(_ text: String) {
    let bytes = Array(text.utf8)
    guard bytes.count >= 19, bytes.count <= 40, bytes[4] == UInt8(ascii: "-"),
      bytes[7] == UInt8(ascii: "-"), bytes[10] == UInt8(ascii: "T") || bytes[10] == 0x20,
      bytes[13] == UInt8(ascii: ":"), bytes[16] == UInt8(ascii: ":"),
      let year = Self.number(bytes[0..<4]), let month = Self.number(bytes[5..<7]),
      let day = Self.number(bytes[8..<10]), let hour = Self.number(bytes[11..<13]),
      let minute = Self.number(bytes[14..<16]), let second = Self.number(bytes[17..<19]),
      (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60, second <= 60
    else { return nil }
    var rest = bytes[19...]
    var fraction = 0.0
    if rest.first == UInt8(ascii: ".") {
      let digits = rest.dropFirst().prefix { Self.digit($0) != nil }
      guard !digits.isEmpty, let value = Double("0." + String(decoding: digits, as: UTF8.self))
      else { return nil }
      fraction = value
      rest = rest.dropFirst(digits.count + 1)
    }
    guard let zone = Self.zoneSeconds(rest) else { return nil }
    let days = Self.days(year: year, month: month, day: day)
    seconds = Double(days * 86_400 + hour * 3_600 + minute * 60 + second - zone) + fraction
  }

  /// `Z`, nothing, or `+02:00`.
  private static func zoneSeconds(_ bytes: ArraySlice<UInt8>) -> Int? {
    if bytes.isEmpty || bytes.elementsEqual("Z".utf8) { return 0 }
    let bytes = Array(bytes)
    guard bytes.count == 6, bytes[3] == UInt8(ascii: ":"), let hours = number(bytes[1..<3]),
      let minutes = number(bytes[4..<6])
    else { return nil }
    switch bytes[0] {
    case UInt8(ascii: "+"): return hours * 3_600 + minutes * 60
    case UInt8(ascii: "-"): return -(hours * 3_600 + minutes * 60)
    default: return nil
    }
  }

  /// From 1970-01-01: `days_from_civil` of Howard Hinnant's "chrono-compatible low-level date
  /// algorithms"; years begin in March, so that the leap day is their last.
  private static func days(year: Int, month: Int, day: Int) -> Int {
    let year = month <= 2 ? year - 1 : year
    let era = (year >= 0 ? year : year - 399) / 400
    let yearOfEra = year - era * 400
    let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
  }

  private static func digit(_ byte: UInt8) -> Int? {
    byte >= 0x30 && byte <= 0x39 ? Int(byte - 0x30) : nil
  }

  private static func number(_ bytes: ArraySlice<UInt8>) -> Int? {
    var value = 0
    for byte in bytes {
      guard let digit = digit(byte) else { return nil }
      value = value * 10 + digit
    }
    return value
  }
}

extension String {
  /// Without blanks, tabs and carriage returns around it.
  fileprivate var trimmed: String {
    let isBlank = { (character: Character) in
      character == " " || character == "\t" || character == "\r"
    }
    let head = drop(while: isBlank)
    guard let last = head.lastIndex(where: { !isBlank($0) }) else { return "" }
    return String(head[...last])
  }
}
