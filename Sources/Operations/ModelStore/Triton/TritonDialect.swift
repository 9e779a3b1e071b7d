import Batching
import Inference
import Settings

/// Reads a Triton model configuration, from `config.pbtxt` or as JSON, into a `ModelConfiguration`.
struct TritonDialect {
  static let fileName = "config.pbtxt"

  let root: ConfigurationGroup
  let file: String
  /// The model's directory, for the files that it names.
  let folder: String
  var model: ModelConfiguration

  /// What the file says over what is known. Blocks on the files that it names.
  static func read(
    _ bytes: [UInt8], _ language: ConfigurationReading.Language, file: String, folder: String,
    into model: inout ModelConfiguration
  ) throws(ConfigurationTree.Problem) {
    let tree =
      language == .json ? try JSONText.parse(bytes) : try ProtobufText.parse(bytes)
    var reading = ConfigurationReading(
      file: file, language: language, table: TritonTable.table, notes: model.notes)
    let root = reading.read(tree)
    model.notes = reading.notes
    model.path = file
    var dialect = TritonDialect(root: root, file: file, folder: folder, model: model)
    dialect.takeIdentity()
    dialect.takeVersions()
    dialect.takeTensors()
    dialect.takeBatching()
    dialect.takeSequences()
    dialect.takeInstances()
    dialect.takeParameters()
    dialect.takeWarmUps()
    dialect.takeEnsemble()
    dialect.checkKeptAnswers()
    model = dialect.model
    model.written = root
  }

  mutating func stop(_ text: String, _ group: ConfigurationGroup, _ name: String) {
    model.notes.stop("\(group.path(of: name)): \(text)", in: file, at: group.place(of: name))
  }

  mutating func warn(_ text: String, _ group: ConfigurationGroup, _ name: String) {
    model.notes.warn("\(group.path(of: name)): \(text)", in: file, at: group.place(of: name))
  }

  // MARK: What it is

  private mutating func takeIdentity() {
    if let name = root.word("name") {
      let own = PathText.name(folder)
      if !ModelName.isValid(name) {
        stop("expected \(ModelName.expectation), got \"\(name)\"", root, "name")
      } else if name != own {
        stop("it is \(name), but the directory is \(own); Triton wants them equal", root, "name")
      }
      model.name = name
    }
    if let file = root.word("default_model_filename") {
      if file.contains("/") || file == ".." {
        stop(
          "expected the name of a file in the version's directory", root, "default_model_filename")
      }
      model.file = file
    }
    for key in ["platform", "backend"] {
      guard let text = root.word(key), text != "ensemble" else { continue }
      switch TritonPlatform.runtime(of: text) {
      case .success(let runtime): model.runtime = runtime
      case .failure(let refusal): stop(refusal.advice, root, key)
      }
    }
    if asksForKeptAnswers { model.scheduling.keepsAnswers = true }
    let policy = root.group("model_transaction_policy")
    if policy?.isTrue("decoupled") ?? false { model.scheduling.isDecoupled = true }
  }

  private var asksForKeptAnswers: Bool {
    root.group("response_cache")?.isTrue("enable") ?? false
  }

  private mutating func checkKeptAnswers() {
    guard asksForKeptAnswers, let reason = model.unkeptReason else { return }
    warn(reason, root, "response_cache")
  }

  private mutating func takeVersions() {
    guard let policy = root.group("version_policy") else { return }
    if policy.has("all") { model.versions = .all }
    if let latest = policy.group("latest") {
      model.versions = .latest(max(1, latest.integer("num_versions") ?? 1))
    }
    if let specific = policy.group("specific") {
      let numbers = specific.integers("versions").map { Int64($0) }
      if numbers.isEmpty { stop("expected versions", policy, "specific") }
      model.versions = .chosen(numbers)
    }
  }

  // MARK: Where it runs

  private mutating func takeInstances() {
    let groups = root.groups("instance_group").filter { !($0.isTrue("passive") ?? false) }
    guard !groups.isEmpty else { return }
    var instances: [InstanceGroup] = []
    for group in groups {
      let count = max(1, group.integer("count") ?? 1)
      let gpus = group.integers("gpus")
      var made: InstanceGroup
      switch group.text("kind") {
      case "KIND_GPU":
        warn("no runtime here computes on a GPU; it runs on the processor", group, "kind")
        made = InstanceGroup(count: count, kind: .gpu(gpus))
      case "KIND_CPU":
        if !gpus.isEmpty { stop("KIND_CPU goes without gpus", group, "gpus") }
        made = InstanceGroup(count: count, kind: .cpu)
      default: made = InstanceGroup(count: count)
      }
      made.limit =
        group.group("rate_limiter")?.rateLimit(usualCount: 0) {
          stop("expected a name", $0, "name")
        } ?? RateLimitPolicy()
      made.hostPolicy = group.word("host_policy")
      instances.append(made)
    }
    model.scheduling.instances = instances
    model.instanceCount = instances.reduce(0) { $0 + $1.instanceCount }
  }

  /// What groups ask for and the server's settings do not give; it only concerns speed.
  private mutating func checkGroups() {
    for group in root.groups("instance_group") {
      if group.has("rate_limiter"), let reason = model.unlimitedReason {
        warn(reason, group, "rate_limiter")
      }
      if let reason = group.word("host_policy").flatMap(model.unpinnedReason) {
        warn(reason, group, "host_policy")
      }
    }
  }

