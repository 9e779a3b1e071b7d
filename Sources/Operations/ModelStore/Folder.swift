import Glibc

/// What lies in a directory, one level deep; links are followed once each, by the system.
struct Folder {
  let path: String
  /// Names of files, sorted.
  let files: [String]
  /// Names of directories, sorted.
  let folders: [String]
  /// Names that lead nowhere: broken links, links in a circle, and what is neither file nor
  /// directory.
  let others: [String]

  /// What a path is.
  enum Kind: Equatable {
    case file
    case folder
    case other
    /// With the system's reason.
    case unreachable(String)
  }

  /// Entries beyond this are not looked at; more models than that is a mistake.
  private static let entryCountMax = 100_000

  /// Reads the directory; `nil` with the system's reason in `reason` where it cannot be.
  init?(_ path: String, reason: inout String) {
    guard let directory = opendir(path) else {
      reason = String(cString: strerror(errno))
      return nil
    }
    defer { closedir(directory) }
    var (files, folders, others): ([String], [String], [String]) = ([], [], [])
    var count = 0
    while let entry = readdir(directory), count < Self.entryCountMax {
      count += 1
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name.hasPrefix(".") { continue }
      switch Self.kind(of: "\(path)/\(name)") {
      case .file: files.append(name)
      case .folder: folders.append(name)
      case .other, .unreachable: others.append(name)
      }
    }
    self.path = path
    self.files = files.sorted()
    self.folders = folders.sorted()
    self.others = others.sorted()
  }

  static func kind(of path: String) -> Kind {
    var status = stat()
    guard stat(path, &status) == 0 else { return .unreachable(String(cString: strerror(errno))) }
    switch status.st_mode & S_IFMT {
    case S_IFREG: return .file
    case S_IFDIR: return .folder
    default: return .other
    }
  }

  /// Without `.`, `..` and links; the path itself where the system cannot tell.
  static func wholePath(_ path: String) -> String {
    guard let resolved = realpath(path, nil) else { return path }
    defer { free(resolved) }
    return String(cString: resolved)
  }

  func path(of name: String) -> String { "\(path)/\(name)" }

  /// A few names of what is here, for messages.
  var summary: String {
    let names = folders.map { "\($0)/" } + files + others
    guard !names.isEmpty else { return "it is empty" }
    let shown = names.prefix(5).joined(separator: ", ")
    return names.count > 5 ? "it has \(shown) and \(names.count - 5) more" : "it has \(shown)"
  }
}

/// The parts of a path that name a model.
enum PathText {
  /// The last part.
  static func name(_ path: String) -> String {
    String(path.split(separator: "/").last ?? "")
  }

  /// The last part without what follows its last dot.
  static func stem(_ path: String) -> String {
    let name = name(path)
    guard let dot = name.lastIndex(of: "."), dot > name.startIndex else { return name }
    return String(name[..<dot])
  }

  /// What follows the last dot, in lower case.
  static func ending(_ path: String) -> String {
    let name = name(path)
    guard let dot = name.lastIndex(of: "."), dot > name.startIndex else { return "" }
    return name[name.index(after: dot)...].lowercased()
  }
}
