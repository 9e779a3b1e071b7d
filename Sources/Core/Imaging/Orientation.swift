/// How a photo must be turned to stand as it was seen: the orientation of its EXIF block, 1 to 8.
///
/// EXIF 2.3 / TIFF 6.0: 1 is upright, 2 mirrored, 3 upside down, 4 that mirrored, 5 to 8 lie on
/// their side.
struct Orientation: Equatable {
  let code: Int

  static let upright = Orientation(code: 1)

  /// Whether width and height change places.
  var isSideways: Bool { code >= 5 }

  private static let tag = 0x0112
  private static let shortType = 3

  private init(code: Int) { self.code = code }

  /// The orientation that a TIFF block declares. One that is damaged, or declares none, is upright:
  /// the photo itself is still good.
  init(tiff: ByteView) {
    self.init(code: Self.declared(in: tiff) ?? 1)
  }

  private static func declared(in tiff: ByteView) -> Int? {
    let isBigEndian = tiff.has("MM", at: 0)
    guard isBigEndian || tiff.has("II", at: 0),
      tiff.uint16(at: 2, isBigEndian: isBigEndian) == 42,
      let directory = tiff.uint32(at: 4, isBigEndian: isBigEndian),
      let entryCount = tiff.uint16(at: directory, isBigEndian: isBigEndian)
    else { return nil }
    // Only the first directory is read, so a chain of directories cannot go in circles.
    for index in 0..<entryCount {
      let entry = directory + 2 + index * 12
      guard let found = tiff.uint16(at: entry, isBigEndian: isBigEndian) else { return nil }
      guard found == tag else { continue }
      guard tiff.uint16(at: entry + 2, isBigEndian: isBigEndian) == shortType,
        let code = tiff.uint16(at: entry + 8, isBigEndian: isBigEndian), (1...8).contains(code)
      else { return nil }
      return code
    }
    return nil
  }
}
