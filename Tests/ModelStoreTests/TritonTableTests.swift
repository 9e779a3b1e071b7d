import Foundation
import ModelStore
import Testing

/// The table of the program against the message that people read, and the pages made from it.
@Suite struct TritonTableTests {
  static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("../..")

  /// `Message.field` to its number, as the proto file has them.
  static func numbersOfProto() throws -> [String: Int] {
    let text = try String(
      contentsOf: root.appendingPathComponent(
        "Sources/Operations/ModelStore/Triton/ModelConfig.proto"), encoding: .utf8)
    var numbers: [String: Int] = [:]
    var (message, depth) = ("", 0)
    for line in text.split(separator: "\n") {
      if let match = line.wholeMatch(of: /message (\w+) \{/) { message = String(match.1) }
      if line.hasPrefix("enum ") { message = "" }
      if let match = line.wholeMatch(of: /\s+(?:repeated )?[\w<>, ]+ (\w+) = (\d+);/) {
        numbers["\(message).\(match.1)"] = Int(match.2)
      }
      depth += line.hasSuffix("{") ? 1 : line.hasSuffix("}") ? -1 : 0
      if depth == 0 { message = "" }
    }
    return numbers
  }

  /// The same from the page, whose rows are those of the table.
  static func numbersOfPage() -> [String: Int] {
    var numbers: [String: Int] = [:]
    var message = ""
    for line in ConfigurationPages.triton.split(separator: "\n") {
      if let match = line.wholeMatch(of: /## (\w+)/) { message = String(match.1) }
      if let match = line.prefixMatch(of: /\| `(\w+)` \| (\d+) \|/) {
        numbers["\(message).\(match.1)"] = Int(match.2)
      }
    }
    return numbers
  }

  @Test func `names and numbers are those of the message`() throws {
    let proto = try Self.numbersOfProto()
    #expect(proto.count > 130 && proto["ModelConfig.max_batch_size"] == 4)
    #expect(Self.numbersOfPage() == proto)
  }

  @Test func `the pages are up to date`() throws {
    for (file, page) in [
      ("config-pbtxt.md", ConfigurationPages.triton), ("model-yaml.md", ConfigurationPages.own),
    ] {
      let written = try String(
        contentsOf: Self.root.appendingPathComponent("docs/operating/\(file)"), encoding: .utf8)
      #expect(written == page, "run: make docs")
    }
  }

  @Test(arguments: ["obeyed", "warns", "stops"])
  func `every fate is there and has its reason`(_ fate: String) {
    let rows = ConfigurationPages.triton.split(separator: "\n").filter {
      $0.contains("| \(fate) | ")
    }
    #expect(rows.count > 5)
    #expect(!rows.contains { $0.hasSuffix("| \(fate) |  |") })
  }
}
