import Imaging
import Inference
import Settings
import Vision

/// What `model.yaml` says: only what is not evident from the model itself.
struct ModelConfiguration {
  /// Every key, and nothing else.
  enum Key: String, CaseIterable {
    case name, file, runtime, versions, task, labels, instances, precision, resize, mean, std
    case runtimeThreads = "runtime-threads"
    case waitingRequestsMax = "waiting-requests-max"
    case scaledDecoding = "scaled-decoding"
  }

  /// Which version folders are served.
  enum Versions: Equatable {
    case latest
    case all
    case chosen([Int64])
  }

  static let fileName = "model.yaml"

  let path: String
  private(set) var name: String?
  private(set) var file: String?
  private(set) var runtime: ModelPlan.RuntimeKind
  private(set) var versions = Versions.latest
  private(set) var task: String?
  private(set) var labels: [String] = []
  private(set) var instanceCount: Int?
  private(set) var waitingRequestsMax: Int?
  private(set) var options: RuntimeOptions
  private(set) var vision: VisionOptions
  private let machine: MachineLimits

  /// What the server's settings say, for a model without a file of its own.
  init(path: String, settings: ServeSettings) {
    self.path = path
    self.machine = settings.machine
    runtime = ModelPlan.RuntimeKind(rawValue: settings.runtime.rawValue) ?? .auto
    options = RuntimeOptions(
      threadCount: settings.runtimeThreads, precision: settings.precision)
    vision = VisionOptions()
    vision.resize = ResizeFilter(rawValue: settings.resize.rawValue) ?? .pillow
    vision.isScaledDecoding = settings.isScaledDecoding
  }

  /// Reads the file over what the settings say. Blocks.
  static func read(
    _ path: String, settings: ServeSettings
  ) throws(ServerFault) -> ModelConfiguration {
    var configuration = ModelConfiguration(path: path, settings: settings)
    for entry in try entries(path) {
      guard let key = Key(rawValue: entry.key) else {
        let nearest = NearestName.of(entry.key, in: Key.allCases.map(\.rawValue))
        throw configuration.fault(
          entry, "unknown key \(entry.key)" + (nearest.map { "; did you mean \($0)?" } ?? ""))
      }
      try configuration.take(key, entry)
    }
    try configuration.checkTogether()
    return configuration
  }

  private static func entries(_ path: String) throws(ServerFault) -> [ConfigurationEntry] {
    let text: String
    do {
      text = try TextFile.read(path)
    } catch {
      throw .configurationInvalid(file: path, reason: error.reason)
    }
    do {
      return try ConfigurationText.parse(text)
    } catch {
      throw .configurationInvalid(file: path, reason: "line \(error.line): \(error.reason)")
    }
  }

  private mutating func take(_ key: Key, _ entry: ConfigurationEntry) throws(ServerFault) {
    switch key {
    case .name: name = try checked(entry, ModelName.expectation, ModelName.isValid)
    case .file:
      file = try checked(entry, "the name of a file in the version folder") { name in
        !name.isEmpty && !name.contains("/") && name != ".."
      }
    case .runtime: runtime = try choice(entry)
    case .versions: versions = try versions(entry)
    case .task:
      let tasks = [VisionTask.Kind.detect, .classify, .none].map(\.name)
      task = try checked(entry, tasks.joined(separator: " or "), tasks.contains)
    case .labels: labels = try labels(entry)
    case .instances: instanceCount = try integer(entry, .instances)
    case .runtimeThreads: options.threadCount = try integer(entry, .runtimeThreads) ?? 1
    case .precision: options.precision = try choice(entry)
    case .waitingRequestsMax: waitingRequestsMax = try integer(entry, .waitingRequestsMax)
    case .resize: vision.resize = try choice(entry)
    case .scaledDecoding: vision.isScaledDecoding = try isTrue(entry)
    case .mean: vision.mean = try channels(entry) { $0.isFinite }
    case .std: vision.deviation = try channels(entry) { $0.isFinite && $0 > 0 }
    }
  }

  // MARK: Values

  private func fault(_ entry: ConfigurationEntry, _ reason: String) -> ServerFault {
    .configurationInvalid(file: path, reason: "line \(entry.line): \(reason)")
  }

