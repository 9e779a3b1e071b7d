/// What a value is to a split, where the libraries differ.
extension TreeEnsemble {
  /// In columns of `zeroIsMissing`, what is at most so large counts as zero. LightGBM writes the
  /// bound as a Float32.
  package static let zeroBound = Double(1e-35 as Float)

  /// The category that a value names, or nil where it names none; no set holds that one.
  ///
  /// XGBoost knows none below zero and none from 2^24 on. LightGBM cuts the fraction off, so that
  /// -0.5 names category 0, and knows those of an Int32.
  package func category(of value: Double) -> Int? {
    switch inputPrecision {
    case .float: value >= 0 && value < 16_777_216 ? Int(value) : nil
    case .double: value > -1 && value < 2_147_483_648 ? Int(value) : nil
    }
  }
}
