import Imaging
import Inference
import Settings
import Vision

/// Reads `model.yaml` over whatever is known of the model already.
struct OwnDialect {
  static let fileName = "model.yaml"

  let root: ConfigurationGroup
  let file: String
  var model: ModelConfiguration

  /// Blocks on the files that it names.
  static func read(_ path: String, into model: inout ModelConfiguration) throws(ServerFault) {
    let text: String
    do {
      text = try TextFile.read(path)
    } catch {
      throw .configurationInvalid(file: path, reason: error.reason)
    }
    let tree: ConfigurationTree
    do {
      tree = try YAMLText.parse(text)
    } catch {
      throw .configurationInvalid(
        file: path, reason: "line \(error.place.line): \(error.reason)")
    }
    var reading = ConfigurationReading(
      file: path, language: .yaml, table: OwnTable.table, notes: model.notes)
    let root = reading.read(tree)
    model.notes = reading.notes
    model.path = path
    var dialect = OwnDialect(root: root, file: path, model: model)
    dialect.takeIdentity()
    dialect.takeRuntime()
    dialect.takeInstances()
    dialect.takeWorkers()
    dialect.takeVision()
    dialect.takeTensors()
    dialect.takeBatching()
    dialect.takeWarmUps()
    dialect.takeSequence()
    dialect.takeGraph()
    dialect.checkKeptAnswers()
    dialect.checkInstances()
    model = dialect.model
  }

  mutating func stop(_ text: String, _ group: ConfigurationGroup, _ name: String) {
    model.notes.stop("\(group.path(of: name)): \(text)", in: file, at: group.place(of: name))
  }

  private mutating func checkKeptAnswers() {
    guard root.isTrue("response-cache") ?? false, let reason = model.unkeptReason else { return }
    model.notes.warn(
      "response-cache: \(reason)", in: file, at: root.place(of: "response-cache"))
  }

  /// That something else was expected, in the words of the table.
  mutating func wrong(_ expectation: String, _ group: ConfigurationGroup, _ name: String) {
    let got = group.tree(name)?.summary ?? group.text(name).map { "\"\($0)\"" } ?? "nothing"
    stop("expected \(expectation), got \(got)", group, name)
  }

  // MARK: What it is

  private mutating func takeIdentity() {
    if let name = root.text("name") {
      if !ModelName.isValid(name) { wrong(ModelName.expectation, root, "name") }
      model.name = name
    }
    if let file = root.text("file") {
      if file.isEmpty || file.contains("/") || file == ".." {
        wrong("the name of a file in the version folder", root, "file")
      }
      model.file = file
    }
    if let tree = root.tree("versions") { takeVersions(tree) }
    for element in root["aliases"]?.elements ?? [] {
      guard case .integer(let version) = element.value else { continue }
      if ModelName.isValid(element.key), !element.key.utf8.allSatisfy({ (48...57).contains($0) }) {
        model.aliases[element.key] = version
      } else {
        stop("\(element.key) is no name for a version, or all digits", root, "aliases")
      }
    }
    if let task = root.text("task") { model.task = task }
    if let tree = root.tree("labels") { takeLabels(tree) }
  }

  private mutating func takeVersions(_ tree: ConfigurationTree) {
    guard let texts = tree.plainTexts else {
      return wrong("latest, all, or numbers from 1", root, "versions")
    }
    switch texts {
    case ["latest"]: model.versions = .latest(1)
    case ["all"]: model.versions = .all
    default:
      let numbers = texts.compactMap { Int64($0) }.filter { $0 >= 1 }
      if texts.isEmpty || numbers.count != texts.count {
        return wrong("latest, all, or numbers from 1", root, "versions")
      }
      model.versions = .chosen(numbers)
    }
  }

  /// A list of names, or a file beside `model.yaml`.
  private mutating func takeLabels(_ tree: ConfigurationTree) {
    let texts = tree.plainTexts ?? []
    guard let first = texts.first, !first.isEmpty || texts.count > 1 else {
      return wrong("class names, or the path of a file of them", root, "labels")
    }
    if case .list = tree.content { return model.labels = texts }
    do throws(ServerFault) {
      model.labels = try LabelsFile.read(beside(first))
    } catch {
      stop("\(error)", root, "labels")
    }
  }

  func beside(_ name: String) -> String {
    name.hasPrefix("/") ? name : file.dropLast(Self.fileName.count) + name
  }

  // MARK: How it runs

  private mutating func takeRuntime() {
    if let runtime = root.text("runtime").flatMap(ModelPlan.RuntimeKind.init) {
      model.runtime = runtime
    }
    if root.has("runtime-threads") {
      model.options.threadCount = integer("runtime-threads", .runtimeThreads) ?? 1
    }
    if let precision = root.text("precision").flatMap(RuntimeOptions.Precision.init) {
      model.options.precision = precision
    }
    if root.has("waiting-requests-max") {
      model.waitingRequestsMax = integer("waiting-requests-max", .waitingRequestsMax)
    }
  }

  /// As the server's setting of that name; `nil` for `auto`.
  mutating func integer(_ key: String, _ setting: SettingName) -> Int? {
    let kind = SettingsTable.row(setting).kind
    guard let texts = root.tree(key)?.plainTexts, texts.count == 1,
      let value = kind.value(of: texts[0], machine: model.machine)
    else {
      wrong(kind.expectation, root, key)
      return nil
    }
    guard case .integer(let number) = value else { return nil }
    return number
  }

  // MARK: Photos

  private mutating func takeVision() {
    if let filter = root.text("resize").flatMap(ResizeFilter.init) { model.vision.resize = filter }
    if let isScaled = root.isTrue("scaled-decoding") { model.vision.isScaledDecoding = isScaled }
    if root.has("mean") { model.vision.mean = channels("mean") { $0.isFinite } }
    if root.has("std") { model.vision.deviation = channels("std") { $0.isFinite && $0 > 0 } }
    if let mean = model.vision.mean, let deviation = model.vision.deviation, mean.count > 1,
      deviation.count > 1, mean.count != deviation.count
    {
      stop(
        "mean has \(mean.count) channels and std \(deviation.count); give as many of each", root,
        "std")
    }
  }

  private mutating func channels(_ key: String, _ isValid: (Float) -> Bool) -> [Float]? {
    let numbers = root.numbers(key).map { Float($0) }
    guard (1...4).contains(numbers.count), numbers.allSatisfy(isValid) else {
      wrong("a number, or a list of one for each channel, in units of 0 to 1", root, key)
      return nil
    }
    return numbers
  }
}

extension ConfigurationTree {
  /// A plain value, or a list of them, as texts; `nil` for anything deeper.
  var plainTexts: [String]? {
    switch content {
    case .word(let text), .text(let text): return [text]
    case .group: return nil
    case .list(let elements):
      var texts: [String] = []
      for element in elements {
        switch element.content {
        case .word(let text), .text(let text): texts.append(text)
        case .list, .group: return nil
        }
      }
      return texts
    }
  }
}
