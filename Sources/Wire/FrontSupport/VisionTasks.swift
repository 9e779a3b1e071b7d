import Inference
package import Serving
import Synchronization
package import Vision

/// What each model does with photos, recognised at its first request and kept.
///
/// An entry holds what it was recognised from and is used only while the model still says the same:
/// a version that was loaded again is recognised again. One entry a version, and a bound on them.
package final class VisionTasks: Sendable {
  private struct Key: Hashable {
    let name: String
    let version: Int64
  }

  private struct Entry {
    let identity: ObjectIdentifier
    let signature: ModelSignature
    let labels: [String]
    let taskName: String?
    let task: VisionTask

    /// Arrays and dictionaries that share their memory, as those of one loaded model do, compare in
    /// no time.
    func holds(for lease: ModelLease) -> Bool {
      identity == lease.identity && signature.metadata == lease.signature.metadata
        && signature.inputs == lease.signature.inputs
        && signature.outputs == lease.signature.outputs && labels == lease.labels
        && taskName == lease.task
    }
  }

  private static let entryCountMax = 4_096
  private let entries = Guarded<[Key: Entry]>([:])
  private let options: @Sendable (String) -> VisionOptions

  package init(options: @escaping @Sendable (String) -> VisionOptions) { self.options = options }

  package func task(for lease: ModelLease) -> VisionTask {
    let key = Key(name: lease.name, version: lease.version)
    if let entry = entries.withLock({ $0[key] }), entry.holds(for: lease) { return entry.task }
    // Recognised outside the lock: two first requests may do it twice, to the same end.
    let task = VisionTask.recognise(
      signature: lease.signature, labels: lease.labels, task: lease.task,
      options: options(lease.name))
    let entry = Entry(
      identity: lease.identity, signature: lease.signature, labels: lease.labels,
      taskName: lease.task, task: task)
    entries.withLock { entries in
      // Those of models that are long gone go with the others and come back as they are needed.
      if entries.count >= Self.entryCountMax { entries.removeAll() }
      entries[key] = entry
    }
    return task
  }
}
