import Inference

extension ModelCore {
  /// Graphs within each other, 0 for a plain model.
  var graphDepth: Int { (loaded as? GraphModel)?.plan.depth ?? 0 }
}

extension [ModelCore] {
  /// Those that ask others come before these.
  var graphsFirst: [ModelCore] { sorted { $0.graphDepth > $1.graphDepth } }

  /// Has all refuse new requests and answer what they took: graphs first, while their models still
  /// answer. Blocks; true where everything was answered by `limit`.
  func drain(until limit: Instant) -> Bool {
    var isAnswered = true
    for cores in Dictionary(grouping: self, by: \.graphDepth).sorted(by: { $0.key > $1.key }) {
      for core in cores.value { core.beginDraining() }
      for core in cores.value where !core.drain(until: limit) { isAnswered = false }
    }
    return isAnswered
  }
}
