import Glibc
import Inference
import OpenVino
import Synchronization
import TestSupport
import Testing

@Suite(.enabled(if: OpenVinoFixtures.isPresent, OpenVinoFixtures.absence))
struct OpenVinoInstanceTests {
  @Test(arguments: [
    "affine.xml", "affine.tflite", "affine_saved_model", "affine_paddle/inference.pdmodel",
  ])
  func `every format that only it reads is served`(_ name: String) throws {
    let model = try OpenVinoFixtures.load("formats/\(name)")
    #expect(model.signature.inputs.map(\.name) == ["x"])
    #expect(model.signature.outputs.map(\.name) == ["y"])
    #expect(model.signature.outputs[0].metadataShape == [-1, 3])
    #expect(model.signature.hasRowAxis)
    #expect(try OpenVinoFixtures.answer(model, [1, 2, -3]) == [3, 5, -5])
    let rows = Tensor((0..<6).map(Float.init), datatype: .float32, shape: [2, 3])
    try checkModelInstance(model, answers: RunBatch(inputs: [rows], rowCount: 2))
  }

  @Test func `metadata is found in the representation and beside a model without a place for it`()
    throws
  {
    let own = try OpenVinoFixtures.load("formats/affine.xml").signature.metadata
    #expect(own["author"] == "Apus & friends")
    #expect(own["names"] == "{0: 'low', 1: \"high\"}")
    let beside = try OpenVinoFixtures.load("formats/affine_saved_model").signature.metadata
    #expect(beside["names"] == "{0: 'low', 1: 'high'}")
    #expect(beside["imgsz"] == "[3, 1]")
    #expect(beside["description"] == "doubles, and adds one")
  }

  @Test func `a bare ONNX model in memory is read with its names`() throws {
    var made = MadeModel.single("Identity", input: [-1, 2], output: [-1, 2])
    made.opset = 17
    let model = try OpenVinoFixtures.load(embedded: made.bytes)
    #expect(try OpenVinoFixtures.answer(model, [4, 5]) == [4, 5])
    #expect(model.platformName == "openvino_onnx")
    #expect(OpenVinoLoader().runtimeName == "openvino")
  }

  @Test func `rows are only where the library proves them`() throws {
    // How many elements are not zero, no number of rows tells.
    var made = MadeModel.single("NonZero", input: [-1, 1], output: nil)
    made.outputs = [MadeModel.value("y", MadeModel.tensor(7, [-1, -1]))]
    let model = try OpenVinoFixtures.load(embedded: made.bytes)
    #expect(!model.signature.hasRowAxis)
    let batch = RunBatch(
      inputs: [Tensor([Float(0), 5, 6, 7], datatype: .float32, shape: [4, 1])], rowCount: 1)
    let instance = try model.makeInstance(stop: StopFlag())
    #expect(try outputs(of: instance, for: batch)[0].shape == [2, 3])
  }

  @Test func `outputs go where the batch wants them, and into own memory again`() throws {
    let model = try OpenVinoFixtures.load("onnx/add-sub.onnx")
    let instance = try model.makeInstance(stop: StopFlag())
    let memory = RecordingMemory()
    for (turn, wanted) in [[], [1], [0], []].enumerated() {
      let tensor = Tensor(
        [Int32](repeating: Int32(turn + 1), count: 16), datatype: .int32, shape: [1, 16])
      let batch = RunBatch(
        inputs: [tensor, tensor], rowCount: 1, outputs: wanted, outputMemory: memory)
      let first = try outputs(of: instance, for: batch)[0].elements(as: Int32.self)[0]
      #expect(first == (wanted == [1] ? 0 : Int32(2 * (turn + 1))))
    }
    #expect(memory.requests.map(\.output) == [0, 1, 1, 0, 0, 1])
    #expect(memory.requests.allSatisfy { $0.byteCount == 64 })
  }

  @Test(.timeLimit(.minutes(1)))
  func `a run in progress ends when its flag is raised, and the instance runs again`() throws {
    let model = try OpenVinoFixtures.load(embedded: Self.longModel)
    let stop = StopFlag()
    let memory = RecordingMemory()
    let outcome = Outcome()
    Thread.start {
      let input = Tensor(
        [Float](repeating: 0.001, count: 1 << 20), datatype: .float32, shape: [1024, 1024])
      let batch = RunBatch(inputs: [input], rowCount: 1, outputMemory: memory)
      Self.runTwice(model, batch, stop: stop, outcome)
    }
    #expect(eventually { memory.requests.count == 1 })
    stop.raise()
    #expect(eventually { outcome.codes.count == 2 })
    #expect(outcome.codes == [.stopped, .stopped])
    #expect(memory.requests.count == 1, "the second was stopped before it began")
  }

  /// The second time its flag is raised before it begins.
  private static func runTwice(
    _ model: any ComputingModel, _ batch: RunBatch, stop: StopFlag, _ outcome: Outcome
  ) {
    do throws(RuntimeFault) {
      let instance = try model.makeInstance(stop: stop)
      for _ in 0..<2 {
        do throws(RuntimeFault) {
          try instance.run(batch) { _ in }
        } catch {
          outcome.set(error.code)
        }
        stop.lower()
        stop.raise()
      }
    } catch {
      outcome.set(error.code)
    }
  }

  /// 400 products of 1024 x 1024 matrices: many seconds, were it not stopped.
  private static var longModel: [UInt8] {
    var made = MadeModel.single("Identity", input: [1024, 1024], output: [1024, 1024])
    let names = ["x"] + (1..<400).map { "t\($0)" } + ["y"]
    made.nodes = (0..<400).map { MadeModel.node("MatMul", [names[$0], "x"], [names[$0 + 1]]) }
    return made.bytes
  }

  private final class Outcome: Sendable {
    private let noted = Guarded<[RuntimeFault.Code]>([])
    var codes: [RuntimeFault.Code] { noted.withLock { $0 } }
    func set(_ code: RuntimeFault.Code) { noted.withLock { $0.append(code) } }
  }
}
