import Glibc
import Inference

extension ModelSource {
  /// Bytes of the model's file: the least that it will take in memory. 0 where that is not known.
  var byteCount: Int {
    switch self {
    case .embedded(_, let constant): return constant.bytes.count
    case .file(let path):
      var status = stat()
      guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return 0 }
      return Int(status.st_size)
    }
  }
}
