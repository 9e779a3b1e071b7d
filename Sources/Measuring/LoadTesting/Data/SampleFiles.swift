import Imaging
import Inference
import Jobs
import WireFormats

/// Reads what `--data` names: photos and folders of them, COCO's annotations, tables, arrays, requests.
///
/// Tables, arrays and documents are kept in memory, up to `JobFile.byteCountMax` a file; photos are not.
package struct SampleFiles {
  package struct Options: Sendable {
    package var paths: [String]
    /// The column, or the array of an archive, that holds what is right.
    package var label: String?
    /// A file that says what is right: a table of files and labels, an array, or COCO's annotations.
    package var truth: String?
    /// Rows that the model takes at once.
    package var rowsPerSample = 1
    /// Files are posted as they are, whatever they hold.
    package var arePosted = false

    package init(paths: [String]) { self.paths = paths }
  }

  private let options: Options
  private var samples: [SampleContent] = []
  /// One for each sample, or none for any.
  private var labels: [[String]] = []
  /// Where each photo's label is looked up: its path behind the folder that was named.
  private var photos: [String] = []

  private init(_ options: Options) { self.options = options }

  package static func read(_ options: Options) throws(SampleProblem) -> SampleSet {
    if !options.arePosted || options.truth != nil, let set = try CocoFolder.read(options) {
      return set
    }
    var files = SampleFiles(options)
    for path in options.paths { try files.add(path) }
    return try files.set()
  }

  /// Photos, documents and folders need not be fitted to a model's inputs; rows and arrays do.
  package static func areSelfContained(_ paths: [String]) -> Bool {
    !paths.isEmpty
      && paths.allSatisfy { path in
        if FolderListing.isFolder(path) { return true }
        let kind = kind(of: path, head: FolderListing.head(of: path))
        return kind == .photo || kind == .document
      }
  }

  /// Boxes that people drew may be among these.
  package static func mayHaveBoxes(_ paths: [String]) -> Bool {
    paths.contains {
      $0.hasSuffix(".json") || FolderListing.isFile("\($0)/\(CocoFolder.fileName)")
    }
  }

  private mutating func add(_ path: String) throws(SampleProblem) {
    if FolderListing.isFolder(path) { return try addFolder(path) }
    let head = FolderListing.head(of: path)
    guard !head.isEmpty else {
      _ = try Self.bytes(of: path)
      throw SampleProblem("\(path == StandardInput.path ? "standard input" : path) is empty")
    }
    switch options.arePosted ? .other : Self.kind(of: path, head: head) {
    case .photo, .other: addPhoto(path, name: Self.name(of: path))
    case .array: try addArray(path)
    case .archive: try addArchive(path)
    case .lines: try addLines(path)
    case .document: samples.append(.document(try Self.bytes(of: path), name: path))
    case .table: try addTable(path)
    }
  }

  private static func kind(of path: String, head: [UInt8]) -> SampleFileKind {
    guard path == StandardInput.path else { return SampleFileKind(head: head, path: path) }
    let kind = SampleFileKind(head: head, path: path, isStandardInput: true)
    // No name says that each line is a document: the first one's end does.
    return kind == .document && holdsLines ? .lines : kind
  }

  private static var holdsLines: Bool {
    // What cannot be read is told by whoever reads it as what it is taken for.
    guard let bytes = try? StandardInput.bytes() else { return false }
    let lines = bytes.split(maxSplits: 2) { $0 == 10 || $0 == 13 }
    return lines.count > 1 && lines[0].withUnsafeBytes { (try? JSONValue(parsing: $0)) != nil }
  }

  static func bytes(of path: String) throws(SampleProblem) -> [UInt8] {
    do throws(JobProblem) {
      return try path == StandardInput.path ? StandardInput.bytes() : JobFile.read(path)
    } catch {
      throw SampleProblem("\(path): \(error)")
    }
  }

  private static func name(of path: String) -> String {
    path.split(separator: "/").last.map(String.init) ?? path
  }

  // MARK: Photos

  private mutating func addPhoto(_ path: String, name: String) {
    samples.append(.file(path))
    photos.append(name)
  }

  /// Photos of a folder; those of folders within it belong to classes of these names.
  private mutating func addFolder(_ path: String) throws(SampleProblem) {
    let before = samples.count
    for name in try FolderListing.names(in: path) {
      let inner = "\(path)/\(name)"
      guard FolderListing.isFolder(inner) else {
        if Self.isPhoto(inner) { addPhoto(inner, name: name) }
        continue
      }
      for file in try FolderListing.names(in: inner) where Self.isPhoto("\(inner)/\(file)") {
        addPhoto("\(inner)/\(file)", name: "\(name)/\(file)")
        if options.truth == nil { labels.append([name]) }
      }
    }
    guard samples.count > before else {
      throw SampleProblem("\(path) holds no photos (JPEG, PNG or WebP), also not in its folders")
    }
  }

  private static func isPhoto(_ path: String) -> Bool {
    FolderListing.head(of: path).withUnsafeBytes { ImageFormat(of: $0) } != nil
  }

  // MARK: Tables

  private mutating func addTable(_ path: String) throws(SampleProblem) {
    let bytes = try Self.bytes(of: path)
    do {
      try addRows(try ServerBodies.table(bytes))
    } catch {
      throw Self.problem(path, error)
    }
  }

  private mutating func addRows(_ table: RowTable) throws {
    var table = table
    var column: [String]?
    if let label = options.label {
      let parts = try table.separating(label)
      (table, column) = (parts.rest, parts.column)
    }
    let step = options.rowsPerSample
    guard table.rowCount % step == 0 else {
      throw RowProblem.wrongRowCount(multipleOf: step, got: table.rowCount)
    }
    for start in stride(from: 0, to: table.rowCount, by: step) {
      samples.append(.rows(table.rows(start..<start + step)))
      if let column { labels.append(Array(column[start..<start + step])) }
    }
  }

  /// JSON Lines: each a row, or each a request.
  private mutating func addLines(_ path: String) throws(SampleProblem) {
    let lines = try Self.bytes(of: path).split { $0 == 10 || $0 == 13 }
    var documents: [JSONValue] = []
    for (number, line) in lines.enumerated() {
      do throws(InputProblem) {
        let parsed = line.withUnsafeBytes { bytes in
          Result { () throws(InputProblem) in try JSONValue(parsing: bytes) }
        }
        documents.append(try parsed.get())
      } catch {
        let text = FailureMessage.text(for: .invalidInput(error))
        throw SampleProblem("\(path): line \(number + 1): \(text)")
      }
    }
    guard let first = documents.first else { throw SampleProblem("\(path) is empty") }
    guard Self.isRow(first) else {
      for line in lines { samples.append(.document(Array(line), name: path)) }
      return
    }
    do {
      try addRows(RowTable(json: .array(documents)))
    } catch {
      throw Self.problem(path, error)
    }
  }

  private static func isRow(_ document: JSONValue) -> Bool {
    func isPlain(_ value: JSONValue) -> Bool {
      switch value {
      case .array, .object: false
      default: true
      }
    }
    switch document {
    case .array(let cells): return cells.allSatisfy(isPlain)
    case .object(let members): return members.allSatisfy { isPlain($0.value) }
    default: return false
    }
  }

  static func problem(_ path: String, _ error: any Error) -> SampleProblem {
    if let problem = error as? InputProblem {
      return SampleProblem("\(path): \(FailureMessage.text(for: .invalidInput(problem)))")
    }
    return SampleProblem("\(path): \(error)")
  }

  // MARK: Arrays

  private mutating func addArray(_ path: String) throws(SampleProblem) {
    let array = try Self.array(path)
    try addArrays([NamedTensor(name: "", tensor: array)], labels: nil, path)
  }

  private static func array(_ path: String) throws(SampleProblem) -> Tensor {
    let bytes = try bytes(of: path)
    do {
      return try bytes.withUnsafeBytes { try NumpyFile($0, name: name(of: path)).tensor }
    } catch {
      throw problem(path, error)
    }
  }

  /// What a compressed archive may become.
  private static let unpackedBytesMax = 4 * JobFile.byteCountMax

  private mutating func addArchive(_ path: String) throws(SampleProblem) {
    let bytes = try Self.bytes(of: path)
    var arrays: [NamedTensor]
    do {
      arrays = try bytes.withUnsafeBytes {
        try NumpyArchive($0, unpackedBytesMax: Self.unpackedBytesMax).arrays
      }
    } catch {
      throw Self.problem(path, error)
    }
    var column: [String]?
    if let label = options.label {
      guard let place = arrays.firstIndex(where: { $0.name == label }) else {
        let names = arrays.map(\.name).joined(separator: ", ")
        throw SampleProblem("\(path): there is no array `\(label)`; there are: \(names)")
      }
      column = Self.texts(arrays.remove(at: place).tensor)
    }
    try addArrays(arrays, labels: column, path)
  }

  private mutating func addArrays(
    _ arrays: [NamedTensor], labels column: [String]?, _ path: String
  ) throws(SampleProblem) {
    guard let first = arrays.first, first.tensor.shape.rank > 0, first.tensor.shape[0] > 0 else {
      throw SampleProblem("\(path) has no rows: its first axis counts the samples")
    }
    let count = first.tensor.shape[0]
    for array in arrays
    where array.tensor.shape.rank == 0 || array.tensor.shape[0] != count {
      throw SampleProblem("\(path): its arrays have different numbers of rows")
    }
    let step = options.rowsPerSample
    guard count % step == 0 else {
      let problem = RowProblem.wrongRowCount(multipleOf: step, got: count)
      throw SampleProblem("\(path): \(problem)")
    }
    for start in stride(from: 0, to: count, by: step) {
      let rows = start..<start + step
      samples.append(
        .arrays(arrays.map { NamedTensor(name: $0.name, tensor: $0.tensor.rows(rows)) }))
    }
    if let column { try addLabels(column, rowCount: count, path) }
  }

  private static func texts(_ tensor: Tensor) -> [String] {
    TensorNumbers.of(tensor).map(LabelText.of)
  }

  private mutating func addLabels(
    _ column: [String], rowCount: Int, _ path: String
  ) throws(SampleProblem) {
    guard column.count == rowCount else {
      throw SampleProblem("\(path): \(column.count) labels for \(rowCount) rows")
    }
    let step = options.rowsPerSample
    for start in stride(from: 0, to: rowCount, by: step) {
      labels.append(Array(column[start..<start + step]))
    }
  }

  // MARK: All of it

  private mutating func set() throws(SampleProblem) -> SampleSet {
    guard !samples.isEmpty else { throw SampleProblem("--data holds no samples") }
    if let truth = options.truth { try readTruth(truth) }
    guard !labels.isEmpty else {
      if let label = options.label {
        throw SampleProblem("--label \(label): nothing in --data has columns or named arrays")
      }
      return SampleSet(samples)
    }
    guard labels.count == samples.count else {
      throw SampleProblem(
        "\(labels.count) of \(samples.count) samples of --data have labels; either all have one or "
          + "none")
    }
    return SampleSet(samples, truth: .labels(labels))
  }

  private mutating func readTruth(_ path: String) throws(SampleProblem) {
    let head = FolderListing.head(of: path)
    // Says why there is nothing to read.
    if head.isEmpty { _ = try Self.bytes(of: path) }
    if SampleFileKind(head: head, path: path) == .array {
      return try addLabels(
        Self.texts(try Self.array(path)), rowCount: samples.count * options.rowsPerSample, path)
    }
    guard photos.count == samples.count else {
      throw SampleProblem("\(path): a table of files and labels is for photos; see --label")
    }
    let table = try PhotoLabels(path)
    for photo in photos { labels.append([try table.label(of: photo)]) }
  }
}
