import Glibc
import Inference
import Testing

@testable import Trees

/// An ONNX file of Tests/Fixtures/onnxml with inputs and what ONNX Runtime answers to them.
struct OnnxFixture {
  let name: String
  let bytes: [UInt8]
  private(set) var inputs: [NamedTensor] = []
  private(set) var outputs: [NamedTensor] = []
  /// Datatype and shape of each output as ONNX Runtime declares it.
  private(set) var declared: [String: (datatype: Datatype, shape: [Int])] = [:]
  private(set) var keys: [String: String] = [:]

  static let folder =
    #filePath.split(separator: "/").dropLast(3).reduce("") { "\($0)/\($1)" } + "/Fixtures/onnxml"

  /// All of them, by their files.
  static let names: [String] = {
    guard let listing = opendir(folder) else { return [] }
    defer { closedir(listing) }
    var names: [String] = []
    while let entry = readdir(listing) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name.hasSuffix(".onnx") { names.append(String(name.dropLast(5))) }
    }
    return names.sorted()
  }()

  init(_ name: String) throws {
    self.name = name
    bytes = try Self.contents("\(Self.folder)/\(name).onnx")
    let text = String(
      decoding: try Self.contents("\(Self.folder)/\(name).vectors"), as: UTF8.self)
    for line in text.split(separator: "\n") {
      let words = line.split(separator: " ").map(String.init)
      switch words[0] {
      case "keys": keys[words[1]] = words[2...].joined(separator: " ")
      case "signature":
        declared[words[1]] = (try #require(Datatype(name: words[2])), Self.lengths(words[3]))
      case "input": inputs.append(try Self.tensor(words))
      default: outputs.append(try Self.tensor(words))
      }
    }
  }

  static func contents(_ path: String) throws -> [UInt8] {
    let stream = fopen(path, "r")
    try #require(stream != nil, "\(path) can be read")
    defer { fclose(stream) }
    var all: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 1 << 16)
    while case let count = fread(&block, 1, block.count, stream), count > 0 {
      all += block[..<count]
    }
    return all
  }

  private static func lengths(_ text: String) -> [Int] {
    text == "-" ? [] : text.split(separator: ",").compactMap { Int($0) }
  }

  private static func tensor(_ words: [String]) throws -> NamedTensor {
    let digits = Array(words[4].utf8)
    var bytes: [UInt8] = []
    for place in stride(from: 0, to: digits.count - 1, by: 2) {
      bytes.append(
        try #require(UInt8(String(decoding: digits[place...place + 1], as: UTF8.self), radix: 16)))
    }
    let shape = try #require(TensorShape(lengths(words[3])))
    return NamedTensor(
      name: words[1],
      tensor: Tensor(bytes, datatype: try #require(Datatype(name: words[2])), shape: shape))
  }

  func pipeline() throws -> TabularPipeline { try Self.pipeline(bytes, name) }

  static func pipeline(_ bytes: [UInt8], _ name: String) throws -> TabularPipeline {
    let pipeline = try bytes.withUnsafeBytes {
      try TabularPipelineReader.read(bytes: $0, name: name)
    }
    return try #require(pipeline, "\(name) is computed here")
  }
}

/// The rows of some inputs through a pipeline: its answers in the signature's order, and the rows
/// that failed.
func answers(
  _ pipeline: TabularPipeline, _ inputs: [NamedTensor], outputs: [Int] = []
) throws -> (tensors: [Tensor], failed: [Int: String]) {
  let ordered = pipeline.signature.inputs.map { port in
    inputs.first { $0.name == port.name }?.tensor
  }
  let rowCount = pipeline.signature.hasRowAxis ? inputs[0].tensor.shape[0] : 1
  let instance = try pipeline.makeInstance(stop: StopFlag())
  var tensors: [Tensor] = []
  var failed: [Int: String] = [:]
  try instance.run(RunBatch(inputs: ordered, rowCount: rowCount, outputs: outputs)) { part in
    switch part {
    case .outputs(_, let part): tensors += part
    case .failed(let row, let fault): failed[row] = fault.message
    case .again, .done: Issue.record("a pipeline gives no such part")
    }
  }
  return (tensors, failed)
}

/// How far a number may be from another: by the larger of the two.
struct Tolerance {
  var relative = 0.0
  var absolute = 0.0

  static let none = Tolerance()
  static let rounding = Tolerance(relative: 1e-6)
  /// ONNX Runtime's logistic function is an approximation that is off by as much at either end.
  static let logistic = Tolerance(relative: 1e-6, absolute: 2e-7)
}

/// How far two tensors of numbers are apart, and whether everything else about them is equal.
func requireEqual(
  _ own: Tensor, _ expected: Tensor, within tolerance: Tolerance, _ what: String
) throws {
  try #require(own.datatype == expected.datatype, "\(what): \(own.datatype)")
  try #require(own.shape == expected.shape, "\(what): \(own.shape), not \(expected.shape)")
  switch own.datatype {
  case .float32:
    try requireClose(
      own.elements(as: Float.self).map(Double.init),
      expected.elements(as: Float.self).map(Double.init), tolerance, what)
  case .float64:
    try requireClose(
      own.elements(as: Double.self), expected.elements(as: Double.self), tolerance, what)
  default:
    let isEqual = own.elements(as: UInt8.self) == expected.elements(as: UInt8.self)
    #expect(isEqual, "\(what): other labels")
  }
}

private func requireClose(
  _ own: [Double], _ expected: [Double], _ tolerance: Tolerance, _ what: String
) throws {
  for (place, (own, expected)) in zip(own, expected).enumerated() {
    if own == expected || (own.isNaN && expected.isNaN) { continue }
    let apart = abs(own - expected)
    let allowed = max(tolerance.absolute, tolerance.relative * max(abs(own), abs(expected)))
    #expect(
      apart <= allowed, "\(what), element \(place): \(own), not \(expected), \(apart) apart")
  }
}
