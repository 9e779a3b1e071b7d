import Inference
import OnnxRuntime
import Testing

@Suite struct OnnxSignatureTests {
  @Test func `names, datatypes, lengths and symbols are read from the model`() throws {
    let signature = try OnnxFixtures.load("add-sub").signature
    #expect(signature.inputs.map(\.name) == ["INPUT0", "INPUT1"])
    #expect(signature.outputs.map(\.name) == ["OUTPUT0", "OUTPUT1"])
    #expect(signature.inputs[0].datatype == .int32)
    #expect(signature.inputs[0].dimensions == [.any(name: "batch"), .fixed(16)])
    #expect(signature.hasRowAxis)
  }

  @Test(arguments: Datatype.allCases)
  func `every datatype of the protocol is declared as it is`(_ datatype: Datatype) throws {
    let signature = try OnnxFixtures.load("identity-\(datatype.name)").signature
    #expect(signature.inputs[0].datatype == datatype)
    #expect(signature.outputs[0].datatype == datatype)
  }

  @Test(arguments: [
    ("dynamic-axes", false), ("scalar", false), ("custom-metadata", false),
    ("identity-image", false), ("fails-at-run", true), ("slow", false), ("zipmap", true),
    ("sequence-output", false),
  ])
  func `rows are on axis 0 only where all axes 0 are open and named alike`(
    _ name: String, _ hasRows: Bool
  ) throws {
    // sequence-output names its input's axis; the new axis of its output has no name.
    let signature = try OnnxFixtures.load(name).signature
    if name == "sequence-output" {
      #expect(signature.outputs[0].metadataShape.first == -1)
    } else {
      #expect(signature.hasRowAxis == hasRows)
    }
  }

  @Test func `a scalar is declared with no axes and is not shapeless`() throws {
    let output = try OnnxFixtures.load("scalar").signature.outputs[0]
    #expect(output.metadataShape == [])
    #expect(!output.isShapeless)
  }

  @Test func `metadata comes as the file has it`() throws {
    let metadata = try OnnxFixtures.load("custom-metadata").signature.metadata
    #expect(metadata["author"] == "Apus")
    #expect(metadata["empty"] == "")
    #expect(metadata["note"] == "two\nlines, \"quotes\" and a bird: 鳥")
    #expect(metadata["ключ"] == "a key that is not ASCII")
    #expect(metadata["onnx.producer_name"] == "apus")
    #expect(metadata["onnx.domain"] == "org.example")
    #expect(metadata["onnx.model_version"] == "42")
    #expect(metadata["onnx.description"] == "About the model.")
    #expect(metadata["onnx.graph_name"] == "custom-metadata")
  }

  @Test func `a model says what it is and what it holds`() throws {
    let model = try OnnxFixtures.load("identity-FP32")
    #expect(model.platformName == "onnxruntime_onnx")
    #expect(model.footprintByteCount >= 100)
    #expect(OnnxLoader().runtimeName == "onnxruntime")
  }
}
