import Inference

/// The lengths of nested JSON arrays, found without reading their elements, for formats that do not
/// say the shape beside the data.
enum NestedShape {
  /// The lengths of the first array on each level of the value at the cursor; rank 0 where it is no
  /// array. Strings and objects are elements.
  ///
  /// Goes over the bytes once and does not judge them: whether all arrays are as long as the first,
  /// and whether this is JSON at all, whoever reads the elements by this shape finds out.
  static func measure(
    _ scanner: JSONScanner, input: String
  ) throws(InputProblem) -> TensorShape {
    var walk = Walk(place: scanner.cursor, end: scanner.end)
    guard walk.run() else {
      throw .rankTooHigh(input: input, got: TensorShape.rankMax + 1, limit: TensorShape.rankMax)
    }
    return TensorShape((0..<(walk.rank ?? 0)).map { walk.lengths[$0] }) ?? TensorShape()
  }

  /// Elements of the array at the cursor; 0 where there is no array.
  static func elementCount(_ scanner: JSONScanner) -> Int {
    var walk = Walk(place: scanner.cursor, end: scanner.end)
    walk.depthMax = .max
    _ = walk.run()
    return (walk.rank ?? 0) > 0 ? walk.lengths[0] : 0
  }

  private struct Walk {
    var place: UnsafePointer<UInt8>
    let end: UnsafePointer<UInt8>
    var depthMax = TensorShape.rankMax
    var rank: Int?
    var lengths = InlineArray<8, Int>(repeating: 0)
    private var depth = 0
    private var isMeasured = InlineArray<8, Bool>(repeating: false)
    private var commas = InlineArray<8, Int>(repeating: 0)
    private var isOccupied = InlineArray<8, Bool>(repeating: false)

    init(place: UnsafePointer<UInt8>, end: UnsafePointer<UInt8>) {
      self.place = place
      self.end = end
    }

    /// False where arrays are nested too deep.
    mutating func run() -> Bool {
      while place < end {
        let byte = place[0]
        place += 1
        switch byte {
        case UInt8(ascii: "["):
          occupy()
          depth += 1
          if depth > depthMax { return false }
          if depth <= 8 {
            commas[depth - 1] = 0
            isOccupied[depth - 1] = false
          }
        case UInt8(ascii: "]"):
          if rank == nil { rank = min(depth, 8) }
          close()
          if depth <= 0 { return true }
        case UInt8(ascii: ","):
          if depth == 0 { return true }
          if depth <= 8 { commas[depth - 1] += 1 }
        case UInt8(ascii: "\""): leaf { $0.skipString() }
        case UInt8(ascii: "{"): leaf { $0.skipObject() }
        case 0x20, 0x0A, 0x0D, 0x09: break
        default: leaf { _ in }
        }
        if depth == 0, rank == 0 { return true }
      }
      closeAll()
      return true
    }

    private mutating func leaf(_ skip: (inout Walk) -> Void) {
      if rank == nil { rank = min(depth, 8) }
      occupy()
      skip(&self)
    }

    private mutating func occupy() {
      if depth > 0, depth <= 8 { isOccupied[depth - 1] = true }
    }

    private mutating func close() {
      if depth > 0, depth <= 8, !isMeasured[depth - 1] {
        isMeasured[depth - 1] = true
        lengths[depth - 1] = isOccupied[depth - 1] ? commas[depth - 1] + 1 : 0
      }
      depth -= 1
    }

    /// The text is cut off: what was there counts.
    private mutating func closeAll() { while depth > 0 { close() } }

    private mutating func skipString() {
      while place < end {
        let byte = place[0]
        place += 1
        if byte == UInt8(ascii: "\"") { return }
        if byte == UInt8(ascii: "\\"), place < end { place += 1 }
      }
    }

    private mutating func skipObject() {
      var braces = 1
      while place < end, braces > 0 {
        let byte = place[0]
        place += 1
        switch byte {
        case UInt8(ascii: "{"): braces += 1
        case UInt8(ascii: "}"): braces -= 1
        case UInt8(ascii: "\""): skipString()
        default: break
        }
      }
    }
  }
}
