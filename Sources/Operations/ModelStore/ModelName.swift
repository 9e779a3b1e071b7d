/// What a model may be called: letters, digits, `_`, `-` and `.`, at most 128, so that a name is
/// the same in a path, a label and a file.
enum ModelName {
  private static let lengthMax = 128
  static let expectation = "letters, digits, _, - and . (at most \(lengthMax), not only dots)"

  static func isValid(_ name: String) -> Bool {
    !name.isEmpty && name.utf8.count <= lengthMax && name.utf8.allSatisfy(isAllowed)
      && !name.utf8.allSatisfy { $0 == UInt8(ascii: ".") }
  }

  /// A file's or folder's name as a model's, with `_` for what may not be in one; `nil` where
  /// nothing would be left.
  static func derived(from name: some StringProtocol) -> String? {
    let bytes = name.unicodeScalars.map { scalar in
      scalar.isASCII && isAllowed(UInt8(scalar.value)) ? UInt8(scalar.value) : UInt8(ascii: "_")
    }
    let derived = String(decoding: bytes.prefix(lengthMax), as: UTF8.self)
    return isValid(derived) && derived.contains { $0 != "_" } ? derived : nil
  }

  private static func isAllowed(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"),
      UInt8(ascii: "."):
      true
    default: false
    }
  }
}
