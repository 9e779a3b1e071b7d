import Foundation
import ModelStore
import Testing
import WireFormats

/// The table of the program against the message's schema, and the pages made from it.
@Suite struct TritonTableTests {
  static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("../..")

  /// `Message.field` to its number, as the schema has them.
  static var numbersOfSchema: [String: Int] {
    var numbers: [String: Int] = [:]
    for message in ModelConfigSchema.messageNames {
      for field in ModelConfigSchema.fields(ofMessage: message) {
        numbers["\(message).\(field.name)"] = field.number
      }
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

  @Test func `every field of the message has its row`() {
    let schema = Self.numbersOfSchema
    #expect(schema.count > 130 && schema["ModelConfig.max_batch_size"] == 4)
    #expect(Self.numbersOfPage() == schema)
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
