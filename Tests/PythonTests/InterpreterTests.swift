import Foundation
import Glibc
import Inference
import Testing

@testable import Python

/// A folder for one test, removed after it.
struct Folder: ~Copyable {
  let url = FileManager.default.temporaryDirectory.appending(path: "python-\(UUID().uuidString)")

  init() throws {
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: url) }

  func write(_ path: String, _ text: String = "") throws -> String {
    let file = url.appending(path: path)
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: file)
    return file.path
  }
}

@Suite struct FoldersTests {
  @Test func `a path is told from the root on`() {
    let here = FileManager.default.currentDirectoryPath
    #expect(Folders.absolute("/a/b") == "/a/b")
    #expect(Folders.absolute("a/b") == here + "/a/b")
    #expect(Folders.absolute(".") == here)
  }
}

@Suite struct InterpreterTests {
  static func interpreter(
    _ path: String, named: String? = nil, cache: String? = nil
  ) -> Interpreter {
    var options = PythonOptions()
    options.interpreter = named
    return Interpreter(options: options, path: path, cache: cache) { _ in }
  }

  @Test func `is the system's where nothing else is said`() throws {
    let folder = try Folder()
    let model = try folder.write("1/model.py")
    let found = try Self.interpreter(model).program()
    #expect(found.hasPrefix("/") && found.contains("python"), "\(found)")
  }

  /// As pyenv has them: a worker may start no other programs, so it is not to meet the script.
  @Test func `is what a script that is named chooses`() throws {
    let folder = try Folder()
    let model = try folder.write("model.py")
    let chosen = try folder.write("chosen/python3")
    let script = try folder.write("shim/python3", "#!/bin/sh\necho \(chosen)\n")
    #expect(chmod(script, 0o755) == 0)
    #expect(try Self.interpreter(model, named: script).program() == chosen)
  }

  @Test(arguments: ["#!/bin/sh\necho no such version; exit 1\n", "#!/bin/sh\necho /nothing\n"])
  func `a script that chooses nothing is refused with its words`(text: String) throws {
    let folder = try Folder()
    let model = try folder.write("model.py")
    let script = try folder.write("shim/python3", text)
    #expect(chmod(script, 0o755) == 0)
    let fault = #expect(throws: RuntimeFault.self) {
      try Self.interpreter(model, named: script).program()
    }
    let words = text.contains("version") ? "no such version" : "/nothing"
    #expect(fault?.message.contains(words) == true, "\(fault?.message ?? "")")
  }

  @Test func `is that of an environment that is named`() throws {
    let folder = try Folder()
    let python = try folder.write("env/bin/python")
    let model = try folder.write("model.py")
    let named = folder.url.appending(path: "env").path
    #expect(try Self.interpreter(model, named: named).program() == python)
  }

  @Test func `a folder that is no environment is refused by name`() throws {
    let folder = try Folder()
    let model = try folder.write("model.py")
    #expect(throws: RuntimeFault.self) {
      try Self.interpreter(model, named: folder.url.path).program()
    }
  }

  @Test(arguments: ["model.py", "1/model.py"])
  func `is that of the environment beside the model or its version`(path: String) throws {
    let folder = try Folder()
    let python = try folder.write(".venv/bin/python")
    let model = try folder.write(path)
    #expect(try Self.interpreter(model).program() == python)
  }

  @Test func `requirements need somewhere to be installed`() throws {
    let folder = try Folder()
    _ = try folder.write("requirements.txt", "scikit-learn")
    let model = try folder.write("model.py")
    #expect(throws: RuntimeFault.self) { try Self.interpreter(model).program() }
  }

  @Test func `is that of an archive, which is unpacked once`() throws {
    let folder = try Folder()
    let model = try folder.write("1/model.py")
    let script = try folder.write("packed/bin/python", "#!/bin/sh\necho unpacked >> \"$1.ran\"\n")
    #expect(chmod(script, 0o755) == 0)
    _ = try folder.write("packed/bin/conda-unpack")
    let archive = folder.url.appending(path: "env.tar.gz").path
    let packing = Process()
    packing.executableURL = URL(filePath: "/usr/bin/env")
    packing.arguments = ["tar", "-czf", archive, "-C", folder.url.path + "/packed", "bin"]
    try packing.run()
    packing.waitUntilExit()
    let cache = folder.url.path + "/cache"
    let interpreter = Self.interpreter(model, named: archive, cache: cache)
    let found = try interpreter.program()
    #expect(found.hasPrefix(cache) && found.hasSuffix("/bin/python"))
    #expect(try interpreter.program() == found)
    let ran = found.replacing("/bin/python", with: "/bin/conda-unpack.ran")
    #expect(try String(contentsOfFile: ran, encoding: .utf8) == "unpacked\n")
  }

  @Test(arguments: ["none.tar.gz", "broken.tar.gz", "empty.tar"])
  func `an archive without an environment is refused by name`(_ name: String) throws {
    let folder = try Folder()
    let model = try folder.write("model.py")
    _ = try folder.write("broken.tar.gz", "no archive")
    // Zeros are an archive of nothing.
    _ = try folder.write("empty.tar", String(repeating: "\0", count: 10_240))
    let named = folder.url.appending(path: name).path
    let fault = #expect(throws: RuntimeFault.self) {
      try Self.interpreter(model, named: named, cache: folder.url.path + "/cache").program()
    }
    #expect(fault?.message.contains(name) == true, "\(fault?.message ?? "")")
  }
}
