import Inference
import Testing
import WireFormats

@Suite struct NumberPrintingTests {
  private func printed<Element: BitwiseCopyable>(
    _ values: [Element], _ datatype: Datatype
  ) throws -> [String] {
    let tensor = Tensor(values, datatype: datatype, shape: [values.count])
    let text = text(of: try response([NamedTensor(name: "y", tensor: tensor)]))
    let data = try #require(text.firstRange(of: #""data":["#)).upperBound
    return text[data...].dropLast(4).split(separator: ",").map(String.init)
  }

  /// Significant digits, without the zeros around them.
  private func digits(_ text: String) -> String {
    let written = text.prefix { $0 != "e" }.filter(\.isNumber).drop { $0 == "0" }
    return String(written.reversed().drop { $0 == "0" }.reversed())
  }

  @Test(
    arguments: [
      (0, "0.0"), (-0.0, "-0.0"), (1, "1.0"), (0.1, "0.1"), (-2.5, "-2.5"), (100, "100.0"),
      (0.0001, "0.0001"), (0.00001, "1e-05"), (1e-7, "1e-07"), (16_777_216, "16777216.0"),
      (1e9, "1000000000.0"), (1e10, "10000000000.0"), (1e15, "1000000000000000.0"), (1e16, "1e+16"),
      (1.5e20, "1.5e+20"), (Float.greatestFiniteMagnitude, "3.4028235e+38"),
      (Float.leastNonzeroMagnitude, "1e-45"), (Float.leastNormalMagnitude, "1.1754944e-38"),
      (123_456.79, "123456.79"), (.nan, "NaN"), (.infinity, "Infinity"), (-.infinity, "-Infinity"),
    ] as [(Float, String)])
  func `singles are laid out as Python lays out floats`(_ value: Float, _ text: String) throws {
    #expect(try printed([value], .float32) == [text])
  }

  @Test(
    arguments: [
      (0.1, "0.1"), (1, "1.0"), (0.30000000000000004, "0.30000000000000004"), (1e22, "1e+22"),
      (123_456_789_012_345_680, "1.2345678901234568e+17"), (1e15, "1000000000000000.0"),
      (9_007_199_254_740_992, "9007199254740992.0"), (.leastNonzeroMagnitude, "5e-324"),
      (1e-5, "1e-05"),
      (1.7976931348623157e308, "1.7976931348623157e+308"),
      (2.2250738585072014e-308, "2.2250738585072014e-308"),
      (-0.00012345678901234567, "-0.00012345678901234567"), (9.5, "9.5"), (.nan, "NaN"),
      (-.infinity, "-Infinity"),
    ] as [(Double, String)])
  func `doubles are laid out as Python lays out floats`(_ value: Double, _ text: String) throws {
    #expect(try printed([value], .float64) == [text])
  }

  @Test func `singles of every exponent have the shortest digits and read back exactly`() throws {
    var random = Seeded(4)
    var values: [Float] = []
    for exponent in UInt32(0)..<255 {
      values.append(Float(bitPattern: exponent << 23))
      for _ in 0..<60 {
        let fraction = UInt32.random(in: 0...0x7F_FFFF, using: &random)
        values.append(Float(bitPattern: exponent << 23 | fraction))
      }
    }
    for (value, text) in zip(values, try printed(values, .float32)) {
      if Float(text) != value || digits(text) != digits("\(value)") {
        Issue.record("\(value) was printed as \(text)")
      }
    }
  }

  @Test func `doubles of every exponent have the shortest digits and read back exactly`() throws {
    var random = Seeded(5)
    var values: [Double] = []
    for exponent in UInt64(0)..<2_047 {
      values.append(Double(bitPattern: exponent << 52))
      for _ in 0..<8 {
        let fraction = UInt64.random(in: 0...0xF_FFFF_FFFF_FFFF, using: &random)
        values.append(Double(bitPattern: exponent << 52 | fraction))
      }
    }
    for (value, text) in zip(values, try printed(values, .float64)) {
      if Double(text) != value || digits(text) != digits("\(value)") {
        Issue.record("\(value) was printed as \(text)")
      }
    }
  }

  @Test func `integers are printed whole`() throws {
    let unsigned: [UInt64] = [0, 9, 10, 99_999_999, 100_000_000, 10_000_000_000_000_000, .max]
    #expect(try printed(unsigned, .uint64) == unsigned.map(String.init))
    let signed: [Int64] = [0, -1, 42, -100_000_000, .max, .min]
    #expect(try printed(signed, .int64) == signed.map(String.init))
    #expect(try printed([0, 7, 255] as [UInt8], .uint8) == ["0", "7", "255"])
    #expect(try printed([-128, 127] as [Int8], .int8) == ["-128", "127"])
  }

  @Test func `half precision and bfloat16 are printed as the singles they are`() throws {
    #expect(
      try printed([0.1, -2, .infinity] as [Float16], .float16) == [
        "0.099975586", "-2.0", "Infinity",
      ])
    #expect(try printed([0x3DCD, 0x4380] as [UInt16], .bfloat16) == ["0.10009766", "256.0"])
  }
}
