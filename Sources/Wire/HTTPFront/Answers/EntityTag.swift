/// Tags by which a client knows that it has an answer already (RFC 9110, 8.8.3).
enum EntityTag {
  /// 64-bit FNV-1a (draft-eastlake-fnv), quoted: nobody but us writes what is summed.
  static func text(of bytes: [UInt8]) -> String {
    let sum = bytes.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { sum, byte in
      (sum ^ UInt64(byte)) &* 0x100_0000_01b3
    }
    return "\"\(String(sum, radix: 16))\""
  }

  /// RFC 9110, 13.1.2: a list of tags or `*`, compared without regard to weakness.
  static func isNamed(_ etag: String, in list: String) -> Bool {
    list.split(separator: ",").contains { piece in
      let tag = piece.trimmingPrefix { $0 == " " }
      return tag == "*" || tag == etag || tag == "W/" + etag
    }
  }
}
