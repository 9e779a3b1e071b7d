import Inference

/// Reads a file of NumPy's `.npy` format as a model's one input.
enum NumpyArray {
  static func read(
    _ body: UnsafeRawBufferPointer, _ input: TensorDescription
  ) throws(InputProblem) -> Tensor {
    let tensor = try NumpyFile(body, name: input.name).tensor
    guard input.takes(tensor.datatype) else {
      throw .wrongDatatype(input: input.name, expected: input.datatype, got: tensor.datatype)
    }
    try tensor.checkRawElements(input: input.name)
    return try NestedInput.fitted(input.converted(tensor), to: input)
  }
}
