import Glibc

/// The variables that this process was started with.
enum Environment {
  static var all: [String: String] {
    var variables: [String: String] = [:]
    var place = environ
    while let entry = place.pointee {
      let text = String(cString: entry)
      if let mark = text.firstIndex(of: "=") {
        variables[String(text[..<mark])] = String(text[text.index(after: mark)...])
      }
      place += 1
    }
    return variables
  }

  /// A directory of ours by the XDG base directory specification, where `said` names none; `off`, and
  /// a user without a home, have none.
  static func directory(_ said: String?, variable: String, inHome usual: String) -> String? {
    if let said { return said == "off" ? nil : said }
    let variables = all
    if let base = variables[variable], base.hasPrefix("/") { return "\(base)/apus" }
    return variables["HOME"].flatMap { $0.hasPrefix("/") ? "\($0)/\(usual)/apus" : nil }
  }
}
