import WireFormats

/// Finds COCO's annotations and their photos among what somebody named.
enum CocoFolder {
  /// As COCO's own files are called, but for the year.
  static let fileName = "instances.json"

  /// `nil` where nothing that is named is a file of annotations, or a folder with `instances.json`.
  static func read(_ options: SampleFiles.Options) throws(SampleProblem) -> SampleSet? {
    let folders = options.paths.filter(FolderListing.isFolder)
    let files = ([options.truth].compactMap { $0 } + options.paths.filter { !folders.contains($0) })
    let within = folders.map { "\($0)/\(fileName)" }.filter(FolderListing.isFile)
    let candidates = files + (options.truth == nil ? within : [])
    for path in candidates where path.hasSuffix(".json") {
      guard let document = try annotations(path) else { continue }
      do throws(SampleProblem) {
        let set = try CocoSet(document)
        return try samples(of: set, annotations: path, folders: folders)
      } catch {
        throw SampleProblem("\(path): \(error)")
      }
    }
    return nil
  }

  private static func annotations(_ path: String) throws(SampleProblem) -> JSONValue? {
    let bytes = try SampleFiles.bytes(of: path)
    // What is no JSON at all is said where the file is read as what it is then.
    guard let document = bytes.withUnsafeBytes({ try? JSONValue(parsing: $0) }),
      CocoSet.isMeant(by: document)
    else { return nil }
    return document
  }

  /// The photos lie in a folder that was named, beside the annotations, or in `images` there.
  private static func samples(
    of set: CocoSet, annotations: String, folders: [String]
  ) throws(SampleProblem) -> SampleSet {
    let parts = annotations.split(separator: "/", omittingEmptySubsequences: false).dropLast()
    let beside = parts.isEmpty ? "." : parts.joined(separator: "/")
    let places = (folders + [beside, "\(beside)/.."]).flatMap { ["\($0)/images", $0] }
    let first = set.photos[0].fileName
    guard let place = places.first(where: { FolderListing.isFile("\($0)/\(first)") }) else {
      throw SampleProblem(
        "its photo \(first) is not beside it, nor in `images` there; name their folder with a second "
          + "--data")
    }
    for photo in set.photos where !FolderListing.isFile("\(place)/\(photo.fileName)") {
      throw SampleProblem("its photo \(photo.fileName) is not in \(place)")
    }
    return SampleSet(
      set.photos.map { .file("\(place)/\($0.fileName)") }, truth: .boxes(set))
  }
}
