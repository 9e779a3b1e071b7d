import Inference
import Testing

@testable import Jobs

@Suite struct RowTensorsTests {
  private func signature(
    _ inputs: [TensorDescription], metadata: [String: String] = [:]
  ) -> ModelSignature {
    ModelSignature(inputs: inputs, outputs: [], hasRowAxis: true, metadata: metadata)
  }

  private func input(_ name: String, _ dimensions: [Dimension]) -> TensorDescription {
    input(name, .float32, dimensions)
  }

  private func input(
    _ name: String, _ datatype: Datatype, _ dimensions: [Dimension]
  ) -> TensorDescription {
    TensorDescription(name: name, datatype: datatype, dimensions: dimensions)
  }

  private let named = ["feature_names": "['length', 'width']"]

  private func rows(
    _ csv: String, _ signature: ModelSignature
  ) throws -> [TensorRequest] {
    try RowTensors(signature).requests(for: try RowTable(csv: csv))
  }

  @Test func `sends all rows at once where any number goes`() throws {
    let model = signature([input("x", [.any(name: nil), .fixed(2)])])
    let requests = try rows("1,2\n3,4\n5,6", model)
    #expect(requests.count == 1)
    let tensor = try #require(requests[0].inputs[0])
    #expect(tensor.shape == [3, 2])
    #expect(tensor.elements(as: Float.self) == [1, 2, 3, 4, 5, 6])
  }

  @Test func `sends as many rows as the model computes at once`() throws {
    let model = signature([input("x", [.fixed(2), .fixed(1)])])
    let requests = try rows("1\n2\n3\n4", model)
    #expect(requests.map { $0.inputs[0]?.elements(as: Float.self) } == [[1, 2], [3, 4]])
    #expect(throws: RowProblem.wrongRowCount(multipleOf: 2, got: 3)) {
      try rows("1\n2\n3", model)
    }
  }

  @Test func `chooses columns by the names that the model gives them`() throws {
    let model = signature([input("x", [.any(name: nil), .fixed(2)])], metadata: named)
    let requests = try rows("id,width,length,kind\n7,2,1,a\n8,4,3,b", model)
    #expect(requests[0].inputs[0]?.elements(as: Float.self) == [1, 2, 3, 4])
  }

  @Test func `takes the order of columns where titles are others altogether`() throws {
    let model = signature([input("x", [.any(name: nil), .fixed(2)])], metadata: named)
    #expect(try rows("a,b\n1,2", model)[0].inputs[0]?.elements(as: Float.self) == [1, 2])
  }

  @Test func `names the columns that are missing`() {
    let model = signature([input("x", [.any(name: nil), .fixed(2)])], metadata: named)
    #expect(throws: RowProblem.missingColumns(["width"], titles: ["length", "height"])) {
      try rows("length,height\n1,2", model)
    }
  }

  @Test func `says how many columns are expected, and which`() {
    let model = signature([input("x", [.any(name: nil), .fixed(2)])], metadata: named)
    let problem = RowProblem.wrongColumnCount(expected: 2, names: ["length", "width"], got: 3)
    #expect(throws: problem) { try rows("1,2,3", model) }
    #expect(
      "\(problem)" == "the model takes 2 numbers a row (length, width), these rows have 3")
  }

  @Test func `gives each of several inputs its column`() throws {
    let model = signature([
      input("age", .int64, [.any(name: nil), .fixed(1)]), input("fare", [.any(name: nil)]),
    ])
    let requests = try rows("fare,age\n7.5,30\n8,31", model)
    #expect(requests[0].inputs[0]?.elements(as: Int64.self) == [30, 31])
    #expect(requests[0].inputs[0]?.shape == [2, 1])
    #expect(requests[0].inputs[1]?.elements(as: Float.self) == [7.5, 8])
  }

  @Test func `fills inputs of more axes in order`() throws {
    let model = signature([input("image", [.any(name: nil), .fixed(1), .fixed(2), .fixed(2)])])
    #expect(try rows("1,2,3,4", model)[0].inputs[0]?.shape == [1, 1, 2, 2])
  }

  @Test func `keeps every digit of a large integer`() throws {
    let model = signature([input("x", .int64, [.any(name: nil)])])
    #expect(
      try rows("9007199254740993\n3.0", model)[0].inputs[0]?.elements(as: Int64.self)
        == [9_007_199_254_740_993, 3])
  }

  @Test(arguments: [
    (Datatype.uint8, "256"), (.int8, "1.5"), (.bool, "2"), (.float32, "1e39"), (.float16, "70000"),
  ])
  func `refuses a number that the datatype has not`(datatype: Datatype, text: String) {
    let model = signature([input("x", datatype, [.any(name: nil)])])
    #expect(throws: RowProblem.outOfRange(row: 2, column: "1", text: text, datatype: datatype)) {
      try rows("1\n\(text)", model)
    }
  }

  @Test func `names the place of what is no number`() {
    let model = signature([input("x", [.any(name: nil), .fixed(2)])])
    #expect(throws: RowProblem.notANumber(row: 1, column: "2", text: "two")) {
      try rows("1,two", model)
    }
  }

  @Test func `refuses models whose inputs are no numbers in rows`() {
    for dimensions in [[], [.any(name: nil), .any(name: nil)]] as [[Dimension]] {
      #expect(throws: RowProblem.self) { try RowTensors(signature([input("x", dimensions)])) }
    }
    #expect(throws: RowProblem.self) {
      try RowTensors(signature([input("x", .bytes, [.any(name: nil)])]))
    }
    let wide = [Dimension.any(name: nil), .fixed(2)]
    #expect(throws: RowProblem.self) {
      try RowTensors(signature([input("x", wide), input("y", wide)]))
    }
  }
}
