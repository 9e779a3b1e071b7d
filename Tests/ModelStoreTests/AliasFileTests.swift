import Foundation
import Settings
import Testing

@testable import ModelStore

@Suite struct AliasFileTests {
  /// A directory that goes with the test.
  private final class Room {
    let path = NSTemporaryDirectory() + "apus-aliases-" + UUID().uuidString

    // Whether the system's own folder keeps a few bytes does not matter to any test.
    deinit { try? FileManager.default.removeItem(atPath: path) }
  }

  @Test func `what requests set wins over the configuration, and the rest of that stays`() {
    var kept = KeptAliases()
    kept.note(["stable": 2, "old": Int64?.none, "new": 3], of: "m")
    #expect(kept.aliases(["stable", "old", "first"], of: "m", version: 1) == ["first"])
    #expect(kept.aliases([], of: "m", version: 2) == ["stable"])
    #expect(kept.aliases([], of: "m", version: 3) == ["new"])
    #expect(kept.aliases(["stable"], of: "other", version: 1) == ["stable"])
  }

  @Test func `what was kept is there after a restart`() throws {
    let room = Room()
    let file = AliasFile(directory: "\(room.path)/deep", paths: ["/r"])
    #expect(file.open() == nil)
    try file.keep(["stable": 2], of: "m")
    try file.keep(["stable": 3, "old": Int64?.none], of: "m")
    let next = AliasFile(directory: "\(room.path)/deep", paths: ["/r"])
    #expect(next.open() == nil)
    #expect(next.aliases(["old"], of: "m", version: 3) == ["stable"])
    let text = try String(contentsOfFile: file.path, encoding: .utf8)
    #expect(text == "{\"aliases\":{\"m\":{\"old\":null,\"stable\":3}}}\n")
  }

  @Test func `another repository has another file`() {
    let paths = [["/a"], ["/b"], ["/a", "/b"]].map { AliasFile(directory: "/s", paths: $0).path }
    #expect(Set(paths).count == 3)
  }

  @Test(arguments: [
    "", "{", "[]", "{\"aliases\": []}", "{\"aliases\": {\"m\": 1}}",
    "{\"aliases\": {\"m\": {\"a\": 0}}}", "{\"aliases\": {\"m\": {\"a\": \"1\"}}}",
    "{\"other\": {}}",
  ])
  func `a file that is broken is moved aside, said, and counts as none`(text: String) throws {
    let room = Room()
    let file = AliasFile(directory: room.path, paths: ["/r"])
    try file.keep(["a": 1], of: "m")
    try Data(text.utf8).write(to: URL(fileURLWithPath: file.path))
    let next = AliasFile(directory: room.path, paths: ["/r"])
    let problem = try #require(next.open())
    #expect(problem.reason.contains("not known"), "\(problem.reason)")
    #expect(next.aliases([], of: "m", version: 1).isEmpty)
    #expect(FileManager.default.fileExists(atPath: "\(file.path).broken"))
    try next.keep(["b": 1], of: "m")
    #expect(AliasFile(directory: room.path, paths: ["/r"]).open() == nil)
  }

  @Test func `a directory that cannot be made is said`() throws {
    let file = AliasFile(directory: "/proc/no/such", paths: ["/r"])
    #expect(throws: TextFile.Problem.self) { try file.keep(["a": 1], of: "m") }
    #expect(file.aliases([], of: "m", version: 1) == ["a"], "in force until the end")
  }
}
