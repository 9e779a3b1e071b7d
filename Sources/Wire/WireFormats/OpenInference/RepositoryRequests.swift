package import Inference

/// What a client sends along to load a model: a configuration in place of the model's own, files in
/// place of those of the repository.
package struct ModelLoadRequest: Sendable, Equatable {
  /// One file, for a place inside the model's folder: `1/model.onnx`.
  package struct File: Sendable, Equatable {
    package let path: String
    package let bytes: [UInt8]

    package init(path: String, bytes: [UInt8]) {
      self.path = path
      self.bytes = bytes
    }
  }

  /// JSON with the names of Triton's model configuration.
  package var configuration: String?
  package var files: [File] = []

  package init(configuration: String? = nil, files: [File] = []) {
    self.configuration = configuration
    self.files = files
  }

  private static let filePrefix = "file:"
  /// More files than any model has.
  private static let fileCountMax = 1_000

  /// Reads `{"parameters": {"config": "...", "file:1/model.onnx": "<base64>"}}`; an empty body asks
  /// for the model as it lies in the repository.
  package static func decode(
    _ bytes: UnsafeRawBufferPointer, depthMax: Int
  ) throws(InputProblem) -> ModelLoadRequest {
    var request = ModelLoadRequest()
    for member in try RepositoryParameters.read(bytes, depthMax: depthMax) {
      if member.key == "config" {
        request.configuration = try text(of: member)
      } else if member.key.hasPrefix(filePrefix) {
        request.files.append(try file(member))
      } else {
        throw .parameter(member.key, expected: "config, or file: and a path", got: member.key)
      }
    }
    try request.check()
    return request
  }

  /// What files need beside themselves.
  func check() throws(InputProblem) {
    if files.count > Self.fileCountMax {
      throw .parameter("file:", expected: "\(Self.fileCountMax) files at most", got: "more")
    }
    if !files.isEmpty, configuration == nil {
      throw .parameter(
        "config", expected: "the configuration that goes with the files", got: "nothing")
    }
  }

  /// Takes a file by the name of the parameter that carries it: `file:1/model.onnx`.
  mutating func append(
    fileParameter name: String, _ bytes: [UInt8]
  ) throws(InputProblem) {
    guard name.hasPrefix(Self.filePrefix) else {
      throw .parameter(name, expected: "config, or file: and a path", got: name)
    }
    files.append(File(path: try Self.path(of: name), bytes: bytes))
  }

  private static func text(of member: JSONValue.Member) throws(InputProblem) -> String {
    guard case .string(let text) = member.value else {
      throw .fieldOfWrongKind(member.key, expected: "a string")
    }
    return text
  }

  private static func path(of name: String) throws(InputProblem) -> String {
    let path = String(name.dropFirst(filePrefix.count))
    guard isInside(path) else {
      throw .parameter(
        "file:", expected: "a path inside the model's folder, such as file:1/model.onnx", got: path)
    }
    return path
  }

  private static func file(_ member: JSONValue.Member) throws(InputProblem) -> File {
    let path = try path(of: member.key)
    var text = try text(of: member)
    var bytes: Result<[UInt8], InputProblem> = .success([])
    text.withUTF8 { utf8 in
      do throws(InputProblem) {
        bytes = .success(try Base64.decode(utf8))
      } catch {
        bytes = .failure(error)
      }
    }
    return File(path: path, bytes: try bytes.get())
  }

  /// Whether a path leads to a file below the folder that it is put in, on every file system.
  private static func isInside(_ path: String) -> Bool {
    let parts = path.split(separator: "/", omittingEmptySubsequences: false)
    return path.utf8.count <= 512 && parts.count <= 8
      && parts.allSatisfy { part in
        !part.isEmpty && part != "." && part != ".."
          && part.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "\\") }
      }
  }
}

/// The body of an unload: `{"parameters": {"unload_dependents": true}}`.
package enum ModelUnloadRequest {
  /// Whether the models that this one is made of go with it.
  package static func withDependents(
    _ bytes: UnsafeRawBufferPointer
  ) throws(InputProblem) -> Bool {
    var isWanted = false
    for member in try RepositoryParameters.read(bytes, depthMax: JSONValue.depthMax) {
      guard member.key == "unload_dependents", case .bool(let flag) = member.value else {
        throw .parameter(
          member.key, expected: "unload_dependents, true or false", got: member.key)
      }
      isWanted = flag
    }
    return isWanted
  }
}

/// The body of a change of aliases: `{"stable": 3, "canary": null}`.
package enum AliasRequest {
  /// Names and versions; `nil` takes the name away.
  package static func decode(
    _ bytes: UnsafeRawBufferPointer
  ) throws(InputProblem) -> [String: Int64?] {
    guard case .object(let members) = try JSONValue(parsing: bytes) else {
      throw .fieldOfWrongKind("the body", expected: "an object of aliases and versions")
    }
    var aliases: [String: Int64?] = [:]
    for member in members {
      guard isAlias(member.key) else {
        throw .parameter(
          "alias", expected: "letters, digits, _, - and ., not digits alone", got: member.key)
      }
      switch (member.value, member.value.whole) {
      case (.null, _): aliases[member.key] = .some(nil)
      case (_, let version?) where version > 0: aliases[member.key] = version
      default: throw .fieldOfWrongKind(member.key, expected: "a version's number, or null")
      }
    }
    return aliases
  }

  private static func isAlias(_ text: String) -> Bool {
    let isDigits = text.utf8.allSatisfy { (48...57).contains($0) }
    return !isDigits && text.utf8.count <= 64
      && text.utf8.allSatisfy { byte in
        switch byte {
        case 48...57, 65...90, 97...122, UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."):
          true
        default: false
        }
      }
  }
}

/// What loads and unloads have in common.
private enum RepositoryParameters {
  static func read(
    _ bytes: UnsafeRawBufferPointer, depthMax: Int
  ) throws(InputProblem) -> [JSONValue.Member] {
    if bytes.isEmpty { return [] }
    let document = try JSONValue(parsing: bytes, depthMax: depthMax)
    guard case .object = document else {
      throw .fieldOfWrongKind("the body", expected: "an object")
    }
    switch document["parameters"] {
    case nil: return []
    case .object(let members): return members
    default: throw .fieldOfWrongKind("parameters", expected: "an object")
    }
  }
}
