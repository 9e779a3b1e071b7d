/// Unpacks a DEFLATE stream (RFC 1951) whose length is known before.
///
/// A reader of its own because rooms of formats open no library; for files, not for bodies of requests.
struct DeflateReader {
  private let bytes: UnsafeRawBufferPointer
  private let byteCount: Int
  private var place = 0
  /// Bits that were read from bytes and not used, the next one lowest.
  private var bits: UInt64 = 0
  private var bitCount = 0
  private var output: [UInt8] = []

  /// The stream is none, or becomes more or less than it should.
  struct Broken: Error {}

  private init(_ bytes: UnsafeRawBufferPointer, _ byteCount: Int) {
    self.bytes = bytes
    self.byteCount = byteCount
    output.reserveCapacity(byteCount)
  }

  /// - Parameter byteCount: what it becomes, never more.
  static func unpack(
    _ bytes: UnsafeRawBufferPointer, byteCount: Int
  ) throws(Broken) -> [UInt8] {
    var reader = DeflateReader(bytes, byteCount)
    while try !reader.takeBlock() {}
    guard reader.output.count == byteCount else { throw Broken() }
    return reader.output
  }

  /// True where it was the last one.
  private mutating func takeBlock() throws(Broken) -> Bool {
    let isLast = try take(1) == 1
    switch try take(2) {
    case 0: try takeStored()
    case 1: try takeCodes(.fixedLengths, .fixedDistances)
    case 2:
      let (lengths, distances) = try takeTables()
      try takeCodes(lengths, distances)
    default: throw Broken()
    }
    return isLast
  }

  // MARK: Bits

  private mutating func fill(_ count: Int) throws(Broken) {
    while bitCount < count {
      guard place < bytes.count else { throw Broken() }
      bits |= UInt64(bytes[place]) << UInt64(bitCount)
      place += 1
      bitCount += 8
    }
  }

  private mutating func take(_ count: Int) throws(Broken) -> Int {
    guard count > 0 else { return 0 }
    try fill(count)
    defer {
      bits >>= UInt64(count)
      bitCount -= count
    }
    return Int(bits & (1 << UInt64(count) - 1))
  }

  // MARK: Blocks

  /// RFC 1951, 3.2.4.
  private mutating func takeStored() throws(Broken) {
    _ = try take(bitCount % 8)
    let count = try take(16)
    guard try take(16) == count ^ 0xFFFF, output.count + count <= byteCount else { throw Broken() }
    for _ in 0..<count { output.append(UInt8(try take(8))) }
  }

  private static let lengthBases = [
    3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131,
    163, 195, 227, 258,
  ]
  private static let distanceBases = [
    1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537,
    2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577,
  ]

  /// 3.2.5: bytes, and copies of what was before.
  private mutating func takeCodes(
    _ lengths: HuffmanTable, _ distances: HuffmanTable
  ) throws(Broken) {
    while true {
      let symbol = try take(lengths)
      if symbol == 256 { return }
      if symbol < 256 {
        guard output.count < byteCount else { throw Broken() }
        output.append(UInt8(symbol))
        continue
      }
      let index = symbol - 257
      guard index < Self.lengthBases.count else { throw Broken() }
      let extra = index < 8 || index == 28 ? 0 : index / 4 - 1
      let length = Self.lengthBases[index] + (try take(extra))
      let code = try take(distances)
      guard code < Self.distanceBases.count else { throw Broken() }
      let distance = Self.distanceBases[code] + (try take(code < 4 ? 0 : code / 2 - 1))
      guard distance <= output.count, output.count + length <= byteCount else { throw Broken() }
      for _ in 0..<length { output.append(output[output.count - distance]) }
    }
  }

  private mutating func take(_ table: HuffmanTable) throws(Broken) -> Int {
    // The last codes of a stream may be shorter than what a table looks at.
    while bitCount < HuffmanTable.bitsMax, place < bytes.count {
      bits |= UInt64(bytes[place]) << UInt64(bitCount)
      place += 1
      bitCount += 8
    }
    guard let (symbol, length) = table.symbol(bits), length <= bitCount else { throw Broken() }
    bits >>= UInt64(length)
    bitCount -= length
    return symbol
  }

  /// 3.2.7: the codes are described by lengths, which are coded themselves.
  private mutating func takeTables() throws(Broken) -> (HuffmanTable, HuffmanTable) {
    let lengthCount = try take(5) + 257
    let distanceCount = try take(5) + 1
    let order = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]
    var widths = [UInt8](repeating: 0, count: order.count)
    for index in 0..<(try take(4) + 4) { widths[order[index]] = UInt8(try take(3)) }
    guard let described = HuffmanTable(widths) else { throw Broken() }
    var all: [UInt8] = []
    while all.count < lengthCount + distanceCount {
      let symbol = try take(described)
      switch symbol {
      case 0..<16: all.append(UInt8(symbol))
      case 16:
        guard let last = all.last else { throw Broken() }
        all += [UInt8](repeating: last, count: 3 + (try take(2)))
      case 17: all += [UInt8](repeating: 0, count: 3 + (try take(3)))
      default: all += [UInt8](repeating: 0, count: 11 + (try take(7)))
      }
    }
    guard all.count == lengthCount + distanceCount,
      let lengths = HuffmanTable(Array(all[..<lengthCount])),
      let distances = HuffmanTable(Array(all[lengthCount...]))
    else { throw Broken() }
    return (lengths, distances)
  }
}

/// Codes of up to 15 bits, found by the bits that come next.
private struct HuffmanTable {
  static let bitsMax = 15

  /// For each next 15 bits the symbol, shifted by 4, and its length; 0 where no code begins so.
  private let entries: [UInt16]

  static let fixedLengths = HuffmanTable(
    known: (0..<288).map { $0 < 144 ? 8 : $0 < 256 ? 9 : $0 < 280 ? 7 : 8 })
  static let fixedDistances = HuffmanTable(known: [UInt8](repeating: 5, count: 30))

  /// - Parameter lengths: of each symbol's code, 0 where it has none. `nil` where there are more codes
  ///   than bits can tell apart.
  init?(_ lengths: [UInt8]) {
    // Kraft's sum, in parts of the longest code.
    let taken = lengths.reduce(0) { $1 == 0 ? $0 : $0 + 1 << (Self.bitsMax - Int($1)) }
    guard taken <= 1 << Self.bitsMax else { return nil }
    self.init(known: lengths)
  }

  private init(known lengths: [UInt8]) {
    var entries = [UInt16](repeating: 0, count: 1 << Self.bitsMax)
    var code = 0
    // RFC 1951, 3.2.2: shorter codes come first, those of one length in the order of their symbols.
    for length in 1...Self.bitsMax {
      for (symbol, its) in lengths.enumerated() where Int(its) == length {
        let first = Self.reversed(code, length)
        for entry in stride(from: first, to: entries.count, by: 1 << length) {
          entries[entry] = UInt16(symbol) << 4 | UInt16(length)
        }
        code += 1
      }
      code <<= 1
    }
    self.entries = entries
  }

  /// Codes come with their highest bit first.
  private static func reversed(_ code: Int, _ length: Int) -> Int {
    (0..<length).reduce(0) { $0 | (code >> $1 & 1) << (length - 1 - $1) }
  }

  func symbol(_ bits: UInt64) -> (Int, length: Int)? {
    let entry = entries[Int(bits & (1 << UInt64(Self.bitsMax) - 1))]
    return entry == 0 ? nil : (Int(entry >> 4), Int(entry & 15))
  }
}
