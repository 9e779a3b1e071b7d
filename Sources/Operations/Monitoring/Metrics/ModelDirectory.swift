import Inference

/// Which series belong to which model; one equal copy a shard, each under a lock of its own.
struct ModelDirectory {
  private var models: [String: Versions] = [:]

  /// One name's series.
  struct Versions {
    /// Ascending by version.
    var numbered: [ModelSeries] = []
    /// Takes what ended before one of several versions was chosen; exists from the second version
    /// on.
    var unversioned: ModelSeries?

    func series(version: Int64) -> ModelSeries? {
      if let series = numbered.first(where: { $0.version == version }) { return series }
      guard version == 0 else { return nil }
      return numbered.count == 1 ? numbered[0] : unversioned
    }
  }

  /// The series that a request counts in; `nil` for a model that is not here.
  func series(name: String, version: Int64) -> ModelSeries? {
    models[name]?.series(version: version)
  }

  /// The series of one name's versions, ascending.
  func series(named name: String) -> [ModelSeries] { models[name]?.numbered ?? [] }

  /// All series, by name and version.
  var all: [ModelSeries] {
    models.sorted { $0.key < $1.key }.flatMap { $0.value.numbered }
  }

  /// Those without a version that have counted anything are worth a line.
  var unversioned: [ModelSeries] {
    models.sorted { $0.key < $1.key }.compactMap { $0.value.unversioned }
  }

  mutating func add(_ series: ModelSeries, unversioned: ModelSeries) {
    var versions = models[series.name] ?? Versions()
    versions.numbered.append(series)
    versions.numbered.sort { $0.version < $1.version }
    if versions.numbered.count > 1, versions.unversioned == nil {
      versions.unversioned = unversioned
    }
    models[series.name] = versions
  }

  mutating func remove(name: String, version: Int64) {
    models[name]?.numbered.removeAll { $0.version == version }
    if models[name]?.numbered.isEmpty ?? false { models[name] = nil }
  }
}
