import Glibc

/// Student's t distribution of a whole number of degrees of freedom.
package struct StudentDistribution: Sendable {
  private let freedom: Int

  package init(degreesOfFreedom: Int) {
    precondition(degreesOfFreedom > 0, "\(degreesOfFreedom) degrees of freedom")
    freedom = degreesOfFreedom
  }

  /// The chance of a value between `-bound` and `bound`: the finite series of Abramowitz and Stegun,
  /// "Handbook of Mathematical Functions", 26.7.3 and 26.7.4.
  package func chance(within bound: Double) -> Double {
    let angle = atan(bound / Double(freedom).squareRoot())
    let square = cos(angle) * cos(angle)
    let isOdd = freedom % 2 == 1
    // Of odd degrees cos + 2/3 cos³ + 2·4/(3·5) cos⁵..., of even ones 1 + 1/2 cos² + 1·3/(2·4) cos⁴...
    var term = isOdd ? cos(angle) : 1
    var sum = 0.0
    var number = isOdd ? 3 : 2
    while number <= freedom {
      sum += term
      term *= square * Double(number - 1) / Double(number)
      number += 2
    }
    guard isOdd else { return sin(angle) * sum }
    return 2 / .pi * (angle + sin(angle) * sum)
  }

  /// The bound within which a value lies with that chance, from 0 to 0.9999.
  package func bound(chance wanted: Double) -> Double {
    var (low, high) = (0.0, 10.0)
    while chance(within: high) < wanted, high < 1e6 { high *= 2 }
    for _ in 0..<80 {
      let middle = (low + high) / 2
      if chance(within: middle) < wanted { low = middle } else { high = middle }
    }
    return high
  }
}

/// A mean of independent values, and how sure it is.
package struct MeanInterval: Sendable, Equatable {
  package let mean: Double
  package let low: Double
  package let high: Double

  /// With a confidence of 95 %, by Student's t; of one value nothing is known but itself.
  package init(of values: [Double]) {
    precondition(!values.isEmpty, "a mean of nothing")
    let count = Double(values.count)
    let mean = values.reduce(0, +) / count
    self.mean = mean
    guard values.count > 1 else {
      (low, high) = (-.infinity, .infinity)
      return
    }
    let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    let error = (squares / (count - 1) / count).squareRoot()
    let bound = StudentDistribution(degreesOfFreedom: values.count - 1).bound(chance: 0.95)
    (low, high) = (mean - bound * error, mean + bound * error)
  }
}
