import Glibc
import Inference

/// All of a request that its answer depends on, for models that compute each request for itself.
///
/// Holds the tensors, not copies of them.
struct Question: Sendable {
  private(set) var inputs: [Tensor?]
  let method: Int
  let outputs: [Int]
  let parameters: [Parameter]

  /// `nil` where a tensor may change after it came, or cannot be read here, and where the caller
  /// wants the outputs in memory of its own.
  init?(_ tensors: TensorRequest) {
    guard tensors.outputMemory == nil else { return nil }
    for case let tensor? in tensors.inputs where tensor.storage.location != .host { return nil }
    inputs = tensors.inputs
    method = tensors.method
    outputs = tensors.outputs
    parameters = tensors.parameters
  }

  /// Bytes of all inputs.
  var byteCount: Int { inputs.reduce(0) { $0 + ($1?.byteCount ?? 0) } }

  func hash(_ secret: ByteHash.Secret) -> UInt64 {
    var hash = ByteHash(secret)
    if method > 0 { hash.add(UInt64(method)) }
    for output in outputs { hash.add(UInt64(output)) }
    for input in inputs {
      guard let input, let bytes = input.hostBytes else {
        hash.add(0)
        continue
      }
      hash.add(UInt64(input.shape.rank))
      for axis in 0..<input.shape.rank { hash.add(UInt64(input.shape[axis])) }
      hash.add(bytes)
    }
    if !parameters.isEmpty { hash.add(UInt64(bitPattern: Int64(parameters.hashValue))) }
    return hash.value
  }

  /// Whether the two are the same to the last bit.
  func isSame(as other: Question) -> Bool {
    guard method == other.method, outputs == other.outputs,
      parameters.count == other.parameters.count,
      inputs.count == other.inputs.count
    else { return false }
    for (own, theirs) in zip(parameters, other.parameters) where !own.isSame(as: theirs) {
      return false
    }
    for (own, theirs) in zip(inputs, other.inputs) where !Self.isSame(own, theirs) { return false }
    return true
  }

  private static func isSame(_ left: Tensor?, _ right: Tensor?) -> Bool {
    guard let left, let right else { return left == nil && right == nil }
    guard left.datatype == right.datatype, left.shape == right.shape,
      let own = left.hostBytes, let theirs = right.hostBytes, own.count == theirs.count
    else { return false }
    guard let first = own.baseAddress, let second = theirs.baseAddress else { return true }
    return first == second || memcmp(first, second, own.count) == 0
  }

  /// The question in memory that holds nothing else.
  func alone() -> Question {
    var question = self
    question.inputs = inputs.map { $0?.alone() }
    return question
  }
}

extension Parameter {
  /// As `==`, but numbers are compared by their bits: the two zeros differ, and a NaN is itself.
  fileprivate func isSame(as other: Parameter) -> Bool {
    if case .number(let own) = value, case .number(let theirs) = other.value {
      return name == other.name && own.bitPattern == theirs.bitPattern
    }
    return self == other
  }
}

extension Tensor {
  /// The tensor where it is all of its storage, else a copy: one row of a large batch would keep the
  /// whole batch in memory.
  func alone() -> Tensor {
    guard storage.byteCount != byteCount, let bytes = hostBytes else { return self }
    let copy = TensorStorage(byteCount: byteCount)
    if byteCount > 0 { copy.hostBytesForFilling?.copyMemory(from: bytes) }
    return Tensor(datatype: datatype, shape: shape, storage: copy)
  }
}
