import Imaging
import WireFormats

/// What a file of samples is: its first bytes tell, and where these do not, its name.
enum SampleFileKind: Equatable {
  case photo
  /// `.npy` and `.npz`.
  case array, archive
  /// JSON Lines.
  case lines
  case document
  /// CSV, or a JSON array of rows: any other text.
  case table
  /// Posted as it is.
  case other

  /// - Parameter isStandardInput: nothing is named, so that the bytes alone tell.
  init(head: [UInt8], path: String, isStandardInput: Bool = false) {
    let ending = path.split(separator: ".").last.map { $0.lowercased() } ?? ""
    if head.withUnsafeBytes({ ImageFormat(of: $0) }) != nil {
      self = .photo
    } else if head.starts(with: [0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59]) {
      self = .array
    } else if head.starts(with: [0x50, 0x4B]), ending == "npz" || isStandardInput {
      self = .archive
    } else if ending == "jsonl" || ending == "ndjson" {
      self = .lines
    } else if head.first(where: { $0 > 32 }) == UInt8(ascii: "{") {
      self = .document
    } else if head.allSatisfy({ $0 >= 32 || (9...13).contains($0) }) {
      self = .table
    } else {
      self = .other
    }
  }
}
