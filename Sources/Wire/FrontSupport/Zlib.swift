import CZlib
import NativeLibraries

/// zlib's functions, found when a client first packs a body or asks for a packed answer.
///
/// The one crossing to the library: pointers into it stay in this folder. Its functions may be
/// called from any thread, each stream from one at a time.
struct Zlib: Sendable {
  let inflateInit: apus_inflate_init
  let inflate: apus_inflate
  let inflateEnd: apus_inflate_end
  let inflateReset: apus_inflate_reset
  let deflateInit: apus_deflate_init
  let deflate: apus_deflate
  let deflateEnd: apus_deflate_end

  /// `nil` where this machine has no zlib; then no coding is offered or taken.
  static let shared = Zlib()

  static let version = "1.2.11"
  static let streamByteCount = Int32(MemoryLayout<apus_z_stream>.size)

  // From zlib's manual.
  static let ok: Int32 = 0
  static let streamEnd: Int32 = 1
  static let bufferError: Int32 = -5
  static let finish: Int32 = 4
  static let noFlush: Int32 = 0
  static let deflated: Int32 = 8

  private init?() {
    // Without the library packed bodies are refused by name, which is all there is to say.
    guard let library = try? NativeLibrary.open(names: ["libz.so.1"]),
      let inflateInit = library.symbol("inflateInit2_"),
      let inflate = library.symbol("inflate"),
      let inflateEnd = library.symbol("inflateEnd"),
      let inflateReset = library.symbol("inflateReset"),
      let deflateInit = library.symbol("deflateInit2_"),
      let deflate = library.symbol("deflate"),
      let deflateEnd = library.symbol("deflateEnd")
    else { return nil }
    self.inflateInit = unsafeBitCast(inflateInit, to: apus_inflate_init.self)
    self.inflate = unsafeBitCast(inflate, to: apus_inflate.self)
    self.inflateEnd = unsafeBitCast(inflateEnd, to: apus_inflate_end.self)
    self.inflateReset = unsafeBitCast(inflateReset, to: apus_inflate_reset.self)
    self.deflateInit = unsafeBitCast(deflateInit, to: apus_deflate_init.self)
    self.deflate = unsafeBitCast(deflate, to: apus_deflate.self)
    self.deflateEnd = unsafeBitCast(deflateEnd, to: apus_deflate_end.self)
  }
}
