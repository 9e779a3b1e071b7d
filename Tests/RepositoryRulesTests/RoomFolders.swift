/// The rooms that exist, found by looking and not by a list.
enum RoomFolders {
  /// Every folder of a layer, and those folders of Sources that are no layer.
  static var all: [String] {
    let roof = Repository.folders(in: "Sources").filter { !ImportTable.layers.contains($0) }
    let inLayers = ImportTable.layers.flatMap { layer in
      Repository.folders(in: "Sources/\(layer)").map { "Sources/\(layer)/\($0)" }
    }
    return inLayers + roof.map { "Sources/\($0)" }
  }

  static func isWrittenInC(_ folder: String) -> Bool { Repository.exists("\(folder)/include/") }
}
