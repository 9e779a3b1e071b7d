/// What a built-in step of a graph does: a pure function from tensors to tensors, with its settings.
///
/// Called on the worker side, or, where `isBrief`, on whichever thread has the step's inputs; never
/// waits.
package protocol BuiltInWork: Sendable {
  /// Names of what it takes, in the order of `run`.
  var inputNames: [String] { get }
  /// Those of the inputs that may be left out.
  var optionalInputNames: Set<String> { get }
  /// Names of what it gives, in the order of `run`.
  var outputNames: [String] { get }
  /// Takes microseconds where its inputs are a few kilobytes.
  var isBrief: Bool { get }
  /// What its outputs are, given what its inputs will be (`nil` for one that is left out).
  func outputs(of inputs: [TensorDescription?]) throws(BuiltInProblem) -> [TensorDescription]
  func run(_ inputs: [Tensor?]) throws(InferenceFailure) -> [Tensor]
}

/// Why a built-in step cannot be as it was configured.
package struct BuiltInProblem: Error, Sendable, Equatable {
  package let sentence: String

  package init(_ sentence: String) { self.sentence = sentence }
}

/// Makes a built-in step from its settings.
package typealias BuiltInMaker =
  @Sendable (BuiltInStep, _ settings: [String: [String]]) throws(BuiltInProblem) -> any BuiltInWork
