import Inference

@testable import Trees

extension TabularModel {
  static func read(_ path: String) throws -> TabularModel {
    try read(FileBytes.read(path), name: path)
  }

  static func read(_ bytes: [UInt8], name: String = "model") throws -> TabularModel {
    try bytes.withUnsafeBytes { try TabularModelReader.read(bytes: $0, name: name) }
  }

  /// What is wrong with a file, or nil.
  static func problem(of bytes: [UInt8]) -> String? {
    do {
      _ = try read(bytes)
      return nil
    } catch {
      return (error as? RuntimeFault)?.message ?? "\(error)"
    }
  }

  var ensemble: TreeEnsemble {
    guard case .trees(let ensemble) = predictor else { preconditionFailure("it has no trees") }
    return ensemble
  }

  func margins(_ row: [Double], rounds: Range<Int>? = nil) -> [Double] {
    var sums = [Double](repeating: .nan, count: outputCount)
    row.withUnsafeBufferPointer { row in
      sums.withUnsafeMutableBufferPointer { margins(of: row, rounds: rounds, into: $0) }
    }
    return sums
  }

  func predictions(_ row: [Double], rounds: Range<Int>? = nil) -> [Double] {
    var results = [Double](repeating: .nan, count: outputCount)
    row.withUnsafeBufferPointer { row in
      results.withUnsafeMutableBufferPointer { predict(row, rounds: rounds, into: $0) }
    }
    return Array(results.prefix(predictionCount))
  }

  func contributions(_ row: [Double], rounds: Range<Int>? = nil) -> [Double] {
    var sums = [Double](repeating: .nan, count: outputCount * (featureCount + 1))
    row.withUnsafeBufferPointer { row in
      sums.withUnsafeMutableBufferPointer { contributions(of: row, rounds: rounds, into: $0) }
    }
    return sums
  }

  func leaves(_ row: [Double], rounds: Range<Int>? = nil) -> [Double] {
    let walk = TreeWalk(ensemble)
    var leaves = [Int32](repeating: -1, count: walk.treeRange(rounds).count)
    row.withUnsafeBufferPointer { row in
      leaves.withUnsafeMutableBufferPointer { walk.leaves(of: row, rounds: rounds, into: $0) }
    }
    return leaves.map(Double.init)
  }
}

/// How many numbers differ in a bit, and by how much at most; NaN equals NaN.
struct Differences: Equatable, CustomStringConvertible {
  var count = 0
  var largest = 0.0

  init(_ found: [[Double]], _ expected: [[Double]]) {
    guard found.count == expected.count else {
      (count, largest) = (.max, .infinity)
      return
    }
    for (row, wanted) in zip(found, expected) {
      guard row.count == wanted.count else {
        (count, largest) = (.max, .infinity)
        return
      }
      for (value, want) in zip(row, wanted) where value != want && !(value.isNaN && want.isNaN) {
        count += 1
        let difference = (value - want).magnitude / max(want.magnitude, 1e-30)
        largest = max(largest, difference.isNaN ? .infinity : difference)
      }
    }
  }

  static let none = Differences([], [])
  var description: String { "\(count) differ, by up to \(largest) relative" }
}
