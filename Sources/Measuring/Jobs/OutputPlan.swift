/// Where the answer to each input is written.
package struct OutputPlan: Sendable, Equatable {
  /// One for each input, in their order.
  package let files: [String]
  /// The directory that they are in, where there are several.
  package let directory: String?

  /// One input: the file itself. Several: a directory, a file for each named after its input.
  ///
  /// Two inputs of one name would overwrite each other: the second of them is thrown.
  package init(output: String, inputs: [String]) throws(Clash) {
    guard inputs.count > 1 else {
      files = inputs.map { _ in output }
      directory = nil
      return
    }
    var taken: Set<String> = []
    var files: [String] = []
    for input in inputs {
      let name = Self.name(of: input)
      guard taken.insert(name).inserted else { throw Clash(input: input, name: name) }
      files.append("\(output)/\(name)")
    }
    self.files = files
    directory = output
  }

  /// Two inputs whose answers would be one file.
  package struct Clash: Error, Equatable {
    package let input: String
    package let name: String
  }

  private static func name(of input: String) -> String {
    input == JobFile.standardInput
      ? "stdin"
      : input.split(separator: "/").last.map(String.init)
        ?? "input"
  }

  /// The file for an answer: as it was named where one was; in a directory `.jpg` for a photo,
  /// `.json` for all else takes the place of the ending.
  package func file(at index: Int, isPhoto: Bool) -> String {
    guard directory != nil else { return files[index] }
    let file = files[index]
    let ending = isPhoto ? ".jpg" : ".json"
    guard let point = file.lastIndex(of: "."), !file[point...].contains("/") else {
      return file + ending
    }
    return file[..<point] + ending
  }
}
