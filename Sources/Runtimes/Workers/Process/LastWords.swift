/// The last lines that a worker wrote, bounded; older ones and the rest of long ones are dropped.
package struct LastWords: Sendable, Equatable {
  package static let linesMax = 20
  package static let lineBytesMax = 500

  package private(set) var lines: [String] = []
  private var current: [UInt8] = []
  private var isCut = false

  package init() {}

  /// Takes what was read; answers the lines that it completed.
  package mutating func take(_ bytes: some Sequence<UInt8>) -> [String] {
    var completed: [String] = []
    for byte in bytes {
      if byte == UInt8(ascii: "\n") {
        completed.append(endLine())
      } else if current.count < Self.lineBytesMax {
        current.append(byte)
      } else {
        isCut = true
      }
    }
    return completed
  }

  private mutating func endLine() -> String {
    let line = String(decoding: current, as: UTF8.self) + (isCut ? "..." : "")
    current.removeAll(keepingCapacity: true)
    isCut = false
    lines.append(line)
    if lines.count > Self.linesMax { lines.removeFirst() }
    return line
  }

  /// The last lines that say something, at most `count`; empty where there is none.
  package func text(_ count: Int) -> String {
    let own = current.isEmpty ? lines : lines + [String(decoding: current, as: UTF8.self)]
    let telling = own.filter { !$0.allSatisfy(\.isWhitespace) }
    return telling.suffix(count).map { $0.trimmed }.joined(separator: " | ")
  }
}

extension String {
  fileprivate var trimmed: String {
    let start = drop(while: \.isWhitespace)
    guard let last = start.lastIndex(where: { !$0.isWhitespace }) else { return "" }
    return String(start[...last])
  }
}
