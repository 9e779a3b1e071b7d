import Glibc
import Inference
import Workers

/// Which Python runs a model.
struct Interpreter {
  let options: PythonOptions
  /// The model's file or folder.
  let path: String
  /// `nil` has nowhere to keep environments.
  let cache: String?
  let progress: @Sendable (String) -> Void

  /// The program, made ready where the model brings a list of what it needs; blocks as long as that takes.
  func program() throws(RuntimeFault) -> String {
    if let named = options.interpreter { return try environment(named) }
    for folder in folders {
      for name in ["venv", ".venv"] where Folders.isFile("\(folder)/\(name)/bin/python") {
        return "\(folder)/\(name)/bin/python"
      }
    }
    for folder in folders {
      let list = "\(folder)/requirements.txt"
      if Folders.isFile(list) {
        return try ListedEnvironment(list: list, cache: cache, progress: progress).program()
      }
    }
    return try itself("python3")
  }

  /// The interpreter behind a name: what is found in PATH may be a script that chooses one, as pyenv's
  /// are, and a confined worker may start no other programs.
  private func itself(_ named: String) throws(RuntimeFault) -> String {
    var bytes: [UInt8] = []
    let end = try Command.run(
      [named, "-c", "import sys; print(sys.executable)"], in: folders[0], secondsMax: 60
    ) { bytes += $0.prefix(4_096 - bytes.count) }
    let lines = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline)
    guard end == .exited(0), let last = lines.last, Folders.isFile(String(last)) else {
      throw RuntimeFault(
        code: .runtimeMissing,
        message: "\(named) is no Python that runs: \(lines.last.map(String.init) ?? "\(end)")")
    }
    return String(last)
  }

  private func environment(_ given: String) throws(RuntimeFault) -> String {
    // A worker has a working directory of its own.
    let named = given.contains("/") ? Folders.absolute(given) : given
    if PackedEnvironment.isPacked(named) {
      return try PackedEnvironment(archive: named, cache: cache, progress: progress).program()
    }
    guard Folders.isFolder(named) else { return try itself(named) }
    for name in ["bin/python", "bin/python3"] where Folders.isFile("\(named)/\(name)") {
      return "\(named)/\(name)"
    }
    throw RuntimeFault(
      code: .runtimeMissing, message: "\(named) has no bin/python; it is no environment of Python")
  }

  /// The model's own folder, and the one above where that is a number: a version.
  private var folders: [String] {
    let own = Folders.isFolder(path) ? path : Folders.above(path)
    let name = own.split(separator: "/").last ?? ""
    let isVersion = !name.isEmpty && name.utf8.allSatisfy { (48...57).contains($0) }
    return isVersion ? [own, Folders.above(own)] : [own]
  }
}
