import Glibc

/// Where native libraries are looked for, in order.
package struct NativeLibraryPlaces: Sendable, Equatable {
  package var directories: [String]
  /// After the directories, let the system's loader look where it always does.
  package var includesSystem: Bool

  package init(directories: [String], includesSystem: Bool) {
    self.directories = directories
    self.includesSystem = includesSystem
  }

  /// The directory that `APUS_NATIVE` names, the one of the running program, the `lib` beside that
  /// one (`bin/apus`, `lib/libonnxruntime.so.1`), the `.native` of the source tree around the program
  /// or around the working directory, and the system.
  ///
  /// Read anew at each call, so that what was installed meanwhile is found.
  package static var standard: NativeLibraryPlaces {
    var directories: [String] = []
    if let named = getenv("APUS_NATIVE"), named.pointee != 0 {
      directories.append(String(cString: named))
    }
    let program = programDirectory
    if let program {
      directories.append(program)
      if let above = parent(of: program) {
        directories.append((above == "/" ? "" : above) + "/lib")
      }
    }
    for start in [program, workingDirectory].compactMap({ $0 }) {
      if let tree = sourceTreeNative(above: start), !directories.contains(tree) {
        directories.append(tree)
      }
    }
    return NativeLibraryPlaces(directories: directories, includesSystem: true)
  }

  /// The places as a person reads them.
  package var descriptions: [String] {
    directories + (includesSystem ? ["the system's library path"] : [])
  }

  private static var programDirectory: String? {
    guard let path = realpath("/proc/self/exe", nil) else { return nil }
    defer { free(path) }
    return parent(of: String(cString: path))
  }

  private static var workingDirectory: String? {
    guard let path = getcwd(nil, 0) else { return nil }
    defer { free(path) }
    return String(cString: path)
  }

  private static func parent(of path: String) -> String? {
    guard path.count > 1, let slash = path.lastIndex(of: "/") else { return nil }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// The nearest `.native` at `start` or above that only its owner, this user or root, may write:
  /// code is loaded from it, so one that a stranger left in a shared folder does not count.
  private static func sourceTreeNative(above start: String) -> String? {
    var directory: String? = start
    while let current = directory {
      let candidate = (current == "/" ? "" : current) + "/.native"
      var status = stat()
      if stat(candidate, &status) == 0, status.st_mode & S_IFMT == S_IFDIR,
        status.st_mode & S_IWOTH == 0, status.st_uid == geteuid() || status.st_uid == 0
      {
        return candidate
      }
      directory = parent(of: current)
    }
    return nil
  }
}
