import NIOCore

/// The `Date` header's line, made once a second and not once an answer.
///
/// RFC 9110, 5.6.7: `Sun, 06 Nov 1994 08:49:37 GMT`.
struct DateText {
  /// `Date: ...\r\n`.
  private let line: ByteBuffer

  /// Seconds since 1970 began, UTC.
  init(unixSeconds: Int) {
    line = ByteBuffer(string: "Date: \(Self.text(unixSeconds))\r\n")
  }

  func write(to buffer: inout ByteBuffer) { buffer.writeImmutableBuffer(line) }

  private static let weekdays = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
  private static let months = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]

  static func text(_ unixSeconds: Int) -> String {
    let days = unixSeconds / 86_400
    let second = unixSeconds % 86_400
    let (year, month, day) = civil(days)
    let time = [second / 3_600, second / 60 % 60, second % 60].map(twoDigits)
    return "\(weekdays[days % 7]), \(twoDigits(day)) \(months[month - 1]) \(year) "
      + time.joined(separator: ":") + " GMT"
  }

  private static func twoDigits(_ number: Int) -> String {
    number < 10 ? "0\(number)" : "\(number)"
  }

  /// The date of a day counted from 1970-01-01, which is day 0. Years are taken to begin in March,
  /// so that the leap day is the last of its year; 146,097 days are 400 years.
  private static func civil(_ days: Int) -> (year: Int, month: Int, day: Int) {
    let shifted = days + 719_468
    let era = shifted / 146_097
    let dayOfEra = shifted % 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let marchMonth = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * marchMonth + 2) / 5 + 1
    let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
  }
}
