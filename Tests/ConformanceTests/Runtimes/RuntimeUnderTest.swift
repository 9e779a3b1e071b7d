import Inference
import OnnxRuntime
import OpenVino
import TestSupport
import Testing

/// A runtime that the same cases run on.
enum RuntimeUnderTest: String, CaseIterable {
  case onnxruntime, openvino, fake

  /// Those that compute ONNX files.
  static let computing = [RuntimeUnderTest.onnxruntime, .openvino]

  /// A model that gives its input back. What OpenVINO cannot do with a datatype is said in its page.
  func identity(_ datatype: Datatype) throws -> any ComputingModel {
    guard self == .fake else {
      return try load(TestFiles.fixture("onnx/identity-\(datatype.name).onnx"))
    }
    let lengths = [Dimension.any(name: nil), .any(name: nil)]
    let signature = ModelSignature(
      inputs: [TensorDescription(name: "INPUT0", datatype: datatype, dimensions: lengths)],
      outputs: [TensorDescription(name: "OUTPUT0", datatype: datatype, dimensions: lengths)],
      hasRowAxis: true)
    return FakeModel(signature: signature)
  }

  func load(_ path: String) throws -> any ComputingModel {
    let loader: any ModelLoader = self == .openvino ? OpenVinoLoader() : OnnxLoader()
    do {
      let options = RuntimeOptions(callerCount: 4)
      return try #require(
        try loader.load(.file(path: path), options: options) as? any ComputingModel)
    } catch let fault as RuntimeFault where fault.code == .runtimeMissing {
      try Test.cancel("\(rawValue) is not here; run scripts/bootstrap run")
    }
  }
}
