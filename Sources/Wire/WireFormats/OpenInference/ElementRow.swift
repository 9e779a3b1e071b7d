import Inference

/// How reading the elements of one innermost array ended; the cursor is where it says.
enum RowStop {
  /// After the last element.
  case complete
  /// After this many elements of the tensor, before something that is not a comma.
  case ended(Int)
  /// After the comma behind the last element.
  case goesOn
  /// Before something that is no element, in the place of this one.
  case noElement(Int)
  /// After a number that the datatype does not hold.
  case unfit(DecimalNumber, Int)
  case malformed(InputProblem)
}

/// Puts the elements of an innermost array where they belong.
protocol ElementRow {
  /// Reads elements with commas between them, from behind the opening bracket (`indices` is not
  /// empty).
  mutating func read(_ scanner: inout JSONScanner, _ indices: Range<Int>) -> RowStop
}

/// A type that numbers in JSON become.
protocol JSONNumeric: BitwiseCopyable {
  /// The nearest value, or `nil` where it does not hold the number.
  static func nearest(_ number: DecimalNumber, _ reading: FloatReading) -> Self?
  /// The value that is NaN or infinite, where there is one.
  static func nonFinite(_ value: Float) -> Self?
}

extension JSONNumeric {
  static func nonFinite(_ value: Float) -> Self? { nil }
}

extension JSONNumeric where Self: FixedWidthInteger {
  @inline(__always)
  static func nearest(_ number: DecimalNumber, _ reading: FloatReading) -> Self? {
    number.integer(as: Self.self)
  }
}

extension UInt8: JSONNumeric {}
extension UInt16: JSONNumeric {}
extension UInt32: JSONNumeric {}
extension UInt64: JSONNumeric {}
extension Int8: JSONNumeric {}
extension Int16: JSONNumeric {}
extension Int32: JSONNumeric {}
extension Int64: JSONNumeric {}

extension Float: JSONNumeric {
  @inline(__always)
  static func nearest(_ number: DecimalNumber, _ reading: FloatReading) -> Float? {
    reading.float(number)
  }

  static func nonFinite(_ value: Float) -> Float? { value }
}

extension Double: JSONNumeric {
  @inline(__always)
  static func nearest(_ number: DecimalNumber, _ reading: FloatReading) -> Double? {
    reading.double(number)
  }

  static func nonFinite(_ value: Float) -> Double? { Double(value) }
}

extension Float16: JSONNumeric {
  static func nearest(_ number: DecimalNumber, _ reading: FloatReading) -> Float16? {
    reading.float16(number)
  }

  static func nonFinite(_ value: Float) -> Float16? { Float16(value) }
}

/// The bits of a bfloat16, for which the language has no type.
struct BFloat16: JSONNumeric {
  let bits: UInt16

  static func nearest(_ number: DecimalNumber, _ reading: FloatReading) -> BFloat16? {
    reading.bfloat16(number).map(BFloat16.init)
  }

  static func nonFinite(_ value: Float) -> BFloat16? {
    BFloat16(bits: UInt16(value.bitPattern >> 16))
  }
}

struct NumberRow<Element: JSONNumeric>: ElementRow {
  let elements: UnsafeMutablePointer<Element>
  private let takesMissing: Bool
  private let reading = FloatReading()

  init(elements: UnsafeMutablePointer<Element>, takesMissing: Bool) {
    self.elements = elements
    self.takesMissing = takesMissing
  }

