import CConsoleAssets

/// One file of the web page, embedded in the program.
///
/// A small value that any thread may keep and copy. Its bytes are constants of the process: they
/// are never freed, so a front may write them out without a copy.
package struct PageAsset: Sendable {
  /// The path it is served at, such as `/assets/page.css`.
  package let path: String
  /// The value of `Content-Type`.
  package let contentType: String
  /// The value of `ETag`, quotes included; equal for equal bytes, in every build and process.
  package let etag: String
  /// The place in the embedded table. The bytes are looked up by it because a pointer stored here
  /// would take the type its `Sendable`.
  private let index: Int

  init(at index: Int) {
    let embedded = apus_console_asset_at(index)
    self.index = index
    path = String(cString: embedded.path)
    contentType = Self.contentType(ofPath: path)
    etag = Self.etag(
      of: UnsafeRawBufferPointer(start: embedded.bytes, count: embedded.byte_count))
  }

  /// The content of the file.
  package var bytes: UnsafeRawBufferPointer {
    let embedded = apus_console_asset_at(index)
    return UnsafeRawBufferPointer(start: embedded.bytes, count: embedded.byte_count)
  }

  private static func contentType(ofPath path: String) -> String {
    switch path.split(separator: ".").last {
    case "css": "text/css; charset=utf-8"
    case "js": "text/javascript; charset=utf-8"
    case "svg": "image/svg+xml"
    default: "text/html; charset=utf-8"
    }
  }

  /// 64-bit FNV-1a (draft-eastlake-fnv) of the bytes. Nobody but us writes them, so no
  /// stronger sum is needed to tell two builds apart.
  private static func etag(of bytes: UnsafeRawBufferPointer) -> String {
    let sum = bytes.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { sum, byte in
      (sum ^ UInt64(byte)) &* 0x100_0000_01b3
    }
    return "\"\(String(sum, radix: 16))\""
  }
}
