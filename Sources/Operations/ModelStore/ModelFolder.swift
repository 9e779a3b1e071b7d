import Inference
import Settings

/// A directory that is one model: numbered version folders, or a `model.onnx` (or `.xml`, ...), and perhaps a
/// `model.yaml`.
struct ModelFolder {
  private let folder: Folder
  private let versions: [(number: Int64, name: String)]

  /// `nil` where the directory is no model of this form. Blocks on the numbered folders.
  init?(_ folder: Folder) {
    self.folder = folder
    versions = folder.folders.compactMap { name in
      guard name.utf8.allSatisfy({ (48...57).contains($0) }), let number = Int64(name) else {
        return nil
      }
      return (number, name)
    }
    .sorted { $0.number < $1.number }
    let isModel =
      folder.files.contains(ModelConfiguration.fileName)
      || Self.isOneModel(ServedFormat.models(in: folder))
      || versions.contains { Self.holdsModel(folder.path(of: $0.name)) }
    guard isModel else { return nil }
  }

  /// Whether the models of a directory are one of a usual name, so that the directory names it.
  private static func isOneModel(_ files: [String]) -> Bool {
    files.count == 1 && ServedFormat.usualFiles.contains(files[0])
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

  /// Whether a numbered folder is a version, of ours or of somebody else, and not just a number.
  private static func holdsModel(_ path: String) -> Bool {
    var reason = ""
    guard let folder = Folder(path, reason: &reason) else { return false }
    return !ServedFormat.models(in: folder).isEmpty || ServedFormat.isModel(folder)
      || folder.folders.contains(ServedFormat.usualFolder)
      || ForeignModel.adviceOnContents(of: folder) != nil
  }

  /// One plan for each version that is to be served. Blocks on the files.
  func plans(settings: ServeSettings) throws(ServerFault) -> [ModelPlan] {
    if let advice = ForeignModel.advice(for: folder) {
      throw .nothingToServe(path: folder.path, reason: advice)
    }
    let configuration = try configuration(settings)
    let name = if let given = configuration.name { given } else { try Self.name(of: folder) }
    var plans: [ModelPlan] = []
    for place in try places(configuration) {
      try ModelFile.check(place.file, model: name)
      plans.append(plan(name, place, configuration))
    }
    return plans
  }

  private func configuration(
    _ settings: ServeSettings
  ) throws(ServerFault) -> ModelConfiguration {
    let path = folder.path(of: ModelConfiguration.fileName)
    guard
      folder.files.contains(ModelConfiguration.fileName)
        || folder.others.contains(ModelConfiguration.fileName)
    else { return ModelConfiguration(path: path, settings: settings) }
    return try ModelConfiguration.read(path, settings: settings)
  }

  /// Where a version's file is.
  private struct Place {
    let version: Int64
    let file: String
  }

  private func places(_ configuration: ModelConfiguration) throws(ServerFault) -> [Place] {
    guard let latest = versions.last else {
      return [Place(version: 1, file: try file(in: folder, configuration))]
    }
    if let first = versions.first, first.number < 1 {
      throw .nothingToServe(
        path: folder.path(of: first.name), reason: "versions are numbered from 1")
    }
    for (one, other) in zip(versions, versions.dropFirst()) where one.number == other.number {
      throw .nothingToServe(
        path: folder.path,
        reason: "\(one.name)/ and \(other.name)/ are the same version \(one.number)")
    }
    var places: [Place] = []
    for version in try chosen(configuration, latest: latest.number) {
      places.append(
        Place(version: version.number, file: try file(inVersion: version.name, configuration)))
    }
    return places
  }

  private func chosen(
    _ configuration: ModelConfiguration, latest: Int64
  ) throws(ServerFault) -> [(number: Int64, name: String)] {
    switch configuration.versions {
    case .all: return versions
    case .latest: return versions.filter { $0.number == latest }
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
    try file(in: try ModelPlans.folder(folder.path(of: name)), configuration)
  }

  /// The file that `model.yaml` names, else one of a usual name, else the only model.
  private func file(
    in place: Folder, _ configuration: ModelConfiguration
  ) throws(ServerFault) -> String {
    if let name = configuration.file {
      guard (place.files + place.folders + place.others).contains(name) else {
        throw .nothingToServe(
          path: place.path,
          reason:
            "\(configuration.path) names the file \(name), which is not here; \(place.summary)")
      }
      return place.path(of: name)
    }
    if ServedFormat.isModel(place) { return place.path }
    let usual = ServedFormat.usualFiles + [ServedFormat.usualFolder]
    if let name = usual.first(where: (place.files + place.folders + place.others).contains) {
      return place.path(of: name)
    }
    let candidates = ServedFormat.models(in: place)
    if candidates.count == 1 { return place.path(of: candidates[0]) }
    throw noFile(in: place, candidates: candidates)
  }

  private func noFile(in place: Folder, candidates: [String]) -> ServerFault {
    if candidates.count > 1 {
      return .nothingToServe(
        path: place.path,
        reason: "it has several models: \(candidates.joined(separator: ", ")); name one with "
          + "file: in \(ModelConfiguration.fileName)")
    }
    let reason = ForeignModel.adviceOnContents(of: place) ?? place.summary
    return .nothingToServe(
      path: place.path,
      reason: "no \(ServedFormat.usualFiles[0]) here; \(reason); \(ForeignModel.supported)")
  }

  private func plan(
    _ name: String, _ place: Place, _ configuration: ModelConfiguration
  ) -> ModelPlan {
    var plan = ModelPlan(
      name: name, version: place.version, source: .file(path: place.file),
      runtime: configuration.runtime, options: configuration.options,
      vision: configuration.vision)
    plan.instanceCount = configuration.instanceCount
    plan.waitingRequestsMax = configuration.waitingRequestsMax
    plan.labels = configuration.labels
    plan.task = configuration.task
    return plan
  }
}
