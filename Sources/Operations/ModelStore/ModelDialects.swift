import Inference
import Settings

/// Which configuration files a model's directory has, and how they go together.
///
/// `config.pbtxt` and `model-settings.json` exclude each other: neither is ours, so which one is
/// meant is not ours to guess. `model.yaml` may lie beside either and is laid over it, key by key.
struct ModelDialects {
  /// Those that are there, in the order in which they are read.
  let files: [String]
  private let folder: Folder

  /// Names of all configuration files, in that order.
  static let fileNames = foreign + [OwnDialect.fileName]
  private static let foreign = [TritonDialect.fileName, MLServerDialect.fileName]

  init(_ folder: Folder) {
    self.folder = folder
    files = Self.fileNames.filter {
      folder.files.contains($0) || folder.others.contains($0)
    }
  }

  /// Whether any of them is there, which makes the directory a model.
  var isModel: Bool { !files.isEmpty }

  /// Everything they say, over the settings. What forbids the load is in the notes; thrown is what
  /// cannot be read at all. Blocks.
  ///
  /// - Parameter override: a Triton configuration as JSON that stands in place of the foreign file.
  func read(
    settings: ServeSettings, override: [UInt8]? = nil
  ) throws(ServerFault) -> ModelConfiguration {
    var model = ModelConfiguration(
      path: folder.path(of: OwnDialect.fileName), settings: settings)
    let foreign = files.filter { Self.foreign.contains($0) }
    if let override {
      try read("the given config", override, .json, into: &model)
    } else if foreign.count > 1 {
      throw .configurationInvalid(
        file: folder.path(of: foreign[0]),
        reason: "beside it lies \(foreign[1]); they are of different servers: remove one")
    } else if let file = foreign.first {
      let path = folder.path(of: file)
      let bytes = try bytes(path)
      if file == TritonDialect.fileName {
        try read(path, bytes, .protobufText, into: &model)
      } else {
        try problems(in: path) { () throws(ConfigurationTree.Problem) in
          try MLServerDialect.read(bytes, file: path, into: &model)
        }
      }
    }
    if files.contains(OwnDialect.fileName) {
      try OwnDialect.read(folder.path(of: OwnDialect.fileName), into: &model)
      for key in ConfigurationCompletion.overlaid { model.written?.set(key, []) }
    }
    return model
  }

  private func read(
    _ file: String, _ bytes: [UInt8], _ language: ConfigurationReading.Language,
    into model: inout ModelConfiguration
  ) throws(ServerFault) {
    try problems(in: file) { () throws(ConfigurationTree.Problem) in
      try TritonDialect.read(bytes, language, file: file, folder: folder.path, into: &model)
    }
  }

  private func problems(
    in file: String, _ body: () throws(ConfigurationTree.Problem) -> Void
  ) throws(ServerFault) {
    do {
      try body()
    } catch {
      throw .configurationInvalid(
        file: file,
        reason: "line \(error.place.line), column \(error.place.column): \(error.reason)")
    }
  }

  private func bytes(_ path: String) throws(ServerFault) -> [UInt8] {
    do {
      return try TextFile.bytes(path, byteCountMax: ConfigurationTree.byteCountMax)
    } catch {
      throw .configurationInvalid(file: path, reason: error.reason)
    }
  }
}
