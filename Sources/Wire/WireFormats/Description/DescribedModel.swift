package import Inference

/// What the description of the REST addresses needs to know of one model.
package struct DescribedModel: Sendable {
  package enum Task: Sendable { case tensors, detect, classify }

  package let name: String
  package let version: Int64
  package let signature: ModelSignature
  package let task: Task
  /// Of the photos that the task takes.
  package let imageSize: (width: Int, height: Int)?
  /// A request may have any number of answers.
  package let isDecoupled: Bool
  /// Each request belongs to a sequence.
  package let takesSequences: Bool

  package init(
    name: String, version: Int64, signature: ModelSignature, task: Task,
    imageSize: (width: Int, height: Int)? = nil, isDecoupled: Bool = false,
    takesSequences: Bool = false
  ) {
    self.name = name
    self.version = version
    self.signature = signature
    self.task = task
    self.imageSize = imageSize
    self.isDecoupled = isDecoupled
    self.takesSequences = takesSequences
  }

  /// An output may be what TensorFlow Serving's `:classify` or `:regress` wants.
  package func mayBeAsked(to task: ExampleReader.Task) -> Bool {
    !isDecoupled && signature.outputs.contains(where: task.mayTake)
  }

  package var takesPhotos: Bool { task != .tensors }

  /// The only input that a request must have.
  var onlyInput: TensorDescription? {
    if signature.inputs.count == 1 { return signature.inputs[0] }
    let required = signature.inputs.filter { !$0.isOptional }
    return required.count == 1 ? required[0] : nil
  }
}
