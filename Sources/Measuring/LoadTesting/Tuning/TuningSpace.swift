/// All configurations that a search may choose from: the product of its axes, without what makes no
/// sense.
package struct TuningSpace: Sendable, Equatable {
  package let variants: [TuningConfiguration.Variant]
  package private(set) var configurations: [TuningConfiguration]
  private let instances: [Int]
  private let threads: [Int]
  private let rows: [Int]
  private let delays: [UInt64]

  /// The lengths of axes, in any order; each has one at least.
  package struct Axes: Sendable {
    package var variants: [TuningConfiguration.Variant]
    package var instances: [Int]
    package var threads: [Int]
    package var rows: [Int]
    package var delays: [UInt64]

    /// What is tried where nothing is said: powers of two up to the cores, and up to 16 rows.
    package init(variants: [TuningConfiguration.Variant], cores: Int) {
      self.variants = variants
      instances = Self.powers(upTo: cores)
      threads = instances
      rows = [1, 2, 4, 8, 16]
      delays = [0, 2_000_000]
    }

    /// 1, 2, 4 ..., and the number itself.
    static func powers(upTo most: Int) -> [Int] {
      var powers = [1]
      while let last = powers.last, last * 2 <= most { powers.append(last * 2) }
      return powers.last == most ? powers : powers + [max(1, most)]
    }
  }

  /// - Parameters:
  ///   - cores: threads of all instances together, at most.
  ///   - hasRowAxis: requests may be joined; otherwise each runs alone.
  package init(_ axes: Axes, cores: Int, hasRowAxis: Bool) {
    variants = axes.variants
    instances = Set(axes.instances).sorted()
    threads = Set(axes.threads).sorted()
    rows = hasRowAxis ? Set(axes.rows).sorted() : [1]
    delays = Set(axes.delays).sorted()
    var all: [TuningConfiguration] = []
    for variant in variants {
      for instances in instances {
        for threads in threads where instances * threads <= cores {
          for rows in rows {
            // A request that runs alone waits for nobody.
            for delay in rows == 1 ? [0] : delays {
              all.append(
                TuningConfiguration(
                  variant: variant, instances: instances, threads: threads, rowsMax: rows,
                  delayNanoseconds: delay))
            }
          }
        }
      }
    }
    configurations = all
  }

  /// The same axes, without the configurations that are not to be tried.
  package func filtered(_ keeps: (TuningConfiguration) -> Bool) -> TuningSpace {
    var space = self
    space.configurations = configurations.filter(keeps)
    return space
  }

  /// Those that differ from a configuration by one step of one axis. Instances and threads may also be
  /// exchanged for each other, which takes as many cores as before.
  func neighbours(of one: TuningConfiguration) -> [TuningConfiguration] {
    configurations.filter { other in
      guard other != one else { return false }
      let steps = [
        other.variant == one.variant ? 0 : 1, distance(one.rowsMax, other.rowsMax, in: rows),
        // Whoever runs alone has no delay to speak of.
        one.rowsMax == 1 || other.rowsMax == 1
          ? 0 : distance(one.delayNanoseconds, other.delayNanoseconds, in: delays),
        coreSteps(one, other),
      ]
      return steps.reduce(0, +) == 1
    }
  }

  private func coreSteps(_ one: TuningConfiguration, _ other: TuningConfiguration) -> Int {
    let byInstances = distance(one.instances, other.instances, in: instances)
    let byThreads = distance(one.threads, other.threads, in: threads)
    let isExchange =
      byInstances == 1 && byThreads == 1
      && (one.instances < other.instances) != (one.threads < other.threads)
    return isExchange ? 1 : byInstances + byThreads
  }

  /// A value that no axis has, that of a default for instance, is one step from all.
  private func distance<Value: Equatable>(_ one: Value, _ other: Value, in axis: [Value]) -> Int {
    guard one != other else { return 0 }
    guard let first = axis.firstIndex(of: one), let second = axis.firstIndex(of: other) else {
      return 1
    }
    return abs(first - second)
  }
}
