import Foundation
import ModelStore
import Testing

@Suite struct RepositoryTests {
  private func marks(_ tree: Tree) -> [RepositoryPlace: FileMarks] {
    var marks: [RepositoryPlace: FileMarks] = [:]
    for place in RepositoryPlace.list([tree.path]) { marks[place] = FileMarks(path: place.path) }
    return marks
  }

  private func write(_ tree: Tree, _ name: String, _ text: String) throws {
    let url = URL(fileURLWithPath: tree[name])
    try FileManager.default.createDirectory(
      at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: url)
  }

  @Test func `what is broken is listed and hides nothing`() throws {
    let tree = try Tree([
      "a/1/model.onnx": "x", "b/config.pbtxt": "", "c.onnx": "x", "notes.txt": "",
      "d/model.yaml": "?",
    ])
    #expect(RepositoryPlace.list([tree.path]).map(\.name).sorted() == ["a", "b", "c", "d"])
    #expect(RepositoryPlace.list([tree["a"], tree["c.onnx"]]).map(\.name) == ["a", "c"])
    for name in ["a", "b", "c", "d", "e", "..", ".", "1"] {
      let listed = RepositoryPlace.list([tree.path]).first { $0.name == name }
      #expect(RepositoryPlace.find(name, in: [tree.path]) == listed, "\(name)")
    }
    // Inside a model nothing is a model of its own.
    #expect(RepositoryPlace.find("1", in: [tree["a"]]) == nil)
    #expect(RepositoryPlace.list(["/no/such/place"]).map(\.name) == ["place"])
  }

  @Test func `a change counts once two looks agree about it`() throws {
    let tree = try Tree(["a/1/model.onnx": "x"])
    var watch = RepositoryWatch(marks(tree))
    #expect(watch.look(marks(tree)).isEmpty)
    try write(tree, "a/2/model.onnx", "y")
    #expect(watch.look(marks(tree)).isEmpty)
    try write(tree, "a/2/model.onnx", "yyy")
    #expect(watch.look(marks(tree)).isEmpty, "it is still being written")
    let changes = watch.look(marks(tree))
    guard case .changed(let place, let before)? = changes.first, changes.count == 1 else {
      Issue.record("got \(changes)")
      return
    }
    #expect(place.name == "a")
    let now = try #require(FileMarks(path: place.path))
    #expect(now.isSame(as: before, forVersion: 1))
    #expect(!now.isSame(as: before, forVersion: 2))
    #expect(watch.look(marks(tree)).isEmpty)
  }

  @Test func `a file beside the versions is every version's`() throws {
    let tree = try Tree(["a/1/model.onnx": "x", "a/model.yaml": "instances: 1"])
    let before = try #require(FileMarks(path: tree["a"]))
    try write(tree, "a/model.yaml", "instances: 22")
    let now = try #require(FileMarks(path: tree["a"]))
    #expect(!now.isSame(as: before, forVersion: 1))
  }

  @Test func `models appear, and go when two looks miss them`() throws {
    let tree = try Tree(["a/1/model.onnx": "x"])
    var watch = RepositoryWatch([:])
    let first = marks(tree)
    #expect(watch.look(first).isEmpty)
    #expect(watch.look(first) == first.keys.map { .appeared($0) })
    #expect(watch.look([:]).isEmpty)
    #expect(watch.look(first).isEmpty, "it was only being replaced")
    #expect(watch.look([:]).isEmpty)
    #expect(watch.look([:]) == first.keys.map { .removed($0) })
    #expect(watch.look([:]).isEmpty)
  }

  @Test func `files that were sent lie in a private folder that goes with its last user`() throws {
    var upload: UploadedFolder? = try UploadedFolder(
      model: "m", files: [("1/model.onnx", [1, 2]), ("labels.txt", [])])
    let path = try #require(upload?.place.path)
    #expect(FileManager.default.contents(atPath: path + "/1/model.onnx") == Data([1, 2]))
    let root = (path as NSString).deletingLastPathComponent
    let mode = try FileManager.default.attributesOfItem(atPath: root)[.posixPermissions] as? Int
    #expect(mode == 0o700)
    upload = nil
    #expect(!FileManager.default.fileExists(atPath: root))
  }

  @Test(arguments: ["../m", "a/b", "", ".."]) func `a name that leads elsewhere is refused`(
    _ name: String
  ) {
    #expect(throws: (any Error).self) {
      try UploadedFolder(model: name, files: [("1/model.onnx", [1])])
    }
  }

  @Test func `two files of one name are refused`() {
    #expect(throws: (any Error).self) {
      try UploadedFolder(model: "m", files: [("a", [1]), ("a/b", [1])])
    }
  }
}
