import Glibc
import Inference
import Jobs
import LoadTesting
import ModelStore
import Settings

/// Where the winner of a tuning is written: a `model.yaml`, in a directory that `apus serve` takes.
struct TunedModel {
  /// The file, or `nil` where nothing is to be written.
  let file: String?
  private let plan: ModelPlan
  private let model: String
  /// The old text, of a file that is to be replaced.
  private let old: String?
  /// What a directory that is made for it needs beside the file.
  private let isNew: Bool

  /// Refuses at once what would fail after minutes.
  init(output: String?, isForced: Bool, model: String, plan: ModelPlan) throws {
    self.plan = plan
    self.model = model
    guard output != "-" else {
      (file, old, isNew) = (nil, nil, false)
      return
    }
    let isOwnFolder = Self.isFolder(model) && plan.source.name != Self.plain(model)
    let place = output ?? (isOwnFolder ? Self.plain(model) : plan.name)
    isNew = !(isOwnFolder && output == nil) && !place.hasSuffix(".yaml")
    let file = place.hasSuffix(".yaml") ? place : "\(Self.plain(place))/model.yaml"
    self.file = file
    // What else a model's own file says stays as it is, also where a copy is written elsewhere.
    let kept = isOwnFolder ? "\(Self.plain(model))/model.yaml" : file
    let exists = access(file, F_OK) == 0
    guard isForced || !exists else {
      throw Failure.usage(
        "\(file) is there already; --force replaces what it says of these settings, --output names "
          + "another place, --output - only shows it")
    }
    old = access(kept, F_OK) == 0 ? String(decoding: try Self.read(kept), as: UTF8.self) : nil
    if isNew, !exists, Self.isFolder(place), !isForced, plan.source.name != Self.plain(place) {
      throw Failure.usage(
        "\(place) is there already, and is no model; --output names another place")
    }
    guard text(of: plan.choice(instances: 1), remarks: []) != nil else {
      throw Failure.usage("\(kept) is no plain list of keys, which could be added to")
    }
  }

  /// What is written; `nil` where the old text cannot be added to.
  func text(of choice: ServingChoice, remarks: [String]) -> String? {
    choice.yaml(over: old, remarks: remarks, identity: identity)
  }

  /// A version folder that holds one model needs no name of a file.
  private var identity: [(key: String, value: String)] {
    let source = plan.source.name
    let file = source.split(separator: "/").last.map(String.init) ?? source
    if case .embedded = plan.source { return [("name", plan.name), ("file", Self.demoFile)] }
    let isInFolder = source == "\(Self.plain(model))/\(file)"
    guard isNew || isInFolder || !Self.isFolder(model) else { return [] }
    return [("name", plan.name), ("file", Self.quoted(file))]
  }

  /// Writes it, and loads nothing. Throws where a server would not take what was written.
  func write(_ text: String, settings: ServeSettings, choice: ServingChoice) throws {
    guard let file else { return }
    do throws(JobProblem) {
      if isNew { try makeFolder(String(file.dropLast("/model.yaml".count))) }
      try JobFile.write(Array(text.utf8), to: file)
    } catch {
      throw Failure.operation("\(error)")
    }
    guard file.hasSuffix("/model.yaml"), isNew || Self.isFolder(model) else { return }
    let folder = String(file.dropLast("/model.yaml".count))
    do throws(ServerFault) {
      let written = try ModelPlans.find([folder], settings: settings)
      guard written.contains(where: { $0.choice(instances: $0.instanceCount ?? 0) == choice })
      else {
        throw .configurationInvalid(file: file, reason: "it does not say what was chosen")
      }
    } catch {
      throw Failure.operation("\(error)")
    }
  }

  /// The folder with version 1: a link to where the model lies, so that what belongs to its file is
  /// there, too; of a demo model its file.
  private func makeFolder(_ folder: String) throws(JobProblem) {
    try JobFile.makeDirectory(folder)
    let version = "\(folder)/1"
    switch plan.source {
    case .embedded(_, let bytes):
      try JobFile.makeDirectory(version)
      try JobFile.write(Array(bytes.bytes), to: "\(version)/\(Self.demoFile)")
    case .file(let path):
      guard access(version, F_OK) != 0 else { return }
      let parent = path.split(separator: "/", omittingEmptySubsequences: false).dropLast()
        .joined(separator: "/")
      guard let whole = realpath(parent.isEmpty ? (path.hasPrefix("/") ? "/" : ".") : parent, nil)
      else { throw .unreadable(reason: String(cString: strerror(errno))) }
      defer { free(whole) }
      guard symlink(whole, version) == 0 else {
        throw .unwritable(file: version, reason: String(cString: strerror(errno)))
      }
    }
  }

  private static let demoFile = "model.onnx"

  private static func read(_ path: String) throws -> [UInt8] {
    do throws(JobProblem) {
      return try JobFile.read(path)
    } catch {
      throw Failure.operation("\(path): \(error)")
    }
  }

  private static func isFolder(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  /// Without slashes at its end.
  private static func plain(_ path: String) -> String {
    var path = path
    while path.count > 1, path.hasSuffix("/") { path.removeLast() }
    return path
  }

  /// A text of YAML that is taken as it is.
  private static func quoted(_ text: String) -> String {
    "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''") + "'"
  }
}
