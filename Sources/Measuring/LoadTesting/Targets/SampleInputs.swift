package import Inference

/// Made-up inputs for a model, the same for the same seed: random values, in the form that its
/// signature asks for.
///
/// Numbers with a fraction are thousandths from 0 and below 1, integers 0 to 9, bytes 0 to 255, texts
/// eight letters. Axes of any length are 1 long, unless said otherwise.
package struct SampleInputs: Sendable {
  /// So many, unless they would take more memory than `byteCountMax`.
  static let countMax = 64

  private let signature: ModelSignature
  private let lengths: [String: [Int]]

  /// Why there are none.
  package struct Problem: Error, Sendable, Equatable, CustomStringConvertible {
    package let description: String
  }

  /// - Parameter lengths: shapes for inputs whose axes have any length, by name.
  package init(_ signature: ModelSignature, lengths: [String: [Int]] = [:]) throws(Problem) {
    self.signature = signature
    self.lengths = lengths
    for name in lengths.keys where signature.inputIndex(named: name) == nil {
      let known = signature.inputs.map(\.name).joined(separator: ", ")
      throw Problem(description: "--shape: the model has no input \(name); it has \(known)")
    }
  }

  /// Requests that differ from each other; one at least.
  package func requests(
    seed: UInt64, byteCountMax: Int = 64 << 20
  ) throws(Problem) -> [TensorRequest] {
    var generator = MersenneTwister(seed: seed)
    let first = try request(&generator)
    let size = max(1, first.byteCount)
    var requests = [first]
    while requests.count < Self.countMax, (requests.count + 1) * size <= byteCountMax {
      requests.append(try request(&generator))
    }
    return requests
  }

  private func request(_ generator: inout MersenneTwister) throws(Problem) -> TensorRequest {
    var tensors: [Tensor?] = []
    for input in signature.inputs {
      tensors.append(input.isOptional ? nil : try tensor(for: input, &generator))
    }
    return TensorRequest(inputs: tensors)
  }

  private func tensor(
    for input: TensorDescription, _ generator: inout MersenneTwister
  ) throws(Problem) -> Tensor {
    let shape = try shape(of: input)
    guard let count = shape.elementCount, count <= 1 << 28 else {
      throw Problem(description: "input \(input.name) of shape \(shape) is too large to be made up")
    }
    let datatype = input.datatype
    func made<Element: BitwiseCopyable>(_ element: (Int) -> Element, below limit: Int) -> Tensor {
      let elements = (0..<count).map { _ in element(generator.index(below: limit)) }
      return Tensor(elements, datatype: datatype, shape: shape)
    }
    switch datatype {
    case .bool: return made({ UInt8($0) }, below: 2)
    case .uint8: return made({ UInt8($0) }, below: 256)
    case .int8: return made({ Int8($0) }, below: 10)
    case .uint16: return made({ UInt16($0) }, below: 10)
    case .int16: return made({ Int16($0) }, below: 10)
    case .uint32: return made({ UInt32($0) }, below: 10)
    case .int32: return made({ Int32($0) }, below: 10)
    case .uint64: return made({ UInt64($0) }, below: 10)
    case .int64: return made({ Int64($0) }, below: 10)
    case .float16: return made({ Float16($0) / 1_000 }, below: 1_000)
    case .float32: return made({ Float($0) / 1_000 }, below: 1_000)
    case .float64: return made({ Double($0) / 1_000 }, below: 1_000)
    // Of few digits, so that cutting loses none: 256ths.
    case .bfloat16:
      return made({ UInt16((Float($0) / 256).bitPattern >> 16) }, below: 256)
    case .bytes:
      let texts = (0..<count).map { _ in Self.text(&generator) }
      return Tensor(strings: texts, shape: shape)
    }
  }

  private static func text(_ generator: inout MersenneTwister) -> String {
    let letters = (0..<8).map { _ in UInt8(ascii: "a") + UInt8(generator.index(below: 26)) }
    return String(decoding: letters, as: UTF8.self)
  }

  private func shape(of input: TensorDescription) throws(Problem) -> TensorShape {
    let usual = input.isShapeless ? [1] : input.dimensions.map { max(1, $0.metadataLength) }
    guard let shape = TensorShape(lengths[input.name] ?? usual), input.admits(shape) else {
      let declared = input.metadataShape.map(String.init).joined(separator: ",")
      throw Problem(
        description:
          "--shape: input \(input.name) must have shape [\(declared)], -1 being any length")
    }
    return shape
  }
}
