package import Inference
import Jobs
import WireFormats

/// Makes samples the tensors that a model takes; made once for each model.
package struct SampleTensors: Sendable {
  package let signature: ModelSignature
  /// Rows of one sample: as many as the model computes at once.
  package let rowsPerSample: Int
  /// Why the model takes no rows of numbers; `nil` where it does.
  private let rowProblem: RowProblem?
  private let rows: RowTensors?

  package init(_ signature: ModelSignature) {
    self.signature = signature
    do throws(RowProblem) {
      let rows = try RowTensors(signature)
      self.rows = rows
      rowsPerSample = rows.rowsAtOnce ?? 1
      rowProblem = nil
    } catch {
      rows = nil
      rowsPerSample = 1
      rowProblem = error
    }
  }

  /// Of photos and documents no tensors are made here: `nil`.
  package func request(for sample: SampleContent) throws(SampleProblem) -> TensorRequest? {
    switch sample {
    case .file, .document: return nil
    case .tensors(let request): return request
    case .arrays(let arrays): return try request(for: arrays)
    case .rows(let table):
      do throws(RowProblem) {
        guard let rows else { throw rowProblem ?? .empty }
        return try rows.requests(for: table).first
      } catch {
        throw SampleProblem("--data: \(error)")
      }
    }
  }

  private func request(for arrays: [NamedTensor]) throws(SampleProblem) -> TensorRequest {
    let names = signature.inputs.map(\.name).joined(separator: ", ")
    if arrays.count == 1, signature.inputs.count == 1 {
      return TensorRequest(
        inputs: [try ArrayFit.fitted(arrays[0].tensor, to: signature.inputs[0])])
    }
    for array in arrays where signature.inputIndex(named: array.name) == nil {
      throw SampleProblem("--data: the model has no input `\(array.name)`; it has \(names)")
    }
    var tensors: [Tensor?] = []
    for input in signature.inputs {
      let array = arrays.first { $0.name == input.name }
      guard array != nil || input.isOptional else {
        throw SampleProblem("--data: no array is named after the input `\(input.name)`")
      }
      tensors.append(
        try array.map { each throws(SampleProblem) in
          try ArrayFit.fitted(each.tensor, to: input)
        })
    }
    return TensorRequest(inputs: tensors)
  }
}

/// Makes an array of NumPy the tensor that an input takes.
enum ArrayFit {
  /// Its elements become those of the input's datatype where no value is lost beyond the rounding of
  /// numbers with a fraction; axes of length 1 may be missing.
  static func fitted(
    _ array: Tensor, to input: TensorDescription
  ) throws(SampleProblem) -> Tensor {
    guard let shape = shape(of: array, input) else {
      let declared = input.metadataShape.map(String.init).joined(separator: ",")
      throw SampleProblem(
        "--data: a sample of shape \(array.shape) does not fit input `\(input.name)`, [\(declared)]"
      )
    }
    if array.datatype == input.datatype {
      return Tensor(
        datatype: array.datatype, shape: shape, storage: array.storage,
        byteOffset: array.byteOffset, byteCount: array.byteCount)
    }
    guard let bytes = bytes(TensorNumbers.of(array), as: input.datatype) else {
      throw SampleProblem(
        "--data: \(array.datatype.name) holds values that input `\(input.name)`, "
          + "\(input.datatype.name), cannot")
    }
    return Tensor(bytes, datatype: input.datatype, shape: shape)
  }

  private static func shape(of array: Tensor, _ input: TensorDescription) -> TensorShape? {
    if input.admits(array.shape) { return array.shape }
    var lengths = input.dimensions.enumerated().map { axis, dimension in
      if case .fixed(let length) = dimension { return length }
      return axis == 0 && array.shape.rank > 0 ? array.shape[0] : -1
    }
    // One axis that is open has what the others leave.
    let known = lengths.filter { $0 > 0 }.reduce(1) { $0.multipliedReportingOverflow(by: $1).0 }
    if let open = lengths.firstIndex(of: -1), known > 0, array.elementCount % known == 0 {
      lengths[open] = array.elementCount / known
    }
    guard let shape = TensorShape(lengths.map { max(0, $0) }), input.admits(shape),
      shape.elementCount == array.elementCount
    else { return nil }
    return shape
  }

  private static func bytes(_ numbers: [Double], as datatype: Datatype) -> [UInt8]? {
    switch datatype {
    case .bool: exact(numbers, UInt8.self).flatMap { $0.allSatisfy { $0 < 2 } ? $0 : nil }
    case .uint8: exact(numbers, UInt8.self)
    case .uint16: exact(numbers, UInt16.self)
    case .uint32: exact(numbers, UInt32.self)
    case .uint64: exact(numbers, UInt64.self)
    case .int8: exact(numbers, Int8.self)
    case .int16: exact(numbers, Int16.self)
    case .int32: exact(numbers, Int32.self)
    case .int64: exact(numbers, Int64.self)
    case .float16: raw(numbers.map { Float16($0) })
    case .float32: raw(numbers.map { Float($0) })
    case .float64: raw(numbers)
    case .bfloat16, .bytes: nil
    }
  }

  private static func exact<Element: FixedWidthInteger & BitwiseCopyable>(
    _ numbers: [Double], _ type: Element.Type
  ) -> [UInt8]? {
    let elements = numbers.compactMap { Element(exactly: $0) }
    return elements.count == numbers.count ? raw(elements) : nil
  }

  private static func raw<Element: BitwiseCopyable>(_ elements: [Element]) -> [UInt8] {
    elements.withUnsafeBytes { Array($0) }
  }
}
