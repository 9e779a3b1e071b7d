/// The keys of a `ZipMap` in ascending order, as maps keep them.
struct MapKeys {
  /// For each key in ascending order which of the operator's it is.
  let order: [Int]
  /// `[0,1,2]` or `["cat","dog"]`, as the room OnnxRuntime writes them.
  let json: String

  init(numbers: [Int64], texts: [[UInt8]]) throws(PipelineObstacle) {
    guard numbers.isEmpty != texts.isEmpty else {
      throw .corrupt("'ZipMap' has no keys, or both kinds")
    }
    guard Set(numbers).count == numbers.count, Set(texts).count == texts.count else {
      throw .notComputed("'ZipMap' with a key twice")
    }
    if texts.isEmpty {
      order = numbers.indices.sorted { numbers[$0] < numbers[$1] }
      json = "[" + order.map { String(numbers[$0]) }.joined(separator: ",") + "]"
    } else {
      order = texts.indices.sorted { texts[$0].lexicographicallyPrecedes(texts[$1]) }
      json = "[" + order.map { Self.quoted(texts[$0]) }.joined(separator: ",") + "]"
    }
  }

  private static func quoted(_ text: [UInt8]) -> String {
    var quoted = "\""
    for scalar in String(decoding: text, as: UTF8.self).unicodeScalars {
      switch scalar {
      case "\"", "\\":
        quoted += "\\"
        quoted.unicodeScalars.append(scalar)
      case _ where scalar.value < 0x20:
        let hex = String(scalar.value, radix: 16)
        quoted += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
      default: quoted.unicodeScalars.append(scalar)
      }
    }
    return quoted + "\""
  }
}
