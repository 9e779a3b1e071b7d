import Testing

@Suite struct RoomTests {
  /// The command has no logic of its own; the integration tests run it from outside.
  private let testedFromOutside = ["Sources/ApusCommand"]

  @Test func `every room has its tests`() {
    let untested = roomsWithoutTests(RoomFolders.all) { folder in
      !Repository.swiftFiles(under: folder).isEmpty
    }
    #expect(untested.isEmpty, "\(untested)")
  }

  @Test func `trips over a room without a folder of tests`() {
    let rooms = ["Sources/Core/Inference", "Sources/Core/Guessing"]
    #expect(roomsWithoutTests(rooms) { $0 == "Tests/InferenceTests" } == ["Sources/Core/Guessing"])
  }

  @Test func `public stands only in the library`() {
    let violations = Repository.swiftFiles(under: "Sources").flatMap(publicWords)
    #expect(violations.isEmpty, "\(violations.joined(separator: "\n"))")
  }

  @Test func `trips over a public declaration in a room`() {
    let text = "package struct A {}\npublic struct B {}\nopen class C {}"
    let room = RepositoryFile(path: "Sources/Core/Inference/A.swift", text: text)
    #expect(publicWords(room).count == 2)
    #expect(publicWords(RepositoryFile(path: "Sources/Apus/A.swift", text: text)).isEmpty)
  }

  private func roomsWithoutTests(
    _ rooms: [String], hasTests: (String) -> Bool
  ) -> [String] {
    rooms.filter { folder in
      let name = folder.split(separator: "/").last ?? ""
      return !RoomFolders.isWrittenInC(folder) && !testedFromOutside.contains(folder)
        && !hasTests("Tests/\(name)Tests")
    }
  }

  private func publicWords(_ file: RepositoryFile) -> [String] {
    guard !file.path.hasPrefix("Sources/Apus/") else { return [] }
    return file.codeLines.enumerated().compactMap { index, line in
      line.contains(/\bpublic\b|\bopen\s+(class|func|var)\b/)
        ? file.violation(atLineIndex: index, "write package; public is for Sources/Apus") : nil
    }
  }
}
