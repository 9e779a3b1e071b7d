import Foundation
import Glibc

/// What a program that ran to its end left behind.
struct ProcessResult: Sendable {
  /// The exit status; 128 and more: the signal that ended it.
  let status: Int32
  let output: String
  let errors: String
}

/// The program under test, run as a child with posix_spawn.
struct ChildProcess {
  struct Problem: Error { let text: String }

  /// `APUS_BINARY`, else the debug build of this repository.
  static let binary = getenv("APUS_BINARY").map { String(cString: $0) } ?? ".build/debug/apus"

  /// Runs `apus` with these arguments and gives what it wrote; blocks until it ends.
  ///
  /// Its outputs go to files, so that no pipe fills up. `input` is its standard input. Variables are
  /// those of this process without `APUS_...`, and `environment`.
  static func run(
    _ arguments: [String], input: [UInt8] = [], environment: [String: String] = [:]
  ) throws -> ProcessResult {
    let folder = try TemporaryFolder()
    try folder.write(input, to: "in")
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    let created = O_WRONLY | O_CREAT | O_TRUNC
    posix_spawn_file_actions_addopen(&actions, 0, "\(folder.path)/in", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, "\(folder.path)/out", created, 0o600)
    posix_spawn_file_actions_addopen(&actions, 2, "\(folder.path)/err", created, 0o600)
    let status = try spawn([binary] + arguments, variables(environment), &actions)
    return ProcessResult(
      status: status, output: try folder.text("out"), errors: try folder.text("err"))
  }

  private static func variables(_ added: [String: String]) -> [String] {
    var variables: [String] = []
    var place = environ
    while let entry = place.pointee {
      let text = String(cString: entry)
      // How this machine serves is no part of a test; where its runtimes are is.
      if !text.hasPrefix("APUS_") || text.hasPrefix("APUS_NATIVE=") { variables.append(text) }
      place += 1
    }
    return variables + added.map { "\($0.key)=\($0.value)" }
  }

  private static func spawn(
    _ arguments: [String], _ variables: [String], _ actions: inout posix_spawn_file_actions_t
  ) throws -> Int32 {
    let argv = arguments.map { strdup($0) } + [nil]
    let envp = variables.map { strdup($0) } + [nil]
    defer { for text in argv + envp { free(text) } }
    var id = pid_t()
    let failure = posix_spawn(&id, binary, &actions, nil, argv, envp)
    guard failure == 0 else {
      throw Problem(text: "\(binary): \(String(cString: strerror(failure)))")
    }
    var status: Int32 = 0
    while waitpid(id, &status, 0) < 0 {
      guard errno == EINTR else { throw Problem(text: "lost the child \(id)") }
    }
    let signal = status & 0x7F
    return signal == 0 ? (status >> 8) & 0xFF : 128 + signal
  }
}

/// A directory that lives as long as this object.
final class TemporaryFolder {
  let path: String

  init() throws {
    var template = Array("/tmp/apus-integration-XXXXXX".utf8CString)
    guard let made = mkdtemp(&template) else {
      throw ChildProcess.Problem(text: "no temporary directory")
    }
    path = String(cString: made)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }  // left behind, it harms nobody

  /// Writes a file and gives its path; makes the folders that its name has.
  @discardableResult
  func write(_ bytes: [UInt8], to name: String) throws -> String {
    if let end = name.lastIndex(of: "/") {
      try FileManager.default.createDirectory(
        atPath: "\(path)/\(name[..<end])", withIntermediateDirectories: true)
    }
    guard let stream = fopen("\(path)/\(name)", "w") else {
      throw ChildProcess.Problem(text: "cannot write \(name)")
    }
    defer { fclose(stream) }
    fwrite(bytes, 1, bytes.count, stream)
    return "\(path)/\(name)"
  }

  @discardableResult
  func write(_ text: String, to name: String) throws -> String {
    try write(Array(text.utf8), to: name)
  }

  func bytes(_ name: String) throws -> [UInt8] { try Self.bytes("\(path)/\(name)") }

  func text(_ name: String) throws -> String { String(decoding: try bytes(name), as: UTF8.self) }

  static func bytes(_ path: String) throws -> [UInt8] {
    guard let stream = fopen(path, "r") else {
      throw ChildProcess.Problem(text: "cannot read \(path)")
    }
    defer { fclose(stream) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while case let count = fread(&chunk, 1, chunk.count, stream), count > 0 {
      bytes += chunk[..<count]
    }
    return bytes
  }
}
