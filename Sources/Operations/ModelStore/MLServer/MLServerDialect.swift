import Batching
import Inference
import Settings

/// Reads MLServer's `model-settings.json` into a `ModelConfiguration`.
struct MLServerDialect {
  static let fileName = "model-settings.json"

  private let root: ConfigurationGroup
  private let file: String
  private var model: ModelConfiguration

  /// What the file says over what is known.
  static func read(
    _ bytes: [UInt8], file: String, into model: inout ModelConfiguration
  ) throws(ConfigurationTree.Problem) {
    let tree = try JSONText.parse(bytes)
    var reading = ConfigurationReading(
      file: file, language: .json, table: MLServerTable.table, notes: model.notes)
    let root = reading.read(tree)
    model.notes = reading.notes
    model.path = file
    var dialect = MLServerDialect(root: root, file: file, model: model)
    dialect.takeIdentity()
    dialect.takeBatching()
    dialect.takeTensors()
    model = dialect.model
  }

  private mutating func stop(_ text: String, _ group: ConfigurationGroup, _ name: String) {
    model.notes.stop("\(group.path(of: name)): \(text)", in: file, at: group.place(of: name))
  }

  /// Classes that only run a file of trees.
  private static let tabular = [
    "mlserver_xgboost.XGBoostModel", "mlserver_lightgbm.LightGBMModel",
    "mlserver_catboost.CatboostModel",
  ]

  private mutating func takeIdentity() {
    if let name = root.text("name") {
      if !ModelName.isValid(name) { stop("expected \(ModelName.expectation)", root, "name") }
      model.name = name
    }
    if let implementation = root.word("implementation") {
      let lower = implementation.lowercased()
      if Self.tabular.contains(implementation) {
        model.runtime = .trees
      } else if !["onnx", "openvino"].contains(where: lower.contains) {
        // The worker reads this file itself, for the class and what that wants.
        model.runtime = .python
        model.isWholeFolder = true
      }
    }
    guard let parameters = root.group("parameters") else { return }
    if let uri = parameters.word("uri") { model.file = file(of: uri, parameters) }
    for key in ["environment_tarball", "environment_path"] {
      guard let path = parameters.word(key) else { continue }
      model.python.interpreter =
        path.hasPrefix("/") ? path : file.dropLast(Self.fileName.count) + path
    }
    guard let version = parameters.word("version") else { return }
    if let number = Int64(version), number >= 1 {
      model.version = number
    } else if ModelName.isValid(version), !version.utf8.allSatisfy({ (48...57).contains($0) }) {
      model.aliases[version] = model.version
    } else {
      stop("expected a number from 1, or a name", parameters, "version")
    }
  }

  /// A path below the folder; others would leave the repository.
  private mutating func file(of uri: String, _ group: ConfigurationGroup) -> String? {
    let name = uri.hasPrefix("./") ? String(uri.dropFirst(2)) : uri
    guard !name.isEmpty, !name.contains("://"), !name.hasPrefix("/"),
      !name.split(separator: "/").contains("..")
    else {
      stop("expected a file below this directory, got \"\(uri)\"", group, "uri")
      return nil
    }
    return name
  }

  private mutating func takeBatching() {
    let rowsMax = root.integer("max_batch_size") ?? 0
    let seconds = root.number("max_batch_time") ?? 0
    if !(0...3_600).contains(seconds) {
      return stop("expected seconds from 0 to 3600", root, "max_batch_time")
    }
    if root.isTrue("cache_enabled") ?? false { model.scheduling.keepsAnswers = true }
    // Both are needed, as in MLServer, where either missing turns joining off.
    guard rowsMax > 1, seconds > 0 else { return }
    var policy = BatchingPolicy(mode: .fixed, rowsMax: rowsMax)
    policy.delayNanosecondsMax = UInt64(seconds * 1e9)
    model.scheduling.batching = policy
  }

  /// The shapes there have the row axis. It is left out where all of them begin with an open
  /// length; else they are whole, and the model has no rows.
  private mutating func takeTensors() {
    let (inputs, outputs) = (tensors("inputs"), tensors("outputs"))
    guard !inputs.isEmpty || !outputs.isEmpty else { return }
    let hasRows = (inputs + outputs).allSatisfy { $0.dimensions.first == -1 }
    func cut(_ tensors: [DeclaredTensor]) -> [DeclaredTensor] {
      tensors.map { tensor in
        var tensor = tensor
        if hasRows { tensor.dimensions.removeFirst() }
        return tensor
      }
    }
    if !hasRows, model.scheduling.batching.mode != .off {
      stop("requests are joined only where all shapes begin with -1", root, "max_batch_size")
    }
    model.declared = DeclaredSignature(
      inputs: cut(inputs), outputs: cut(outputs), rowsMax: hasRows ? nil : 0)
  }

  private mutating func tensors(_ key: String) -> [DeclaredTensor] {
    var tensors: [DeclaredTensor] = []
    for group in root.groups(key) {
      guard let name = group.word("name"),
        let datatype = group.text("datatype").flatMap(Datatype.init(name:))
      else {
        model.notes.stop("\(group.path): expected name and datatype", in: file, at: group.place)
        continue
      }
      tensors.append(
        DeclaredTensor(name: name, datatype: datatype, dimensions: group.integers("shape")))
    }
    return tensors
  }
}
