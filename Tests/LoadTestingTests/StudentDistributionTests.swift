import Glibc
import Testing

@testable import LoadTesting

@Suite struct StudentDistributionTests {
  /// Tables of Student's t, two-sided, as any handbook has them.
  @Test(arguments: [
    (1, 0.95, 12.706), (2, 0.95, 4.303), (3, 0.95, 3.182), (8, 0.95, 2.306), (9, 0.95, 2.262),
    (9, 0.99, 3.250), (30, 0.95, 2.042), (120, 0.95, 1.980),
  ])
  func `bounds are those of the tables`(freedom: Int, chance: Double, bound: Double) {
    let found = StudentDistribution(degreesOfFreedom: freedom).bound(chance: chance)
    #expect(abs(found - bound) < 0.0006)
  }

  /// Values whose mean is 0: normal ones, ones whose logarithm is exponential, and ones of which a tenth
  /// lie far off.
  enum Shape: CaseIterable {
    case normal, skewed, withOutliers

    func value(_ generator: inout MersenneTwister) -> Double {
      let normal =
        (-2 * log(1 - generator.fraction())).squareRoot() * cos(2 * .pi * generator.fraction())
      switch self {
      case .normal: return normal
      case .skewed: return -log(1 - generator.fraction()) - 1
      case .withOutliers: return generator.fraction() < 0.1 ? normal * 5 : normal
      }
    }
  }

  /// Of so many sets of ten values, the fraction whose interval holds the true mean.
  private func coverage(
    _ shape: Shape, tries: Int = 2_000, seed: UInt64 = 11,
    _ interval: ([Double], UInt64) -> (low: Double, high: Double)
  ) -> Double {
    var generator = MersenneTwister(seed: seed)
    var heldCount = 0
    for number in 0..<tries {
      let values = (0..<10).map { _ in shape.value(&generator) }
      let (low, high) = interval(values, UInt64(number))
      if low <= 0 && high >= 0 { heldCount += 1 }
    }
    return Double(heldCount) / Double(tries)
  }

  @Test(
    arguments: [(Shape.normal, 0.95), (.skewed, 0.9), (.withOutliers, 0.966)],
    [11, 12, 13] as [UInt64])
  func `an interval of ten rounds holds the truth about as often as it says`(
    expected: (shape: Shape, coverage: Double), seed: UInt64
  ) {
    let found = coverage(expected.shape, seed: seed) { values, _ in
      let interval = MeanInterval(of: values)
      return (interval.low, interval.high)
    }
    // Four standard errors of 2,000 tries.
    #expect(abs(found - expected.coverage) < 0.027, "\(expected.shape): \(found)")
  }

  @Test func `drawing rounds again would hold it less often`() {
    // What the comparison did before, and why it does not: percentiles of 200 drawn means.
    for shape in Shape.allCases {
      let drawn = coverage(shape, tries: 500) { values, seed in
        var generator = MersenneTwister(seed: seed)
        var means = (0..<200).map { _ in
          values.indices.reduce(0) { sum, _ in sum + values[generator.index(below: 10)] } / 10
        }
        means.sort()
        return (means[5], means[194])
      }
      let student = coverage(shape, tries: 500) { values, _ in
        let interval = MeanInterval(of: values)
        return (interval.low, interval.high)
      }
      #expect(drawn < student - 0.02, "\(shape): \(drawn) and \(student)")
    }
  }
}
