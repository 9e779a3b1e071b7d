import Inference
import Testing
import WireFormats

@Suite struct OpenInferenceResponseTests {
  private func named(_ name: String, _ tensor: Tensor) -> NamedTensor {
    NamedTensor(name: name, tensor: tensor)
  }

  @Test func `an answer carries its outputs in order`() throws {
    let response = try response(
      [
        named("y", Tensor([1, 2.5] as [Float], datatype: .float32, shape: [1, 2])),
        named("flags", Tensor([1, 0] as [UInt8], datatype: .bool, shape: [2])),
        named("words", Tensor(strings: ["a\"b", "é\n"], shape: [2])),
        named("none", Tensor([] as [Int32], datatype: .int32, shape: [0])),
      ], id: "r1")
    #expect(
      text(of: response)
        == #"{"model_name":"m","model_version":"1","id":"r1","outputs":["#
        + #"{"name":"y","datatype":"FP32","shape":[1,2],"data":[1.0,2.5]},"#
        + #"{"name":"flags","datatype":"BOOL","shape":[2],"data":[true,false]},"#
        + #"{"name":"words","datatype":"BYTES","shape":[2],"data":["a\"b","é\n"]},"#
        + #"{"name":"none","datatype":"INT32","shape":[0],"data":[]}]}"#)
    #expect(response.binaryTensors.isEmpty)
  }

  @Test func `binary outputs leave their sizes in the JSON and are not copied`() throws {
    let first = Tensor([1, 2, 3] as [Float], datatype: .float32, shape: [3])
    let words = Tensor(strings: ["ab"], shape: [1])
    let plan = OpenInferenceResponsePlan(
      forms: [.init(isBinary: true), .init(isBinary: false), .init(isBinary: true)])
    let response = try response(
      [named("y", first), named("z", first), named("w", words)], plan: plan)
    #expect(
      text(of: response)
        == #"{"model_name":"m","model_version":"1","outputs":["#
        + #"{"name":"y","datatype":"FP32","shape":[3],"parameters":{"binary_data_size":12}},"#
        + #"{"name":"z","datatype":"FP32","shape":[3],"data":[1.0,2.0,3.0]},"#
        + #"{"name":"w","datatype":"BYTES","shape":[1],"parameters":{"binary_data_size":6}}]}"#)
    #expect(response.binaryTensors.count == 2)
    #expect(response.binaryTensors[0].storage === first.storage)
    #expect(response.binaryByteCount == 18)
  }

  @Test func `bytes that are no text ask to be fetched as binary`() throws {
    let tensor = Tensor([1, 0, 0, 0, 0xFF] as [UInt8], datatype: .bytes, shape: [1])
    let expected = InferenceFailure.invalidInput(
      .parameter(
        "binary_data of output `y`",
        expected: "true, because the output holds bytes that are not UTF-8 text", got: "false"))
    #expect(throws: expected) { try response([named("y", tensor)]) }
    let binary = OpenInferenceResponsePlan(standard: .init(isBinary: true))
    #expect(try response([named("y", tensor)], plan: binary).binaryByteCount == 5)
  }

  @Test func `the best classes of each row come with their labels`() throws {
    let scores = Tensor(
      [0.1, 0.7, 0.2, .nan, 0.5, 0.5] as [Float], datatype: .float32, shape: [2, 3])
    let plan = OpenInferenceResponsePlan(forms: [.init(isBinary: false, classCount: 2)])
    let labels = ["cat", "dog"]
    #expect(
      text(of: try response([named("y", scores)], labels: labels, plan: plan))
        == #"{"model_name":"m","model_version":"1","outputs":[{"name":"y","datatype":"BYTES","#
        + #""shape":[2,2],"data":["0.7:1:dog","0.2:2","0.5:1:dog","0.5:2"]}]}"#)
  }

