import Glibc
package import Inference

extension ModelSource {
  /// Bytes of the model's file, 0 where it is gone; of weights in files beside it not.
  package var byteCount: Int {
    switch self {
    case .embedded(_, let constant): constant.bytes.count
    case .file(let path):
      {
        var status = stat()
        return stat(path, &status) == 0 ? Int(status.st_size) : 0
      }()
    }
  }
}
