import Glibc
import Inference
package import Settings
import Synchronization

/// Keeps the aliases of one repository for the next start, in a directory of ours and never in the
/// repository itself.
///
/// Thread-safe. A change is in the file, whole, before `keep` returns; what could not be written is
/// still in force until the server ends.
package final class AliasFile: Sendable {
  /// The file; which paths are served is part of its name.
  package let path: String
  private let kept = Guarded(KeptAliases())

  /// - Parameter paths: of the repository, as they were given.
  package init(directory: String, paths: [String]) {
    let whole = paths.map(Folder.wholePath).joined(separator: "\n")
    // FNV-1a: the same in every release.
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in whole.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    path = "\(directory)/aliases-\(String(hash, radix: 16)).json"
  }

  /// What was kept before; blocks. A file that cannot be understood is moved aside and counts as
  /// none: the answer says so.
  package func open() -> TextFile.Problem? {
    guard TextFile.exists(path) else { return nil }
    do throws(TextFile.Problem) {
      let read = try KeptAliases(text: try TextFile.read(path))
      kept.withLock { $0 = read }
      return nil
    } catch {
      let aside = rename(path, "\(path).broken") == 0 ? "; it is now \(path).broken" : ""
      return TextFile.Problem(
        reason: "\(path): \(error.reason)\(aside); aliases that requests set before are not known")
    }
  }

  package func aliases(_ configured: [String], of name: String, version: Int64) -> [String] {
    kept.withLock { $0.aliases(configured, of: name, version: version) }
  }

  /// Keeps a change; blocks on the disk.
  package func keep(_ aliases: [String: Int64?], of name: String) throws(TextFile.Problem) {
    // Written under the lock, so that the last change is what the file ends up with.
    try kept.withLock { (kept) throws(TextFile.Problem) in
      kept.note(aliases, of: name)
      try Self.write(kept.text, to: path)
    }
  }

  /// Beside its place first, so that nobody ever sees half a file.
  private static func write(_ text: String, to path: String) throws(TextFile.Problem) {
    let draft = "\(path).new"
    try makeDirectory(String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)]))
    guard let file = fopen(draft, "we") else { throw problem(draft) }
    let isWritten = fputs(text, file) >= 0 && fflush(file) == 0 && fsync(fileno(file)) == 0
    guard fclose(file) == 0, isWritten, rename(draft, path) == 0 else { throw problem(path) }
  }

  private static func makeDirectory(_ path: String) throws(TextFile.Problem) {
    var whole = path.hasPrefix("/") ? "" : "."
    for part in path.split(separator: "/") {
      whole += "/\(part)"
      if mkdir(whole, 0o700) != 0, errno != EEXIST { throw problem(whole) }
    }
  }

  private static func problem(_ path: String) -> TextFile.Problem {
    TextFile.Problem(reason: "\(path): \(String(cString: strerror(errno)))")
  }
}
