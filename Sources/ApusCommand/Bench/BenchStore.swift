import ArgumentParser
import Glibc
import Jobs
import LoadTesting
import WireFormats

/// Results kept by name, a file each, in a folder of the project or wherever one says.
struct BenchStore {
  /// Beside what is measured, so that each project has its own.
  static let usualFolder = ".apus/bench"
  static let variable = "APUS_BENCH_STORE"
  private static let nameCountMax = 64

  let folder: String

  /// - Parameter said: by a flag, before the variable, before the usual.
  init(_ said: String?) {
    let folder = said ?? Environment.all[Self.variable] ?? Self.usualFolder
    self.folder = folder.isEmpty ? Self.usualFolder : folder
  }

  /// A name becomes a file's, and nothing else.
  static func check(_ name: String) throws {
    let isPlain = name.allSatisfy {
      $0.isASCII && ($0.isLetter || $0.isNumber || "._-".contains($0))
    }
    guard isPlain, !name.isEmpty, !name.hasPrefix("."), name.count <= nameCountMax else {
      throw Failure.usage(
        "a name of a result has up to \(nameCountMax) letters, digits, '-', '_' and '.', and does not "
          + "begin with '.'; got \(name.isEmpty ? "nothing" : name)")
    }
  }

  /// Replaces what had the name, at once: a reader sees the old or the new.
  func save(_ document: [UInt8], as name: String) throws {
    let path = path(of: name)
    let fresh = "\(path).\(getpid())"
    do {
      var place = folder.hasPrefix("/") ? "" : "."
      for part in folder.split(separator: "/") {
        place += "/\(part)"
        try JobFile.makeDirectory(place)
      }
      try JobFile.write(document, to: fresh)
    } catch {
      throw Failure.operation("--save: \(error)")
    }
    guard rename(fresh, path) == 0 else {
      throw Failure.operation("--save: cannot write \(path): \(String(cString: strerror(errno)))")
    }
  }

  func load(_ name: String) throws -> [BenchResult] {
    try Self.check(name)
    guard access(path(of: name), F_OK) == 0 else {
      let known = names
      throw Failure.operation(
        "no result is kept as \(name) in \(folder)"
          + (known.isEmpty
            ? "; keep one with --save \(name)" : "; there are \(known.joined(separator: ", "))"))
    }
    do {
      return try ResultFile.read(path(of: name)).map {
        var result = $0
        result.name = name
        return result
      }
    } catch {
      throw Failure.operation("\(error)")
    }
  }

  /// In alphabetical order; empty where there is no such folder.
  var names: [String] {
    guard let stream = opendir(folder) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let file = withUnsafePointer(to: &entry.pointee.d_name) { field in
        field.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if file.hasSuffix(".json"), !file.hasPrefix(".") { names.append(String(file.dropLast(5))) }
    }
    return names.sorted()
  }

  private func path(of name: String) -> String { "\(folder)/\(name).json" }
}
