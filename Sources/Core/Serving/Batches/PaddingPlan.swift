import Batching
import Inference

/// How the inputs of one model are brought to common lengths, and its outputs back to their own.
///
/// What is padded are the axes behind the row axis that the signature leaves open. An output is cut
/// on an open axis that has the name of a padded one, or, where the model names none, the padded
/// length.
struct PaddingPlan: Sendable {
  private let policy: PaddingPolicy
  private let signature: ModelSignature
  /// Place of the input that tells values from padding.
  private let maskPlace: Int?

  /// Throws where the policy does not fit the model.
  init(_ policy: PaddingPolicy, for signature: ModelSignature) throws(RuntimeFault) {
    self.policy = policy
    self.signature = signature
    maskPlace = policy.maskInput.flatMap { signature.inputIndex(named: $0) }
    if let name = policy.maskInput, maskPlace == nil {
      throw Self.misfit("it has no input '\(name)' to be the mask")
    }
    if let maskPlace,
      signature.inputs[maskPlace].datatype.elementByteCount == nil
        || signature.inputs[maskPlace].dimensions.count != 2
    {
      throw Self.misfit("the mask must have rows and one open axis, of numbers")
    }
    guard signature.inputs.indices.contains(where: { hasOpenAxis($0) }) else {
      throw Self.misfit("no input has an open axis of numbers behind its rows")
    }
  }

  private static func misfit(_ reason: String) -> RuntimeFault {
    RuntimeFault(code: .invalidModel, message: "padding is asked of this model, but \(reason)")
  }

  /// The signature for clients, who may leave the mask to the server.
  var clientSignature: ModelSignature {
    let inputs = signature.inputs.enumerated().map { place, input in
      TensorDescription(
        name: input.name, datatype: input.datatype, dimensions: input.dimensions,
        isShapeless: input.isShapeless, isOptional: input.isOptional || place == maskPlace)
    }
    return ModelSignature(
      inputs: inputs, outputs: signature.outputs, hasRowAxis: signature.hasRowAxis,
      metadata: signature.metadata)
  }

  private func hasOpenAxis(_ place: Int) -> Bool {
    let input = signature.inputs[place]
    return place != maskPlace && input.datatype.elementByteCount != nil
      && input.dimensions.indices.dropFirst().contains { isOpen(input.dimensions[$0]) }
  }

  private func isOpen(_ dimension: Dimension) -> Bool {
    if case .any = dimension { true } else { false }
  }

  private func isPadded(_ axis: Int, ofInput place: Int) -> Bool {
    let input = signature.inputs[place]
    return axis > 0 && axis < input.dimensions.count && input.datatype.elementByteCount != nil
      && isOpen(input.dimensions[axis])
  }

  /// The shape by which requests are told apart: padded axes have the length of their bucket, or 0
  /// where every length goes with every other.
  func formShape(of tensor: Tensor, at place: Int) -> TensorShape {
    var shape = tensor.shape
    for axis in 0..<shape.rank where isPadded(axis, ofInput: place) {
      shape[axis] = policy.lengthBuckets.isEmpty ? 0 : bucket(for: shape[axis])
    }
    return shape
  }

  /// A length beyond the last bucket keeps to itself.
  private func bucket(for length: Int) -> Int {
    policy.lengthBuckets.first { $0 >= length } ?? length
  }

  /// The inputs of all requests at their common lengths, the mask filled where it was left out.
  func padded(_ requests: [[Tensor?]]) -> [[Tensor?]] {
    var result = requests
    for place in signature.inputs.indices {
      let tensors = requests.compactMap { $0[place] }
      guard tensors.count == requests.count, let common = commonShape(of: tensors, at: place)
      else { continue }
      for index in requests.indices {
        result[index][place] = tensors[index].padded(
          to: common, with: place == maskPlace ? 0 : policy.value)
      }
    }
    if let maskPlace, let leader = signature.inputs.indices.first(where: hasOpenAxis) {
      for index in requests.indices where requests[index][maskPlace] == nil {
        result[index][maskPlace] = mask(
          for: requests[index][leader], paddedTo: result[index][leader], leader: leader)
      }
    }
    return result
  }

  /// The inputs of one request that runs at its own lengths, the mask filled where it was left out.
  func masked(_ inputs: [Tensor?]) -> [Tensor?] {
    guard let maskPlace, inputs[maskPlace] == nil,
      let leader = signature.inputs.indices.first(where: hasOpenAxis)
    else { return inputs }
    var masked = inputs
    masked[maskPlace] = mask(for: inputs[leader], paddedTo: inputs[leader], leader: leader)
    return masked
  }

  private func commonShape(of tensors: [Tensor], at place: Int) -> TensorShape? {
    guard var shape = tensors.first?.shape,
      tensors.allSatisfy({ $0.shape.rank == shape.rank })
    else { return nil }
    for axis in 0..<shape.rank where isPadded(axis, ofInput: place) {
      shape[axis] = bucket(for: tensors.reduce(0) { max($0, $1.shape[axis]) })
    }
    return shape
  }

  private func mask(for own: Tensor?, paddedTo padded: Tensor?, leader: Int) -> Tensor? {
    guard let own, let padded, let maskPlace,
      let axis = (1..<own.shape.rank).first(where: { isPadded($0, ofInput: leader) })
    else { return nil }
    let ones = Tensor.filled(
      with: 1, datatype: signature.inputs[maskPlace].datatype,
      shape: [own.shape[0], own.shape[axis]])
    return ones?.padded(to: [own.shape[0], padded.shape[axis]], with: 0)
  }

  /// An output cut back to the lengths that the request itself had.
  ///
  /// - Parameters:
  ///   - index: the output's place in the signature.
  ///   - own: the request's inputs as it sent them.
  ///   - padded: the same as they ran.
  func cutBack(_ output: Tensor, index: Int, own: [Tensor?], padded: [Tensor?]) -> Tensor {
    let dimensions = signature.outputs[index].dimensions
    var shape = output.shape
    for axis in 1..<max(1, shape.rank) where axis < dimensions.count {
      guard case .any(let name) = dimensions[axis] else { continue }
      if let length = ownLength(named: name, length: shape[axis], own: own, padded: padded) {
        shape[axis] = min(shape[axis], length)
      }
    }
    return shape == output.shape ? output : output.cutBack(to: shape) ?? output
  }

  /// What an axis of that name and length was before it was padded; `nil` where it is none of ours.
  private func ownLength(
    named name: String?, length: Int, own: [Tensor?], padded: [Tensor?]
  ) -> Int? {
    for place in signature.inputs.indices where place != maskPlace {
      guard let before = own[place], let after = padded[place] else { continue }
      for axis in 0..<before.shape.rank where isPadded(axis, ofInput: place) {
        guard after.shape[axis] == length,
          case .any(let inputName) = signature.inputs[place].dimensions[axis]
        else { continue }
        if name == nil || inputName == nil || name == inputName { return before.shape[axis] }
      }
    }
    return nil
  }
}
