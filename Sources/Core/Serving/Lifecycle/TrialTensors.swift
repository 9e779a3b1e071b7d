import Glibc
import Inference

/// Makes inputs for runs that nobody asked for.
enum TrialTensors {
  /// One row of zeros, or of empty strings, for each input: every open axis gets length 1, optional
  /// inputs are left out. `nil` where a declared shape is larger than memory can be.
  ///
  /// - Parameter rowCount: length of the row axis, where the model has one.
  static func zeros(for signature: ModelSignature, rowCount: Int = 1) -> [Tensor?]? {
    var tensors: [Tensor?] = []
    for input in signature.inputs {
      if input.isOptional {
        tensors.append(nil)
        continue
      }
      var lengths = input.isShapeless ? [1] : input.dimensions.map { max(1, $0.metadataLength) }
      if signature.hasRowAxis, lengths.first == 1 { lengths[0] = rowCount }
      guard let tensor = filled(input.datatype, lengths, with: zero) else { return nil }
      tensors.append(tensor)
    }
    return tensors
  }

  /// The inputs of a warm-up request, in the order of the signature.
  static func inputs(
    of warmUp: WarmUp, for signature: ModelSignature
  ) throws(RuntimeFault) -> [Tensor?] {
    if warmUp.inputs.isEmpty, let zeros = zeros(for: signature, rowCount: max(1, warmUp.batchSize))
    {
      return zeros
    }
    var tensors: [Tensor?] = Array(repeating: nil, count: signature.inputs.count)
    for input in warmUp.inputs {
      guard let place = signature.inputIndex(named: input.name) else {
        throw fault(warmUp, "the model has no input \(input.name)")
      }
      tensors[place] = try tensor(for: input, warmUp)
    }
    return tensors
  }

  private static func tensor(
    for input: WarmUp.Input, _ warmUp: WarmUp
  ) throws(RuntimeFault) -> Tensor {
    let shape = warmUp.batchSize > 0 ? [warmUp.batchSize] + input.dimensions : input.dimensions
    let tensor: Tensor?
    switch input.content {
    case .zero: tensor = filled(input.datatype, shape, with: zero)
    case .random: tensor = filled(input.datatype, shape) { random(input.datatype, $0) }
    case .file(let path):
      tensor = filled(input.datatype, shape) { read(path, into: $0) }
    }
    guard let tensor else {
      throw fault(
        warmUp, "input \(input.name) cannot be made; its file must hold the shape's bytes")
    }
    return tensor
  }

  private static func fault(_ warmUp: WarmUp, _ reason: String) -> RuntimeFault {
    RuntimeFault(code: .invalidModel, message: "warm-up \(warmUp.name): \(reason)")
  }

  /// An empty string is four zero bytes, its length.
  private static let stringByteCount = 4
  /// Nothing that a model takes in one request is larger.
  private static let byteCountMax = 4 << 30

  private static func filled(
    _ datatype: Datatype, _ lengths: [Int], with fill: (UnsafeMutableRawBufferPointer) -> Bool
  ) -> Tensor? {
    guard let shape = TensorShape(lengths), let count = shape.elementCount else { return nil }
    let (byteCount, isOver) = count.multipliedReportingOverflow(
      by: datatype.elementByteCount ?? stringByteCount)
    guard !isOver, byteCount <= byteCountMax else { return nil }
    let storage = TensorStorage(byteCount: byteCount)
    guard let bytes = storage.hostBytesForFilling, fill(bytes) else { return nil }
    return Tensor(datatype: datatype, shape: shape, storage: storage)
  }

  private static func zero(_ bytes: UnsafeMutableRawBufferPointer) -> Bool {
    bytes.initializeMemory(as: UInt8.self, repeating: 0)
    return true
  }

  /// Numbers from 0 to 1: integers are either, so that they are good indices everywhere; strings are
  /// empty.
  private static func random(_ datatype: Datatype, _ bytes: UnsafeMutableRawBufferPointer) -> Bool {
    let width = datatype.elementByteCount ?? stringByteCount
    var state: UInt32 = 0x9E37_79B9
    for offset in stride(from: 0, to: bytes.count, by: width) {
      state = state &* 1_664_525 &+ 1_013_904_223
      store(datatype, state, width, bytes.baseAddress.unsafelyUnwrapped + offset)
    }
    return true
  }

  private static func store(
    _ datatype: Datatype, _ random: UInt32, _ width: Int, _ place: UnsafeMutableRawPointer
  ) {
    switch datatype {
    case .float32: place.storeBytes(of: Float(random >> 8) / 16_777_216, as: Float.self)
    case .float64: place.storeBytes(of: Double(random) / 4_294_967_296, as: Double.self)
    // Exponents of 0.5 with random fractions.
    case .float16: place.storeBytes(of: 0x3800 | UInt16(random >> 22), as: UInt16.self)
    case .bfloat16: place.storeBytes(of: 0x3F00 | UInt16(random >> 25), as: UInt16.self)
    case .bytes: place.initializeMemory(as: UInt8.self, repeating: 0, count: width)
    case .bool, .uint8, .uint16, .uint32, .uint64, .int8, .int16, .int32, .int64:
      place.initializeMemory(as: UInt8.self, repeating: 0, count: width)
      place.storeBytes(of: UInt8(random >> 31), as: UInt8.self)
    }
  }

  /// Fills `bytes` from a file of exactly that size.
  private static func read(_ path: String, into bytes: UnsafeMutableRawBufferPointer) -> Bool {
    guard let file = fopen(path, "rb") else { return false }
    defer { fclose(file) }
    guard fread(bytes.baseAddress, 1, bytes.count, file) == bytes.count else { return false }
    return fgetc(file) == EOF
  }
}
