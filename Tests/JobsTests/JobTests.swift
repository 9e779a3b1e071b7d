import Inference
import Serving
import TestSupport
import Testing
import Vision
import WireFormats

@testable import Jobs

@Suite struct JobTests {
  /// An identity over rows of two numbers.
  private static let rowsOfTwo: ModelSignature = {
    let dimensions = [Dimension.any(name: nil), .fixed(2)]
    return ModelSignature(
      inputs: [TensorDescription(name: "x", datatype: .float32, dimensions: dimensions)],
      outputs: [TensorDescription(name: "y", datatype: .float32, dimensions: dimensions)],
      hasRowAxis: true, metadata: ["names": "['no', 'yes']"])
  }()

  private func answer(_ text: String, name: String) throws -> JobAnswer {
    try answer(Array(text.utf8), name: name)
  }

  private func answer(_ bytes: [UInt8], name: String) throws -> JobAnswer {
    let loader = FakeLoader { () throws(RuntimeFault) in FakeModel(signature: Self.rowsOfTwo) }
    let model = try OpenModel(
      ModelSpecification(name: "twice", source: .file(path: "twice"), loader: loader),
      vision: VisionOptions(), serving: ServingSettings(coreCount: 1))
    defer { model.close() }
    let job = Job(model: model, settings: JobSettings())
    let result = bytes.withUnsafeBytes { bytes -> Result<JobAnswer, JobProblem> in
      do throws(JobProblem) {
        return .success(try job.answer(to: bytes, name: name))
      } catch {
        return .failure(error)
      }
    }
    return try result.get()
  }

  @Test func `answers rows with the server's document and with a table`() throws {
    let answer = try answer("a,b\n1,2\n3,0.25", name: "rows.csv")
    let json = String(decoding: try answer.json(), as: UTF8.self)
    #expect(json.contains(#""model_name":"twice""#))
    #expect(json.contains(#""shape":[2,2],"data":[1.0,2.0,3.0,0.25]"#))
    #expect(
      answer.lines == ["row      no     yes", "  1  1.0000  2.0000", "  2  3.0000  0.2500"])
  }

  @Test func `answers a request in the form that it asks for, but never in binary`() throws {
    let body = """
      {"id": "7", "inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 2], "data": [5, 6]}],
       "outputs": [{"name": "y", "parameters": {"binary_data": true}}]}
      """
    let json = String(decoding: try answer(body, name: "request.json").json(), as: UTF8.self)
    #expect(json.contains(#""id":"7""#))
    #expect(json.contains(#""data":[5.0,6.0]"#))
    #expect(!json.contains("binary_data_size"))
  }

  @Test func `answers rows of JSON`() throws {
    let json = try answer("[[1, 2], [3, 4]]", name: "-").json()
    #expect(String(decoding: json, as: UTF8.self).contains(#""data":[1.0,2.0,3.0,4.0]"#))
  }

  @Test func `refuses a photo for a model that takes none`() {
    #expect(throws: JobProblem.failure(.unsupported(.task("detect", modelTask: "none")))) {
      try answer([0xFF, 0xD8, 0xFF, 0xE0], name: "photo.jpg")
    }
  }

  @Test func `says what is wrong with a request`() {
    #expect(throws: JobProblem.self) { try answer("{\"inputs\": [", name: "request.json") }
    #expect(throws: JobProblem.rows(.notANumber(row: 1, column: "2", text: "x"))) {
      try answer("1,x", name: "rows.csv")
    }
  }

  @Test(arguments: [
    ("{", "-", JobInput.request), (" \n[1]", "x.csv", .jsonRows), ("1,2", "-", .csv),
    ("a,b", "rows.csv", .csv),
  ])
  func `tells inputs by their first bytes`(text: String, name: String, kind: JobInput) {
    Array(text.utf8).withUnsafeBytes { bytes in
      #expect(JobInput(bytes: bytes, name: name, task: .none) == kind)
    }
  }

  @Test func `takes an unknown thing for a damaged photo where the model wants photos`() {
    Array("GIF89a".utf8).withUnsafeBytes { bytes in
      #expect(JobInput(bytes: bytes, name: "bus.jpg", task: .detect) == .photo)
      #expect(JobInput(bytes: bytes, name: "rows.csv", task: .classify) == .csv)
    }
  }
}
