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
    Self.append(year, width: 4, "-", to: &bytes)
    Self.append(month, width: 2, "-", to: &bytes)
    Self.append(day, width: 2, "T", to: &bytes)
    Self.append(time / 3_600, width: 2, ":", to: &bytes)
    Self.append(time / 60 % 60, width: 2, ":", to: &bytes)
    Self.append(time % 60, width: 2, ".", to: &bytes)
    Self.append(nanoseconds / 1_000_000, width: 3, "Z", to: &bytes)
  }

  private static func append(
    _ value: Int, width: Int, _ end: Unicode.Scalar, to bytes: inout [UInt8]
  ) {
    var divisor = 1
    for _ in 1..<width { divisor *= 10 }
    while divisor > 0 {
      bytes.append(UInt8(ascii: "0") + UInt8(value / divisor % 10))
      divisor /= 10
    }
    bytes.append(UInt8(ascii: end))
  }
}
