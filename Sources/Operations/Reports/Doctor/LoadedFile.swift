import Settings

/// Which file a library that the system found came from.
enum LoadedFile {
  /// The whole path of the library of that name, with its release in the file's name, as the kernel
  /// shows it (proc(5), `/proc/self/maps`); the name itself where it is not mapped.
  static func path(of name: String) -> String {
    // Without the file the name is all there is to say.
    guard !name.contains("/"), let maps = try? TextFile.read("/proc/self/maps") else { return name }
    let stem = name.prefix { $0 != "." }
    for line in maps.split(separator: "\n") {
      guard let slash = line.lastIndex(of: "/") else { continue }
      let file = line[line.index(after: slash)...]
      if file == name || file.hasPrefix("\(stem).so.") || file.hasPrefix("\(stem)-") {
        return line.firstIndex(of: "/").map { String(line[$0...]) } ?? name
      }
    }
    return name
  }
}
