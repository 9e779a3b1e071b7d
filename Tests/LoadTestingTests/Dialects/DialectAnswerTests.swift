import Inference
import Testing
import Vision
import WireFormats

@testable import LoadTesting

@Suite struct DialectAnswerTests {
  private func content(_ text: String, mayBeBare: Bool = false) -> AnswerContent? {
    PredictAnswers.content(of: Array(text.utf8), mayBeBare: mayBeBare)
  }

  private func tensors(_ content: AnswerContent?) throws -> [AnswerTensor] {
    guard case .tensors(let tensors)? = content else {
      Issue.record("no tensors: \(String(describing: content))")
      return []
    }
    return tensors
  }

  @Test func `predictions of one output are its rows`() throws {
    let tensors = try tensors(content(#"{"predictions":[[0.1,0.9],[0.5,0.5]]}"#))
    #expect(tensors == [AnswerTensor(name: "", shape: [2, 2], numbers: [0.1, 0.9, 0.5, 0.5])])
  }

  @Test func `predictions of several outputs are an object for each row`() throws {
    let tensors = try tensors(
      content(#"{"predictions":[{"label":1,"p":[0.2,0.8]},{"label":0,"p":[0.6,0.4]}]}"#))
    #expect(tensors.map(\.name) == ["label", "p"])
    #expect(tensors.map(\.shape) == [[2], [2, 2]])
    #expect(tensors.map(\.isInteger) == [true, false])
  }

  @Test(arguments: [
    "", "ok", "{}", #"{"predictions":[[1],[1,2]]}"#, #"{"predictions":[{"a":1},{"b":1}]}"#,
    #"{"error":"no"}"#, "<html></html>",
  ])
  func `what is no answer is none`(text: String) {
    #expect(content(text) == nil)
  }

  @Test func `what was found in photos is read as Apus and as TorchServe write it`() throws {
    let own = content(
      """
      {"model_name":"m","detections":[{"label":"cat","class_id":3,"score":0.5,
      "box":{"x1":1,"y1":2,"x2":3,"y2":4}}]}
      """)
    guard case .boxes(let found)? = own else { return #expect(Bool(false), "\(own as Any)") }
    #expect(found.map(\.classID) == [3])
    let theirs = content(#"[{"cat":[1,2,3,4],"score":0.5}]"#, mayBeBare: true)
    guard case .boxes(let again)? = theirs else { return #expect(Bool(false), "\(theirs as Any)") }
    #expect(again.map(\.box) == found.map(\.box))
    let classes = content(#"{"dog":0.2,"cat":0.7}"#, mayBeBare: true)
    guard case .classes(let likely)? = classes else { return #expect(Bool(false), "none") }
    #expect(likely.map(\.label) == ["cat", "dog"])
  }

  @Test func `binary answers of V2 are their document and the bytes behind it`() throws {
    let head =
      #"{"outputs":[{"name":"y","datatype":"FP32","shape":[1,2],"parameters":{"binary_data_size":8}},"#
      + #"{"name":"}{","datatype":"INT64","shape":[1],"data":[7]}]}"#
    var bytes = Array(head.utf8)
    for number in [Float(1.5), -2] { withUnsafeBytes(of: number) { bytes += $0 } }
    let tensors = bytes.withUnsafeBytes { OpenInferenceAnswers.tensors(in: $0) }
    #expect(tensors?.map(\.numbers) == [[1.5, -2], [7]])
    #expect(tensors?.map(\.isInteger) == [false, true])
    let cut = bytes.dropLast().withUnsafeBytes { OpenInferenceAnswers.tensors(in: $0) }
    #expect(cut == nil)
  }

  @Test func `lines of numbers are rows`() throws {
    guard case .tensors(let tensors)? = CSVText.content(of: Array("1\n2\n".utf8)) else {
      return #expect(Bool(false), "no tensors")
    }
    #expect(tensors == [AnswerTensor(name: "", shape: [2, 1], numbers: [1, 2], isInteger: true)])
    #expect(CSVText.content(of: Array("oops".utf8)) == nil)
  }

  @Test func `TensorFlow Serving's metadata is a signature`() throws {
    let text = """
      {"model_spec":{"name":"m"},"metadata":{"signature_def":{"signature_def":{"serving_default":
      {"inputs":{"x":{"dtype":"DT_FLOAT","tensor_shape":{"dim":[{"size":"-1"},{"size":"4"}],
      "unknown_rank":false},"name":"x:0"}},"outputs":{}}}}}}
      """
    let document = try Array(text.utf8).withUnsafeBytes { try JSONValue(parsing: $0) }
    let signature = try #require(PredictSignature.signature(of: document))
    #expect(signature.inputs.map(\.name) == ["x"])
    #expect(signature.inputs[0].metadataShape == [-1, 4])
  }

  @Test func `answers are compared to the bit, and told by how much they differ`() {
    func tensor(_ number: Double) -> AnswerContent {
      .tensors([AnswerTensor(name: "y", shape: [1], numbers: [number])])
    }
    #expect(tensor(.nan).difference(from: tensor(.nan)) == .none)
    #expect(tensor(1).difference(from: tensor(1)) == .none)
    #expect(tensor(100).difference(from: tensor(99)) == .numbers(0.01))
    #expect(tensor(1).difference(from: .bytes([1])) == .form)
    #expect(tensor(1).difference(from: tensor(.nan)) == .form)
  }
}
