/// Cuts what comes over a connection into frames, wherever the network has cut it before.
///
/// What DATA holds is handed on as it comes and never kept; of other frames no more is kept than one
/// that is not whole, of `HTTP2Frame.usualPayloadByteCountMax` bytes at most.
struct FrameReader {
  /// What can be acted upon.
  enum Piece {
    /// Some of the payload of a DATA frame; `byteCount` counts its padding, too.
    case data(
      stream: UInt32, content: UnsafeRawBufferPointer, byteCount: Int, isEnd: Bool)
    /// Another frame, whose payload lies where it came.
    case frame(HTTP2Frame.Head, UnsafeRawBufferPointer)
    /// Another frame, which came in parts.
    case collected(HTTP2Frame.Head, [UInt8])
    /// What follows cannot be read.
    case problem(HTTP2Frame.ErrorCode, String)
  }

  private enum Place {
    case head
    case payload(HTTP2Frame.Head)
    /// In a DATA frame: what is missing of its content and of its padding.
    case data(HTTP2Frame.Head, content: Int, padding: Int)
  }

  private var place = Place.head
  /// The beginning of a head or of a payload.
  private var collected: [UInt8] = []
  private var hasBegun = false

  /// The next piece, which is taken from the front of `rest`; `nil` where more has to come.
  ///
  /// Everything a piece points at lies in `rest`.
  @inline(__always)
  mutating func next(_ rest: inout UnsafeRawBufferPointer) -> Piece? {
    while true {
      switch place {
      case .head:
        guard let head = head(&rest) else { return nil }
        if let problem = problem(with: head) { return problem }
        place = begun(head)
      case .payload(let head):
        return payload(of: head, &rest)
      case .data(let head, let content, let padding):
        return data(head, content: content, padding: padding, &rest)
      }
    }
  }

  private mutating func head(_ rest: inout UnsafeRawBufferPointer) -> HTTP2Frame.Head? {
    let count = HTTP2Frame.headByteCount
    if collected.isEmpty, rest.count >= count {
      defer { rest = Self.dropping(count, rest) }
      return HTTP2Frame.Head(rest)
    }
    guard collect(&rest, upTo: count) else { return nil }
    defer { collected.removeAll(keepingCapacity: true) }
    return collected.withUnsafeBytes { HTTP2Frame.Head($0) }
  }

  private mutating func problem(with head: HTTP2Frame.Head) -> Piece? {
    if !hasBegun, head.kind != HTTP2Frame.Kind.settings || head.has(1) {
      // `HTTP` as the beginning of a frame's head.
      let isHTTP1 = head.byteCount == 0x485454 && head.kind == 0x50
      return .problem(
        .protocolError, isHTTP1 ? "it answers as HTTP/1.1 does" : "it does not begin as HTTP/2 does"
      )
    }
    hasBegun = true
    guard head.byteCount <= HTTP2Frame.usualPayloadByteCountMax else {
      return .problem(.frameSize, "a frame of \(head.byteCount) bytes is longer than allowed")
    }
    if head.kind == HTTP2Frame.Kind.data, head.has(HTTP2Frame.Flag.padded), head.byteCount == 0 {
      return .problem(.frameSize, "a padded frame is empty")
    }
    return nil
  }

  private func begun(_ head: HTTP2Frame.Head) -> Place {
    guard head.kind == HTTP2Frame.Kind.data else { return .payload(head) }
    // The padding's length, where there is one, is the first byte of the content.
    return .data(
      head, content: head.byteCount, padding: head.has(HTTP2Frame.Flag.padded) ? -1 : 0)
  }

  private mutating func payload(
    of head: HTTP2Frame.Head, _ rest: inout UnsafeRawBufferPointer
  ) -> Piece? {
    if collected.isEmpty, rest.count >= head.byteCount {
      let payload = UnsafeRawBufferPointer(rebasing: rest[..<head.byteCount])
      rest = Self.dropping(head.byteCount, rest)
      place = .head
      return .frame(head, payload)
    }
    guard collect(&rest, upTo: head.byteCount) else { return nil }
    place = .head
    defer { collected = [] }
    return .collected(head, collected)
  }

  private mutating func data(
    _ head: HTTP2Frame.Head, content: Int, padding: Int, _ rest: inout UnsafeRawBufferPointer
  ) -> Piece? {
    if padding < 0 { return paddingLength(head, content: content, &rest) }
    guard !rest.isEmpty || content + padding == 0 else { return nil }
    let taken = UnsafeRawBufferPointer(rebasing: rest[..<min(content, rest.count)])
    rest = Self.dropping(taken.count, rest)
    let filler = taken.count == content ? min(padding, rest.count) : 0
    rest = Self.dropping(filler, rest)
    let isWhole = taken.count == content && filler == padding
    place =
      isWhole
      ? .head : .data(head, content: content - taken.count, padding: padding - filler)
    return .data(
      stream: head.stream, content: taken, byteCount: taken.count + filler,
      isEnd: isWhole && head.has(HTTP2Frame.Flag.endStream))
  }

  private mutating func paddingLength(
    _ head: HTTP2Frame.Head, content: Int, _ rest: inout UnsafeRawBufferPointer
  ) -> Piece? {
    guard let first = rest.first else { return nil }
    let padding = Int(first)
    guard padding < content else {
      return .problem(.protocolError, "a frame has more padding than bytes")
    }
    rest = Self.dropping(1, rest)
    place = .data(head, content: content - 1 - padding, padding: padding)
    return .data(
      stream: head.stream, content: UnsafeRawBufferPointer(start: nil, count: 0), byteCount: 1,
      isEnd: finishIfEmpty(head))
  }

  /// A frame that holds nothing but its padding's length, 0, ends with it.
  private mutating func finishIfEmpty(_ head: HTTP2Frame.Head) -> Bool {
    guard case .data(_, 0, 0) = place else { return false }
    place = .head
    return head.has(HTTP2Frame.Flag.endStream)
  }

  /// True once there are so many.
  private mutating func collect(_ rest: inout UnsafeRawBufferPointer, upTo count: Int) -> Bool {
    let taken = min(count - collected.count, rest.count)
    collected.append(contentsOf: rest[..<taken])
    rest = Self.dropping(taken, rest)
    return collected.count == count
  }

  @inline(__always)
  private static func dropping(
    _ count: Int, _ bytes: UnsafeRawBufferPointer
  ) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(rebasing: bytes[count...])
  }
}
