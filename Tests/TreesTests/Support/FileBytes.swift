import Glibc

/// The bytes of a file, and where the files of these tests lie.
enum FileBytes {
  static let shared: String = {
    if let named = getenv("APUS_SHARED_DATA") { return String(cString: named) }
    return folder(above: 3) + "/../shared/data"
  }()

  static let fixtures = folder(above: 2) + "/Fixtures/trees"

  static let hasShared = access(shared + "/xgboost", R_OK) == 0

  /// The folder so many above that of this file.
  private static func folder(above count: Int) -> String {
    var parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
    parts.removeLast(count + 1)
    return parts.joined(separator: "/")
  }

  static func read(_ path: String) throws -> [UInt8] {
    guard let file = fopen(path, "rb") else { throw Missing(path: path) }
    defer { fclose(file) }
    fseek(file, 0, SEEK_END)
    var bytes = [UInt8](repeating: 0, count: ftell(file))
    rewind(file)
    guard fread(&bytes, 1, bytes.count, file) == bytes.count else { throw Missing(path: path) }
    return bytes
  }

  struct Missing: Error {
    let path: String
  }
}
