import Testing

@Suite struct ImportTests {
  @Test func `every room imports only what the table allows`() {
    let violations = ImportTable.rooms.flatMap { room in
      Repository.swiftFiles(under: room.folder).flatMap { forbiddenImports(in: $0, of: room) }
    }
    #expect(violations.isEmpty, "\(violations.joined(separator: "\n"))")
  }

  @Test func `the table lets a room import only rooms of earlier rows`() {
    let names = ImportTable.rooms.map(\.name)
    for (index, room) in ImportTable.rooms.enumerated() {
      let upward = room.mayImport.intersection(names[index...])
      #expect(upward.isEmpty, "\(room.name) may not reach up to \(upward.sorted())")
    }
  }

  @Test func `every room has a row`() {
    let rows = Set(ImportTable.rooms.map(\.folder))
    let missing = RoomFolders.all.filter { !rows.contains($0) }
    #expect(missing.isEmpty, "give these rooms a row in ImportTable: \(missing)")
  }

  @Test(arguments: [
    "import Foundation",
    "package import NIOCore",
    "@preconcurrency import Glibc",
    "import struct Foundation.URL",
    "internal import class HTTPFront.Server",
  ])
  func `trips over an import that the row does not allow`(line: String) {
    let room = Room("Inference", in: "Core", mayImport: ["Synchronization"])
    let file = RepositoryFile(path: "A.swift", text: "import Synchronization\n\(line)\n")
    #expect(forbiddenImports(in: file, of: room).map { $0.prefix(10) } == ["A.swift:2:"])
  }

  @Test func `does not trip over the word in a comment`() {
    let room = Room("Inference", in: "Core", mayImport: [])
    let file = RepositoryFile(path: "A.swift", text: "// import Foundation\nlet important = 1")
    #expect(forbiddenImports(in: file, of: room).isEmpty)
  }

  private func forbiddenImports(in file: RepositoryFile, of room: Room) -> [String] {
    file.codeLines.enumerated().compactMap { index, line in
      guard let module = importedModule(line), !room.mayImport.contains(module) else { return nil }
      return file.violation(
        atLineIndex: index,
        "\(room.name) may not import \(module); see ImportTable and its decision page")
    }
  }

  /// The module that a line imports, whatever attributes, access level or kind stand around it.
  private func importedModule(_ line: Substring) -> String? {
    let pattern = /^\s*(?:@\w+\s+|\w+\s+)?import\s+(?:[a-z]+\s+)?(\w+)/
    return line.firstMatch(of: pattern).map { String($0.output.1) }
  }
}
