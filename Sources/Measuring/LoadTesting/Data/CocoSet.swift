import Inference
package import WireFormats

/// Photos and the boxes that people drew in them, as COCO's `instances` files hold them.
package struct CocoSet: Sendable {
  package struct Photo: Sendable {
    package let id: Int64
    package let fileName: String
    /// By category.
    var truths: [Int64: [CocoScore.Truth]] = [:]
  }

  package struct Category: Sendable, Equatable {
    package let id: Int64
    package let name: String
  }

  /// In the order of their ids, as COCO's own evaluation takes them.
  package private(set) var photos: [Photo]
  package let categories: [Category]

  /// Whether a document is meant as such a file.
  package static func isMeant(by document: JSONValue) -> Bool {
    document["images"] != nil && document["annotations"] != nil
  }

  package init(_ document: JSONValue) throws(SampleProblem) {
    categories = try Self.categories(document)
    photos = try Self.photos(document)
    guard !photos.isEmpty else { throw SampleProblem("it lists no images") }
    try readAnnotations(document)
    guard photos.contains(where: { !$0.truths.isEmpty }) else {
      throw SampleProblem("it has no annotations, so nothing can be right or wrong")
    }
  }

  private static func list(
    _ key: String, _ document: JSONValue
  ) throws(SampleProblem) -> [JSONValue] {
    guard case .array(let elements)? = document[key] else {
      throw SampleProblem("`\(key)` must be a list, as COCO's instances files have it")
    }
    return elements
  }

  private static func categories(_ document: JSONValue) throws(SampleProblem) -> [Category] {
    var categories: [Category] = []
    for (place, entry) in try list("categories", document).enumerated() {
      guard let id = entry["id"]?.whole, case .string(let name)? = entry["name"] else {
        throw SampleProblem("categories[\(place)] has no id or no name")
      }
      categories.append(Category(id: id, name: name))
    }
    guard !categories.isEmpty, Set(categories.map(\.id)).count == categories.count else {
      throw SampleProblem("it needs categories, each with an id of its own")
    }
    return categories.sorted { $0.id < $1.id }
  }

  private static func photos(_ document: JSONValue) throws(SampleProblem) -> [Photo] {
    var photos: [Photo] = []
    for (place, entry) in try list("images", document).enumerated() {
      guard let id = entry["id"]?.whole, case .string(let name)? = entry["file_name"] else {
        throw SampleProblem("images[\(place)] has no id or no file_name")
      }
      // The file of annotations names files of its folder, and none outside.
      guard !name.hasPrefix("/"), !name.split(separator: "/").contains(".."), !name.contains("\0")
      else { throw SampleProblem("images[\(place)] names a file outside of the folder") }
      photos.append(Photo(id: id, fileName: name))
    }
    guard Set(photos.map(\.id)).count == photos.count else {
      throw SampleProblem("two of its images have the same id")
    }
    return photos.sorted { $0.id < $1.id }
  }

  private mutating func readAnnotations(_ document: JSONValue) throws(SampleProblem) {
    let places = Dictionary(uniqueKeysWithValues: photos.enumerated().map { ($1.id, $0) })
    let known = Set(categories.map(\.id))
    for (number, entry) in try Self.list("annotations", document).enumerated() {
      guard let photo = entry["image_id"]?.whole, let category = entry["category_id"]?.whole,
        let truth = Self.truth(entry)
      else {
        throw SampleProblem(
          "annotations[\(number)] has no image_id, category_id, or bbox of four numbers")
      }
      guard let place = places[photo], known.contains(category) else {
        throw SampleProblem(
          "annotations[\(number)] is of an image or a category that the file does not list")
      }
      photos[place].truths[category, default: []].append(truth)
    }
  }

  private static func truth(_ entry: JSONValue) -> CocoScore.Truth? {
    guard case .array(let sides)? = entry["bbox"], sides.count == 4 else { return nil }
    let numbers = sides.compactMap(\.double)
    guard numbers.count == 4, numbers.allSatisfy({ $0.magnitude < 1e9 }), numbers[2] >= 0,
      numbers[3] >= 0
    else { return nil }
    let box = CocoBox(x: numbers[0], y: numbers[1], width: numbers[2], height: numbers[3])
    let isCrowd = entry["iscrowd"]?.whole == 1 || entry["iscrowd"] == .bool(true)
    return CocoScore.Truth(box: box, area: entry["area"]?.double ?? box.area, isCrowd: isCrowd)
  }
}

extension JSONValue {
  /// A number, whole or not.
  var double: Double? {
    switch self {
    case .integer(let integer): Double(integer)
    case .number(let number): number
    default: nil
    }
  }
}
