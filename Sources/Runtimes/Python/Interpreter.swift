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
      if Folders.isFile(list) { return try Environment(list, cache, progress).program() }
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

  private func environment(_ named: String) throws(RuntimeFault) -> String {
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

/// A virtual environment made from a list of requirements: once, and kept for as long as the list says
/// the same.
private struct Environment {
  let list: String
  let cache: String?
  let progress: @Sendable (String) -> Void
  /// How long an installation may take: hours would be no start any more.
  private static let secondsMax = 1_800

  init(_ list: String, _ cache: String?, _ progress: @escaping @Sendable (String) -> Void) {
    self.list = list
    self.cache = cache
    self.progress = progress
  }

  func program() throws(RuntimeFault) -> String {
    guard let text = Folders.text(list) else {
      throw RuntimeFault(code: .invalidModel, message: "cannot read \(list)")
    }
    guard let cache else {
      throw RuntimeFault(
        code: .invalidModel,
        message:
          "\(list) wants packages installed, and there is no cache directory to keep them in; "
          + "set one, or name an interpreter")
    }
    var hash = ByteHash()
    hash.take(text)
    let folder = "\(cache)/environment-\(WorkerPackage.hexadecimal(hash.value))"
    try Folders.make(cache)
    let lock = open("\(folder).lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard lock >= 0 else { throw Folders.unwritable("\(folder).lock") }
    defer { close(lock) }
    while flock(lock, LOCK_EX) != 0 {
      guard errno == EINTR else { throw Folders.unwritable("\(folder).lock") }
    }
    if !Folders.isFile("\(folder)/complete") { try make(folder) }
    return "\(folder)/bin/python"
  }

  private func make(_ folder: String) throws(RuntimeFault) {
    progress("making an environment for \(list)")
    if Folders.isFolder(folder) { TemporaryFolder.remove(folder) }
    try run(["python3", "-m", "venv", folder])
    progress("installing \(list)")
    // What lies beside the list may be named in it.
    try run([
      "\(folder)/bin/python", "-m", "pip", "install", "--disable-pip-version-check",
      "--no-input", "-r", list, "numpy",
    ])
    guard let mark = fopen("\(folder)/complete", "w") else { throw Folders.unwritable(folder) }
    fclose(mark)
    progress("installed \(list)")
  }

  private func run(_ program: [String]) throws(RuntimeFault) {
    var words = LastWords()
    let end = try Command.run(
      program, in: Folders.above(list), secondsMax: Self.secondsMax
    ) { bytes in _ = words.take(bytes) }
    guard end != .exited(0) else { return }
    throw RuntimeFault(
      code: .invalidModel,
      message: "\(program.prefix(4).joined(separator: " ")) failed for \(list): \(words.text(3))")
  }
}
