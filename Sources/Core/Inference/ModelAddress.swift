/// Which model a request means: a name, and which of its versions.
package struct ModelAddress: Sendable, Hashable {
  /// How the version is chosen.
  package enum Version: Sendable, Hashable {
    /// Whichever the routes choose.
    case any
    /// One version, by its number.
    case number(Int64)
    /// A name that the routes map to a version; never all digits.
    case alias(String)
  }

  package let name: String
  package let version: Version

  package init(name: String, version: Version = .any) {
    self.name = name
    self.version = version
  }

  /// Reads what a path or a field carries: `name`, `name@alias`, and a version that is digits or an
  /// alias. A version of its own wins over one in the name.
  package init(name: Substring, version: Substring? = nil) {
    if let version, !version.isEmpty {
      self.init(name: String(name), version: Self.version(from: version))
    } else if let mark = name.lastIndex(of: "@"), name.index(after: mark) < name.endIndex {
      let alias = name[name.index(after: mark)...]
      self.init(name: String(name[..<mark]), version: Self.version(from: alias))
    } else {
      self.init(name: String(name))
    }
  }

  private static func version(from text: Substring) -> Version {
    if text.utf8.allSatisfy({ (48...57).contains($0) }), let number = Int64(text) {
      return .number(number)
    }
    return .alias(String(text))
  }
}

extension ModelAddress: CustomStringConvertible {
  package var description: String {
    switch version {
    case .any: name
    case .number(let number): "\(name) version \(number)"
    case .alias(let alias): "\(name)@\(alias)"
    }
  }
}
