import Glibc
import Settings

/// Which files and directories are models that Python computes.
///
/// What is in them, a worker finds out as it loads them (`apus_worker.models.kinds`, which knows the
/// same names); here it only matters that they are models.
enum PythonFormat {
  /// Files that are a model by themselves.
  private static let endings = [
    "pkl", "pickle", "joblib", "skops", "mar", "pt", "pth", "torchscript",
  ]
  /// Names that such a file has in a folder of its own, the most wanted first.
  static let usualFiles = ["model.skops", "model.joblib", "model.pkl", "model.mar"]

  /// The file with a class of the author's own.
  static let ownFile = "model.py"
  private static let mlflowFile = "MLmodel"
  /// Files by which a directory may be a model.
  static let marks = [ownFile, mlflowFile, "config.json"]

  /// What is served, for messages.
  static let supported =
    "what Python computes (a folder with model.py, MLmodel or a Hugging Face snapshot; .pkl, .joblib, "
    + ".skops, .pt, .mar)"

  static func isServed(fileNamed name: String) -> Bool {
    PathText.name(name) == ownFile || endings.contains(PathText.ending(name))
  }

  /// A directory that is one model by itself. Blocks on the source of a `model.py`.
  static func isModel(_ folder: Folder) -> Bool {
    if folder.files.contains(mlflowFile) || isSnapshot(folder) { return true }
    return folder.files.contains(ownFile) && holdsClass(folder.path(of: ownFile))
  }

  /// The files of a directory that are such models by themselves, where these others are models, too:
  /// what has the name of one of them is what that was made from.
  static func models(in folder: Folder, beside others: [String]) -> [String] {
    let stems = others.map(PathText.stem)
    return folder.files.filter { name in
      name != ownFile && isServed(fileNamed: name) && !stems.contains(PathText.stem(name))
        && !isCheckpoint(folder.path(of: name))
    }
  }

  /// Whether a file has such a name and is none: a checkpoint of PyTorch holds weights, and the network
  /// they belong to only as a pickle, if at all; TorchScript has its code in it. Blocks.
  static func isCheckpoint(_ path: String) -> Bool {
    ["pt", "pth"].contains(PathText.ending(path)) && !ending(of: path).contains("/code/")
  }

  private static let endingByteCount = 1 << 20

  /// The last bytes of a file, where a zip archive lists what it holds.
  private static func ending(of path: String) -> String {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { return "" }
    defer { close(descriptor) }
    let start = max(0, lseek(descriptor, 0, SEEK_END) - endingByteCount)
    var bytes = [UInt8](repeating: 0, count: endingByteCount)
    let count = pread(descriptor, &bytes, bytes.count, start)
    return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
  }

  /// Whether a path, a model for sure, is one of Python's. Blocks.
  static func isModel(at path: String) -> Bool {
    switch Folder.kind(of: path) {
    case .file: return isServed(fileNamed: path)
    case .folder:
      var reason = ""
      return Folder(path, reason: &reason).map(isModel) ?? false
    case .other, .unreachable: return false
    }
  }

  /// A model that Hugging Face's libraries saved: its configuration beside its weights, and no ONNX that
  /// was made of them.
  private static func isSnapshot(_ folder: Folder) -> Bool {
    folder.files.contains("config.json")
      && !folder.files.contains { PathText.ending($0) == "onnx" }
      && folder.files.contains { name in
        ["model.safetensors", "model.safetensors.index.json", "pytorch_model.bin"].contains(name)
      }
  }

  private static let sourceByteCountMax = 1 << 20

  /// Whether a `model.py` has a class that is asked, and is not just somebody's script of that name.
  private static func holdsClass(_ path: String) -> Bool {
    // A file that cannot be read, or is too large for a source, is nobody's model.
    guard let bytes = try? TextFile.bytes(path, byteCountMax: sourceByteCountMax) else {
      return false
    }
    let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
    func begins(_ words: String...) -> Bool {
      lines.contains { line in
        words.contains { line.trimmingPrefix { $0 == " " || $0 == "\t" }.hasPrefix($0) }
      }
    }
    return begins("class ")
      && begins("def predict(", "async def predict(", "def execute(", "async def execute(", "@api.")
  }
}
