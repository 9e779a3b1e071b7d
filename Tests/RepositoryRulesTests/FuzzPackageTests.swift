import Testing

/// The fuzz targets compile the rooms again by a manifest of their own, where a room that is forgotten
/// shows only in a clean build.
@Suite struct FuzzPackageTests {
  @Test func `a room needs the same rooms in both manifests`() throws {
    let own = neededRooms(in: try manifest("Package.swift"))
    let fuzzed = neededRooms(in: try manifest("Fuzz/Package.swift"))
    #expect(fuzzed.count > 5)
    for (room, needs) in fuzzed.sorted(by: { $0.key < $1.key }) {
      #expect(needs == own[room], "\(room): Fuzz/Package.swift differs from Package.swift")
    }
  }

  @Test func `reads what a manifest says`() {
    let text = """
      room("Inference", in: "Core"),
      room(
        "Vision", in: "Core",
        needs: ["Inference", nio("NIOCore"), .product(name: "NIOSSL", package: "swift-nio-ssl")]),
      """
    #expect(neededRooms(in: text) == ["Inference": [], "Vision": ["Inference"]])
  }

  private func manifest(_ path: String) throws -> String {
    try #require(Repository.files.first { $0.path == path }).text
  }

  /// The rooms that each room names as its dependencies.
  private func neededRooms(in manifest: String) -> [String: Set<String>] {
    let rooms = Set(ImportTable.rooms.map(\.name))
    let declaration = /\broom\(\s*"(\w+)",\s*in:\s*"\w+"(?:,\s*needs:\s*\[([^\]]*)\])?\s*\)/
    return manifest.matches(of: declaration).reduce(into: [:]) { all, match in
      let needs = (match.output.2 ?? "").matches(of: /"([\w-]+)"/).map { String($0.output.1) }
      all[String(match.output.1)] = rooms.intersection(needs)
    }
  }
}
