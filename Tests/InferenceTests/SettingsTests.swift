import Inference
import Testing

/// Inputs of which one element stands for all rows.
@Suite struct SettingsTests {
  private static let signature = ModelSignature(
    inputs: [
      TensorDescription(
        name: "x", datatype: .float32, dimensions: [.any(name: nil), .any(name: nil)]),
      TensorDescription(
        name: "times", datatype: .int64, dimensions: [.any(name: nil)], isOptional: true,
        isSetting: true),
      TensorDescription(
        name: "mode", datatype: .bytes, dimensions: [.any(name: nil)], isOptional: true,
        isSetting: true),
      TensorDescription(
        name: "weights", datatype: .int64, dimensions: [.any(name: nil)], isOptional: true),
    ], outputs: [], hasRowAxis: true)

  private static func numbers(_ values: [Int64]) -> Tensor {
    var bytes: [UInt8] = []
    for value in values { withUnsafeBytes(of: value) { bytes += Array($0) } }
    return Tensor(bytes, datatype: .int64, shape: TensorShape([values.count])!)
  }

  private static func rows(_ count: Int) -> Tensor {
    Tensor(
      [UInt8](repeating: 0, count: count * 4), datatype: .float32, shape: TensorShape([count, 1])!)
  }

  private static func bytes(_ tensor: Tensor?) -> [UInt8] {
    tensor?.hostBytes.map(Array.init) ?? []
  }

  @Test func `one value becomes one for each row`() {
    let text = Tensor(strings: ["up"], shape: TensorShape([1])!)
    let request = TensorRequest(inputs: [Self.rows(3), Self.numbers([7]), text, Self.numbers([1])])
    let spread = Self.signature.spread(request)
    #expect(spread.inputs[1]?.shape.array == [3])
    #expect(Self.bytes(spread.inputs[1]) == Self.bytes(Self.numbers([7, 7, 7])))
    let texts = Tensor(strings: ["up", "up", "up"], shape: TensorShape([3])!)
    #expect(Self.bytes(spread.inputs[2]) == Self.bytes(texts))
    #expect(spread.inputs[3]?.shape.array == [1], "it is no setting")
  }

  @Test(arguments: [(1, [Int64(7)]), (2, [7, 8]), (1 << 18, [7])])
  func `others stay as they are`(_ rowCount: Int, _ values: [Int64]) {
    let request = TensorRequest(inputs: [Self.rows(rowCount), Self.numbers(values), nil, nil])
    let spread = Self.signature.spread(request)
    #expect(spread.inputs[1]?.shape.array == [values.count])
    #expect(spread.inputs[2] == nil)
  }
}
