import Inference
import ModelStore
import Testing
import WireFormats

/// The configuration that clients are shown, in both forms.
@Suite struct ModelConfigDocumentTests {
  static let detector = ModelSignature(
    inputs: [
      TensorDescription(
        name: "images", datatype: .float32,
        dimensions: [.any(name: nil), .fixed(3), .fixed(640), .fixed(640)]),
      TensorDescription(
        name: "scale", datatype: .float32, dimensions: [.any(name: nil), .fixed(1)],
        isOptional: true),
    ],
    outputs: [
      TensorDescription(
        name: "boxes", datatype: .float32,
        dimensions: [.any(name: nil), .any(name: nil), .fixed(4)])
    ], hasRowAxis: true)

  static func model(_ signature: ModelSignature = detector) -> ConfiguredModel {
    ConfiguredModel(name: "m", signature: signature, platformName: "onnx", instanceCount: 2)
  }

  func document(_ files: [String: String], _ model: ConfiguredModel = model()) throws
    -> ModelConfigDocument
  {
    let tree = try Tree(files)
    let plans = try ModelPlans.find([tree["m"]], settings: settings())
    return try #require(plans.last).configuration(of: model)
  }

  func json(_ document: ModelConfigDocument) throws -> JSONValue {
    let bytes = document.encodeJSON()
    return try bytes.withUnsafeBytes { try JSONValue(parsing: $0) }
  }

  static func hex(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  @Test func `a whole configuration has the bytes that protobuf gives it`() throws {
    var files = TritonDialectTests.extras
    files["m/config.pbtxt"] = TritonSamples.whole
    files["m/labels.txt"] = "cat\ndog\n"
    let document = try document(files)
    #expect(Self.hex(document.encodeProtobuf()) == Self.wholeBytes)
  }

  @Test func `a sequence's configuration has the bytes that protobuf gives it`() throws {
    let document = try document([
      "m/config.pbtxt": TritonSamples.sequence, "m/initial_state/first.bin": "12345678",
      "m/1/model.onnx": "x",
    ])
    #expect(Self.hex(document.encodeProtobuf()) == Self.sequenceBytes)
  }

  @Test func `everything is written out, 64-bit numbers as numbers`() throws {
    var files = TritonDialectTests.extras
    files["m/config.pbtxt"] = TritonSamples.whole
    files["m/labels.txt"] = "cat\ndog\n"
    let json = try json(document(files))
    #expect(json["batch_input"] == .array([]) && json["metric_tags"] == .object([]))
    #expect(json["runtime"] == .string("") && json["optimization"] == nil)
    #expect(json["sequence_batching"] == nil)
    let batching = try #require(json["dynamic_batching"])
    #expect(batching["max_queue_delay_microseconds"] == .integer(500))
    #expect(batching["priority_queue_policy"]?["1"]?["max_queue_size"] == .integer(16))
  }

  @Test func `a bare file is completed from the model`() throws {
    let tree = try Tree(["yolo.onnx": "x"])
    let plan = try #require(try ModelPlans.find([tree["yolo.onnx"]], settings: settings()).last)
    let json = try json(plan.configuration(of: Self.model()))
    #expect(json["name"] == .string("m") && json["backend"] == .string("onnxruntime"))
    #expect(json["default_model_filename"] == .string("yolo.onnx"))
    #expect(json["max_batch_size"] == .integer(4))
    guard case .array(let inputs)? = json["input"] else { return #expect(Bool(false)) }
    #expect(inputs.map { $0["name"] } == [.string("images"), .string("scale")])
    #expect(inputs[0]["dims"] == .array([.integer(3), .integer(640), .integer(640)]))
    #expect(inputs[1]["optional"] == .bool(true))
    guard case .array(let groups)? = json["instance_group"] else { return #expect(Bool(false)) }
    #expect(groups[0]["kind"] == .string("KIND_CPU") && groups[0]["count"] == .integer(2))
  }

  @Test func `what model yaml lays over a Triton configuration is what is shown`() throws {
    let json = try json(
      document([
        "m/config.pbtxt": "max_batch_size: 8\ndynamic_batching { }",
        "m/model.yaml": "max-batch-size: 16\nbatch-delay: 3ms\nresponse-cache: true",
        "m/1/model.onnx": "x",
      ]))
    #expect(json["max_batch_size"] == .integer(16))
    #expect(json["dynamic_batching"]?["max_queue_delay_microseconds"] == .integer(3_000))
    #expect(json["response_cache"]?["enable"] == .bool(true))
  }

  // MARK: What Python's protobuf writes for these configurations

  static let wholeBytes = """
    0a016d12106f6e6e7872756e74696d655f6f6e6e781a040a02080220102a130a06696d61676573100b18\
    02220503800580052a100a057363616c65100b2201012a00400132220a05626f786573100b1a0bffffff\
    ffffffffffff0104220a6c6162656c732e7478743a090a036d5f301002200242086e65742e6f6e6e785a\
    1f0a0308041010f4031801200328023205080110d00f3a080801120418012010721c0a15696e7472615f\
    6f705f7468726561645f636f756e7412030a013282013d0a057a65726f7310041a150a06696d61676573\
    120b080b1205038005800518011a190a057363616c651210080b1201012a097363616c652e62696e2003\
    8a010b6f6e6e7872756e74696d65c201020801
    """

  static let sequenceBytes = """
    0a016d12046f6e6e781a040a02080120082a110a06696d61676573100b220503800580052a0e0a057363\
    616c65100b220101400132160a05626f786573100b1a0bffffffffffffffffff01043a090a036d5f3010\
    022002420a6d6f64656c2e6f6e6e786a8b0108c096b102120d0a05535441525412041202000112130a03\
    454e44120c08021a08000080bf0000c03f120f0a055245414459120608012a020001120e0a06434f5252\
    4944120408032005220a080412020204186420012a330a0853544154455f494e120953544154455f4f55\
    54180b2201022a17080b120102220966697273742e62696e2a0566697273748a010b6f6e6e7872756e74\
    696d65
    """
}
