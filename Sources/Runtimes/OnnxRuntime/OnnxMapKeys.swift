/// The keys of a map output, in the order of the columns that its values become.
enum OnnxMapKeys: Equatable {
  case none
  case integers([Int64])
  case strings([String])

  var count: Int {
    switch self {
    case .none: 0
    case .integers(let keys): keys.count
    case .strings(let keys): keys.count
    }
  }

  /// As a JSON array: `[0,1,2]` or `["cat","dog"]`.
  var json: String {
    switch self {
    case .none: "[]"
    case .integers(let keys): "[" + keys.map(String.init).joined(separator: ",") + "]"
    case .strings(let keys): "[" + keys.map(Self.quoted).joined(separator: ",") + "]"
    }
  }

  private static func quoted(_ text: String) -> String {
    var quoted = "\""
    for scalar in text.unicodeScalars {
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
