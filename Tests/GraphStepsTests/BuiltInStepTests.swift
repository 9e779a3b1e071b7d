import GraphSteps
import Inference
import Testing

/// Runs one built-in step as a graph does.
func run(
  _ step: BuiltInStep, _ settings: [String: [String]] = [:], _ inputs: Tensor?...
) throws -> [Tensor] {
  try BuiltInSteps.make(step, settings: settings).run(inputs)
}

func floats(_ values: [Float], _ shape: TensorShape) -> Tensor {
  Tensor(values, datatype: .float32, shape: shape)
}

extension Tensor {
  var floats: [Float] { elements(as: Float.self) }
}

@Suite struct BuiltInStepTests {
  private func problem(_ step: BuiltInStep, _ settings: [String: [String]]) -> String {
    do throws(BuiltInProblem) {
      _ = try BuiltInSteps.make(step, settings: settings)
      return "made"
    } catch {
      return error.sentence
    }
  }

  @Test(arguments: BuiltInStep.allCases) func `every step is made without settings`(
    step: BuiltInStep
  ) throws {
    let work = try BuiltInSteps.make(step, settings: [:])
    #expect(!work.inputNames.isEmpty && !work.outputNames.isEmpty)
    #expect(problem(step, ["colour": ["red"]]).contains("has no setting colour"))
  }

  @Test(arguments: [
    (BuiltInStep.topK, ["k": ["0"]], "top-k: k must be an integer from 1 to 100000, but is 0"),
    (.letterbox, ["size": ["a"]], "letterbox: size must be one or two integers to 8192, but is a"),
    (.letterbox, ["layout": ["hcw"]], "layout must be one of nchw, nhwc, but is hcw"),
    (.letterbox, ["datatype": ["INT64"]], "expected datatype FP32, FP16 or UINT8"),
    (.resize, ["fraction": ["2"]], "fraction must be above 0, to 1"),
    (.suppression, ["iou": ["7"]], "must be a number from 0 to 1"),
    (
      .normalise, ["mean": ["1", "2"], "deviation": ["1", "2", "3"]], "for all channels or for each"
    ),
    (.text, ["do": ["stem"]], "do must be any of strip, lower, upper, collapse, but is stem"),
  ])
  func `a wrong setting is named with what is expected`(
    step: BuiltInStep, settings: [String: [String]], text: String
  ) {
    #expect(problem(step, settings).contains(text), "\(problem(step, settings))")
  }

  @Test func `top-k gives the largest of each row, of equals the earlier, NaN last`() throws {
    let made = try run(
      .topK, ["k": ["2"]], floats([1, 5, 5, 2, .nan, -1, 3, .infinity], [2, 4]))
    #expect(made[0].floats == [5, 5, .infinity, 3])
    #expect(made[1].elements(as: Int64.self) == [1, 2, 3, 2])
    #expect(made[0].shape == [2, 2])
  }

  @Test func `top-k of fewer values than wanted is refused at load and at the request`() throws {
    let work = try BuiltInSteps.make(.topK, settings: [:])
    let three = TensorDescription(name: "v", datatype: .float32, dimensions: [.fixed(3)])
    #expect(throws: BuiltInProblem("k is 5, and there are only 3 values")) {
      try work.outputs(of: [three])
    }
    #expect(throws: InferenceFailure.self) { try work.run([floats([1, 2, 3], [3])]) }
  }

  @Test func `scaler and normalise take integers and give floats`() throws {
    let bytes = Tensor([UInt8(0), 1, 2, 3], datatype: .uint8, shape: [1, 2, 2])
    let scaled = try run(.scaler, ["factor": ["2"], "offset": ["-1"]], bytes)
    #expect(scaled[0].floats == [-1, 1, 3, 5])
    let channels = ["mean": ["0", "2"], "deviation": ["1", "2"], "axis": ["1"]]
    let normalised = try run(.normalise, channels, bytes)
    #expect(normalised[0].floats == [0, 1, 0, 0.5])
    #expect(normalised[0].datatype == .float32 && normalised[0].shape == [1, 2, 2])
  }

  @Test func `text is changed in the order that was asked for`() throws {
    let input = Tensor(strings: ["  Grüße,\n  Welt ", ""], shape: [2])
    let settings = [
      "do": ["strip", "collapse", "upper"], "prefix": ["<"], "suffix": [">"],
      "characters-max": ["8"],
    ]
    #expect(try run(.text, settings, input)[0].strings == ["<GRÜSSE, >", "<>"])
  }
}
