import Glibc
import Inference
import OpenVino
import TestSupport
import Testing

@Suite(.serialized, .enabled(if: OpenVinoFixtures.isPresent, OpenVinoFixtures.absence))
struct CompiledModelCacheTests {
  @Test func `a compiled model is kept, used again, and made again where it was spoiled`() throws {
    try withFolder { folder in
      let cache = CompiledModelCache(directory: "\(folder)/deep/er", bytesMax: 1 << 30)
      func answer() throws -> [Float] {
        let model = try OpenVinoFixtures.load("formats/affine.xml", cache: cache)
        return try OpenVinoFixtures.answer(model, [1, 2, 3])
      }
      #expect(try answer() == [3, 5, 7])
      let kept = Self.files(under: cache.directory)
      #expect(kept.count == 1)
      let blob = try #require(kept.first)
      #expect(try answer() == [3, 5, 7])
      #expect(Self.files(under: cache.directory) == kept)
      try #require(truncate(blob, 100) == 0)
      #expect(try answer() == [3, 5, 7])
    }
  }

  @Test func `what was not used for longest goes first`() throws {
    try withFolder { folder in
      let cache = CompiledModelCache(directory: folder, bytesMax: 1)
      _ = try OpenVinoFixtures.load("formats/affine.xml", cache: cache)
      let first = Self.files(under: folder)
      _ = try OpenVinoFixtures.load("formats/affine.tflite", cache: cache)
      let second = Self.files(under: folder)
      #expect(first.count == 1 && second.count == 1)
      #expect(first != second, "the one just loaded stays, whatever its size")
    }
  }

  @Test func `a directory that others may write is not used`() throws {
    try withFolder { folder in
      chmod(folder, 0o777)
      let cache = CompiledModelCache(directory: folder, bytesMax: 1 << 30)
      let model = try OpenVinoFixtures.load("formats/affine.xml", cache: cache)
      #expect(try OpenVinoFixtures.answer(model, [1, 2, 3]) == [3, 5, 7])
      #expect(Self.files(under: folder).isEmpty)
    }
  }

  private static func files(under folder: String) -> [String] {
    names(in: folder).flatMap { inner in
      names(in: "\(folder)/\(inner)").map { "\(folder)/\(inner)/\($0)" }
    }
  }

  private static func names(in folder: String) -> [String] {
    guard let stream = opendir(folder) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { field in
        field.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if !name.hasPrefix(".") { names.append(name) }
    }
    return names.sorted()
  }

  /// A folder of its own that goes, with two levels of what is in it, after the call.
  private func withFolder(_ body: (String) throws -> Void) throws {
    var template = Array("/tmp/apus-cache-XXXXXX".utf8CString)
    try #require(mkdtemp(&template) != nil)
    let folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    defer { Self.remove(folder) }
    try body(folder)
  }

  private static func remove(_ folder: String) {
    for name in names(in: folder) {
      let path = "\(folder)/\(name)"
      if unlink(path) != 0 { remove(path) }
    }
    rmdir(folder)
  }
}
