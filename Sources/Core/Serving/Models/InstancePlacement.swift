import Batching
import Inference

/// Where one instance runs, and what its runs occupy.
struct InstancePlacement: Sendable, Equatable {
  /// The processor is device 0.
  var device = 0
  var limit = RateLimitPolicy()
  /// Name of the operator's policy for threads.
  var hostPolicy = Self.processorPolicy

  /// The policy of what computes on the processor and names none, as Triton calls it.
  static let processorPolicy = "cpu"

  /// One for each of `count` instances, from the groups in turn, so that each has its share where
  /// there are fewer than were asked for.
  static func all(of groups: [InstanceGroup], count: Int) -> [InstancePlacement] {
    var rows = groups.map { group in group.placements[...] }
    var placements: [InstancePlacement] = []
    while placements.count < count, rows.contains(where: { !$0.isEmpty }) {
      for place in rows.indices {
        if let next = rows[place].popFirst() { placements.append(next) }
      }
    }
    // A model that says itself how many runs it takes may have more than its groups say.
    let last = placements.last ?? InstancePlacement()
    while placements.count < count { placements.append(last) }
    return Array(placements.prefix(count))
  }
}

extension InstanceGroup {
  fileprivate var placements: [InstancePlacement] {
    switch kind {
    case .automatic, .cpu:
      let name = hostPolicy ?? InstancePlacement.processorPolicy
      return Array(
        repeating: InstancePlacement(limit: limit, hostPolicy: name), count: max(1, count))
    case .gpu(let devices):
      return (devices.isEmpty ? [0] : devices).flatMap { device in
        Array(
          repeating: InstancePlacement(
            device: device, limit: limit, hostPolicy: hostPolicy ?? "gpu_\(device)"),
          count: max(1, count))
      }
    }
  }
}
