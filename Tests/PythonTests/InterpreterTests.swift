import Foundation
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
    #expect(try Self.interpreter(model).program() == "python3")
  }

  @Test func `is a program that is named, as it is named`() throws {
    let folder = try Folder()
    let model = try folder.write("model.py")
    #expect(try Self.interpreter(model, named: "pypy3").program() == "pypy3")
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
}
