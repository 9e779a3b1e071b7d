import Inference
import Testing
import WireFormats

private func load(_ body: String) -> Result<ModelLoadRequest, InputProblem> {
  Array(body.utf8).withUnsafeBytes { raw in
    Result { () throws(InputProblem) in try ModelLoadRequest.decode(raw, depthMax: 64) }
  }
}

@Suite struct RepositoryRequestTests {
  @Test func `a load without a body or parameters takes the model as it lies there`() {
    for body in ["", "{}", #"{"parameters":{}}"#] {
      #expect(load(body) == .success(ModelLoadRequest()))
    }
  }

  @Test func `a configuration and files come as parameters`() {
    let body = #"{"parameters":{"config":"{}","file:1/model.onnx":"aGk=","file:labels.txt":""}}"#
    let expected = ModelLoadRequest(
      configuration: "{}",
      files: [
        .init(path: "1/model.onnx", bytes: [104, 105]), .init(path: "labels.txt", bytes: []),
      ])
    #expect(load(body) == .success(expected))
  }

  @Test(arguments: [
    "../evil.onnx", "1/../../evil", "/etc/passwd", "1//model.onnx", ".", "1/.", "", "a\\\\b",
    "a/b/c/d/e/f/g/h/i", "1/\\u0000",
  ])
  func `a file outside the model's folder is refused`(_ path: String) {
    let body = #"{"parameters":{"config":"{}","file:\#(path)":"aGk="}}"#
    #expect(load(body).failure != nil)
  }

  @Test(arguments: [
    #"{"parameters":{"config":{}}}"#, #"{"parameters":{"other":1}}"#, #"{"parameters":[]}"#, "[]",
    #"{"parameters":{"config":"{}","file:a":"%%%="}}"#, #"{"parameters":{"file:a":"aGk="}}"#,
  ])
  func `anything else is refused`(_ body: String) {
    #expect(load(body).failure != nil)
  }

  @Test func `an unload may take what the model is made of with it`() throws {
    func isWanted(_ body: String) throws -> Bool {
      try Array(body.utf8).withUnsafeBytes { try ModelUnloadRequest.withDependents($0) }
    }
    #expect(try isWanted("") == false)
    #expect(try isWanted(#"{"parameters":{"unload_dependents":true}}"#))
    #expect(throws: InputProblem.self) {
      try isWanted(#"{"parameters":{"unload_dependents":1}}"#)
    }
    #expect(throws: InputProblem.self) { try isWanted(#"{"parameters":{"all":true}}"#) }
  }

  @Test func `aliases name versions, and never look like one`() throws {
    func aliases(_ body: String) throws -> [String: Int64?] {
      try Array(body.utf8).withUnsafeBytes { try AliasRequest.decode($0) }
    }
    #expect(try aliases(#"{"stable":3,"canary":null}"#) == ["stable": 3, "canary": nil])
    for body in [#"{"12":3}"#, #"{"a b":3}"#, #"{"a":0}"#, #"{"a":"3"}"#, "3", #"{"":1}"#] {
      #expect(throws: InputProblem.self) { try aliases(body) }
    }
  }
}
