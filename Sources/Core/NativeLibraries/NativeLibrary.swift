import Glibc

/// A shared library that was found and opened while the program runs.
///
/// Stays open for the life of the process: code of it may be running on any thread, so nothing
/// ever closes it. Looking up symbols is thread-safe.
package struct NativeLibrary: @unchecked Sendable {
  /// The file it came from; for a library of the system, the name the loader found it by.
  package let path: String
  /// What `dlopen` gave: never written after opening, and `dlsym` may be called from any thread.
  private let handle: UnsafeMutableRawPointer

  /// The address of an exported function or table, or `nil` where this release has none.
  package func symbol(_ name: String) -> UnsafeMutableRawPointer? { dlsym(handle, name) }

  /// Opens the first library that answers to one of `names`, most wanted first.
  ///
  /// In a directory a name also stands for its longer versions (`libpng.so.1` for
  /// `libpng.so.1.6.39`), the newest first. Blocks for the milliseconds that linking takes.
  package static func open(
    names: [String], in places: NativeLibraryPlaces = .standard
  ) throws(NativeLibraryMissing) -> NativeLibrary {
    var refusals: [String] = []
    for directory in places.directories {
      for path in candidates(names: names, directory: directory) {
        if let library = link(path, refusals: &refusals) { return library }
      }
    }
    if places.includesSystem {
      // Only the last refusal of the loader would say more than "no such file", so none is kept.
      var unheard: [String] = []
      for name in names {
        if let library = link(name, refusals: &unheard) { return library }
      }
    }
    throw NativeLibraryMissing(
      names: names, searched: places.descriptions, refusals: refusals)
  }

  private static func link(_ path: String, refusals: inout [String]) -> NativeLibrary? {
    // RTLD_LOCAL: two libraries may bring different releases of a third.
    if let handle = dlopen(path, RTLD_NOW | RTLD_LOCAL) {
      return NativeLibrary(path: path, handle: handle)
    }
    if let reason = dlerror() { refusals.append(String(cString: reason)) }
    return nil
  }

  private static func candidates(names: [String], directory: String) -> [String] {
    let files = fileNames(in: directory)
    return names.flatMap { name in
      files.filter { $0 == name || isVersion($0, of: name) }
        .sorted {
          versionNumbers($1, of: name).lexicographicallyPrecedes(versionNumbers($0, of: name))
        }
    }
    .map { "\(directory)/\($0)" }
  }

  private static func isVersion(_ file: String, of name: String) -> Bool {
    file.hasPrefix(name + ".")
      && file.dropFirst(name.count).allSatisfy { $0 == "." || ($0.isASCII && $0.isNumber) }
  }

  private static func versionNumbers(_ file: String, of name: String) -> [Int] {
    file.dropFirst(name.count).split(separator: ".").map { Int($0) ?? 0 }
  }

  private static func fileNames(in directory: String) -> [String] {
    guard let stream = opendir(directory) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { field in
        field.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      names.append(name)
    }
    return names
  }
}

/// Why no library could be opened; makes the sentence that a person reads.
package struct NativeLibraryMissing: Error, Sendable, Equatable {
  /// The names that would have done.
  package let names: [String]
  /// Where it was looked for, in order.
  package let searched: [String]
  /// What the loader said of files that were there and could not be used.
  package let refusals: [String]

  /// What is missing, and where it was looked for.
  package var explanation: String {
    let places = searched.joined(separator: ", ")
    let start = "\(names.first ?? "the library") was not found; looked in \(places)"
    return refusals.isEmpty ? start : start + "; refused: " + refusals.joined(separator: "; ")
  }
}
