import Inference
import Synchronization

/// Figures that models give about themselves, summed over their processes: counters add up, gauges are the
/// latest value.
///
/// At most `namesMax` of one model are kept, so that a model cannot fill the page.
final class OwnFigures: Sendable {
  static let namesMax = 100

  struct Key: Sendable, Hashable {
    let model: String
    let name: String
    let isCounter: Bool
  }

  private let values = Guarded<[Key: Double]>([:])

  func take(_ key: Key, _ value: Double) {
    guard value.isFinite, !key.isCounter || value >= 0 else { return }
    values.withLock { values in
      if let known = values[key] {
        values[key] = key.isCounter ? known + value : value
      } else if values.keys.lazy.filter({ $0.model == key.model }).count < Self.namesMax {
        values[key] = value
      }
    }
  }

  /// In a stable order.
  func read(counters isCounter: Bool) -> [(key: Key, value: Double)] {
    let all = values.withLock { $0 }
    return all.filter { $0.key.isCounter == isCounter }.map { (key: $0.key, value: $0.value) }
      .sorted { ($0.key.model, $0.key.name) < ($1.key.model, $1.key.name) }
  }
}

extension Metrics {
  /// A model says something about itself; what it adds to a counter, or a gauge's value.
  package func modelSays(_ name: String, _ value: Double, of model: String, adds: Bool) {
    let key = OwnFigures.Key(model: model, name: PublicText.cut(name, 80), isCounter: adds)
    own.take(key, value)
  }
}
