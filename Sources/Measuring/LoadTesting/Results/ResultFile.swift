import Glibc
import Jobs
import WireFormats

/// Files with results: what `--json` wrote, one result, several, or comparisons of two targets.
package enum ResultFile {
  /// A result is some ten thousand bytes.
  package static let byteCountMax = 32 << 20
  /// Results of one file.
  package static let resultsMax = 200

  /// Why a file has no results.
  package struct Problem: Error, Sendable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
  }

  /// All results of a file; of a comparison both.
  package static func read(_ path: String) throws(Problem) -> [BenchResult] {
    let bytes: [UInt8]
    do {
      bytes = try JobFile.read(path, byteCountMax: byteCountMax)
    } catch {
      throw Problem("\(path): \(error)")
    }
    let document: JSONValue
    do {
      document = try bytes.withUnsafeBytes { try JSONValue(parsing: $0) }
    } catch {
      throw Problem("\(path): expected JSON that apus bench --json wrote")
    }
    let results = results(in: document)
    guard !results.isEmpty else {
      throw Problem("\(path): expected a result that apus bench --json wrote; there is none in it")
    }
    return results
  }

  static func results(in document: JSONValue) -> [BenchResult] {
    if case .array(let elements) = document {
      return Array(elements.prefix(resultsMax).flatMap { results(in: $0) }.prefix(resultsMax))
    }
    if let result = BenchResult(document) { return [result] }
    return ["target", "against"].compactMap { document[$0].flatMap(BenchResult.init) }
  }
}
