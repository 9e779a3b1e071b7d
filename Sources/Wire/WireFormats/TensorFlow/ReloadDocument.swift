package import Inference

/// TensorFlow Serving's `ReloadConfigRequest` as a document: which models are to be served.
package enum ReloadDocument {
  /// One model that is to be served.
  package struct Wish: Sendable {
    package let name: String
    /// `base_path`; empty where it is not said.
    package let place: String
    /// Versions that must be among those served, and how many there must be at least.
    package let versions: Set<Int64>
    package let versionCountMin: Int
    /// Labels of versions.
    package let labels: [String: Int64]
  }

  /// More models than anybody reloads at once.
  private static let countMax = 10_000

  package static func wishes(in request: JSONValue) throws(InferenceFailure) -> [Wish] {
    do throws(InputProblem) {
      guard let list = request["config"]?["model_config_list"] else {
        throw .fieldOfWrongKind("config", expected: "a model_config_list")
      }
      var wishes: [Wish] = []
      for entry in list["config"]?.elements ?? [] { wishes.append(try wish(entry)) }
      guard wishes.count <= countMax, Set(wishes.map(\.name)).count == wishes.count else {
        throw .fieldOfWrongKind("model_config_list", expected: "each model once")
      }
      return wishes
    } catch {
      throw .invalidInput(error)
    }
  }

  private static func wish(_ entry: JSONValue) throws(InputProblem) -> Wish {
    guard case .string(let name)? = entry["name"], !name.isEmpty else {
      throw .missingField("model_config_list.config.name")
    }
    var place = ""
    if case .string(let text)? = entry["base_path"] { place = text }
    let policy = entry["model_version_policy"]
    let versions = policy?["specific"]?["versions"]?.elements ?? []
    if policy?["all"] != nil {
      throw .parameter(
        "model_version_policy",
        expected: "latest or specific; all is set as version_policy of the "
          + "model's configuration", got: "all")
    }
    return Wish(
      name: name, place: place, versions: Set(versions.compactMap(\.number)),
      versionCountMin: Int(policy?["latest"]?["num_versions"]?.number ?? 1),
      labels: labels(entry["version_labels"]))
  }

  private static func labels(_ value: JSONValue?) -> [String: Int64] {
    guard case .object(let members)? = value else { return [:] }
    var labels: [String: Int64] = [:]
    for member in members { labels[member.key] = member.value.number ?? 0 }
    return labels
  }

  /// `ReloadConfigResponse` where all went well; what did not is the call's own status.
  package static var done: JSONValue {
    .object([.init("status", .object([.init("error_code", .string("OK"))]))])
  }
}

extension JSONValue {
  fileprivate var elements: [JSONValue]? {
    if case .array(let elements) = self { elements } else { nil }
  }

  fileprivate var number: Int64? {
    if case .integer(let number) = self { number } else { nil }
  }
}
