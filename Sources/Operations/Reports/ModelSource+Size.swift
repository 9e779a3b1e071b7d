import Glibc
package import Inference

extension ModelSource {
  /// Bytes of the model's file, 0 where it is gone; of weights in files beside it not. Of a directory
  /// those of its graph.
  package var byteCount: Int {
    switch self {
    case .embedded(_, let constant): constant.bytes.count
    case .file(let path):
      {
        var status = stat()
        let isFolder = stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
        let file = isFolder ? "\(path)/saved_model.pb" : path
        return stat(file, &status) == 0 ? Int(status.st_size) : 0
      }()
    }
  }
}
