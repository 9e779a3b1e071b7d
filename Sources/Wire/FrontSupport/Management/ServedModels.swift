package import Inference
package import Serving

extension InferenceServer {
  /// The name of every model that the server knows of, once.
  package var modelNames: [String] {
    var names = statuses.map(\.name)
    // Versions of one name are neighbours.
    var last: String?
    names.removeAll { name in
      defer { last = name }
      return name == last
    }
    return names
  }

  /// The versions that an address means; all of them where it does not choose.
  package func statuses(of address: ModelAddress) -> [ModelStatus] {
    statuses(named: address.name).filter { status in
      switch address.version {
      case .any: true
      case .number(let number): status.version == number
      case .alias(let alias): status.aliases.contains(alias)
      }
    }
  }
}
