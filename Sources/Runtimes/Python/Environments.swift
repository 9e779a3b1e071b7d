import Glibc
import Inference
import Workers

/// A folder below the cache directory that is filled once, whoever comes first, and kept.
struct KeptFolder {
  let cache: String
  let name: String

  /// The folder; `fill` is called where nobody has filled it to the end, and blocks others that want it.
  func made(
    _ fill: (_ folder: String) throws(RuntimeFault) -> Void
  ) throws(RuntimeFault) -> String {
    let folder = "\(cache)/\(name)"
    try Folders.make(cache)
    let lock = open("\(folder).lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard lock >= 0 else { throw Folders.unwritable("\(folder).lock") }
    defer { close(lock) }
    while flock(lock, LOCK_EX) != 0 {
      guard errno == EINTR else { throw Folders.unwritable("\(folder).lock") }
    }
    if Folders.isFile("\(folder)/complete") { return folder }
    if Folders.isFolder(folder) { TemporaryFolder.remove(folder) }
    try fill(folder)
    guard let mark = fopen("\(folder)/complete", "w") else { throw Folders.unwritable(folder) }
    fclose(mark)
    return folder
  }

  /// Runs a program that fills it; what it says last is the reason where it fails.
  static func run(
    _ program: [String], in directory: String, for purpose: String, secondsMax: Int
  ) throws(RuntimeFault) {
    var words = LastWords()
    let end = try Command.run(program, in: directory, secondsMax: secondsMax) { bytes in
      _ = words.take(bytes)
    }
    guard end != .exited(0) else { return }
    throw RuntimeFault(
      code: .invalidModel,
      message: "\(program.prefix(4).joined(separator: " ")) failed for \(purpose): \(words.text(3))"
    )
  }
}

/// A virtual environment made from a list of requirements: once, and kept for as long as the list says
/// the same.
struct ListedEnvironment {
  let list: String
  /// `nil` has nowhere to keep it.
  let cache: String?
  let progress: @Sendable (String) -> Void
  /// How long an installation may take: hours would be no start any more.
  private static let secondsMax = 1_800

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
    let kept = KeptFolder(
      cache: cache, name: "environment-\(WorkerPackage.hexadecimal(hash.value))")
    return try kept.made { (folder) throws(RuntimeFault) in try make(folder) } + "/bin/python"
  }

  private func make(_ folder: String) throws(RuntimeFault) {
    progress("making an environment for \(list)")
    try run(["python3", "-m", "venv", folder])
    progress("installing \(list)")
    // What lies beside the list may be named in it.
    try run([
      "\(folder)/bin/python", "-m", "pip", "install", "--disable-pip-version-check",
      "--no-input", "-r", list, "numpy",
    ])
    progress("installed \(list)")
  }

  private func run(_ program: [String]) throws(RuntimeFault) {
    try KeptFolder.run(
      program, in: Folders.above(list), for: list, secondsMax: Self.secondsMax)
  }
}

/// An environment in an archive, as conda-pack and venv-pack make them: unpacked once, and kept for as
/// long as the archive is the same file with the same size and time.
struct PackedEnvironment {
  let archive: String
  /// `nil` has nowhere to keep it.
  let cache: String?
  let progress: @Sendable (String) -> Void
  private static let secondsMax = 1_800

  static func isPacked(_ path: String) -> Bool {
    [".tar.gz", ".tgz", ".tar"].contains { path.hasSuffix($0) }
  }

  func program() throws(RuntimeFault) -> String {
    var found = stat()
    guard stat(archive, &found) == 0, found.st_mode & S_IFMT == S_IFREG else {
      throw RuntimeFault(code: .runtimeMissing, message: "there is no file \(archive)")
    }
    guard let cache else {
      throw RuntimeFault(
        code: .invalidModel,
        message: "\(archive) wants to be unpacked, and there is no cache directory; set one")
    }
    var hash = ByteHash()
    let time = found.st_mtim
    hash.take("\(archive) \(found.st_size) \(time.tv_sec) \(time.tv_nsec)".utf8)
    let kept = KeptFolder(cache: cache, name: "packed-\(WorkerPackage.hexadecimal(hash.value))")
    return try kept.made { (folder) throws(RuntimeFault) in try unpack(to: folder) }
      + "/bin/python"
  }

  private func unpack(to folder: String) throws(RuntimeFault) {
    progress("unpacking \(archive)")
    try Folders.make(folder)
    try run(["tar", "-xf", archive, "-C", folder])
    guard Folders.isFile("\(folder)/bin/python") else {
      throw RuntimeFault(
        code: .invalidModel,
        message: "\(archive) has no bin/python; pack an environment with conda-pack or venv-pack")
    }
    // It corrects the paths that packages have of the place where they were packed.
    if Folders.isFile("\(folder)/bin/conda-unpack") {
      try run(["\(folder)/bin/python", "\(folder)/bin/conda-unpack"])
    }
    progress("unpacked \(archive)")
  }

  private func run(_ program: [String]) throws(RuntimeFault) {
    try KeptFolder.run(
      program, in: Folders.above(archive), for: archive, secondsMax: Self.secondsMax)
  }
}