  private mutating func takeParameters() {
    for (key, parameter) in root.keyedGroups("parameters") {
      let value = parameter.text("string_value") ?? ""
      if model.runtime == .forest, take(value, ofForest: key) { continue }
      if let limit = Self.sampleParameters[model.runtime]?[key] {
        take(value, of: key, max: limit)
        continue
      }
      if model.runtime == .python {
        take(value, ofPython: key)
        continue
      }
      guard key == "intra_op_thread_count" else {
        warn(
          "\(key) is not obeyed: it is an option of another server's backend", root, "parameters")
        continue
      }
      guard let count = Int(value), (0...1_024).contains(count) else {
        stop("\(key): expected a whole number from 0 to 1024, got \"\(value)\"", root, "parameters")
        continue
      }
      if count > model.machine.cores {
        warn(
          "\(key): \(count) threads are more than the \(model.machine.cores) cores; it takes those",
          root, "parameters")
      }
      if count > 0 { model.options.threadCount = min(count, model.machine.cores) }
    }
    fitInstances()
    checkGroups()
  }

  /// Whole numbers that sample backends understand, each with the largest.
  private static let sampleParameters: [ModelPlan.RuntimeKind: [String: Int]] = [
    .identity: ["execute_delay_ms": 3_600_000],
    .square: ["CUSTOM_INFER_DELAY_NS": 3_600_000_000_000, "CUSTOM_FAIL_COUNT": Int(Int32.max)],
  ]

  /// Takes a parameter of Triton's backend for forests; false for one that it does not have.
  private mutating func take(_ text: String, ofForest key: String) -> Bool {
    switch key {
    case "model_type":
      guard let files = Self.forestFiles[text] else {
        stop(
          "model_type: expected one of \(Self.forestFiles.keys.sorted().joined(separator: ", ")), got "
            + "\"\(text)\"; XGBoost's old binary format and Treelite's checkpoints are not read",
          root, "parameters")
        return true
      }
      if model.file == nil { model.usualFiles = files }
    case "predict_proba", "output_class":
      guard let flag = Self.flags[text.lowercased()] else {
        stop("\(key): expected true or false, got \"\(text)\"", root, "parameters")
        return true
      }
      model.backendParameters[key] = flag ? "true" : "false"
    case "threshold":
      guard let number = Double(text), number.isFinite else {
        stop("threshold: expected a number, got \"\(text)\"", root, "parameters")
        return true
      }
      model.backendParameters[key] = text
    // They say how a GPU lays the trees out.
    case "storage_type", "algo", "blocks_per_sm", "threads_per_tree", "transfer_threshold",
      "use_experimental_optimizations", "chunk_size", "xgboost_allow_unknown_field", "layout",
      "align_bytes", "precision":
      warn("\(key) is not obeyed: the trees are laid out for this processor", root, "parameters")
    default: return false
    }
    return true
  }

  /// What Triton's configurations have for the folder they lie in.
  private static let modelDirectory = "$$TRITON_MODEL_DIRECTORY"

  /// A parameter of Triton's backend for Python, which is the model's own but for one.
  private mutating func take(_ text: String, ofPython key: String) {
    guard key == "EXECUTION_ENV_PATH" else {
      model.python.parameters[key] = text
      return
    }
    let path = text.replacing(Self.modelDirectory, with: folder)
    let isWhole = path != text || path.hasPrefix("/")
    model.python.interpreter = isWhole ? path : "\(folder)/\(path)"
  }

  private static let flags = ["true": true, "1": true, "false": false, "0": false]

  /// What Triton calls the file of each type.
  private static let forestFiles = [
    "xgboost_json": ["xgboost.json", "model.json"], "xgboost_ubj": ["xgboost.ubj", "model.ubj"],
    "lightgbm": ["model.txt", "lightgbm.txt"],
  ]

  private mutating func take(_ text: String, of key: String, max: Int) {
    guard let number = Int(text), (0...max).contains(number) else {
      stop(
        "\(key): expected a whole number from 0 to \(max), got \"\(text)\"", root, "parameters")
      return
    }
    model.backendParameters[key] = text
  }

  /// More instances than cores only cost speed, so fewer are made.
  private mutating func fitInstances() {
    guard let wanted = model.instanceCount else { return }
    let fitting = max(1, model.machine.cores / max(1, model.options.threadCount))
    guard wanted > fitting else { return }
    warn(
      "\(wanted) instances of \(model.options.threadCount) threads are more than the "
        + "\(model.machine.cores) cores; there are \(fitting)", root, "instance_group")
    model.instanceCount = fitting
  }

  // MARK: Warm-up

  private mutating func takeWarmUps() {
    for (place, group) in root.groups("model_warmup").enumerated() {
      var warmUp = WarmUp(
        name: group.word("name") ?? "warm-up \(place + 1)",
        count: max(1, group.integer("count") ?? 1), batchSize: group.integer("batch_size") ?? 0)
      for (name, input) in group.keyedGroups("inputs") {
        guard let datatype = datatype(input, "data_type") else { continue }
        warmUp.inputs.append(
          WarmUp.Input(
            name: name, datatype: datatype, dimensions: input.integers("dims"),
            content: content(input)))
      }
      model.warmUps.append(warmUp)
    }
  }

  private mutating func content(_ input: ConfigurationGroup) -> WarmUp.Content {
    if let name = input.word("input_data_file") {
      let path = "\(folder)/warmup/\(name)"
      if !TextFile.exists(path) { stop("there is no \(path)", input, "input_data_file") }
      return .file(path: path)
    }
    return input.isTrue("random_data") ?? false ? .random : .zero
  }

  /// The datatype there, or a note that it is missing.
  mutating func datatype(_ group: ConfigurationGroup, _ key: String) -> Datatype? {
    guard let name = group.text(key), name != "TYPE_INVALID" else {
      stop(
        "expected one of \(TritonTable.datatypes.dropFirst().joined(separator: ", "))", group, key)
      return nil
    }
    return Datatype(name: name == "TYPE_STRING" ? "BYTES" : String(name.dropFirst(5)))
  }
}
