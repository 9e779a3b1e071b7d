import Imaging
import Jobs
import Vision
import WireFormats

/// What files of `--data` become for a server.
package enum ServerBodies {
  /// Files as they are, for an address that takes them: photos, documents, tables.
  package static func plain(_ bytes: [UInt8], name: String) -> ServerTarget.Body {
    let kind = bytes.withUnsafeBytes { JobInput(bytes: $0, name: name, task: .detect) }
    let type =
      switch kind {
      case .photo: bytes.withUnsafeBytes { ImageFormat(of: $0) }.map(mediaType)
      case .request, .jsonRows: "application/json"
      case .csv: "text/csv"
      }
    return ServerTarget.Body(
      bytes: bytes, headers: ["Content-Type: \(type ?? "application/octet-stream")"])
  }

  private static func mediaType(_ format: ImageFormat) -> String {
    switch format {
    case .jpeg: "image/jpeg"
    case .png: "image/png"
    case .webp: "image/webp"
    }
  }

  /// Rows, as CSV or as an array in JSON.
  static func table(_ bytes: [UInt8]) throws -> RowTable {
    if bytes.first(where: { $0 > 32 }) == UInt8(ascii: "[") {
      return try bytes.withUnsafeBytes { try RowTable(json: try JSONValue(parsing: $0)) }
    }
    guard let text = String(validating: bytes, as: UTF8.self) else { throw RowProblem.notText }
    return try RowTable(csv: text)
  }

  /// A file that a server cannot be asked with.
  package struct Unfit: Error, Sendable, CustomStringConvertible {
    package let description: String
  }
}
