import Inference

/// A raw binary request: no JSON, the whole body is the one input, as Triton reads it.
///
/// The row axis, where the model has one, is 1; of the others one may be of any length, which the
/// body's length then gives. A `BYTES` input takes the body as its only element. All outputs answer
/// as binary.
struct RawTensorBody {
  private let input: TensorDescription
  private let inputCount: Int
  private let inputIndex: Int
  private let hasRowAxis: Bool
  private var bytes: [UInt8] = []
  private var filling: FillingTensor?

  init(signature: ModelSignature, bodyByteCount: Int?) throws(InputProblem) {
    let required = signature.inputs.indices.filter { !signature.inputs[$0].isOptional }
    guard required.count == 1 || signature.inputs.count == 1 else {
      throw .framing(
        "a raw binary request needs a model with one input; this one has"
          + " \(signature.inputs.count)")
    }
    inputIndex = required.first ?? 0
    input = signature.inputs[inputIndex]
    inputCount = signature.inputs.count
    hasRowAxis = signature.hasRowAxis
    if let bodyByteCount, input.datatype != .bytes {
      _ = try shape(forByteCount: bodyByteCount)
      filling = FillingTensor(byteCount: bodyByteCount)
    }
  }

  mutating func append(_ part: UnsafeRawBufferPointer) {
    guard filling != nil else { return bytes.append(contentsOf: part) }
    // More than was declared never comes: the front frames the body by the same length.
    _ = filling?.append(part)
  }

  var openMemory: BodyMemory? { filling?.openMemory }

  func request() throws(InputProblem) -> OpenInferenceRequest {
    var inputs = [Tensor?](repeating: nil, count: inputCount)
    let tensor = try tensor()
    try tensor.checkRawElements(input: input.name)
    inputs[inputIndex] = tensor
    return OpenInferenceRequest(
      body: TensorRequest(inputs: inputs),
      responsePlan: OpenInferenceResponsePlan(standard: .init(isBinary: true)))
  }

  private func tensor() throws(InputProblem) -> Tensor {
    if input.datatype == .bytes { return try byteString() }
    if let filling {
      guard let storage = filling.whole else {
        throw .wrongByteCount(
          input: input.name, expected: filling.byteCount, got: filling.filledByteCount)
      }
      return Tensor(
        datatype: input.datatype, shape: try shape(forByteCount: filling.byteCount),
        storage: storage)
    }
    return Tensor(bytes, datatype: input.datatype, shape: try shape(forByteCount: bytes.count))
  }

  private func byteString() throws(InputProblem) -> Tensor {
    guard let shape = try shape(forElementCount: 1) else { throw undeterminedShape() }
    let length = withUnsafeBytes(of: UInt32(truncatingIfNeeded: bytes.count).littleEndian) {
      Array($0)
    }
    return Tensor(length + bytes, datatype: .bytes, shape: shape)
  }

  private func shape(forByteCount count: Int) throws(InputProblem) -> TensorShape {
    let size = input.datatype.elementByteCount ?? 1
    if count % size == 0, let shape = try shape(forElementCount: count / size) { return shape }
    throw .wrongByteCount(
      input: input.name, expected: try fixedElementCount().count * size, got: count)
  }

  /// The declared shape with its open axis filled in, or `nil` where no length of it fits.
  private func shape(forElementCount count: Int) throws(InputProblem) -> TensorShape? {
    let fixed = try fixedElementCount()
    guard let open = fixed.openAxis else { return fixed.count == count ? fixed.shape : nil }
    guard fixed.count > 0, count % fixed.count == 0 else { return nil }
    var shape = fixed.shape
    shape[open] = count / fixed.count
    return shape
  }

  /// The shape with 1 for the row axis and for the one open axis; more than one cannot be told.
  private func fixedElementCount() throws(InputProblem) -> (
    shape: TensorShape, count: Int, openAxis: Int?
  ) {
    var shape = TensorShape()
    var openAxis: Int?
    for (axis, dimension) in input.dimensions.enumerated() {
      var length = 1
      if case .fixed(let fixed) = dimension {
        length = fixed
      } else if axis > 0 || !hasRowAxis {
        guard openAxis == nil else { throw undeterminedShape() }
        openAxis = axis
      }
      guard shape.append(length) else { throw undeterminedShape() }
    }
    guard !input.isShapeless, let count = shape.elementCount else { throw undeterminedShape() }
    return (shape, count, openAxis)
  }

  private func undeterminedShape() -> InputProblem {
    .framing(
      "the shape of input `\(input.name)` does not follow from the length of a raw binary request;"
        + " send it with a JSON header")
  }
}
