/// Quantities as a person reads them: rounded, with a unit.
package enum Readable {
  /// `512 B`, `10.2 MiB`.
  package static func bytes(_ count: Int) -> String {
    var size = Double(count)
    var unit = "B"
    for larger in ["KiB", "MiB", "GiB", "TiB"] where size.magnitude >= 1_024 {
      size /= 1_024
      unit = larger
    }
    return unit == "B" ? "\(count) B" : "\(decimal(size, places: size < 100 ? 1 : 0)) \(unit)"
  }

  /// `0.4 ms`, `31 ms`, `2.5 s`.
  package static func time(_ nanoseconds: UInt64) -> String {
    let milliseconds = Double(nanoseconds) / 1_000_000
    if milliseconds < 1_000 {
      return "\(decimal(milliseconds, places: milliseconds < 10 ? 1 : 0)) ms"
    }
    return "\(decimal(milliseconds / 1_000, places: 1)) s"
  }

  /// A number with that many digits after the point; no exponent, no locale.
  package static func decimal(_ value: Double, places: Int) -> String {
    let scale = (0..<places).reduce(1) { product, _ in product * 10 }
    guard value.isFinite, value.magnitude < 1e15, value.magnitude * Double(scale) < 9e18 else {
      return "\(value)"
    }
    let scaled = Int((value.magnitude * Double(scale)).rounded())
    let sign = value < 0 && scaled > 0 ? "-" : ""
    guard places > 0 else { return "\(sign)\(scaled)" }
    let fraction = String(scale + scaled % scale).dropFirst()
    return "\(sign)\(scaled / scale).\(fraction)"
  }

  /// Two digits after the point and an exponent of ten, for tiny and huge numbers: `6.20e-8`.
  package static func scientific(_ value: Double) -> String {
    guard value.isFinite, value != 0 else { return "\(value)" }
    var mantissa = value
    var exponent = 0
    while mantissa.magnitude >= 10 {
      mantissa /= 10
      exponent += 1
    }
    while mantissa.magnitude < 1 {
      mantissa *= 10
      exponent -= 1
    }
    return "\(decimal(mantissa, places: 2))e\(exponent)"
  }
}
