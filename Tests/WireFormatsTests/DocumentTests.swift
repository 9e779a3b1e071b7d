import Inference
import Testing
import Vision
import WireFormats

@Suite struct DocumentTests {
  private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

  @Test func `the server says what it is`() {
    #expect(
      text(OpenInferenceDocuments.serverMetadata(version: "0.1", extensions: ["classification"]))
        == #"{"name":"apus","version":"0.1","extensions":["classification"]}"#)
  }

  @Test func `a model says what it takes and gives`() {
    let model = ModelSignature(
      inputs: [tensor("x", .float32, [nil, 3])], outputs: [tensor("y", .int64, [])],
      hasRowAxis: true, metadata: ["b": "2", "a": "\"1\""])
    let document = OpenInferenceDocuments.modelMetadata(
      name: "m", versions: [1, 12], platform: "onnxruntime_onnx", signature: model)
    #expect(
      text(document)
        == #"{"name":"m","versions":["1","12"],"platform":"onnxruntime_onnx","#
        + #""inputs":[{"name":"x","datatype":"FP32","shape":[-1,3]}],"#
        + #""outputs":[{"name":"y","datatype":"INT64","shape":[]}],"#
        + #""parameters":{"a":"\"1\"","b":"2"}}"#)
  }

  @Test func `health, lists and errors are small objects`() {
    #expect(text(OpenInferenceDocuments.live(true)) == #"{"live":true}"#)
    #expect(text(OpenInferenceDocuments.ready(false)) == #"{"ready":false}"#)
    #expect(
      text(OpenInferenceDocuments.modelReady(name: "m", true)) == #"{"name":"m","ready":true}"#)
    #expect(text(OpenInferenceDocuments.modelList(names: ["a", "b"])) == #"{"models":["a","b"]}"#)
    #expect(
      text(OpenInferenceDocuments.error("no \"m\"\n\u{7}"))
        == #"{"error":"no \"m\"\n\u0007"}"#)
  }

  @Test func `the index names states as Triton does`() {
    let states: [ModelState] = [.loading, .ready, .draining, .gone, .failed(reason: "/x/y broke")]
    let index = OpenInferenceDocuments.repositoryIndex(
      states.map { RepositoryEntry(name: "m", version: 1, state: $0) })
    let expected = [
      ("LOADING", ""), ("READY", ""), ("UNLOADING", ""), ("UNAVAILABLE", "unloaded"),
      ("UNAVAILABLE", "broke"),
    ].map { #"{"name":"m","version":"1","state":"\#($0)","reason":"\#($1)"}"# }
    #expect(text(index) == "[" + expected.joined(separator: ",") + "]")
  }

  @Test(
    arguments: [
      ("", .success(false)), ("{}", .success(false)), (#"{"ready":true}"#, .success(true)),
      (#"{"ready":1}"#, .failure(.fieldOfWrongKind("ready", expected: "true or false"))),
      ("[]", .failure(.fieldOfWrongKind("the body", expected: "an object"))),
    ] as [(String, Result<Bool, InputProblem>)])
  func `an index request may ask for ready models only`(
    _ body: String, _ expected: Result<Bool, InputProblem>
  ) {
    let outcome = Array(body.utf8).withUnsafeBytes { raw in
      Result { () throws(InputProblem) in
        try OpenInferenceDocuments.isReadyOnly(indexRequest: raw)
      }
    }
    #expect(outcome == expected)
  }

  private let head = VisionAnswerHead(
    modelName: "yolo", modelVersion: 2, width: 810, height: 1_080,
    milliseconds: [("read", 0.25), ("total", 30)])

  @Test func `detections are told as the issue says`() {
    let bus = Detection(
      label: "bus", classID: 5, score: 0.94, box: Box(x1: 1.5, y1: 2, x2: 800.25, y2: 740))
    #expect(
      text(VisionDocuments.detections([bus], head))
        == #"{"model_name":"yolo","model_version":"2","image":{"width":810,"height":1080},"#
        + #""detections":[{"label":"bus","class_id":5,"score":0.94,"#
        + #""box":{"x1":1.5,"y1":2.0,"x2":800.25,"y2":740.0}}],"#
        + #""timings_ms":{"read":0.25,"total":30.0}}"#)
  }

  @Test func `classes are told as the issue says`() {
    let classes = [Classification(label: "tabby \"cat\"", classID: 281, score: 0.5)]
    #expect(
      text(VisionDocuments.classes(classes, head))
        == #"{"model_name":"yolo","model_version":"2","image":{"width":810,"height":1080},"#
        + #""classes":[{"label":"tabby \"cat\"","class_id":281,"score":0.5}],"#
        + #""timings_ms":{"read":0.25,"total":30.0}}"#)
    #expect(text(VisionDocuments.detections([], head)).contains(#""detections":[]"#))
  }
}
