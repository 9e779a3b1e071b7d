/// A weight for each column and output, and a constant: XGBoost's `gblinear`, which computes in
/// Float32 from the first column to the last and leaves missing values out.
package struct LinearPredictor: Sendable, Equatable {
  /// Those of the first column for every output, then those of the second.
  package var weights: [Float]
  /// One for each output.
  package var bias: [Float]
  /// Likewise; added to the bias before the first column.
  package var base: [Float]

  package init(weights: [Float], bias: [Float], base: [Float]) {
    self.weights = weights
    self.bias = bias
    self.base = base
  }

  package var outputCount: Int { bias.count }
  package var featureCount: Int { bias.isEmpty ? 0 : weights.count / bias.count }

  /// `sums` has as many places as there are outputs.
  func sum(_ row: UnsafeBufferPointer<Double>, into sums: UnsafeMutableBufferPointer<Double>) {
    for output in 0..<outputCount {
      var sum = bias[output] + base[output]
      for feature in 0..<featureCount where !row[feature].isNaN {
        sum += Float(row[feature]) * weights[feature * outputCount + output]
      }
      sums[output] = Double(sum)
    }
  }
}
