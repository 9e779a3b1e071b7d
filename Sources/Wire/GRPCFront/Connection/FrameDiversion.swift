import NIOCore

/// Follows the frames of a connection as they come, and takes bytes of tensors out of them, so that
/// the HTTP/2 handler, which copies all that it gets, does not get those.
///
/// What goes on to the handler is HTTP/2 as well: a frame of which bytes were taken has a header that
/// says what is left of it, and comes after them. Bytes that were taken are missing in the handler's
/// account of the receiving windows; whoever takes them gives them back to the client.
struct FrameDiversion {
  /// What the bytes in front are.
  enum Piece {
    /// For the HTTP/2 handler.
    case pass(ByteBuffer)
    /// Of a call's tensor.
    case take(ByteBuffer, streamID: UInt32)
  }

  /// What a call wants of the frame that begins.
  enum Wish: Equatable {
    case nothing
    /// Nothing yet: what comes first says whether a tensor follows.
    case beginning
    /// So many bytes at most.
    case bytes(Int)
  }

  private struct Header {
    var byteCount: Int
    let kind: UInt8
    let flags: UInt8
    let streamID: UInt32

    /// RFC 9113, 4.1.
    static let byteCount = 9

    init?(_ bytes: ByteBuffer) {
      let start = bytes.readerIndex
      guard bytes.readableBytes >= Self.byteCount,
        let lengthAndKind = bytes.getInteger(at: start, as: UInt32.self),
        let flags = bytes.getInteger(at: start + 4, as: UInt8.self),
        let id = bytes.getInteger(at: start + 5, as: UInt32.self)
      else { return nil }
      byteCount = Int(lengthAndKind >> 8)
      kind = UInt8(truncatingIfNeeded: lengthAndKind)
      self.flags = flags
      streamID = id & 0x7fff_ffff
    }

    /// HEADERS, PUSH_PROMISE or CONTINUATION.
    var isOfHeaders: Bool { kind == 1 || kind == 5 || kind == 9 }
    /// More of the same headers has to follow, and nothing else.
    var leavesHeadersOpen: Bool { isOfHeaders && flags & 4 == 0 }
    /// DATA without padding.
    var isPlainData: Bool { kind == 0 && flags & 8 == 0 }
    var endsStream: Bool { kind == 0 && flags & 1 != 0 }

    /// The header of a frame with `byteCount` bytes of this one; the end stays with the last of them.
    func bytes(ofPart byteCount: Int, isLast: Bool) -> ByteBuffer {
      var bytes = ByteBuffer()
      bytes.writeMultipleIntegers(
        UInt8(byteCount >> 16), UInt16(truncatingIfNeeded: byteCount), kind,
        isLast ? flags : flags & ~1, streamID)
      return bytes
    }
  }

  private enum Phase {
    /// A header is to come.
    case header
    /// So many bytes go on as they are.
    case passing(Int)
    /// So many bytes of this frame go on as a frame of their own; the rest of it is `Header`.
    case splitting(Int, Header)
    /// The rest of a frame whose header was not passed on.
    case rest(Header)
    /// So many bytes are taken, then `Header` says what is left.
    case taking(Int, Header)
  }

  private var phase: Phase
  /// The beginning of a header whose end has not come.
  private var held = ByteBuffer()

  /// Headers have begun and not ended: what is none of them is for the handler, which refuses it.
  private var areHeadersOpen = false

  /// Frames beyond this are refused by the handler.
  private let frameBytesMax: Int

  /// Frames with less than this go on as they are.
  static let frameBytesMin = 4 << 10
  /// What is passed on of a frame, to see what its call makes of it.
  private static let beginningBytes = 1 << 10

  init(frameBytesMax: Int) {
    self.frameBytesMax = frameBytesMax
    phase = .passing(Self.prefaceByteCount)
  }

  /// What a client begins with, RFC 9113, 3.4.
  private static let prefaceByteCount = 24

  /// Whose bytes come now, and how many of them, where they are taken.
  var taking: (streamID: UInt32, byteCount: Int)? {
    guard case .taking(let byteCount, let header) = phase else { return nil }
    return (header.streamID, byteCount)
  }