  private func wrong(_ entry: ConfigurationEntry, _ expectation: String) -> ServerFault {
    let got =
      switch entry.value {
      case .text(let text): "\"\(text)\""
      case .list(let texts): "[\(texts.joined(separator: ", "))]"
      }
    return fault(entry, "\(entry.key): expected \(expectation), got \(got)")
  }

  private func checked(
    _ entry: ConfigurationEntry, _ expectation: String, _ isValid: (String) -> Bool
  ) throws(ServerFault) -> String {
    guard case .text(let text) = entry.value, isValid(text) else {
      throw wrong(entry, expectation)
    }
    return text
  }

  private func choice<Choice: RawRepresentable & CaseIterable>(
    _ entry: ConfigurationEntry
  ) throws(ServerFault) -> Choice where Choice.RawValue == String {
    guard case .text(let text) = entry.value, let choice = Choice(rawValue: text) else {
      throw wrong(entry, Choice.allCases.map(\.rawValue).joined(separator: " or "))
    }
    return choice
  }

  /// As the server's setting of that name; `nil` for `auto`.
  private func integer(
    _ entry: ConfigurationEntry, _ setting: SettingName
  ) throws(ServerFault) -> Int? {
    switch try value(entry, setting) {
    case .integer(let number): number
    case .absent, .duration, .boolean, .text, .names: nil
    }
  }

  private func isTrue(_ entry: ConfigurationEntry) throws(ServerFault) -> Bool {
    try value(entry, .scaledDecoding) == .boolean(true)
  }

  private func value(
    _ entry: ConfigurationEntry, _ setting: SettingName
  ) throws(ServerFault) -> SettingValue {
    let kind = SettingsTable.row(setting).kind
    guard case .text(let text) = entry.value, let value = kind.value(of: text, machine: machine)
    else { throw wrong(entry, kind.expectation) }
    return value
  }

  private func versions(_ entry: ConfigurationEntry) throws(ServerFault) -> Versions {
    let texts: [String]
    switch entry.value {
    case .text("latest"): return .latest
    case .text("all"): return .all
    case .text(let text): texts = [text]
    case .list(let list): texts = list
    }
    let numbers = texts.compactMap { Int64($0) }.filter { $0 >= 1 }
    guard !texts.isEmpty, numbers.count == texts.count else {
      throw wrong(entry, "latest, all, or numbers from 1")
    }
    return .chosen(numbers)
  }

  /// A list of names, or a file beside `model.yaml`.
  private func labels(_ entry: ConfigurationEntry) throws(ServerFault) -> [String] {
    switch entry.value {
    case .list(let labels):
      guard !labels.isEmpty else {
        throw wrong(entry, "class names, or the path of a file of them")
      }
      return labels
    case .text(let file):
      guard !file.isEmpty else { throw wrong(entry, "class names, or the path of a file of them") }
      let folder = path.dropLast(Self.fileName.count)
      return try LabelsFile.read(file.hasPrefix("/") ? file : folder + file)
    }
  }

  /// One number for all channels, or one for each of at most four.
  private func channels(
    _ entry: ConfigurationEntry, _ isValid: (Float) -> Bool
  ) throws(ServerFault) -> [Float] {
    let texts =
      switch entry.value {
      case .text(let text): [text]
      case .list(let texts): texts
      }
    let numbers = texts.compactMap { Float($0) }
    guard (1...4).contains(texts.count), numbers.count == texts.count,
      numbers.allSatisfy(isValid)
    else { throw wrong(entry, "a number, or a list of one for each channel, in units of 0 to 1") }
    return numbers
  }

  private func checkTogether() throws(ServerFault) {
    let instances = instanceCount ?? 1
    guard instances * options.threadCount <= machine.cores else {
      throw .configurationInvalid(
        file: path,
        reason: "\(instances) instances of \(options.threadCount) runtime threads are more than "
          + "the \(machine.cores) cores that Apus may use")
    }
    if let mean = vision.mean, let deviation = vision.deviation, mean.count > 1,
      deviation.count > 1, mean.count != deviation.count
    {
      throw .configurationInvalid(
        file: path,
        reason: "mean has \(mean.count) channels and std \(deviation.count); give as many of each")
    }
  }
}
