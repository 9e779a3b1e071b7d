package import Inference
import Settings

/// Reads class names: one a line, by index.
package enum LabelsFile {
  /// Empty lines at the end do not count; one in between is a class without a name. Blocks.
  package static func read(_ path: String) throws(ServerFault) -> [String] {
    let text: String
    do {
      text = try TextFile.read(path, byteCountMax: 16 << 20)
    } catch {
      throw .configurationInvalid(file: path, reason: "cannot read the labels: \(error.reason)")
    }
    let unmarked =
      text.unicodeScalars.first == "\u{feff}"
      ? text.unicodeScalars.dropFirst() : text.unicodeScalars[...]
    var labels = unmarked.split(separator: "\n", omittingEmptySubsequences: false).map { line in
      String(line.last == "\r" ? line.dropLast() : line)
    }
    while labels.last?.isEmpty ?? false { labels.removeLast() }
    guard !labels.isEmpty else {
      throw .configurationInvalid(file: path, reason: "expected one class name a line, found none")
    }
    return labels
  }
}
