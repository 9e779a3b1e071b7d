/// What gRPC needs of a header block of a server (RFC 7541): three fields; others are read over.
///
/// Blocks that refer to earlier ones are refused: this client allows no table of them
/// (`SETTINGS_HEADER_TABLE_SIZE` 0), so that every block is read by itself and nothing is kept.
struct ResponseFields: Equatable {
  /// `:status`.
  private(set) var status: Int?
  /// `grpc-status`; -1 where it is no number.
  private(set) var grpcStatus: Int?
  /// `grpc-message`, decoded, no longer than `messageByteCountMax`.
  private(set) var grpcMessage = ""

  private static let messageByteCountMax = 1_024
  private static let staticCount = 61

  private enum Name { case status, grpcStatus, grpcMessage, other }

  /// `nil` where the bytes are no such block.
  init?(_ block: UnsafeRawBufferPointer) {
    var cursor = HeaderCursor(block)
    var mayResize = true
    while let first = cursor.peek() {
      let isResize = first & 0xE0 == 0x20
      guard isResize ? mayResize : true else { return nil }
      mayResize = isResize
      let isRead =
        if isResize {
          cursor.integer(prefix: 5) == 0
        } else if first & 0x80 != 0 {
          readIndexed(&cursor)
        } else {
          readLiteral(&cursor, prefix: first & 0x40 != 0 ? 6 : 4)
        }
      guard isRead else { return nil }
    }
  }

  /// A field of the table that RFC 7541 has in appendix A.
  private mutating func readIndexed(_ cursor: inout HeaderCursor) -> Bool {
    guard let index = cursor.integer(prefix: 7), (1...Self.staticCount).contains(index) else {
      return false
    }
    let statuses = [200, 204, 206, 304, 400, 404, 500]
    if (8...14).contains(index) { status = statuses[index - 8] }
    return true
  }

  private mutating func readLiteral(_ cursor: inout HeaderCursor, prefix: Int) -> Bool {
    guard let index = cursor.integer(prefix: prefix), index <= Self.staticCount else {
      return false
    }
    let name: Name
    if index > 0 {
      name = (8...14).contains(index) ? .status : .other
    } else {
      guard let text = cursor.text() else { return false }
      name = Self.name(text)
    }
    guard let value = cursor.text() else { return false }
    return take(name, value)
  }

  private mutating func take(_ name: Name, _ value: HeaderCursor.Text) -> Bool {
    switch name {
    case .other: return true
    case .status:
      guard let number = Self.number(value) else { return false }
      status = number
    case .grpcStatus: grpcStatus = Self.number(value) ?? -1
    case .grpcMessage:
      let bytes = value.bytes(byteCountMax: Self.messageByteCountMax * 3) ?? []
      grpcMessage = PercentText.decode(bytes.prefix(Self.messageByteCountMax))
    }
    return true
  }

  private static func name(_ text: HeaderCursor.Text) -> Name {
    if text.isEqual(to: "grpc-status") { return .grpcStatus }
    if text.isEqual(to: "grpc-message") { return .grpcMessage }
    return text.isEqual(to: ":status") ? .status : .other
  }

  /// Of at most three digits.
  private static func number(_ text: HeaderCursor.Text) -> Int? {
    guard let digits = text.bytes(byteCountMax: 3), !digits.isEmpty,
      digits.allSatisfy({ (48...57).contains($0) })
    else { return nil }
    return digits.reduce(0) { $0 * 10 + Int($1 - 48) }
  }
}

/// Reads the parts of a header block, one after the other; no read leaves it.
private struct HeaderCursor {
  private let block: UnsafeRawBufferPointer
  private var place = 0

  init(_ block: UnsafeRawBufferPointer) { self.block = block }

  /// As it is written.
  struct Text {
    let written: UnsafeRawBufferPointer
    let isPacked: Bool

    /// `nil` where they are more, or packed wrongly.
    func bytes(byteCountMax: Int) -> [UInt8]? {
      if isPacked { return HuffmanText.decode(written, byteCountMax: byteCountMax) }
      return written.count <= byteCountMax ? Array(written) : nil
    }

    func isEqual(to name: StaticString) -> Bool {
      let count = name.utf8CodeUnitCount
      let wanted = UnsafeRawBufferPointer(start: name.utf8Start, count: count)
      if !isPacked { return written.count == count && written.elementsEqual(wanted) }
      // No code is shorter than five bits.
      guard written.count * 8 < count * 30, let bytes = bytes(byteCountMax: count) else {
        return false
      }
      return bytes.elementsEqual(wanted)
    }
  }

  func peek() -> UInt8? { place < block.count ? block[place] : nil }

  /// RFC 7541, 5.1: so many bits of the first byte, then seven of each; no more than 28 bits are taken.
  mutating func integer(prefix: Int) -> Int? {
    guard let first = peek() else { return nil }
    place += 1
    let most = 1 << prefix - 1
    var value = Int(first) & most
    guard value == most else { return value }
    for shift in stride(from: 0, to: 28, by: 7) {
      guard let byte = peek() else { return nil }
      place += 1
      value += Int(byte & 0x7F) << shift
      if byte < 0x80 { return value }
    }
    return nil
  }

  mutating func text() -> Text? {
    guard let first = peek(), let count = integer(prefix: 7), count <= block.count - place else {
      return nil
    }
    defer { place += count }
    return Text(
      written: UnsafeRawBufferPointer(rebasing: block[place..<place + count]),
      isPacked: first & 0x80 != 0)
  }
}
