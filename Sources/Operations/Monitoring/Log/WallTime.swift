import Glibc

/// A moment of the wall clock, in UTC.
struct WallTime: Equatable {
  /// Since the Unix epoch.
  let seconds: Int
  let nanoseconds: Int

  static func now() -> WallTime {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return WallTime(seconds: time.tv_sec, nanoseconds: time.tv_nsec)
  }

  /// Appends RFC 3339 with milliseconds: `2026-01-31T23:59:59.999Z`.
  ///
  /// The date is computed as Howard Hinnant's "chrono-compatible low-level date algorithms"
  /// describes (`civil_from_days`): years begin in March, so that the leap day is their last.
  func append(to bytes: inout [UInt8]) {
    let days = seconds / 86_400 + 719_468
    let era = days / 146_097
    let dayOfEra = days % 146_097
    let yearOfEra =
      (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthFromMarch = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
    let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
    let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    let time = seconds % 86_400
    let parts: [(value: Int, width: Int, end: Character)] = [
      (year, 4, "-"), (month, 2, "-"), (day, 2, "T"), (time / 3_600, 2, ":"),
      (time / 60 % 60, 2, ":"), (time % 60, 2, "."), (nanoseconds / 1_000_000, 3, "Z"),
    ]
    for part in parts {
      Self.append(part.value, width: part.width, to: &bytes)
      bytes.append(part.end.asciiValue ?? 0)
    }
  }

  private static func append(_ value: Int, width: Int, to bytes: inout [UInt8]) {
    var divisor = 1
    for _ in 1..<width { divisor *= 10 }
    while divisor > 0 {
      bytes.append(UInt8(ascii: "0") + UInt8(value / divisor % 10))
      divisor /= 10
    }
  }
}
