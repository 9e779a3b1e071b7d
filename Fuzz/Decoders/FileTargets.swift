import Glibc
import Inference
import Vision

@testable import ModelStore
@testable import Settings

private let machine = MachineLimits(cores: 4, memoryByteCount: 4 << 30)

/// Writes the fuzzed bytes where a reader that takes a path finds them; `Fuzz/run` says in which
/// folder.
private func path(of bytes: some Collection<UInt8>) -> String {
  let folder = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
  let path = "\(folder)/model.yaml"
  let file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
  defer { close(file) }
  let bytes = Array(bytes)
  require(write(file, bytes, bytes.count) == bytes.count, "\(path) can be written")
  return path
}

private func requireReason(_ text: String) {
  require(text.contains("line ") || text.contains(": "), "where and why: \(text)")
}

/// Settings that a file gives print as a file that gives the same settings.
func fuzzSettingsYAML(_ bytes: UnsafeRawBufferPointer) {
  do throws(SettingsFault) {
    let settings = try resolved(path(of: bytes))
    let text = settings.printedText()
    let again = try resolved(path(of: text.utf8))
    for name in SettingName.allCases where SettingsTable.row(name).reach == .everywhere {
      let isSame = settings.text(of: name) == again.text(of: name)
      require(isSame, "\(name) stays the same in\n\(text)")
    }
  } catch {
    if case .contradiction = error { return }
    requireReason(error.description)
  }
}

private func resolved(_ path: String) throws(SettingsFault) -> ServeSettings {
  try ServeSettings.resolve(flags: [:], environment: [:], file: path, machine: machine)
}

/// A model's settings are within their ranges, and the machine's.
func fuzzModelYAML(_ bytes: UnsafeRawBufferPointer) {
  do throws(ServerFault) {
    let path = path(of: bytes)
    var model = ModelConfiguration(path: path, settings: standard)
    try OwnDialect.read(path, into: &model)
    requireSound(model)
  } catch {
    requireReason(error.description)
  }
}

/// As above, for the configuration of a Triton model: the text and its JSON form.
func fuzzConfigPbtxt(_ bytes: UnsafeRawBufferPointer) {
  for language in [ConfigurationReading.Language.protobufText, .json] {
    var model = ModelConfiguration(path: "config.pbtxt", settings: standard)
    do throws(ConfigurationTree.Problem) {
      try TritonDialect.read(
        Array(bytes), language, file: "config.pbtxt", folder: "/nonexistent", into: &model)
      requireSound(model)
    } catch {
      require(error.place.line >= 1 && !error.reason.isEmpty, "where and why")
    }
  }
}

/// What nothing forbids to load is within its ranges.
private func requireSound(_ model: ModelConfiguration) {
  guard model.notes.stops.isEmpty else { return }
  let instances = model.instanceCount ?? 1
  require(instances >= 1 && instances * model.options.threadCount <= 4, "within 4 cores")
  require(model.name.map(ModelName.isValid) ?? true, "a valid name")
  require(model.vision.mean?.allSatisfy { $0.isFinite } ?? true, "means are numbers")
  require(model.vision.deviation?.allSatisfy { $0 > 0 } ?? true, "deviations divide")
}

private let standard: ServeSettings = {
  do throws(SettingsFault) {
    return try .resolve(flags: [:], environment: [:], file: nil, machine: machine)
  } catch {
    fatalError("the defaults contradict each other: \(error)")
  }
}()
