import Inference

/// The paths of the dialects beside the Open Inference Protocol.
enum DialectPaths {
  static func find(_ segments: [String]) -> (Endpoint, ModelAddress)? {
    let rest = segments.dropFirst()
    switch (segments.first, segments.count) {
    case ("v1", 2...) where segments[1] == "models": return findV1(segments.dropFirst(2))
    case ("invocations", 1): return (.invocations, noModel)
    case ("ping", 1): return (.ping, noModel)
    case ("health", 1): return (.plainReady, noModel)
    case ("version", 1): return (.programVersion, noModel)
    case ("predict", 1): return (.predict, noModel)
    case ("predictions", 2...3): return (.predictions, address(rest))
    case ("explanations", 2...3): return (.explanations, address(rest))
    case ("models", _): return findModels(rest)
    default: return nil
    }
  }

  private static let noModel = ModelAddress(name: "")

  /// `{m}`, `{m}/{v}`.
  private static func address(_ segments: ArraySlice<String>) -> ModelAddress {
    let name = segments[segments.startIndex]
    let version = segments.count > 1 ? Substring(segments[segments.startIndex + 1]) : nil
    return ModelAddress(name: Substring(name), version: version)
  }

  /// `{m}`, `{m}/all`, `{m}/{v}`, `{m}/{v}/set-default`, `{m}/invoke`.
  private static func findModels(
    _ segments: ArraySlice<String>
  ) -> (Endpoint, ModelAddress)? {
    switch (segments.count, segments.last) {
    case (0, _): (.modelRegister, noModel)
    case (1, _): (.modelEntry, address(segments))
    case (2, "invoke"): (.modelInvoke, address(segments.dropLast()))
    case (2, "all"): (.modelEntry, address(segments.dropLast()))
    case (2, _): (.modelEntry, address(segments))
    case (3, "set-default"): (.modelDefault, address(segments.dropLast()))
    default: nil
    }
  }

  /// `{m}`, then `versions/{v}` or `labels/{l}`, then `metadata`; the last with `:verb` or without.
  private static func findV1(_ segments: ArraySlice<String>) -> (Endpoint, ModelAddress)? {
    guard let last = segments.last else { return (.v1ModelList, noModel) }
    var parts = Array(segments)
    var endpoint = Endpoint.v1ModelStatus
    if let colon = last.lastIndex(of: ":"),
      let verb = verbs[String(last[last.index(after: colon)...])]
    {
      endpoint = verb
      parts[parts.count - 1] = String(last[..<colon])
    } else if parts.count > 1, last == "metadata", parts.count != 3 {
      endpoint = .v1Metadata
      parts.removeLast()
    }
    guard !parts[0].isEmpty else { return nil }
    switch (parts.count, parts.dropFirst().first) {
    case (1, _): return (endpoint, ModelAddress(name: Substring(parts[0])))
    case (3, "versions"), (3, "labels"):
      return (
        endpoint, ModelAddress(name: Substring(parts[0]), version: Substring(parts[2]))
      )
    default: return nil
    }
  }

  private static let verbs: [String: Endpoint] = [
    "predict": .v1Predict, "explain": .v1Explain, "classify": .v1Classify, "regress": .v1Regress,
  ]
}
