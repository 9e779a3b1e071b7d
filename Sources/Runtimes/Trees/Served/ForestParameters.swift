/// What Triton's backend for forests is told in `config.pbtxt`; with its names of tensors, `input__0` and
/// `output__0`, both Float32.
package struct ForestParameters: Sendable, Equatable {
  /// Probabilities of every class.
  package var givesProbabilities: Bool
  /// The class.
  package var givesClass: Bool
  /// Of two classes, the second is given where its probability is above it.
  package var threshold: Double

  package init(givesProbabilities: Bool, givesClass: Bool, threshold: Double = 0.5) {
    self.givesProbabilities = givesProbabilities
    self.givesClass = givesClass
    self.threshold = threshold
  }
}