  mutating func read(_ scanner: inout JSONScanner, _ indices: Range<Int>) -> RowStop {
    var text = NumberCursor(scanner)
    var index = indices.lowerBound
    while true {
      text.skipSpace()
      let start = text.place
      guard let number = text.read() else {
        if takesMissing, let word = NonFiniteWord.read(from: start, to: scanner.end),
          let element = Element.nonFinite(word.value)
        {
          elements[index] = element
          index &+= 1
          scanner.cursor = word.end
          guard scanner.take(",") else { return end(index, indices) }
          if index == indices.upperBound { return .goesOn }
          text = NumberCursor(scanner)
          continue
        }
        // Nothing but what a number begins with makes it a malformed number.
        let isNumber = text.place > start && !(text.place < scanner.end && text.place[0] == 0x49)
        scanner.cursor = isNumber ? text.place : start
        return isNumber
          ? .malformed(scanner.unexpected("\(text.expected)")) : .noElement(index)
      }
      guard let element = Element.nearest(number, reading) else {
        scanner.cursor = text.place
        return .unfit(number, index)
      }
      elements[index] = element
      index &+= 1
      guard text.take(UInt8(ascii: ",")) else { break }
      if index == indices.upperBound {
        scanner.cursor = text.place
        return .goesOn
      }
    }
    scanner.cursor = text.place
    return end(index, indices)
  }

  private func end(_ index: Int, _ indices: Range<Int>) -> RowStop {
    index == indices.upperBound ? .complete : .ended(index)
  }
}

/// Words that stand for numbers that JSON has not.
private enum NonFiniteWord {
  private static let all: [(word: StaticString, value: Float)] = [
    ("null", .nan), ("NaN", .nan), ("Infinity", .infinity), ("-Infinity", -.infinity),
  ]

  /// The value of the one that begins at `start`, and where it ends.
  static func read(
    from start: UnsafePointer<UInt8>, to end: UnsafePointer<UInt8>
  ) -> (value: Float, end: UnsafePointer<UInt8>)? {
    for (word, value) in all {
      let count = word.utf8CodeUnitCount
      guard end - start >= count, (0..<count).allSatisfy({ start[$0] == word.utf8Start[$0] })
      else { continue }
      return (value, start + count)
    }
    return nil
  }
}

/// A row whose elements are few or slow enough to be read by the scanner, one at a time.
protocol ScannedRow: ElementRow {
  /// Reads the element at the cursor; false where something else stands there.
  mutating func readElement(_ scanner: inout JSONScanner, _ index: Int) throws(InputProblem) -> Bool
}

extension ScannedRow {
  mutating func read(_ scanner: inout JSONScanner, _ indices: Range<Int>) -> RowStop {
    var index = indices.lowerBound
    while true {
      do throws(InputProblem) {
        guard try readElement(&scanner, index) else { return .noElement(index) }
      } catch {
        return .malformed(error)
      }
      index += 1
      guard scanner.take(",") else { break }
      if index == indices.upperBound { return .goesOn }
    }
    return index == indices.upperBound ? .complete : .ended(index)
  }
}

struct BoolRow: ScannedRow {
  let flags: UnsafeMutablePointer<UInt8>

  mutating func readElement(_ scanner: inout JSONScanner, _ index: Int) -> Bool {
    let isTrue = scanner.takeWord("true")
    guard isTrue || scanner.takeWord("false") else { return false }
    flags[index] = isTrue ? 1 : 0
    return true
  }
}

/// Strings, each as its length in four bytes and then its UTF-8.
struct ByteStringRow: ScannedRow {
  private(set) var bytes: [UInt8] = []
  /// Elements may be `{"b64": "..."}`, which stands for the bytes that are meant.
  var takesBase64 = false

  mutating func readElement(
    _ scanner: inout JSONScanner, _ index: Int
  ) throws(InputProblem) -> Bool {
    let prefix = bytes.count
    if takesBase64, scanner.peek() == UInt8(ascii: "{") {
      let decoded = try Base64Object.read(&scanner)
      bytes.append(contentsOf: [0, 0, 0, 0])
      bytes.append(contentsOf: decoded)
    } else {
      guard scanner.peek() == UInt8(ascii: "\"") else { return false }
      let token = try scanner.readStringToken()
      bytes.append(contentsOf: [0, 0, 0, 0])
      token.append(to: &bytes)
    }
    let length = UInt32(truncatingIfNeeded: bytes.count - prefix - 4)
    for place in 0..<4 { bytes[prefix + place] = UInt8(truncatingIfNeeded: length >> (8 * place)) }
    return true
  }
}
