import Inference
import Settings

/// A directory that is one model: numbered version folders, or a model of the usual name, and
/// perhaps a configuration.
struct ModelFolder {
  private let folder: Folder
  private let dialects: ModelDialects
  private let versions: [(number: Int64, name: String)]

  /// `nil` where the directory is no model of this form. Blocks on the numbered folders.
  init?(_ folder: Folder) {
    self.folder = folder
    dialects = ModelDialects(folder)
    versions = folder.folders.compactMap { name in
      guard name.utf8.allSatisfy({ (48...57).contains($0) }), let number = Int64(name) else {
        return nil
      }
      return (number, name)
    }
    .sorted { $0.number < $1.number }
    let models = ServedFormat.models(in: folder)
    let isModel =
      dialects.isModel || (models.count == 1 && ServedFormat.usualFiles.contains(models[0]))
      || versions.contains { Self.holdsModel(folder.path(of: $0.name)) }
    guard isModel else { return nil }
  }

  /// Whether a numbered folder is a version, of ours or of somebody else, and not just a number.
  private static func holdsModel(_ path: String) -> Bool {
    var reason = ""
    guard let folder = Folder(path, reason: &reason) else { return false }
    return !ServedFormat.models(in: folder).isEmpty || ServedFormat.isModel(folder)
      || folder.folders.contains(ServedFormat.usualFolder)
      || ForeignModel.adviceOnContents(of: folder) != nil
  }

  /// What the configuration says, and all that forbids to load by it. Blocks.
  func configuration(
    settings: ServeSettings, override: [UInt8]? = nil
  ) throws(ServerFault) -> ModelConfiguration {
    try dialects.read(settings: settings, override: override)
  }

  /// What it is served as by that configuration.
  func name(_ configuration: ModelConfiguration) -> String? {
    configuration.name ?? ModelName.derived(from: PathText.name(folder.path))
  }

  /// The directory's name as a model's.
  static func name(of folder: Folder) throws(ServerFault) -> String {
    guard let name = ModelName.derived(from: PathText.name(folder.path)) else {
      throw .nothingToServe(
        path: folder.path,
        reason: "its name has nothing that a model's name may have: \(ModelName.expectation)")
    }
    return name
  }

  /// One plan for each version that is to be served. Blocks on the files.
  func plans(
    settings: ServeSettings, override: [UInt8]? = nil
  ) throws(ServerFault) -> [ModelPlan] {
    if let advice = ForeignModel.advice(for: folder), !dialects.isModel {
      throw .nothingToServe(path: folder.path, reason: advice)
    }
    let configuration = try configuration(settings: settings, override: override)
    try configuration.checkStops()
    let name = if let given = configuration.name { given } else { try Self.name(of: folder) }
    var plans: [ModelPlan] = []
    for place in try places(configuration) {
      if !configuration.needsNoFile,
        Folder.kind(of: place.file) != .folder || !configuration.takesFolders
      {
        try ModelFile.check(place.file, model: name)
      }
      plans.append(
        configuration.plan(name: name, version: place.version, source: .file(path: place.file)))
    }
    try checkAliases(configuration, plans)
    return plans
  }

  private func checkAliases(
    _ configuration: ModelConfiguration, _ plans: [ModelPlan]
  ) throws(ServerFault) {
    for (alias, version) in configuration.aliases.sorted(by: { $0.key < $1.key })
    where !plans.contains(where: { $0.version == version }) {
      throw .configurationInvalid(
        file: configuration.path,
        reason: "the alias \(alias) is version \(version), which is not served")
    }
  }

  /// Where a version's file is.
  private struct Place {
    let version: Int64
    let file: String
  }

  private func places(_ configuration: ModelConfiguration) throws(ServerFault) -> [Place] {
    guard let first = versions.first else {
      let file = configuration.needsNoFile ? folder.path : try file(in: folder, configuration)
      return [Place(version: configuration.version, file: file)]
    }
    if first.number < 1 {
      throw .nothingToServe(
        path: folder.path(of: first.name), reason: "versions are numbered from 1")
    }
    for (one, other) in zip(versions, versions.dropFirst()) where one.number == other.number {
      throw .nothingToServe(
        path: folder.path,
        reason: "\(one.name)/ and \(other.name)/ are the same version \(one.number)")
    }
    var places: [Place] = []
    for version in try chosen(configuration) {
      places.append(
        Place(version: version.number, file: try file(inVersion: version.name, configuration)))
    }
    return places
  }

  private func chosen(
    _ configuration: ModelConfiguration
  ) throws(ServerFault) -> [(number: Int64, name: String)] {
    switch configuration.versions {
    case .all: return versions
    case .latest(let count): return versions.suffix(count)
    case .chosen(let numbers):
      let known = versions.map { String($0.number) }.joined(separator: ", ")
      for number in numbers where !versions.contains(where: { $0.number == number }) {
        throw .configurationInvalid(
          file: configuration.path, reason: "there is no version \(number); there are \(known)")
      }
      return versions.filter { numbers.contains($0.number) }
    }
  }

  private func file(
    inVersion name: String, _ configuration: ModelConfiguration
  ) throws(ServerFault) -> String {
    if configuration.needsNoFile { return folder.path(of: name) }
    return try file(in: try ModelPlans.folder(folder.path(of: name)), configuration)
  }

  /// What the configuration names, else a model of the usual name, else the only model.
  private func file(
    in place: Folder, _ configuration: ModelConfiguration
  ) throws(ServerFault) -> String {
    if configuration.isWholeFolder { return place.path }
    if let name = configuration.file {
      // A path of several parts was checked where it was read; the system follows it.
      let path = place.path(of: name)
      if case .unreachable = Folder.kind(of: path), !place.others.contains(name) {
        throw .nothingToServe(
          path: place.path,
          reason:
            "\(configuration.path) names the file \(name), which is not here; \(place.summary)")
      }
      return path
    }
    if let model = ServedFormat.model(place) { return model }
    if let name = configuration.usualFiles.first(where: place.files.contains) {
      return place.path(of: name)
    }
    if let name = ServedFormat.usualName(in: place) { return place.path(of: name) }
    let candidates = ServedFormat.models(in: place)
    if candidates.count == 1 { return place.path(of: candidates[0]) }
    if configuration.takesFolders, candidates.isEmpty { return place.path }
    throw noFile(in: place, candidates: candidates)
  }

  private func noFile(in place: Folder, candidates: [String]) -> ServerFault {
    if candidates.count > 1 {
      return .nothingToServe(
        path: place.path,
        reason: "it has several models: \(candidates.joined(separator: ", ")); name one with "
          + "file: in \(OwnDialect.fileName)")
    }
    let reason = ForeignModel.adviceOnContents(of: place) ?? place.summary
    return .nothingToServe(
      path: place.path,
      reason: "no \(ServedFormat.usualFiles[0]) here; \(reason); \(ForeignModel.supported)")
  }
}
