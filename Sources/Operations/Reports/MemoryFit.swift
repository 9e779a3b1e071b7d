/// Whether a model fits this machine's memory, from what one instance was measured to need.
package struct MemoryFit: Sendable, Equatable {
  package enum Verdict: String, Sendable { case fits = "yes", tight = "barely", exceeds = "no" }

  /// The weights, shared by all instances.
  package let footprintByteCount: Int
  /// What each instance needs beside them.
  package let instanceByteCount: Int
  package let instanceCount: Int
  package let availableByteCount: Int

  package init(
    footprintByteCount: Int, instanceByteCount: Int, instanceCount: Int, availableByteCount: Int
  ) {
    self.footprintByteCount = footprintByteCount
    self.instanceByteCount = instanceByteCount
    self.instanceCount = instanceCount
    self.availableByteCount = availableByteCount
  }

  /// Stops at the largest number.
  package var neededByteCount: Int {
    let (instances, overflow) = instanceByteCount.multipliedReportingOverflow(by: instanceCount)
    let (sum, isTooLarge) = footprintByteCount.addingReportingOverflow(instances)
    return overflow || isTooLarge ? .max : sum
  }

  /// A fifth is left to the system, to requests and to other models.
  package var verdict: Verdict {
    if neededByteCount > availableByteCount { return .exceeds }
    return neededByteCount > availableByteCount / 5 * 4 ? .tight : .fits
  }

  /// One sentence: the verdict, what it is made of, and what would help.
  package var sentence: String {
    let sum = "\(Readable.bytes(neededByteCount)) of \(Readable.bytes(availableByteCount)) for "
      + (instanceCount == 1 ? "one instance" : "\(instanceCount) instances")
    switch verdict {
    case .fits: return "yes: \(sum)"
    case .tight: return "barely: \(sum); nothing large will fit beside it"
    case .exceeds:
      let one = MemoryFit(
        footprintByteCount: footprintByteCount, instanceByteCount: instanceByteCount,
        instanceCount: 1, availableByteCount: availableByteCount)
      let advice = instanceCount > 1 && one.verdict != .exceeds
        ? "try fewer instances (--instances 1)" : "it needs a machine with more memory"
      return "no: \(sum); \(advice)"
    }
  }
}
