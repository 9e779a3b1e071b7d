import Glibc
import Inference
import Testing
import WireFormats

/// Reads numbers through whole requests and compares with the C library's own reading of the same
/// text.
@Suite struct NumberReadingTests {
  private func read<Element: BitwiseCopyable>(
    _ texts: [String], _ datatype: Datatype, as type: Element.Type
  ) throws -> [Element] {
    let shape = "[\(texts.count)]"
    let request = try decoded(
      request(datatype, shape, "[" + texts.joined(separator: ",") + "]"),
      signature([tensor("x", datatype, [nil])])
    ).get()
    return try #require(request.body.inputs[0]).elements(as: type)
  }

  /// Every shape of decimal text: few digits and many, small exponents and large, ties and near-ties.
  private func texts(seed: UInt64, count: Int, exponents: ClosedRange<Int>) -> [String] {
    var random = Seeded(seed)
    return (0..<count).map { index in
      let digitCount = Int.random(in: 1...(index % 10 == 0 ? 40 : 20), using: &random)
      let digits = (0..<digitCount).map { _ in
        String(Int.random(in: 0...9, using: &random))
      }.joined()
      let sign = Bool.random(using: &random) ? "-" : ""
      let whole = Bool.random(using: &random) ? "0" : String(Int.random(in: 1...99, using: &random))
      let exponent = Int.random(in: exponents, using: &random)
      return "\(sign)\(whole).\(digits)" + (index % 3 == 0 ? "" : "e\(exponent)")
    }
  }

  @Test func `doubles are the nearest ones, as strtod has them`() throws {
    let texts = texts(seed: 1, count: 60_000, exponents: -325...306)
    let values = try read(texts, .float64, as: Double.self)
    for (text, value) in zip(texts, values) where value.bitPattern != strtod(text, nil).bitPattern {
      Issue.record("\(text) was read as \(value)")
    }
  }

  @Test func `singles are the nearest ones, as strtof has them`() throws {
    let texts = texts(seed: 2, count: 60_000, exponents: -48...36)
    let values = try read(texts, .float32, as: Float.self)
    for (text, value) in zip(texts, values) where value.bitPattern != strtof(text, nil).bitPattern {
      Issue.record("\(text) was read as \(value)")
    }
  }

  @Test func `the middle between two singles goes to the even one, a hair beside it does not`()
    throws
  {
    var random = Seeded(3)
    var texts: [String] = []
    var expected: [Float] = []
    for _ in 0..<2_000 {
      // Bits that give a positive finite single with a finite upper neighbour.
      let low = Float(bitPattern: UInt32.random(in: 1..<0x7F7F_FFFE, using: &random))
      let middle = (Double(low) + Double(low.nextUp)) / 2
      let digits = exactDecimal(middle)
      texts += [digits, digits + "00000000000000000000000001"]
      expected += [Float(middle), low.nextUp]
    }
    let values = try read(texts, .float32, as: Float.self)
    for (index, value) in values.enumerated() where value != expected[index] {
      Issue.record("\(texts[index]) was read as \(value)")
    }
  }

  /// All digits of a double, with a point, so that more can be appended.
  private func exactDecimal(_ value: Double) -> String {
    var text = [CChar](repeating: 0, count: 1_200)
    withVaList([value]) { _ = vsnprintf(&text, text.count, "%.300f", $0) }
    return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  @Test(
    arguments: [
      ("0.1", 0x2E66), ("65504", 0x7BFF), ("65519.99", 0x7BFF), ("5.9604644775390625e-8", 0x0001),
      ("2.98023223876953125e-8", 0x0000), ("2.98023223876953125000000000001e-8", 0x0001),
      ("1.00048828125", 0x3C00), ("1.00048828125000000000000000000001", 0x3C01),
      ("1.00146484375", 0x3C02), ("1.00146484374999999999999999999999", 0x3C01), ("-0", 0x8000),
    ] as [(String, UInt16)])
  func `half precision is rounded once`(_ text: String, _ bits: UInt16) throws {
    #expect(try read([text], .float16, as: UInt16.self) == [bits])
  }

  @Test(
    arguments: [
      ("1", 0x3F80), ("257", 0x4380), ("259", 0x4382), ("257.00000000000000000000000001", 0x4381),
      ("3.3895313892515355e38", 0x7F7F), ("-0.0", 0x8000), ("1e-45", 0x0000),
    ] as [(String, UInt16)])
  func `bfloat16 is rounded once`(_ text: String, _ bits: UInt16) throws {
    #expect(try read([text], .bfloat16, as: UInt16.self) == [bits])
  }

  @Test(
    arguments: [
      (.float32, "1e39"), (.float32, "3.4028236e38"), (.float64, "1e400"), (.float64, "-1e309"),
      (.float16, "70000"), (.float16, "65520"), (.bfloat16, "3.4e38"), (.uint8, "256"),
      (.uint8, "-1"), (.int8, "128"), (.int8, "-129"), (.uint16, "65536"), (.int16, "-32769"),
      (.int32, "2147483648"), (.uint32, "4294967296"), (.int64, "9223372036854775808"),
      (.int64, "-9223372036854775809"), (.uint64, "18446744073709551616"),
      (.uint64, "100000000000000000000000"),
    ] as [(Datatype, String)])
  func `a number beyond the datatype is refused`(_ datatype: Datatype, _ text: String) {
    let failure = decoded(
      request(datatype, "[2]", "[0,\(text)]"), signature([tensor("x", datatype, [2])])
    ).failure
    #expect(failure == .elementOutOfRange(input: "x", datatype: datatype, index: 1))
  }

  @Test(
    arguments: [
      (.uint8, "255", UInt64(UInt8.max)), (.uint64, "18446744073709551615", .max),
      (.uint64, "10000000000000000000", 10_000_000_000_000_000_000), (.uint8, "-0", 0),
    ] as [(Datatype, String, UInt64)])
  func `the greatest unsigned integers are taken`(
    _ datatype: Datatype, _ text: String, _ value: UInt64
  ) throws {
    let bytes = try read([text], datatype, as: UInt8.self)
    #expect(bytes == withUnsafeBytes(of: value.littleEndian) { Array($0.prefix(bytes.count)) })
  }

  @Test func `the least signed integers are taken`() throws {
    #expect(try read(["-128"], .int8, as: Int8.self) == [.min])
    #expect(try read(["-9223372036854775808"], .int64, as: Int64.self) == [.min])
    #expect(try read(["9223372036854775807"], .int64, as: Int64.self) == [.max])
  }

  @Test func `numbers of absurd length are read exactly and at once`() throws {
    let zeros = String(repeating: "0", count: 100_000)
    let texts = [
      "0.\(zeros)1e100001", "1\(zeros)e-100000", "1.\(zeros)1", "1e-99999999999999999999",
      "0e99999999999999999999", "123456789012345678901234567890",
    ]
    #expect(
      try read(texts, .float64, as: Double.self)
        == [1, 1, 1, 0, 0, 123_456_789_012_345_677_877_719_597_056])
  }
}
