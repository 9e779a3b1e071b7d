import Testing

@testable import Trees

@Suite struct DecimalTextTests {
  private func read<Value>(_ text: String, _ body: (DecimalText, UnsafeRawBufferPointer) -> Value)
    -> Value?
  {
    var place = 0
    return Array(text.utf8).withUnsafeBytes { bytes in
      DecimalText(bytes, at: &place).map { body($0, bytes) }
    }
  }

  private func float(_ text: String) -> Float? { read(text) { $0.float(of: $1) } }
  private func double(_ text: String) -> Double? { read(text) { $0.double(of: $1) } }

  static let texts = [
    "0", "-0", "1", "-1.5", "6.256281E-1", "5E-1", "1e22", "1e23", "123456789012345678",
    "12345678901234567890123", "0.1000000000000000055511151231257827021181583404541015625",
    "1.00000005960464477539062", "1.00000005960464477539063", "1.0000000596046447753906",
    "16777217", "16777219", "1.1754943E-38", "1.1754942E-38", "1e-45", "7e-46", "3.4028236e38",
    "3.4028235e38", "1e39", "-1e400", "1e-400", "2.2250738585072014e-308", "4.9e-324", "2e-324",
    "1.7976931348623157e308", "9007199254740993", "9007199254740993.0000001",
    "0.13275957480398389", "1.0000000180025095e-35", "-3.3589019327908556", "1e0000000001",
    "00000000000000000000012.5", "100000000000000000000000", "1e-30", ".5", "5.", "1E+5",
    "4.35", "8.5e-10", "72057594037927945", "1.15e-21", "99999999999999999999e-5",
  ]

  @Test(arguments: texts)
  func `a number is the nearest one of its precision`(text: String) {
    #expect(double(text)?.bitPattern == Double(text)?.bitPattern)
    #expect(float(text)?.bitPattern == Float(text)?.bitPattern)
  }

  @Test func `numbers written as libraries write them come back bit for bit`() {
    var state: UInt64 = 88_172_645_463_325_252
    var wrong: [String] = []
    for _ in 0..<10_000 {
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      let values = [Double(bitPattern: state), Double(Int64(bitPattern: state)) / 9.3e18]
      for value in values where value.isFinite {
        let text = "\(value)"
        if double(text)?.bitPattern != value.bitPattern { wrong.append(text) }
        if float(text)?.bitPattern != Float(text)?.bitPattern { wrong.append("Float " + text) }
      }
      let narrow = Float(bitPattern: UInt32(truncatingIfNeeded: state))
      guard narrow.isFinite else { continue }
      if float("\(narrow)")?.bitPattern != narrow.bitPattern { wrong.append("\(narrow)") }
    }
    #expect(wrong == [])
  }

  @Test(arguments: ["", "-", "e5", ".", "+.", "x", " 1", "NaN"])
  func `what is no number is none`(text: String) {
    #expect(double(text) == nil)
  }

  @Test func `an exponent without digits is not part of the number`() {
    var place = 0
    Array("12e+,".utf8).withUnsafeBytes { bytes in
      #expect(DecimalText(bytes, at: &place)?.double(of: bytes) == 12)
    }
    #expect(place == 2)
  }
}
