import Glibc
import Testing

/// Calls `body` with the path of a file of these bytes in a folder of its own under /tmp.
package func withFile(
  _ bytes: [UInt8], named name: String? = nil, _ body: (String) throws -> Void
) throws {
  var template = Array("/tmp/apus-onnx-XXXXXX".utf8CString)
  let directory: String
  if name == nil {
    directory = "/tmp"
  } else {
    try #require(mkdtemp(&template) != nil)
    directory = template.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
  }
  let path = "\(directory)/\(name ?? "apus-onnx-\(getpid())-\(UInt64.random(in: 0...(.max))).onnx")"
  let stream = fopen(path, "w")
  try #require(stream != nil)
  fwrite(bytes, 1, bytes.count, stream)
  fclose(stream)
  defer {
    unlink(path)
    if name != nil { rmdir(directory) }
  }
  try body(path)
}

/// All of a file.
package func bytes(of path: String) throws -> [UInt8] {
  let stream = fopen(path, "r")
  try #require(stream != nil)
  defer { fclose(stream) }
  var all: [UInt8] = []
  var block = [UInt8](repeating: 0, count: 1 << 16)
  while case let count = fread(&block, 1, block.count, stream), count > 0 {
    all += block[..<count]
  }
  return all
}

/// Where tests find files.
package enum TestFiles {
  private static let repository = #filePath.split(separator: "/").dropLast(3)
    .reduce("") { "\($0)/\($1)" }

  /// A committed fixture, by its path under Tests/Fixtures.
  package static func fixture(_ path: String) -> String { "\(repository)/Tests/Fixtures/\(path)" }

  /// `data` of the shared folder, or `nil` where there is none.
  package static let sharedData: String? = {
    let named = getenv("APUS_SHARED_DATA").map { String(cString: $0) }
    let folder = named ?? "\(repository)/../shared/data"
    return access("\(folder)/README.md", R_OK) == 0 ? folder : nil
  }()
}
