import Glibc
import Jobs
package import WireFormats

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
    try parts(of: path).flatMap(\.results)
  }

  /// What a report shows of a file.
  package static func parts(of path: String) throws(Problem) -> [BenchReport.Part] {
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
    let parts = BenchReport.parts(of: document)
    guard !parts.isEmpty else {
      throw Problem("\(path): expected a result that apus bench --json wrote; there is none in it")
    }
    return parts
  }
}

extension BenchReport {
  /// Results and comparisons of a document, or of an array of them; what is neither is left out.
  package static func parts(of document: JSONValue) -> [Part] {
    let documents: [JSONValue]
    if case .array(let elements) = document {
      documents = Array(elements.prefix(ResultFile.resultsMax))
    } else {
      documents = [document]
    }
    return documents.compactMap { document in
      TurnComparison(document).map { .turns($0) } ?? SweepResult(document).map { .sweep($0) }
        ?? BenchResult(document).map { .result($0) }
    }
  }
}
