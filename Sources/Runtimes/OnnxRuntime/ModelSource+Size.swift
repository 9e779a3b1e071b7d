import Glibc
import Inference

extension ModelSource {
  /// Bytes of the model's file, without weights in files beside it; 0 where it is gone.
  var byteCount: Int {
    switch self {
    case .embedded(_, let constant): return constant.bytes.count
    case .file(let path):
      var status = stat()
      return stat(path, &status) == 0 ? Int(status.st_size) : 0
    }
  }
}
