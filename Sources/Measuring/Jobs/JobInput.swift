import Imaging
import Inference
package import Vision
import WireFormats

/// What somebody gave a model to answer, told by its first bytes and, where these do not tell, by
/// its name.
package enum JobInput: Sendable, Equatable {
  case photo
  /// A request of the Open Inference Protocol V2, in JSON.
  case request
  case csv
  /// An array of rows.
  case jsonRows

  package init(bytes: UnsafeRawBufferPointer, name: String, task: VisionTask.Kind) {
    if ImageFormat(of: bytes) != nil {
      self = .photo
      return
    }
    switch bytes.first(where: { $0 > 32 }) {
    case UInt8(ascii: "{"): self = .request
    case UInt8(ascii: "["): self = .jsonRows
    default:
      let ending = name.split(separator: ".").last.map { $0.lowercased() } ?? ""
      // For a model of photos a text is a damaged photo, unless it says that it is a table.
      let isTable = ["csv", "tsv", "txt"].contains(ending)
      self = isTable || task == .none ? .csv : .photo
    }
  }
}
