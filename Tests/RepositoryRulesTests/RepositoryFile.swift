import Foundation

/// One text file of the repository. Line numbers count from 1; `path` starts at the root.
struct RepositoryFile: Sendable {
  let path: String
  let text: String
  let lines: [Substring]

  /// The lines of a Swift file with comments and string literals blanked out; none of other files.
  let codeLines: [Substring]

  init(path: String, text: String) {
    self.path = path
    self.text = text
    lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    codeLines =
      path.hasSuffix(".swift")
      ? SwiftCode.withoutCommentsAndStrings(text)
        .split(separator: "\n", omittingEmptySubsequences: false) : []
  }

  /// What a rule says about one line, in the shape that editors jump to.
  func violation(atLineIndex index: Int, _ message: String) -> String {
    "\(path):\(index + 1): \(message)"
  }
}

/// The checkout that this test was compiled from.
enum Repository {
  static let root = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// Every text file of the project: no hidden folders but `.ci`, nothing built, nothing binary.
  static let files: [RepositoryFile] = {
    guard let walk = FileManager.default.enumerator(at: root, includingPropertiesForKeys: nil)
    else { return [] }
    var files: [RepositoryFile] = []
    for case let url as URL in walk {
      if isNotOurs(url.lastPathComponent) {
        walk.skipDescendants()
      } else if let file = file(at: url) {
        files.append(file)
      }
    }
    return files.sorted { $0.path < $1.path }
  }()

  /// The Swift files in a folder; none where it does not exist.
  static func swiftFiles(under folder: String) -> [RepositoryFile] {
    files.filter { $0.path.hasPrefix(folder + "/") && $0.path.hasSuffix(".swift") }
  }

  /// The names of the folders in a folder; none where it does not exist.
  static func folders(in folder: String) -> [String] {
    let url = root.appending(path: folder)
    let names = (try? FileManager.default.contentsOfDirectory(atPath: url.path)) ?? []
    return names.sorted().filter { exists("\(folder)/\($0)/") }
  }

  /// A trailing slash asks for a folder.
  static func exists(_ path: String) -> Bool {
    var isFolder: ObjCBool = false
    let full = root.appending(path: path).path
    let isThere = FileManager.default.fileExists(atPath: full, isDirectory: &isFolder)
    return isThere && (isFolder.boolValue || !path.hasSuffix("/"))
  }

  private static func isNotOurs(_ name: String) -> Bool {
    name.hasPrefix(".") && name != ".ci" || ["dist", "__pycache__"].contains(name)
  }

  private static func file(at url: URL) -> RepositoryFile? {
    let values = try? url.resourceValues(forKeys: [.isRegularFileKey])
    guard values?.isRegularFile == true, let bytes = try? Data(contentsOf: url),
      bytes.firstRange(of: Data([0])) == nil, let text = String(data: bytes, encoding: .utf8)
    else { return nil }
    let path = url.standardizedFileURL.path.dropFirst(root.standardizedFileURL.path.count)
    return RepositoryFile(path: String(path.drop { $0 == "/" }), text: text)
  }
}
