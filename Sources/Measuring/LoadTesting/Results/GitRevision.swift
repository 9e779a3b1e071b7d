import Glibc

/// Which revision of what lies in the working directory, read from git's own files (gitrepository-layout(5)).
enum GitRevision {
  /// Abbreviated, with the branch where there is one; `nil` outside of a repository.
  static var current: String? {
    guard let directory = getcwd(nil, 0) else { return nil }
    defer { free(directory) }
    return of(String(cString: directory))
  }

  static func of(_ directory: String) -> String? {
    var place = Substring(directory)
    while true {
      if let folder = folder(in: String(place)) { return revision(folder) }
      guard let slash = place.lastIndex(of: "/"), !place.isEmpty else { return nil }
      place = place[..<slash]
    }
  }

  /// `.git` is a folder, or a file that says where it is.
  private static func folder(in directory: String) -> String? {
    let path = "\(directory)/.git"
    if !SystemText.firstLine("\(path)/HEAD").isEmpty { return path }
    let line = SystemText.firstLine(path)
    guard line.hasPrefix("gitdir: ") else { return nil }
    let said = String(line.dropFirst(8))
    return said.hasPrefix("/") ? said : "\(directory)/\(said)"
  }

  private static func revision(_ folder: String) -> String? {
    let head = SystemText.firstLine("\(folder)/HEAD")
    guard head.hasPrefix("ref: ") else { return short(head) }
    let reference = String(head.dropFirst(5))
    let branch = reference.split(separator: "/").dropFirst(2).joined(separator: "/")
    let shared = SystemText.firstLine("\(folder)/commondir")
    let places =
      shared.isEmpty ? [folder] : [folder, shared.hasPrefix("/") ? shared : "\(folder)/\(shared)"]
    for place in places {
      if let found = short(SystemText.firstLine("\(place)/\(reference)")) {
        return "\(found) (\(branch))"
      }
      let packed = SystemText.of("\(place)/packed-refs", byteCountMax: 4 << 20)
      for line in packed.split(separator: "\n") where line.hasSuffix(" \(reference)") {
        if let found = short(String(line)) { return "\(found) (\(branch))" }
      }
    }
    return nil
  }

  /// Of a line that begins with an object's name.
  private static func short(_ line: String) -> String? {
    let name = line.prefix { $0.isHexDigit }
    return name.count >= 40 ? String(name.prefix(12)) : nil
  }
}
