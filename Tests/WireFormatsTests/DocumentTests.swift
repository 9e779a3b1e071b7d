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
    #expect(text(OpenInferenceDocuments.ready(unless: nil)) == #"{"ready":true}"#)
    #expect(
      text(OpenInferenceDocuments.ready(unless: "model `m` is still loading"))
        == #"{"ready":false,"reason":"model `m` is still loading"}"#)
    #expect(
      text(OpenInferenceDocuments.modelReady(name: "m", true)) == #"{"name":"m","ready":true}"#)
    #expect(text(OpenInferenceDocuments.modelList(names: ["a", "b"])) == #"{"models":["a","b"]}"#)
    #expect(
      text(OpenInferenceDocuments.error("no \"m\"\n\u{7}"))
        == #"{"error":"no \"m\"\n\u0007"}"#)
  }

  @Test func `the index names states as Triton does`() {
    let states: [ModelState] = [
      .dormant, .loading, .ready, .draining, .gone, .failed(reason: "/x/y broke"),
    ]
    let index = OpenInferenceDocuments.repositoryIndex(
      states.map { RepositoryEntry(name: "m", version: 1, state: $0) })
    let expected = [
      ("UNAVAILABLE", "loaded by its first request"), ("LOADING", ""), ("READY", ""),
      ("UNLOADING", ""), ("UNAVAILABLE", "unloaded"),
      ("UNAVAILABLE", "broke"),
    ].map { #"{"name":"m","version":"1","state":"\#($0)","reason":"\#($1)"}"# }
    #expect(text(index) == "[" + expected.joined(separator: ",") + "]")
  }

  @Test func `the index tells what is wrong with a version that answers, and what rests`() {
    let index = OpenInferenceDocuments.repositoryIndex([
      RepositoryEntry(name: "m", version: 2, state: .ready, problem: "loading anew: /a/b broke"),
      RepositoryEntry(name: "n", version: nil, state: .gone),
      RepositoryEntry(name: "o", version: nil, state: .failed(reason: "line 1: no such key")),
    ])
    #expect(
      text(index) == #"[{"name":"m","version":"2","state":"READY","reason":"loading anew: broke"},"#
        + #"{"name":"n"},{"name":"o","version":"","state":"UNAVAILABLE","#
        + #""reason":"line 1: no such key"}]"#)
  }

  @Test func `statistics have Triton's names`() {
    var model = ModelStatistics(name: "m", version: 3)
    model.lastInferenceMilliseconds = 17
    model.rowCount = 9
    model.runCount = 2
    model.success = .init(count: 4, nanoseconds: 40)
    var batch = ModelStatistics.Batch(rowCount: 4)
    batch.infer = .init(count: 2, nanoseconds: 30)
    model.batches = [batch]
    let none = #"{"count":0,"ns":0}"#
    #expect(
      text(OpenInferenceDocuments.statistics([model]))
        == #"{"model_stats":[{"name":"m","version":"3","last_inference":17,"#
        + #""inference_count":9,"execution_count":2,"#
        + #""inference_stats":{"success":{"count":4,"ns":40},"fail":\#(none),"#
        + #""queue":\#(none),"compute_input":\#(none),"compute_infer":\#(none),"#
        + #""compute_output":\#(none),"cache_hit":\#(none),"cache_miss":\#(none)},"#
        + #""batch_stats":[{"batch_size":4,"compute_input":\#(none),"#
        + #""compute_infer":{"count":2,"ns":30},"compute_output":\#(none)}]}]}"#)
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