  @Test func `bytes count as gone over where classes are wanted of them`() {
    let tensor = Tensor([Float](repeating: 0, count: 8), datatype: .float32, shape: [8])
    let outputs = [NamedTensor(name: "y", tensor: tensor), NamedTensor(name: "z", tensor: tensor)]
    let plan = OpenInferenceResponsePlan(
      forms: [.init(isBinary: true), .init(isBinary: true, classCount: 1)])
    #expect(plan.classifiedByteCount(of: outputs) == 32)
  }

  @Test func `more classes than there are give all of them`() throws {
    let counts = Tensor([3, -9, 3] as [Int64], datatype: .int64, shape: [3])
    let plan = OpenInferenceResponsePlan(standard: .init(isBinary: true, classCount: 10))
    let response = try response([named("y", counts)], plan: plan)
    #expect(response.binaryTensors[0].strings == ["3:0", "3:2", "-9:1"])
    #expect(response.binaryTensors[0].shape == [3])
  }

  @Test func `a view into a larger tensor is written as itself`() throws {
    let rows = Tensor([1, 2, 3, 4] as [Int16], datatype: .int16, shape: [4, 1]).rows(1..<3)
    #expect(text(of: try response([named("y", rows)])).contains(#""shape":[2,1],"data":[2,3]"#))
  }
}

/// What one side writes the other reads, for random tensors of every datatype.
@Suite struct RoundTripTests {
  private func randomTensor(_ datatype: Datatype, _ random: inout Seeded) -> Tensor {
    var shape = TensorShape()
    for _ in 0..<Int.random(in: 0...4, using: &random) {
      _ = shape.append(Int.random(in: 0...5, using: &random))
    }
    let count = shape.elementCount ?? 0
    guard let size = datatype.elementByteCount else {
      let scalars: [Unicode.Scalar] = ["a", "\"", "\\", "\n", "\u{1}", "é", "€", "😀", "/"]
      let strings = (0..<count).map { _ in
        (0..<Int.random(in: 0...6, using: &random)).reduce(into: "") { text, _ in
          text.unicodeScalars.append(scalars.randomElement(using: &random) ?? "a")
        }
      }
      return Tensor(strings: strings, shape: shape)
    }
    let bytes = (0..<count).flatMap { _ in randomElement(datatype, size, &random) }
    return Tensor(bytes, datatype: datatype, shape: shape)
  }

  /// Any bits, but for truth values and numbers that JSON cannot carry.
  private func randomElement(
    _ datatype: Datatype, _ size: Int, _ random: inout Seeded
  ) -> [UInt8] {
    while true {
      let bits = random.next()
      switch datatype {
      case .bool: return [UInt8(bits & 1)]
      case .float16 where !Float16(bitPattern: UInt16(truncatingIfNeeded: bits)).isFinite: continue
      case .bfloat16 where bits & 0x7F80 == 0x7F80: continue
      case .float32 where !Float(bitPattern: UInt32(truncatingIfNeeded: bits)).isFinite: continue
      case .float64 where !Double(bitPattern: bits).isFinite: continue
      default: return withUnsafeBytes(of: bits.littleEndian) { Array($0.prefix(size)) }
      }
    }
  }

  @Test(arguments: Datatype.allCases)
  func `JSON carries every value exactly`(_ datatype: Datatype) throws {
    var random = Seeded(UInt64(datatype.rawValue) + 100)
    for round in 0..<60 {
      let sent = randomTensor(datatype, &random)
      let answer = text(of: try response([NamedTensor(name: "x", tensor: sent)]))
      let outputs = try #require(answer.firstRange(of: #""outputs""#)).upperBound
      let declared = signature([
        tensor("x", datatype, [Int?](repeating: nil, count: sent.shape.rank))
      ])
      let request = try decoded(#"{"inputs""# + answer[outputs...], declared).get()
      let received = try #require(request.body.inputs[0])
      #expect(received.shape == sent.shape, "round \(round)")
      #expect(
        received.elements(as: UInt8.self) == sent.elements(as: UInt8.self), "round \(round)")
    }
  }
}
