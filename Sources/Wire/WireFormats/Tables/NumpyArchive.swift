package import Inference

/// The arrays of a file of NumPy's `.npz` format: a ZIP archive (APPNOTE 6.3) of `.npy` files, stored as
/// they are or packed by `np.savez_compressed`.
///
/// Reads the central directory; no place in the file is read that the directory and the entry's own
/// header do not agree on.
package struct NumpyArchive: Sendable {
  /// In the archive's order, under their names without `.npy`.
  package let arrays: [NamedTensor]

  package static let arrayCountMax = 64
  private static let signature: [UInt8] = [0x50, 0x4B]

  /// Whether bytes begin as a ZIP archive does.
  package static func isMeant(by bytes: UnsafeRawBufferPointer) -> Bool {
    bytes.starts(with: signature)
  }

  /// - Parameter unpackedBytesMax: what packed arrays may become in all.
  package init(
    _ file: UnsafeRawBufferPointer, unpackedBytesMax: Int
  ) throws(InputProblem) {
    var unpackedBytes = 0
    let directory = try Self.directory(of: file)
    var arrays: [NamedTensor] = []
    var place = directory.start
    for _ in 0..<directory.count {
      let entry = try Self.entry(at: place, in: file)
      place = entry.next
      guard entry.name.hasSuffix(".npy") else { continue }
      let name = String(entry.name.dropLast(4))
      let bytes = UnsafeRawBufferPointer(rebasing: file[entry.bytes])
      let tensor: Tensor
      if entry.isPacked {
        unpackedBytes += entry.byteCount
        guard unpackedBytes <= unpackedBytesMax else {
          throw Self.problem(
            "arrays of at most \(unpackedBytesMax) bytes in all", entry.bytes.lowerBound)
        }
        tensor = try Self.unpacked(bytes, entry, name)
      } else {
        tensor = try NumpyFile(bytes, name: name).tensor
      }
      arrays.append(NamedTensor(name: name, tensor: tensor))
    }
    self.arrays = arrays
  }

  private static func unpacked(
    _ bytes: UnsafeRawBufferPointer, _ entry: Entry, _ name: String
  ) throws(InputProblem) -> Tensor {
    // Any defect of the packed bytes means the same for whoever sent them.
    guard let array = try? DeflateReader.unpack(bytes, byteCount: entry.byteCount) else {
      throw problem(
        "\(PublicText.quoted(name)) packed as its directory says", entry.bytes.lowerBound)
    }
    return try array.withUnsafeBytes { bytes in
      Result { () throws(InputProblem) in try NumpyFile(bytes, name: name).tensor }
    }.get()
  }

  private static func problem(_ expected: String, _ offset: Int) -> InputProblem {
    .syntax(.npy, expected: expected, byteOffset: offset)
  }

  /// Where the directory begins, and how many entries it has: APPNOTE 4.3.16.
  private static func directory(
    of file: UnsafeRawBufferPointer
  ) throws(InputProblem) -> (start: Int, count: Int) {
    let size = 22
    guard file.count >= size else { throw problem("a ZIP archive of arrays", 0) }
    // A comment of up to 64 KiB may follow.
    let first = max(0, file.count - size - 0xFFFF)
    var place = file.count - size
    while place >= first, Self.word(place, file) != 0x0605_4B50 { place -= 1 }
    guard place >= first else { throw problem("the directory at the archive's end", file.count) }
    let count = Int(half(place + 10, file))
    let start = Int(word(place + 16, file))
    guard count <= arrayCountMax, start <= place else {
      throw problem("a directory of at most \(arrayCountMax) entries within the file", place)
    }
    return (start, count)
  }

  private struct Entry {
    let name: String
    let bytes: Range<Int>
    /// Without packing.
    let byteCount: Int
    let isPacked: Bool
    let next: Int
  }

  /// An entry of the directory (4.3.12) with the place of its bytes (4.3.7).
  private static func entry(
    at place: Int, in file: UnsafeRawBufferPointer
  ) throws(InputProblem) -> Entry {
    guard place <= file.count - 46, word(place, file) == 0x0201_4B50 else {
      throw problem("an entry of the directory", place)
    }
    // 4.4.5: 0 is stored, 8 is deflated.
    let method = half(place + 10, file)
    guard method == 0 || method == 8 else {
      throw problem("arrays that are stored or deflated, not packed by method \(method)", place)
    }
    let nameLength = Int(half(place + 28, file))
    let rest = Int(half(place + 30, file)) + Int(half(place + 32, file))
    let next = place + 46 + nameLength + rest
    guard next <= file.count else { throw problem("an entry within the file", place) }
    let name = String(decoding: file[place + 46..<place + 46 + nameLength], as: UTF8.self)
    let header = Int(word(place + 42, file))
    guard header <= file.count - 30, word(header, file) == 0x0403_4B50 else {
      throw problem("the header of \(PublicText.quoted(name))", place + 42)
    }
    let start = header + 30 + Int(half(header + 26, file)) + Int(half(header + 28, file))
    // Archives of more than 4 GiB write 0xFFFFFFFF here and the size elsewhere; they are refused, too.
    let byteCount = Int(word(place + 24, file))
    let length = method == 0 ? byteCount : Int(word(place + 20, file))
    guard start <= file.count, length <= file.count - start else {
      throw problem("the bytes of \(PublicText.quoted(name)) within the file", place + 24)
    }
    return Entry(
      name: name, bytes: start..<start + length, byteCount: byteCount, isPacked: method == 8,
      next: next)
  }

  private static func word(_ place: Int, _ file: UnsafeRawBufferPointer) -> UInt32 {
    UInt32(littleEndian: file.loadUnaligned(fromByteOffset: place, as: UInt32.self))
  }

  private static func half(_ place: Int, _ file: UnsafeRawBufferPointer) -> UInt16 {
    UInt16(littleEndian: file.loadUnaligned(fromByteOffset: place, as: UInt16.self))
  }
}
