/// The frames of HTTP/2 (RFC 9113, 4 and 6).
enum HTTP2Frame {
  enum Kind {
    static let data: UInt8 = 0
    static let headers: UInt8 = 1
    static let priority: UInt8 = 2
    static let reset: UInt8 = 3
    static let settings: UInt8 = 4
    static let pushPromise: UInt8 = 5
    static let ping: UInt8 = 6
    static let goAway: UInt8 = 7
    static let windowUpdate: UInt8 = 8
    static let continuation: UInt8 = 9
  }

  enum Flag {
    static let endStream: UInt8 = 1
    static let acknowledgement: UInt8 = 1
    static let endHeaders: UInt8 = 4
    static let padded: UInt8 = 8
    static let priority: UInt8 = 0x20
  }

  enum ErrorCode: UInt32 {
    case none = 0
    case protocolError = 1
    case flowControl = 3
    case frameSize = 6
    case cancel = 8
    case compression = 9
    case enhanceYourCalm = 11

    /// As RFC 9113, 7, writes what a server says.
    static func name(of code: UInt32) -> String {
      let names = [
        "NO_ERROR", "PROTOCOL_ERROR", "INTERNAL_ERROR", "FLOW_CONTROL_ERROR", "SETTINGS_TIMEOUT",
        "STREAM_CLOSED", "FRAME_SIZE_ERROR", "REFUSED_STREAM", "CANCEL", "COMPRESSION_ERROR",
        "CONNECT_ERROR", "ENHANCE_YOUR_CALM", "INADEQUATE_SECURITY", "HTTP_1_1_REQUIRED",
      ]
      return code < names.count ? names[Int(code)] : "error \(code)"
    }
  }

  static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)
  static let headByteCount = 9
  /// A frame's payload, at most, unless its receiver allows more.
  static let usualPayloadByteCountMax = 16_384
  static let windowMax = 1 << 31 - 1
  static let usualWindow = 65_535

  struct Head: Equatable {
    let byteCount: Int
    let kind: UInt8
    let flags: UInt8
    let stream: UInt32

    init(byteCount: Int, kind: UInt8, flags: UInt8, stream: UInt32) {
      self.byteCount = byteCount
      self.kind = kind
      self.flags = flags
      self.stream = stream
    }

    /// - Parameter bytes: nine or more.
    @inline(__always)
    init(_ bytes: UnsafeRawBufferPointer) {
      let start = HTTP2Frame.number(bytes, at: 0)
      byteCount = Int(start >> 8)
      kind = UInt8(truncatingIfNeeded: start)
      flags = bytes[4]
      stream = HTTP2Frame.number(bytes, at: 5) & 0x7FFF_FFFF
    }

    func has(_ flag: UInt8) -> Bool { flags & flag != 0 }

    /// Writes its nine bytes.
    @inline(__always)
    func write(to memory: UnsafeMutableBufferPointer<UInt8>, at place: Int) {
      let bytes = UnsafeMutableRawBufferPointer(memory)
      let start = UInt32(byteCount) << 8 | UInt32(kind)
      bytes.storeBytes(of: start.bigEndian, toByteOffset: place, as: UInt32.self)
      bytes[place + 4] = flags
      bytes.storeBytes(of: stream.bigEndian, toByteOffset: place + 5, as: UInt32.self)
    }
  }

  /// Four bytes, the first of them the highest.
  @inline(__always)
  static func number(_ bytes: UnsafeRawBufferPointer, at place: Int) -> UInt32 {
    UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: place, as: UInt32.self))
  }

  /// A whole frame with a short payload.
  static func frame(
    _ kind: UInt8, flags: UInt8 = 0, stream: UInt32 = 0, _ payload: [UInt8]
  ) -> [UInt8] {
    let head = Head(byteCount: payload.count, kind: kind, flags: flags, stream: stream)
    return [UInt8](unsafeUninitializedCapacity: headByteCount) { memory, count in
      head.write(to: memory, at: 0)
      count = headByteCount
    } + payload
  }

  static func bytes(of number: UInt32) -> [UInt8] {
    withUnsafeBytes(of: number.bigEndian) { Array($0) }
  }

  static func windowUpdate(stream: UInt32, _ byteCount: Int) -> [UInt8] {
    frame(Kind.windowUpdate, stream: stream, bytes(of: UInt32(byteCount)))
  }

  static func reset(stream: UInt32, _ code: ErrorCode) -> [UInt8] {
    frame(Kind.reset, stream: stream, bytes(of: code.rawValue))
  }
}
