import Glibc

/// What tells whether the files of a model have changed, without reading them.
package struct FileMarks: Sendable, Hashable {
  /// One file.
  private struct Mark: Sendable, Hashable {
    /// Below the model's folder; empty for a model of one file.
    let path: String
    let byteCount: Int
    let seconds: Int
    let nanoseconds: Int
    let inode: UInt
  }

  private var marks: [Mark] = []

  /// Deeper than any model's files.
  private static let depthMax = 5
  private static let fileCountMax = 10_000

  /// Looks at a file, or at everything below a folder; `nil` where nothing is there. Blocks.
  package init?(path: String) {
    guard Self.mark(path, named: "") != nil else { return nil }
    collect(path, "", depth: 0)
    marks.sort { $0.path < $1.path }
  }

  private mutating func collect(_ path: String, _ name: String, depth: Int) {
    var reason = ""
    guard depth < Self.depthMax, marks.count < Self.fileCountMax,
      Folder.kind(of: path) == .folder, let folder = Folder(path, reason: &reason)
    else {
      if let mark = Self.mark(path, named: name) { marks.append(mark) }
      return
    }
    for child in folder.files + folder.folders {
      collect(folder.path(of: child), name.isEmpty ? child : "\(name)/\(child)", depth: depth + 1)
    }
  }

  private static func mark(_ path: String, named name: String) -> Mark? {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    let isFolder = status.st_mode & S_IFMT == S_IFDIR
    // A folder's own size and time move with files that are none of the model's.
    return Mark(
      path: name, byteCount: isFolder ? 0 : Int(status.st_size),
      seconds: isFolder ? 0 : status.st_mtim.tv_sec,
      nanoseconds: isFolder ? 0 : status.st_mtim.tv_nsec, inode: UInt(status.st_ino))
  }

  /// Whether a version's files, in a folder of its number, and what lies beside these folders are as
  /// they were.
  package func isSame(as earlier: FileMarks, forVersion version: Int64) -> Bool {
    func part(_ all: FileMarks) -> [Mark] {
      all.marks.filter { mark in
        guard let folder = mark.path.split(separator: "/").dropLast().first else { return true }
        return Int64(folder).map { $0 == version } ?? true
      }
    }
    return part(self) == part(earlier)
  }
}
