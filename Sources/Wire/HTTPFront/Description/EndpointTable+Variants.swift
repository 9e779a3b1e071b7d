extension EndpointTable.Row {
  /// The path, and the same for one version or label where a client may name one.
  var variants: [String] {
    let model = "{model}"
    guard let place = path.firstRange(of: model) else { return [path] }
    let (head, rest) = (path[..<place.upperBound], path[place.upperBound...])
    switch endpoint {
    case .traceSettings: return [path]
    case .v1ModelStatus, .v1Metadata, .v1Predict, .v1Explain, .v1Classify, .v1Regress:
      return [path, "\(head)/versions/{version}\(rest)", "\(head)/labels/{label}\(rest)"]
    case .predictions, .explanations, .modelEntry: return [path, path + "/{version}"]
    default:
      return path.hasPrefix("/v2/models/") ? [path, "\(head)/versions/{version}\(rest)"] : [path]
    }
  }
}

extension Endpoint {
  /// Its addresses name no model.
  var meansDefaultModel: Bool {
    switch self {
    case .invocations, .predict, .vertexPredict: true
    default: false
    }
  }
}
