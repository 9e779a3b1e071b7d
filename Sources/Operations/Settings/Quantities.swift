/// A count of bytes as people write it: `64MiB`, `64MB`, `512`.
package enum ByteSize {
  private static let units: [(name: String, bytes: Int)] = [
    ("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10),
    ("TB", 1_000_000_000_000), ("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1_000),
    ("KB", 1_000), ("B", 1), ("", 1),
  ]

  /// `nil` where the text is none, or too large to count. Units are those of IEC and SI; their case
  /// does not matter.
  package static func parse(_ text: String) -> Int? {
    guard let (number, unit) = splitQuantity(text) else { return nil }
    guard let factor = units.first(where: { $0.name.lowercased() == unit.lowercased() }) else {
      return nil
    }
    let (product, overflow) = number.multipliedReportingOverflow(by: factor.bytes)
    return overflow ? nil : product
  }

  /// In the largest unit that divides it evenly.
  package static func text(_ byteCount: Int) -> String {
    guard byteCount > 0 else { return String(byteCount) }
    for unit in units.prefix(4) where byteCount % unit.bytes == 0 {
      return "\(byteCount / unit.bytes)\(unit.name)"
    }
    return String(byteCount)
  }
}

/// A length of time as people write it: `250ms`, `10s`, `1m`.
package enum TimeSpan {
  private static let units: [(name: String, nanoseconds: Int)] = [
    ("h", 3_600_000_000_000), ("m", 60_000_000_000), ("s", 1_000_000_000), ("ms", 1_000_000),
    ("us", 1_000), ("ns", 1),
  ]

  /// `nil` where the text is none or has no unit; `0` needs none.
  package static func parse(_ text: String) -> Duration? {
    guard let (number, unit) = splitQuantity(text) else { return nil }
    if number == 0, unit.isEmpty { return .zero }
    guard let factor = units.first(where: { $0.name == unit }) else { return nil }
    let (product, overflow) = number.multipliedReportingOverflow(by: factor.nanoseconds)
    return overflow ? nil : .nanoseconds(product)
  }

  /// In the largest unit that divides it evenly.
  package static func text(_ duration: Duration) -> String {
    let (seconds, attoseconds) = duration.components
    let total = Int(seconds) * 1_000_000_000 + Int(attoseconds / 1_000_000_000)
    guard total > 0 else { return "0s" }
    for unit in units where total % unit.nanoseconds == 0 && total > unit.nanoseconds - 1 {
      return "\(total / unit.nanoseconds)\(unit.name)"
    }
    return "\(total)ns"
  }
}

/// The whole number at a text's beginning, and the rest.
private func splitQuantity(_ text: String) -> (Int, String)? {
  let digits = text.prefix { $0.isASCII && $0.isNumber }
  guard let number = Int(digits) else { return nil }
  let rest = text[digits.endIndex...].drop { $0 == " " }
  return (number, String(rest))
}