  /// Takes the piece in front of `bytes`; `nil` when nothing of them is left. What was given before
  /// must have been dealt with when it is called again, as `wish` is asked about the next frame.
  mutating func next(
    _ bytes: inout ByteBuffer, wish: (_ streamID: UInt32) -> Wish
  ) -> Piece? {
    while true {
      switch phase {
      case .header:
        if let piece = passFrames(&bytes) { return piece }
        guard let header = readHeader(&bytes) else { return nil }
        phase = .rest(header)
      case .rest(let header):
        if let piece = begin(header, wish(header.streamID)) { return .pass(piece) }
      case .passing(let count):
        guard let part = read(&bytes, count) else { return nil }
        phase = part.readableBytes == count ? .header : .passing(count - part.readableBytes)
        return .pass(part)
      case .splitting(let count, let header):
        guard let part = read(&bytes, count) else { return nil }
        phase =
          part.readableBytes == count
          ? .rest(header) : .splitting(count - part.readableBytes, header)
        return .pass(part)
      case .taking(0, let header):
        // Another tensor may follow in the same frame.
        phase = header.byteCount > 0 || header.endsStream ? .rest(header) : .header
      case .taking(let count, let header):
        guard let part = read(&bytes, count) else { return nil }
        phase = .taking(count - part.readableBytes, header)
        return .take(part, streamID: header.streamID)
      }
    }
  }

  /// Passes all frames in front that nobody can want, in one piece, as far as they have come.
  private mutating func passFrames(_ bytes: inout ByteBuffer) -> Piece? {
    guard held.readableBytes == 0 else { return nil }
    var rest = bytes
    var count = 0
    while let header = Header(rest), !isOfInterest(header) {
      follow(header)
      let wanted = Header.byteCount + header.byteCount
      if rest.readableBytes < wanted {
        phase = .passing(wanted - rest.readableBytes)
        count += rest.readableBytes
        break
      }
      rest.moveReaderIndex(forwardBy: wanted)
      count += wanted
    }
    return bytes.readableBytes > 0 ? read(&bytes, count).map { .pass($0) } : nil
  }

  private mutating func follow(_ header: Header) {
    if header.isOfHeaders { areHeadersOpen = header.leavesHeadersOpen }
  }

  private func isOfInterest(_ header: Header) -> Bool {
    !areHeadersOpen && header.isPlainData
      && (Self.frameBytesMin...frameBytesMax).contains(header.byteCount)
  }

  /// Reads the header of a frame that may be wanted, or holds its beginning.
  private mutating func readHeader(_ bytes: inout ByteBuffer) -> Header? {
    if held.readableBytes == 0, let header = Header(bytes) {
      bytes.moveReaderIndex(forwardBy: Header.byteCount)
      return header
    }
    guard var part = read(&bytes, Header.byteCount - held.readableBytes) else { return nil }
    held.writeBuffer(&part)
    guard let header = Header(held) else { return nil }
    held.clear()
    return header
  }

  /// Decides what becomes of a frame; gives the header with which it goes on, if it does.
  private mutating func begin(_ header: Header, _ wish: Wish) -> ByteBuffer? {
    switch wish {
    case .bytes(let wanted) where isOfInterest(header) && wanted >= Self.frameBytesMin:
      let taken = min(wanted, header.byteCount)
      var rest = header
      rest.byteCount -= taken
      phase = .taking(taken, rest)
      return nil
    case .beginning where isOfInterest(header):
      var rest = header
      rest.byteCount -= Self.beginningBytes
      phase = .splitting(Self.beginningBytes, rest)
      return header.bytes(ofPart: Self.beginningBytes, isLast: false)
    case .nothing, .beginning, .bytes:
      follow(header)
      phase = header.byteCount > 0 ? .passing(header.byteCount) : .header
      return header.bytes(ofPart: header.byteCount, isLast: true)
    }
  }

  private func read(_ bytes: inout ByteBuffer, _ count: Int) -> ByteBuffer? {
    let count = min(count, bytes.readableBytes)
    return count > 0 ? bytes.readSlice(length: count) : nil
  }
}
